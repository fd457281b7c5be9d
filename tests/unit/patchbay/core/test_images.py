"""Pictures from outside: what comes out is a small JPEG without anything else, or an error that says why not."""

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from patchbay.core.images import MAX_BYTES, MAX_SIDE_PX, checked
from patchbay.domain.errors import InvalidInput, TooLarge

RED, BLUE = (220, 20, 20), (20, 20, 220)


def file(image: Image.Image, kind: str, **more: Any) -> bytes:
    found = io.BytesIO()
    image.save(found, kind, **more)
    return found.getvalue()


def halves(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.convert(mode)


def opened(data: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(data))
    found.load()
    assert found.format == "JPEG"
    assert found.mode == "RGB"
    return found


def near(found: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(found, wanted, strict=True))


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and has nothing in it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "L"),
        ("PNG", "LA"),
        ("PNG", "1"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
    ],
)
def test_every_kind_comes_out_as_a_jpeg_of_the_same_picture(kind: str, mode: str) -> None:
    found = opened(checked(file(halves(mode=mode), kind), 512))
    assert found.size == (60, 40)
    if mode not in ("L", "LA", "1"):
        assert near(found.getpixel((10, 20)), RED)
        assert near(found.getpixel((50, 20)), BLUE)


def test_sixteen_bits_a_sample_keep_their_shades() -> None:
    image = Image.new("I;16", (8, 8), 0x8000)
    assert near(opened(checked(file(image, "PNG"), 64)).getpixel((4, 4)), (128, 128, 128))


@pytest.mark.parametrize(
    ("size", "wanted"), [((3000, 1000), (256, 85)), ((100, 400), (64, 256)), ((256, 256), (256, 256)), ((9, 7), (9, 7))]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_ones_shrink_and_small_ones_stay(size: tuple[int, int], wanted: tuple[int, int], kind: str) -> None:
    assert opened(checked(file(halves(*size), kind), 256)).size == wanted


def test_what_shines_through_is_white() -> None:
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert near(opened(checked(file(clear, "PNG"), 64)).getpixel((4, 4)), (255, 255, 255))


def test_it_is_turned_as_it_was_taken_and_tells_nothing_of_where() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "at home"  # Orientation: turned by a quarter; ImageDescription
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "at home")
    for data in (
        file(halves(), "JPEG", exif=exif, comment=b"at home", icc_profile=b"at home" * 30),
        file(halves(), "PNG", exif=exif, pnginfo=info),
        file(halves(), "WEBP", exif=exif, xmp=b"at home"),
    ):
        assert b"at home" in data
        made = checked(data, 512)
        found = opened(made)
        assert found.size == (40, 60)
        assert near(found.getpixel((20, 10)), RED)
        assert b"at home" not in made
        assert not found.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(found.info)


@pytest.mark.parametrize("way", range(1, 9))
def test_every_way_of_holding_a_camera(way: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = way
    data = file(halves(), "JPEG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    made = opened(checked(data, 512))
    assert made.size == upright.size
    for place in ((5, 5), (made.width - 6, 5), (5, made.height - 6)):
        wanted: Any = upright.convert("RGB").getpixel(place)
        assert near(made.getpixel(place), wanted)


def test_nonsense_beside_the_orientation_does_no_harm() -> None:
    """A description that is a fraction: Pillow can read it, and not write it again."""
    entries = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0) + struct.pack("<HHII", 0x010E, 5, 1, 38)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + entries + b"\0" * 4 + struct.pack("<II", 1, 3)
    assert opened(checked(file(halves(), "JPEG", exif=exif), 512)).size == (40, 60)


def test_a_picture_of_a_palette_that_has_none_is_damaged() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 3, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0\0" * 2)) + chunk(b"IEND", b"")
    with pytest.raises(InvalidInput, match="damaged"):
        checked(data, 64)


def test_of_an_animation_the_first_picture_is_taken() -> None:
    data = file(halves(), "WEBP", save_all=True, append_images=[Image.new("RGB", (60, 40), "lime")])
    assert near(opened(checked(data, 512)).getpixel((10, 20)), RED)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\0" * 100,
        b"BM" + b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"II*\0" + b"\0" * 100,
        b"RIFF\0\0\0\0WAVEfmt ",
        b"<html>",
    ],
)
def test_other_kinds_are_refused_with_those_that_are_taken(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="JPEG, PNG, WebP") as told:
        checked(data, 64)
    assert told.value.field == "file"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_what_is_cut_off_is_refused(kind: str, share: float) -> None:
    data = file(Image.effect_noise((200, 200), 80), kind)
    with pytest.raises(InvalidInput, match="damaged") as told:
        checked(data[: max(int(len(data) * share), 12)], 64)
    assert told.value.field == "file"


@pytest.mark.parametrize("size", [(8000, 8000), (MAX_SIDE_PX + 1, 1), (1, MAX_SIDE_PX + 1), (2**31 - 1, 2**31 - 1)])
def test_more_pixels_than_are_taken_are_refused_before_any_is_unpacked(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpack(*_: object) -> None:
        raise AssertionError("unpacked")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", unpack)
    with pytest.raises(TooLarge, match="pixels"):
        checked(png_header(*size), 64)


def test_more_bytes_than_are_taken_are_refused_unread() -> None:
    with pytest.raises(TooLarge, match=str(MAX_BYTES)):
        checked(b"\xff\xd8\xff" + bytes(MAX_BYTES), 64)


def test_text_that_unpacks_to_gigabytes_is_refused() -> None:
    bomb = zlib.compress(bytes(80 * 1024**2), 9)
    data = b"zTXt".join([b"", b"Comment\0\0" + bomb])
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    whole = file(halves(), "PNG")
    head = whole.index(b"IDAT") - 4
    with pytest.raises(InvalidInput, match="damaged"):
        checked(whole[:head] + chunk + whole[head:], 64)


SEEDS = [file(halves(24, 16), kind) for kind in ("JPEG", "PNG", "WEBP")] + [
    file(halves(24, 16, "P"), "PNG"),
    file(halves(24, 16), "JPEG", progressive=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
    file(halves(24, 16), "WEBP", save_all=True, append_images=[halves(24, 16)]),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(4, 400), st.binary(min_size=1, max_size=4)), max_size=4))
def test_whatever_is_done_to_the_bytes_a_picture_or_a_refusal_comes_out(
    seed: bytes, changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(seed)
    for place, new in changes:
        data[place : place + len(new)] = new
    try:
        found = opened(checked(bytes(data), 64))
    except (InvalidInput, TooLarge):
        return
    assert max(found.size) <= 64


@given(st.binary(max_size=200), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b""]))
def test_bytes_that_only_begin_as_a_picture_are_refused(rest: bytes, start: bytes) -> None:
    with pytest.raises((InvalidInput, TooLarge)):
        checked(start + rest, 64)
