"""LALAL.AI's API, version 1.1.0 of its own OpenAPI document under `/api/v1/` (read in 2026), and nothing else of it.

Every call there is a POST with the licence key in `X-License-Key`; answers are JSON, errors `{detail, code}`, where the
code is what counts and a missing or unknown key is 403. One task takes several stems out of a file ("multistem"): a
minute of audio costs a minute for each stem, and what is left of the song comes along for nothing. A task that failed
is told with 200. An order carries a key of its own: repeated while the task waits it is the same order, and once that
runs it is refused, without the task's number. Of the API before (version 0, deprecated) two things are asked that
version 1 does not tell: how many minutes an account had, and which tasks there are of a file.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlencode

from patchbay.adapters.web.client import Answered, SafeWeb
from patchbay.domain.errands import REST, Beat, FarState, StemsGone, no_beat
from patchbay.domain.errors import FetchRefused, TooLarge, VendorFailed, VendorRefused
from patchbay.domain.sniff import SNIFF_BYTES, demuxer_of
from patchbay.ports import AlreadyBegun, SentFile, VendorMinutes

T = TypeVar("T")
STEMS: Mapping[str, tuple[str, ...]] = {
    "vocals": ("vocals",),
    "drums": ("drum",),
    "bass": ("bass",),
    "piano": ("piano",),
    "guitar": ("electric_guitar", "acoustic_guitar"),
}
"""Our stems, and those of theirs that add up to each."""
MAX_STEM_BYTES = 4 * 1024**3
_MAX_ANSWER_BYTES = 1024**2
_MAX_TEXT_CHARS = 200
_TURN_S = 0.2
_BLOCK_BYTES = 256 * 1024
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ENDINGS = {"matroska": "mkv", "mov": "mp4", "asf": "wma"}
"""Of file names, by what the bytes are, where the two differ."""
_USUAL_LIFE = timedelta(hours=23)
_REFUSALS = {
    "exceeded_duration": "your LALAL.AI account has no minutes left for this; buy some there, or separate it here",
    "exceeded_size": "the file is larger than your LALAL.AI account takes",
    "max_duration": "the file is longer than your LALAL.AI account takes",
}
_BUSY = {408, 425, 429}
_GONE = {403, 404, 410}
"""What an address of a file answers once the file is gone, or the address's own time is over."""
_NO_STEMS = "LALAL.AI does not have the stems any more that it made; order it again, which spends minutes again"
_MOST_TASKS = 200
"""Of one look (their document of version 1, read in 2026)."""


@dataclass(frozen=True, slots=True)
class LalalAI:
    """The stem-vendor port."""

    web: SafeWeb
    """For files, which take their time."""
    url: str = "https://www.lalal.ai/"
    answer_s: float = 30.0
    """Longest call that carries no file."""
    brief_s: float = 10.0
    """The same of those for which a page waits, and of the two that `minutes` makes: a Lambda answers within 29 s."""

    def minutes(self, key: str) -> VendorMinutes:
        """See `StemVendor`."""
        left = _number(self._post(key, "limits/minutes_left/", {}, self.brief_s).get("minutes_left"))
        if left is None:
            raise VendorFailed("LALAL.AI answered what cannot be understood")
        quota, used = self._older_limits(key)
        return VendorMinutes(left, quota, used)

    def upload(self, key: str, path: Path, beat: Beat = no_beat) -> SentFile:
        """See `StemVendor`. The file goes without the name that its owner gave it."""
        headers = {
            "Content-Disposition": f'attachment; filename="audio.{_ending(path)}"',
            "Content-Type": "application/octet-stream",
            "Content-Length": str(path.stat().st_size),
        }
        told = _patiently(
            lambda check: self._call(self.web, key, "upload/", headers, lambda: _blocks(path, check)), beat
        )
        ends_at = _time(told.get("expires")) or datetime.now(UTC) + _USUAL_LIFE
        return SentFile(_id(told.get("id")), ends_at)

    def begin(self, key: str, file_id: str, stems: Sequence[str], once: str) -> str:
        """See `StemVendor`."""
        presets = {"stem_list": [theirs for stem in stems for theirs in STEMS[stem]], "encoder_format": "flac"}
        order = {"source_id": file_id, "presets": presets, "idempotency_key": once}
        return _id(self._post(key, "split/multistem/", order).get("task_id"))

    def find(self, key: str, file_id: str, stems: Sequence[str]) -> str | None:
        """See `StemVendor`. That version 0 tells of tasks which version 1 began, no document says: what it tells is
        believed where version 1 says that it is such a task.
        """
        numbers = self._older_tasks(key, file_id)
        told = self._post(key, "check/", {"task_ids": numbers}).get("result") if numbers else None
        wanted = {theirs for stem in stems for theirs in STEMS[stem]}
        for number in numbers:
            task = told.get(number) if isinstance(told, dict) else None
            if isinstance(task, dict) and task.get("source_id") == file_id and _takes(task, wanted):
                return number
        return None

    def look(self, key: str, task_id: str, stems: Sequence[str], beat: Beat = no_beat) -> FarState:
        """See `StemVendor`."""
        told = _patiently(lambda _: self._post(key, "check/", {"task_ids": [task_id]}), beat)
        found = told.get("result")
        task = found.get(task_id) if isinstance(found, dict) else None
        if not isinstance(task, dict):
            raise VendorFailed("LALAL.AI answered what cannot be understood")
        match task.get("status"):
            case "progress":
                return FarState("working", min(max((_number(task.get("progress")) or 0.0) / 100, 0.0), 1.0))
            case "success":
                return FarState("done", 1.0, tracks=_tracks(task.get("result"), stems))
            case "error":
                return FarState("failed", reason=_text(task.get("error"), key) or "it does not say why")
            case "cancelled":
                return FarState("cancelled")
            case "server_error":
                return FarState("unknown", reason=_text(task.get("error"), key))
        raise VendorFailed("LALAL.AI answered what cannot be understood")

    def fetch(self, url: str, path: Path, beat: Beat = no_beat) -> None:
        """See `StemVendor`. The key does not go along: the address is what gives access."""
        try:
            _patiently(lambda check: self.web.fetch_watched(url, path, max_bytes=MAX_STEM_BYTES, beat=check), beat)
        except FetchRefused as error:
            if isinstance(error, Answered) and error.status in _GONE:
                raise StemsGone(_NO_STEMS) from None
            raise VendorFailed(f"a stem could not be fetched from LALAL.AI: {error}") from None
        except TooLarge:
            raise VendorRefused("LALAL.AI gave a stem that is too large to be one") from None

    def cancel(self, key: str, task_ids: Sequence[str]) -> None:
        """See `StemVendor`. That there is nothing to end is told inside the answer, and left there."""
        self._post(key, "cancel/", {"task_ids": list(task_ids)}, self.brief_s)

    def remove(self, key: str, file_id: str) -> None:
        """See `StemVendor`. Their document warns of doing so while a task runs, which it ends: here that is meant."""
        self._post(key, "delete/", {"source_id": file_id}, self.brief_s)

    def _post(self, key: str, path: str, content: Mapping[str, Any], most_s: float | None = None) -> dict[str, Any]:
        body = json.dumps(content).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        return self._call(self._within(most_s or self.answer_s), key, path, headers, lambda: (body,))

    def _call(
        self, web: SafeWeb, key: str, path: str, headers: Mapping[str, str], body: Callable[[], Any]
    ) -> dict[str, Any]:
        """One call and its answer. Raises `VendorFailed`, `VendorRefused`, `AlreadyBegun`."""
        url = f"{self.url.rstrip('/')}/api/v1/{path}"
        try:
            answer = web.ask("POST", url, {**headers, "X-License-Key": key}, body(), max_bytes=_MAX_ANSWER_BYTES)
        except FetchRefused:
            raise VendorFailed("LALAL.AI does not answer; try again later") from None
        except TooLarge:
            raise VendorFailed("LALAL.AI answered what cannot be understood") from None
        if answer.status >= 500 or answer.status in _BUSY or 300 <= answer.status < 400:
            raise VendorFailed(f"LALAL.AI is not there for us right now (it answered {answer.status})")
        told = _object(answer.body)
        if answer.status in {401, 403}:
            why = _text((told or {}).get("detail"), key)
            said = f" (it says: {why})" if why else ""
            raise VendorRefused(f"LALAL.AI does not take your licence key{said}; save another in the settings")
        if answer.status != 200:
            _refuse(told or {}, key)
        if told is None or not answer.media_type.lower().startswith("application/json"):
            raise VendorFailed("LALAL.AI answered what cannot be understood")
        return told

    def _older_limits(self, key: str) -> tuple[float | None, float | None]:
        """(minutes in all, minutes used) as version 0 has them, which wants the key in the address; None, None where
        it does not tell: it may be switched off any day.
        """
        url = f"{self.url.rstrip('/')}/billing/get-limits/?key={quote(key, safe='')}"
        try:
            told = _object(self._within(self.brief_s).ask("GET", url, {}, max_bytes=_MAX_ANSWER_BYTES).body) or {}
        except (FetchRefused, TooLarge):
            return None, None
        if told.get("status") != "success":
            return None, None
        return _number(told.get("process_duration_limit")), _number(told.get("process_duration_used"))

    def _older_tasks(self, key: str, file_id: str) -> list[str]:
        """Numbers of the tasks of a file as version 0 has them; none where it does not tell. Raises `VendorFailed`."""
        url, body = f"{self.url.rstrip('/')}/api/check/", urlencode({"id": file_id}).encode()
        headers = {
            "Authorization": f"license {key}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        try:
            answer = self._within(self.answer_s).ask("POST", url, headers, (body,), max_bytes=_MAX_ANSWER_BYTES)
        except FetchRefused:
            raise VendorFailed("LALAL.AI does not answer; try again later") from None
        except TooLarge:
            return []
        if answer.status >= 500 or answer.status in _BUSY:
            raise VendorFailed(f"LALAL.AI is not there for us right now (it answered {answer.status})")
        told: Any = _object(answer.body)
        for name in ("result", file_id, "task"):
            told = told.get(name) if isinstance(told, dict) else None
        numbers = told.get("id") if isinstance(told, dict) else None
        each = numbers if isinstance(numbers, list) else [numbers]
        return [number for number in each if isinstance(number, str) and _ID.fullmatch(number)][:_MOST_TASKS]

    def _within(self, most_s: float) -> SafeWeb:
        return replace(self.web, timeout_s=min(self.web.timeout_s, most_s), total_s=most_s)


class _GivenUp(Exception):
    """Raised in the thread that works for somebody who left."""


def _patiently(work: Callable[[Beat], T], beat: Beat) -> T:
    """Do blocking work in a thread of its own: whoever is told to stop need not wait for the other side.

    Of what the thread was at nothing is heard any more; it ends at its next block, or when its own time is up.
    """
    if beat is no_beat:
        return work(no_beat)
    left, result = Event(), Future[T]()

    def check() -> None:
        if left.is_set():
            raise _GivenUp

    def run() -> None:
        try:
            result.set_result(work(check))
        except BaseException as error:  # noqa: BLE001 - handed on, whatever it is
            result.set_exception(error)

    beat()
    Thread(target=run, name="lalal", daemon=True).start()
    try:
        while True:
            try:
                return result.result(timeout=_TURN_S)
            except TimeoutError:
                if result.done():  # its own, not ours
                    raise
            beat()
    except BaseException:
        left.set()
        raise


def _takes(task: Mapping[str, Any], stems: set[str]) -> bool:
    """Whether a task takes just these stems of theirs out, or did."""
    presets = task.get("presets")
    listed = presets.get("stem_list") if isinstance(presets, dict) else None
    same = isinstance(listed, list) and all(isinstance(stem, str) for stem in listed) and set(listed) == stems
    return same and task.get("status") in {"progress", "success"}


def _blocks(path: Path, check: Beat) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            check()
            yield block


def _refuse(told: Mapping[str, Any], key: str) -> NoReturn:
    """Raise what an error of theirs is to us."""
    code, text = told.get("code"), _text(told.get("detail"), key)
    if code == "idempotency_key_used":
        raise AlreadyBegun
    if code == "internal_error":
        raise VendorFailed("LALAL.AI had trouble of its own; try again later")
    if isinstance(code, str) and code in _REFUSALS:
        raise VendorRefused(_REFUSALS[code])
    raise VendorRefused(f"LALAL.AI refused: {text}" if text else "LALAL.AI refused, and does not say why")


def _tracks(result: object, stems: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Stem -> addresses. Raises `VendorFailed` unless all are there."""
    listed = result.get("tracks") if isinstance(result, dict) else None
    by_label: dict[str, str] = {}
    for track in listed if isinstance(listed, list) else ():
        if isinstance(track, dict) and isinstance(track.get("url"), str) and isinstance(track.get("label"), str):
            by_label[REST if track.get("type") == "back" else track["label"]] = track["url"]
    try:
        found = {stem: tuple(by_label[theirs] for theirs in STEMS[stem]) for stem in stems}
        return {**found, REST: (by_label[REST],)}
    except KeyError:
        raise VendorFailed("LALAL.AI is done, and not all stems are there") from None


def _ending(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
    found = "mp3" if head.startswith(b"ID3") else demuxer_of(head) or "bin"
    return _ENDINGS.get(found, found)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _id(told: object) -> str:
    if not isinstance(told, str) or not _ID.fullmatch(told):
        raise VendorFailed("LALAL.AI answered what cannot be understood")
    return told


def _number(told: object) -> float | None:
    fine = isinstance(told, int | float) and not isinstance(told, bool) and math.isfinite(told) and abs(told) < 1e12
    return float(told) if fine else None  # type: ignore[arg-type]


def _time(told: object) -> datetime | None:
    seconds = _number(int(told) if isinstance(told, str) and told.isascii() and told.isdigit() else told)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < 253_402_300_799 else None


def _text(told: object, key: str) -> str:
    """What they say, fit to be shown: one line, not long, without the key."""
    if isinstance(told, dict):
        told = told.get("detail") or told.get("msg")
    if isinstance(told, list):
        return "; ".join(filter(None, (_text(each, key) for each in told[:3])))[:_MAX_TEXT_CHARS]
    text = told if isinstance(told, str) else ""
    return "".join(c for c in text.replace(key, "***") if c.isprintable())[:_MAX_TEXT_CHARS].strip()
