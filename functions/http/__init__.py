"""The HTTP layer: one ASGI app built from a dialect's record."""
