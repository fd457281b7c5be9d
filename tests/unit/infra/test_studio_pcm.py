"""How the studio reads WAV files while they arrive: the same samples as here, whatever they are cut into."""

import io
import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gpu_workers.audio.wav import WavWriter, wav_header
from infra.twin.toolchain import find_node

MODULE = Path(__file__).resolve().parents[3] / "infra" / "studio" / "src" / "audio" / "pcm.ts"
READ = """
import { readFileSync } from "node:fs"
import { formatOf, Pcm } from %s
const told = JSON.parse(readFileSync(0, "utf8")).map(({ hex, cuts, from, count }) => {
    const file = new Uint8Array(Buffer.from(hex, "hex"))
    const firsts = cuts.map((cut) => formatOf(file.subarray(0, cut)))
    const format = formatOf(file)
    if (!format || format === "other" || format.frames > 1e6) return { firsts, format }
    const pcm = new Pcm(format)
    const edges = [format.from, ...cuts.filter((cut) => cut > format.from), file.length]
    edges.slice(1).forEach((edge, at) => pcm.take(file.subarray(edges[at], edge)))
    pcm.look()
    const sides = [0, 1].map((side) => (pcm.read(side, from, (pcm.into = new Float32Array(count))), [...pcm.into]))
    return { firsts, format, sides, whole: pcm.whole, ready: pcm.ready, low: [...pcm.low], high: [...pcm.high] }
})
console.log(JSON.stringify(told))
"""
FRAMES = 3600
BIG = 2**33


def told(*cases: dict[str, object]) -> list[dict[str, object]]:
    """What the studio reads in each of some files; all in one run of node."""
    script = READ % json.dumps(MODULE.as_uri())
    argv = [str(find_node()), "--no-warnings", "--experimental-strip-types", "--input-type=module", "-e", script]
    done = subprocess.run(argv, input=json.dumps(cases), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def case(file: bytes, *cuts: int, start: int = 0, count: int = 0) -> dict[str, object]:
    return {"hex": file.hex(), "cuts": list(cuts), "from": start, "count": count}


def test_what_our_writer_writes_is_read_to_the_bit(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    forms = [(bits, channels) for bits in (16, 24, 32) for channels in (1, 2)]
    files = []
    for bits, channels in forms:
        path = tmp_path / f"{bits}-{channels}.wav"
        with WavWriter(path, 48_000, channels, bits, FRAMES) as writer:
            writer.write(draw.uniform(-1, 1, (channels, FRAMES)).astype(np.float32))
        files.append(path.read_bytes())
    cases = [case(file, 3, 43, 101, 5002, start=100, count=FRAMES) for file in files]
    for (bits, channels), file, found in zip(forms, files, told(*cases), strict=True):
        wanted, _ = soundfile.read(io.BytesIO(file), dtype="float32", always_2d=True)
        late = np.vstack([wanted[100:], np.zeros((100, channels), np.float32)])  # after the end is silence
        assert found["format"] == {**_told(bits, channels, FRAMES), "from": len(file) - FRAMES * channels * bits // 8}
        assert found["firsts"][:2] == [None, None], "too little of it to know"  # type: ignore[index]
        assert (found["whole"], found["ready"]) == (True, FRAMES)
        np.testing.assert_array_equal(np.array(found["sides"], np.float32), late.T[[0, -1]])
        parts = wanted.reshape(1200, -1)
        np.testing.assert_array_equal(np.array(found["low"], np.float32), np.minimum(parts.min(axis=1), 0))
        np.testing.assert_array_equal(np.array(found["high"], np.float32), np.maximum(parts.max(axis=1), 0))


def test_what_is_not_there_yet_is_silence_and_not_drawn() -> None:
    file = wav_header(44_100, 1, 16, FRAMES) + struct.pack("<h", 16_384) * (FRAMES // 2)
    (found,) = told(case(file, start=FRAMES // 2 - 1, count=3))
    assert (found["whole"], found["ready"]) == (False, FRAMES // 2)
    assert found["sides"] == [[0.5, 0, 0]] * 2
    assert found["high"] == [0.5] * 600 + [0] * 600


def test_other_headers() -> None:
    """Longer than 4 GB; with chunks between; extensible; and what is left to the browser."""
    plain = wav_header(44_100, 2, 16, 100)
    form, data = plain.index(b"fmt "), plain.index(b"data")
    between = plain[:form] + b"LIST" + struct.pack("<I", 5) + b"noise\0" + plain[form:]
    ext = struct.pack("<HHIIHHHHI", 0xFFFE, 2, 44_100, 264_600, 6, 24, 22, 24, 3) + struct.pack("<H", 1) + bytes(14)
    extensible = plain[:form] + b"fmt " + struct.pack("<I", len(ext)) + ext + b"data" + struct.pack("<I", 600)
    eight = plain[: data - 2] + struct.pack("<H", 8) + plain[data:]
    files = [wav_header(44_100, 2, 24, BIG), between, extensible, eight, b"ID3\4" + bytes(40), b"RIFF" + bytes(5000)]
    streamed = [plain[: data + 4] + struct.pack("<I", size) for size in (0, 0xFFFFFFFF)]  # by who cannot go back to it
    files += [file + bytes(400) for file in streamed]
    found = [each["format"] for each in told(*map(case, files))]
    assert [each if isinstance(each, str) else _short(each) for each in found] == [
        (24, 2, BIG),
        (16, 2, 100),
        (24, 2, 100),
        *["other"] * 5,
    ]


@pytest.mark.parametrize("at", [22, 24, 34])
def test_a_header_that_lies_is_left_to_the_browser(at: int) -> None:
    """Channels, rate and bits of none."""
    file = bytearray(wav_header(44_100, 2, 16, 10))
    file[at : at + 2] = bytes(2)
    file[at + 2 : at + 4] = bytes(2) if at == 24 else file[at + 2 : at + 4]
    assert [each["format"] for each in told(case(bytes(file)))] == ["other"]


def _told(bits: int, channels: int, frames: int) -> dict[str, int]:
    return {"rateHz": 48_000, "channels": channels, "bits": bits, "frames": frames}


def _short(format_: object) -> tuple[int, int, int]:
    assert isinstance(format_, dict)
    return format_["bits"], format_["channels"], format_["frames"]
