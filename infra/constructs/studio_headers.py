"""What a browser is told to hold the studio's pages to, wherever they are served from."""


def headers(objects: str = "") -> dict[str, str]:
    """Headers of every answer. `objects`: origin of audio and pictures, where it is not the pages' own."""
    own = " ".join(filter(None, ("'self'", objects)))
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "worker-src": "'self'",
        "font-src": "'self'",
        "connect-src": own,
        "media-src": f"{own} blob:",
        # Covers of albums are Spotify's.
        "img-src": f"{own} data: blob: https://i.scdn.co",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "x-content-type-options": "nosniff",
    }


UNCHANGING = "public, max-age=31536000, immutable"
"""Files below `assets/` are named by what is in them."""
ASKED_AGAIN = "no-cache"
"""The others may be kept, and are asked for again."""
