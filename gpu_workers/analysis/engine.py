"""The engine that says what is in a recording: tempo, key, chords, loudness, form, and where there is music."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpu_workers.analysis import document
from gpu_workers.analysis.detection import Detector, ranges
from gpu_workers.analysis.findings import Findings
from gpu_workers.analysis.peaks import Peaks
from gpu_workers.audio.decode import decode
from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.meter import LoudnessMeter
from gpu_workers.audio.mono import LONGEST_S, Head, mono_blocks
from patchbay.domain.errors import InvalidInput
from patchbay.domain.features import FEATURES
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles

INPUT = "input"
DETECTION = "music_detection"
DETECTION_FILE = "music_detection.json"
"""The catalogue's name for it, `catalog.workflows._analysis.DETECTION`."""
_METERED = {"loudness", "peaks"}
_DECODED, _HEARD = 0.2, 0.4
"""Progress when the file is decoded, and when it was gone through once."""


class AnalysisEngine:
    """Params: `features`, some of `patchbay.domain.features` (all by default), and `format`, "json". Input: `input`.

    Outputs: `analysis`, the file that `document` describes, and the values `bpm`, `key` ("A minor"), `duration_s` and
    `loudness_lufs`, null where they were not asked for or there is none. Where only `music_detection` is asked for:
    `music_detection.json`, a file with a list of {start_time, end_time, confidence}.
    """

    def load(self, model: ModelFiles) -> None:
        """Nothing to load: the coefficients are a part of the code."""

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """Analyse the task's input. Raises `InvalidInput`, `UnusableAudio`."""
        wanted = wanted_features(task.params)
        source = next((item for item in task.inputs if item.name == INPUT), None)
        if source is None:
            raise InvalidInput("There is no input to analyse.", field=INPUT)
        metered = bool(wanted & _METERED)
        audio = decode(
            source.path,
            task.work_dir / "input.f32",
            channels=None if metered else 1,
            heartbeat=lambda: task.progress(0.0),
        )
        try:
            outputs = _detect(audio, task) if wanted == {DETECTION} else _analyse(audio, wanted, task)
        finally:
            audio.path.unlink()
        task.progress(1.0)
        return outputs


def wanted_features(params: Mapping[str, Any]) -> frozenset[str]:
    """What to look for. Raises `InvalidInput` for what is not on offer."""
    wanted = params.get("features") or list(FEATURES)
    if not isinstance(wanted, list | tuple):
        raise InvalidInput("features: a list is wanted.", field="features")
    unknown = sorted(str(name) for name in wanted if name not in FEATURES)
    if unknown:
        raise InvalidInput(f"features: there is no {', '.join(unknown)}.", field="features")
    if params.get("format", "json") != "json":
        raise InvalidInput("format: there is only json.", field="format")
    return frozenset(wanted)


def _detect(audio: AudioFile, task: EngineTask) -> list[EngineOutput]:
    """Ranges of music alone, in memory that does not grow with the length."""
    detector = Detector()
    _through(audio, [detector.add], lambda block: None, lambda done: task.progress(_DECODED + 0.7 * done))
    found = document.ranges(ranges(detector.finish(), audio.duration_s))
    return [_file(task.work_dir / DETECTION_FILE, DETECTION_FILE, found)]


def _analyse(audio: AudioFile, wanted: frozenset[str], task: EngineTask) -> list[EngineOutput]:
    meter = LoudnessMeter(audio.sample_rate_hz, audio.channels)
    peaks = Peaks(audio.frames)
    head = Head(audio.duration_s)
    sinks: list[Callable[[Any], None]] = [head.add]
    # What fits into the hour shares its spectrogram; what does not is heard as it goes by.
    detector = Detector() if DETECTION in wanted and audio.duration_s > LONGEST_S else None
    if detector:
        sinks.append(detector.add)

    def heard(block: Samples) -> None:
        if "loudness" in wanted:
            meter.add(block)
        if "peaks" in wanted:
            peaks.add(block)

    span = _HEARD - _DECODED
    _through(audio, sinks, heard, lambda done: task.progress(_DECODED + span * done))
    here = wanted - {DETECTION} if detector else wanted
    found = Findings(head.samples, here, lambda done: task.progress(_HEARD + (0.99 - _HEARD) * done))
    content: dict[str, Any] = {
        "version": document.VERSION,
        "duration_s": round(audio.duration_s, 3),
        "analysed_s": round(found.spectra.duration_s, 3),
        "sample_rate_hz": audio.sample_rate_hz,
        "channels": audio.channels,
        **found.content(),
    }
    if detector:
        content[DETECTION] = document.ranges(ranges(detector.finish(), audio.duration_s))
    if "loudness" in wanted:
        content["loudness"] = document.loudness(meter.result())
    if "peaks" in wanted:
        content["peaks"] = dict(zip(("min", "max"), peaks.result(), strict=True))
    values = {
        "bpm": (content.get("tempo") or {}).get("bpm"),
        "key": found.key_name,
        "duration_s": content["duration_s"],
        "loudness_lufs": content.get("loudness", {}).get("integrated_lufs"),
    }
    file = _file(task.work_dir / "analysis.json", "analysis", content)
    return [file, *(EngineOutput(name=name, value=value) for name, value in values.items())]


def _through(
    audio: AudioFile,
    sinks: Sequence[Callable[[Any], None]],
    heard: Callable[[Samples], None],
    progress: Callable[[float], None],
) -> None:
    """Each block to all who want it."""
    done = 0

    def count(block: Samples) -> None:
        nonlocal done
        heard(block)
        done += block.shape[1]
        progress(done / audio.frames)

    for block in mono_blocks(audio, count):
        for sink in sinks:
            sink(block)


def _file(path: Path, name: str, content: Any) -> EngineOutput:
    path.write_text(json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n", encoding="utf-8")
    return EngineOutput(name=name, path=path, media_type="application/json")


def create() -> AnalysisEngine:
    """The engine, for the worker."""
    return AnalysisEngine()
