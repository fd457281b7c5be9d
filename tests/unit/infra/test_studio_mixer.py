"""How the studio's mixer puts a song together of pieces: none lost, none twice, and it ends."""

import json
import subprocess
from pathlib import Path

import pytest

from infra.twin.toolchain import find_node

AUDIO = Path(__file__).resolve().parents[3] / "infra" / "studio" / "src" / "audio"
RATE_HZ = 1000
LENGTH_S = 5
PLAY = """
import { readFileSync } from "node:fs"
import { Mixer } from "./mixer.ts"
import { Pcm } from "./pcm.ts"
const [rateHz, length_s, steps] = JSON.parse(readFileSync(0, "utf8"))
let pump = null // its clock is ours
globalThis.setInterval = (run) => (pump = run)
globalThis.clearInterval = () => (pump = null)
const song = Float32Array.from({ length: rateHz * length_s }, (_, frame) => frame)
const bytes = new Uint8Array(song.buffer)
const pcm = new Pcm({ rateHz, channels: 1, bits: 32, frames: song.length, from: 0 })
const heard = []
const node = () => ({ gain: { value: 1 }, connect: (to) => to, disconnect() {}, stop() {} })
const source = () =>
    Object.assign(node(), { start(at) { heard.push([Math.round(at * rateHz), ...this.buffer.samples]) } })
const context = {
    sampleRate: rateHz,
    currentTime: 0,
    destination: {},
    resume: async () => {},
    createGain: node,
    createChannelSplitter: node,
    createChannelMerger: node,
    createAnalyser: node,
    createBufferSource: source,
    createBuffer: (_, frames) => {
        const samples = new Float32Array(frames)
        return { samples, getChannelData: () => samples }
    },
}
const mixer = new Mixer(context, [pcm])
const told = []
for (const [what, value] of steps) {
    if (what === "have") pcm.take(bytes.subarray(pcm.bytes[0], value * rateHz * 4))
    else if (what === "run")
        for (const ends = context.currentTime + value; context.currentTime < ends; pump?.()) context.currentTime += 0.25
    else if (what === "loop") mixer.setLoop(value)
    else await mixer[what](value)
    await null
    told.push({ playing: mixer.isPlaying, waiting: mixer.isWaiting, now: mixer.now, loop: mixer.loop })
}
console.log(JSON.stringify({ told, heard }))
"""
Told = list[dict[str, object]]
Step = tuple[str, object]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The mixer beside what plays it; Node wants the names of files whole."""
    for name in ("meter.ts", "mixer.ts", "pcm.ts"):
        (tmp_path / name).write_text((AUDIO / name).read_text().replace('"./meter"', '"./meter.ts"'))
    path = tmp_path / "play.mjs"
    path.write_text(PLAY)
    return path


def play(script: Path, *steps: Step) -> tuple[Told, dict[int, float]]:
    """How the mixer stands after each step, and what sounds at each frame of the clock."""
    argv = [str(find_node()), "--no-warnings", "--experimental-strip-types", str(script)]
    given = json.dumps([RATE_HZ, LENGTH_S, steps])
    done = subprocess.run(argv, input=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    sound = [(at + index, value) for at, *piece in found["heard"] for index, value in enumerate(piece)]
    assert len(dict(sound)) == len(sound), "two pieces sound at one time"
    return found["told"], dict(sound)


def stretch(start_s: float, end_s: float) -> list[float]:
    return [float(frame) for frame in range(round(start_s * RATE_HZ), round(end_s * RATE_HZ))]


def test_a_song_is_played_once_to_its_end_without_a_gap(script: Path) -> None:
    told, sound = play(script, ("have", LENGTH_S), ("play", None), ("run", LENGTH_S + 1))
    assert [sound[at] for at in sorted(sound)] == stretch(0, LENGTH_S)
    assert max(sound) - min(sound) + 1 == len(sound)
    assert told[1]["playing"] is True
    assert told[-1] == {"playing": False, "waiting": False, "now": 0, "loop": None}


def test_a_loop_goes_round_without_a_gap(script: Path) -> None:
    loop = {"start": 1.0, "end": 2.5}
    told, sound = play(script, ("have", LENGTH_S), ("loop", loop), ("seek", 1), ("play", None), ("run", 4))
    heard = [sound[at] for at in sorted(sound)]
    assert heard == (stretch(1, 2.5) * 9)[: len(heard)]
    assert len(heard) > 4 * RATE_HZ
    assert max(sound) - min(sound) + 1 == len(sound)
    assert told[-1]["playing"] is True


def test_what_comes_after_a_loop_ends_with_the_song(script: Path) -> None:
    loop = {"start": 1.0, "end": 2.0}
    told, sound = play(script, ("have", LENGTH_S), ("loop", loop), ("seek", 4), ("play", None), ("run", 3))
    assert [sound[at] for at in sorted(sound)] == stretch(4, LENGTH_S)
    assert told[-1] == {"playing": False, "waiting": False, "now": 1, "loop": loop}


def test_what_is_not_there_yet_is_waited_for(script: Path) -> None:
    told, sound = play(
        script, ("have", 2.5), ("play", None), ("run", 4), ("have", LENGTH_S), ("run", 2), ("run", LENGTH_S)
    )
    assert [sound[at] for at in sorted(sound)] == stretch(0, LENGTH_S)
    assert [each["waiting"] for each in told] == [False, False, True, True, False, False]
    assert told[2]["now"] == 2
    assert told[-1]["playing"] is False


def test_a_loop_of_nothing_is_none(script: Path) -> None:
    told, _ = play(script, ("have", LENGTH_S), ("loop", {"start": LENGTH_S, "end": LENGTH_S}))
    assert told[-1]["loop"] is None
