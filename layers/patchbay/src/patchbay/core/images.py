"""Pictures from outside, made into small JPEGs that hold nothing but the picture."""

import io
import struct
from typing import TYPE_CHECKING, Any

from patchbay.domain.errors import InvalidInput, TooLarge

if TYPE_CHECKING:
    from PIL.Image import Image

MEDIA_TYPE = "image/jpeg"
MAX_BYTES = 10 * 1024**2
MAX_PIXELS = 40_000_000
MAX_SIDE_PX = 16_384
QUALITY = 85
_ORIENTATION = 0x0112
_TURNS: dict[int, Any] = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""EXIF's orientation -> Pillow's `Transpose` that undoes it (Exif 2.32, 4.6.4)."""
_SHRINK = 2.0
"""A picture is halved cheaply while it is this much too large, and resampled well from there."""
_BROKEN = (
    OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, AssertionError, AttributeError, EOFError,
    RuntimeError, struct.error, Warning,
)  # fmt: skip
"""What Pillow's parsers raise for bytes that are not what they begin as."""


def checked(data: bytes, size_px: int) -> bytes:
    """The picture as a JPEG that is at most `size_px` wide and high; smaller ones keep their size.

    Taken are JPEG, PNG and WebP, told by their first bytes. Of an animation the first picture is taken. It is turned as
    its EXIF data says; then that and all else that came with it is dropped. What shines through becomes white. Raises
    `TooLarge` before anything is unpacked that is too large, `InvalidInput` for what is no picture.
    """
    from PIL import Image

    if len(data) > MAX_BYTES:
        raise TooLarge(f"the picture has {len(data)} bytes; at most {MAX_BYTES} are taken")
    kind = _kind(data)
    if kind is None:
        raise InvalidInput("the file is no picture of a kind that is taken: JPEG, PNG, WebP", field="file")
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as opened:
            _check_size(*opened.size)
            opened.draft("RGB", (size_px, size_px))
            small = _flat(_upright(opened))
            small.thumbnail((size_px, size_px), Image.Resampling.LANCZOS, reducing_gap=_SHRINK)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLarge(_too_large()) from None
    except _BROKEN:
        raise InvalidInput("the picture is damaged, or not what it says it is", field="file") from None
    found = io.BytesIO()
    small.save(found, "JPEG", quality=QUALITY, optimize=True)
    return found.getvalue()


def _kind(data: bytes) -> str | None:
    """Pillow's name of the format that the bytes begin as."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
        raise TooLarge(_too_large())


def _upright(image: "Image") -> "Image":
    """The picture turned as its EXIF data says. Nothing else of that is read: cameras and others write all sorts."""
    turned = image.getexif().get(_ORIENTATION)
    way = _TURNS.get(turned) if isinstance(turned, int) else None
    return image if way is None else image.transpose(way)


def _flat(image: "Image") -> "Image":
    """The picture in red, green and blue on white, a new one without the metadata of the old."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256).convert("L")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    seen = image if image.mode == mode else image.convert(mode)
    flat = Image.new("RGB", seen.size, "white")
    flat.paste(seen, mask=seen if mode == "RGBA" else None)
    return flat


def _too_large() -> str:
    return f"the picture is too large; at most {MAX_PIXELS} pixels and {MAX_SIDE_PX} on a side are taken"
