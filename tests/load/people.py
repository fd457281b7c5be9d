"""Clients of each dialect, who do over and over what people do with it."""

import asyncio
import io
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import soundfile

from tests.load.journal import Journal

POLL_S = 0.5
DONE_S = 300.0
WELL = (200, 201, 202, 204)
_numbers = itertools.count()


class Wrong(Exception):
    """An answer that is not what the dialect promises."""


@dataclass
class Person:
    """One client with an account of its own; `round` is what it does again and again."""

    http: httpx.AsyncClient
    """With the base URL, and the dialect's credential in its headers."""
    plain: httpx.AsyncClient
    """Without either: for links."""
    journal: Journal
    chance: random.Random
    hook: str = ""
    """Where reports are to be sent; empty for none."""
    dialect: str = ""
    rounds: int = 0
    kept: dict[str, Any] = field(default_factory=dict)

    async def ask(self, what: str, method: str, path: str, *, well: tuple[int, ...] = WELL, **given: Any) -> Any:
        """A request, timed; its JSON. Any other status is a fault: one too many (429) as well."""
        with self.journal.call(self.dialect, what):
            answer = await self.http.request(method, path, **given)
            if answer.status_code not in well:
                raise Wrong(f"{answer.status_code} to {method} {path}: {answer.text[:200]}")
            self.kept["etag"] = answer.headers.get("etag", "")
            return answer.json() if answer.content else None

    async def link(self, what: str, method: str, url: str, **given: Any) -> bytes:
        """A request to a link, timed; its bytes."""
        with self.journal.call("links", what):
            answer = await self.plain.request(method, url, **given)
            if answer.status_code >= 300:
                raise Wrong(f"{answer.status_code} to {method} a link: {answer.text[:200]}")
            return answer.content

    async def over(self, job_id: str, look: Callable[[], Awaitable[str]]) -> None:
        """Poll until `look` tells an end: succeeded, failed or cancelled."""
        waited_s = 0.0
        while waited_s < DONE_S:
            if (state := await look()) in {"succeeded", "failed", "cancelled"}:
                self.journal.ended[job_id] = state
                return
            await asyncio.sleep(POLL_S)
            waited_s += POLL_S
        self.journal.ended[job_id] = "not in time"

    def ordered(self, job_id: str) -> str:
        """Note that a job is under way."""
        self.journal.ordered[job_id] = self.dialect
        return job_id

    def other_song(self) -> bytes:
        """A song that nobody has sent yet, so that nothing is done from memory."""
        return song(next(_numbers) + 1)

    async def round(self) -> None:
        """What it does again and again."""
        raise NotImplementedError


class MusicAi(Person):
    """Uploads, orders, polls, fetches, deletes."""

    async def round(self) -> None:
        """One song encoded."""
        await self.ask("application", "GET", "/v1/application")
        place = await self.ask("upload", "GET", "/v1/upload")
        await self.link("put song", "PUT", place["uploadUrl"], content=self.other_song())
        order = {"name": "load", "workflow": "audio-encoder", "params": {"inputUrl": place["downloadUrl"]}}
        job_id = self.ordered((await self.ask("add job", "POST", "/v1/job", json=order))["id"])

        async def look() -> str:
            self.kept["job"] = job = await self.ask("get job", "GET", f"/v1/job/{job_id}")
            return str(job["status"]).lower()

        await self.over(job_id, look)
        for url in (self.kept["job"].get("result") or {}).values():
            if isinstance(url, str) and url.startswith("https://"):
                await self.link("get result", "GET", url)
        await self.ask("list jobs", "GET", "/v1/job", params={"size": 10})
        if self.chance.random() < 0.5:
            await self.ask("delete job", "DELETE", f"/v1/job/{job_id}")


class AudioShake(Person):
    """Whole files by form, tasks with callbacks, statistics."""

    async def round(self) -> None:
        """One task of music detection."""
        files = {"file": ("song.wav", self.other_song(), "audio/wav")}
        asset = await self.ask("post asset", "POST", "/assets", files=files)
        body = {"assetId": asset["id"], "targets": [{"model": "music_detection", "formats": ["json"]}]}
        if self.hook:
            body["callbackUrl"] = self.hook
        task = await self.ask("post task", "POST", "/tasks", json=body)
        job_id = self.ordered(task["id"])
        if self.hook:
            self.journal.reports_wanted.add(job_id)

        async def look() -> str:
            told = await self.ask("get task", "GET", f"/tasks/{job_id}")
            states = {target["status"] for target in told["targets"]}
            return "succeeded" if states == {"completed"} else "failed" if "error" in states else "processing"

        await self.over(job_id, look)
        await self.ask("list tasks", "GET", "/tasks", params={"skip": 0, "take": 10})
        await self.ask("statistics", "GET", "/tasks/statistics", params={"name": "usage"})


class Beatoven(Person):
    """Wishes for tracks; seldom one is composed, which is a core's work for seconds."""

    async def round(self) -> None:
        """One track."""
        body = {"prompt": f"10 seconds of calm ambient music number {self.rounds}"}
        track = await self.ask("post track", "POST", "/api/v2/tracks", json=body)
        uuid = track["uuid"]
        await self.ask("composition params", "GET", "/api/v2/composition_params")
        if self.rounds % 10:
            await asyncio.sleep(self.chance.random())
            return
        task = (await self.ask("compose", "POST", f"/api/v2/tracks/{uuid}/compose"))["task_id"]
        self.ordered(task)

        async def look() -> str:
            told = await self.ask("status", "GET", f"/api/v2/status/{task}")
            return {"SUCCESS": "succeeded", "PENDING": "", "PROGRESS": ""}.get(told["state"], "failed")

        await self.over(task, look)


class TwoShot(Person):
    """A sample library and projects."""

    async def round(self) -> None:
        """A project saved, changed and searched for; a sample uploaded once in a while."""
        made = await self.ask("post project", "POST", "/project", json={"name": "Beat", "tempo": 120, "tracks": []})
        changed = {"name": f"Beat {self.rounds}", "tempo": 121, "tracks": []}
        await self.ask("get project", "GET", f"/project/{made['id']}")
        tag = {"If-Match": self.kept["etag"]}
        await self.ask("put project", "PUT", f"/project/{made['id']}", json=changed, headers=tag)
        await self.ask("stale project", "PUT", f"/project/{made['id']}", json=changed, headers=tag, well=(412,))
        await self.ask("search", "GET", "/sample", params={"q": "bass"})
        await self.ask("get user", "GET", "/user")
        await self.ask("models", "GET", "/model")
        if self.rounds % 4 == 0:
            await self._sample()
        await self.ask("delete project", "DELETE", f"/project/{made['id']}")

    async def _sample(self) -> None:
        files = {"file": ("bass.wav", self.other_song(), "audio/wav")}
        sample = await self.ask("post sample", "POST", "/sample/audio", files=files)
        number = sample["sampleId"]
        job_id = self.ordered(f"sample {number}")

        async def look() -> str:
            told = await self.ask("get sample", "GET", f"/sample/{number}")
            return "processing" if told["processing"] else "failed" if told["error"] else "succeeded"

        await self.over(job_id, look)
        await self.ask("like", "POST", f"/sample/{number}/like")


class SoundForge(Person):
    """Tracks and their analysis."""

    async def round(self) -> None:
        """One track analysed."""
        made = (await self.ask("post track", "POST", "/api/tracks", json={"title": "Song"}))["data"]
        track_id = made["track"]["id"]
        await self.link("put song", "PUT", made["upload_url"], content=self.other_song())
        await self.ask("models", "GET", "/api/processing/models")
        body = {"track_id": track_id, "features": ["tempo", "key"]}
        begun = await self.ask("analyze", "POST", "/api/analysis/analyze", json=body)
        job_id = self.ordered(begun["data"]["job_id"])

        async def look() -> str:
            told = (await self.ask("get analysis", "GET", f"/api/analysis/job/{job_id}"))["data"]
            return {"completed": "succeeded"}.get(told["status"], str(told["status"]))

        await self.over(job_id, look)
        await self.ask("list tracks", "GET", "/api/tracks")


class Native(Person):
    """Patchbay's own API: uploads by form, jobs, waiting, cancelling, usage."""

    async def round(self) -> None:
        """One job waited for, another cancelled."""
        wish = {"name": "song.wav", "method": "post"}
        place = await self.ask("post upload", "POST", "/patchbay/v1/uploads", json=wish)
        form = place["post"]
        sent = {"file": ("song.wav", self.other_song())}
        await self.link("post song", "POST", form["url"], data=form["fields"], files=sent)
        given = {"workflow": "music-detection", "input": {"asset_id": place["asset_id"]}}
        job_id = self.ordered((await self.ask("post job", "POST", "/patchbay/v1/jobs", json=given))["id"])

        async def look() -> str:
            told = await self.ask("wait for job", "GET", f"/patchbay/v1/jobs/{job_id}", params={"wait_s": 5})
            return str(told["state"])

        await self.over(job_id, look)
        await self.ask("list jobs", "GET", "/patchbay/v1/jobs", params={"limit": 10})
        await self.ask("usage", "GET", "/patchbay/v1/usage")
        if self.rounds % 3 == 0:
            more = {"workflow": "audio-analysis", "input": {"asset_id": place["asset_id"]}}
            other = self.ordered((await self.ask("post job", "POST", "/patchbay/v1/jobs", json=more))["id"])
            await self.ask("cancel job", "POST", f"/patchbay/v1/jobs/{other}/cancel", well=(200, 202, 204, 409))
            told = await self.ask("get job", "GET", f"/patchbay/v1/jobs/{other}")
            self.journal.ended[other] = str(told["state"])


KINDS: tuple[type[Person], ...] = (MusicAi, AudioShake, Beatoven, TwoShot, SoundForge, Native)


def song(seed: int, seconds: float = 2.0) -> bytes:
    """A short stereo WAV; other seeds are other bytes."""
    rate = 44100
    time_s = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(seed).standard_normal(len(time_s)) * 0.02
    wave = 0.3 * np.sin(2 * np.pi * 110 * time_s) + noise
    out = io.BytesIO()
    soundfile.write(out, np.stack([wave, wave], 1), rate, "PCM_16", format="WAV")
    return out.getvalue()
