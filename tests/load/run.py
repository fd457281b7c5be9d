"""A load from its beginning to its end."""

import asyncio
import contextlib
import json
import os
import random
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.load.growth import Growth
from tests.load.journal import Journal
from tests.load.people import KINDS, Beatoven, MusicAi, Person, TwoShot
from tests.load.report import Outcome
from tests.support.receiver import Receiver

SETTLE_S = 60.0
PASSWORD = "correct horse battery"
ROOT = Path(__file__).resolve().parents[2]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Twin:
    """Where the load goes: a twin that runs on this machine."""

    base_url: str
    data: Path
    pid: int
    """Of its front door, whose family is watched."""

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts the twin's own authority alone."""
        return ssl.create_default_context(cafile=str(self.data / "ca.pem"))

    def new_key(self, email: str) -> str:
        """A key of an account of that address."""
        told = [sys.executable, "-m", "patchbay.cli", "key", "create", "--user", email]
        environment = {**os.environ, "PATCHBAY_DATA": str(self.data)}
        done = subprocess.run(told, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()


def find(data: Path) -> Twin:
    """The running twin of a data folder. Raises FileNotFoundError, KeyError where there is none."""
    state = json.loads((data / "twin.json").read_text())
    return Twin(state["base_url"], data, state["pid"])


async def run(
    twin: Twin,
    clients: int,
    seconds: float,
    say: Say = lambda text: None,
    seed: int = 1,
    over: asyncio.Event | None = None,
) -> Outcome:
    """Let `clients` people work for so long, or until it is `over`, then wait until what they ordered is done."""
    over = over or asyncio.Event()
    journal = Journal()
    with Receiver() as receiver:
        async with contextlib.AsyncExitStack() as open_:
            people = [await _person(twin, number, journal, open_, receiver.url, seed) for number in range(clients)]
            journal.began = time.monotonic()
            growth = Growth(twin.pid, twin.data, journal.began)
            watching = asyncio.create_task(growth.watch())
            telling = asyncio.create_task(_tell(journal, seconds, say))
            try:
                await asyncio.gather(*(_work(person, seconds, over) for person in people))
                await _reported(journal, receiver)
            finally:
                for task in (watching, telling):
                    task.cancel()
                await asyncio.gather(watching, telling, return_exceptions=True)
        counts = Counter(str(receipt.told.get("id", "")) for receipt in receiver.receipts)
    return Outcome(journal, growth, clients, journal.elapsed_s(), counts)


async def _work(person: Person, seconds: float, over: asyncio.Event) -> None:
    """Rounds until the time is over; a fault is noted already, and the next round goes on."""
    await asyncio.sleep(person.chance.random() * min(2.0, seconds / 10))
    while person.journal.elapsed_s() < seconds and not over.is_set():
        with contextlib.suppress(Exception):
            await person.round()
        person.rounds += 1


async def _person(
    twin: Twin, number: int, journal: Journal, open_: contextlib.AsyncExitStack, hook: str, seed: int
) -> Person:
    kind = KINDS[number % len(KINDS)]
    name = f"load-{os.getpid()}-{number}"
    plain = await open_.enter_async_context(httpx.AsyncClient(verify=twin.tls, timeout=120, trust_env=False))
    if kind is TwoShot:
        body = {"userName": name, "email": f"{name}@example.org", "password": PASSWORD}
        told = (await plain.post(f"{twin.base_url}/auth/register", json=body)).raise_for_status().json()
        headers = {"Authorization": f"Bearer {told['accessToken']}"}
    else:
        key = await asyncio.to_thread(twin.new_key, f"{name}@example.org")
        form = {MusicAi: "{}", Beatoven: "api_key {}"}.get(kind, "Bearer {}")
        headers = {"Authorization": form.format(key)}
    http = httpx.AsyncClient(base_url=twin.base_url, verify=twin.tls, timeout=120, trust_env=False, headers=headers)
    await open_.enter_async_context(http)
    chance = random.Random(seed * 1000 + number)
    return kind(http, plain, journal, chance, hook, kind.__name__.lower())


async def _tell(journal: Journal, seconds: float, say: Say) -> None:
    while True:
        await asyncio.sleep(5)
        calls, at_s = journal.calls, journal.elapsed_s()
        recent = [call for call in calls if call.at_s > at_s - 10]
        say(
            f"{at_s:4.0f} of {seconds:.0f} s: {len(calls)} requests, {len(recent) / 10:.0f} a second, "
            f"{len(journal.faults)} failed; {len(journal.ended)} of {len(journal.ordered)} jobs over"
        )


async def _reported(journal: Journal, receiver: Receiver) -> None:
    """Wait until each end that is to be reported was, or for a minute."""
    until = time.monotonic() + SETTLE_S
    while time.monotonic() < until:
        told = {str(receipt.told.get("id", "")) for receipt in receiver.receipts}
        if journal.reports_wanted & journal.ended.keys() <= told:
            return
        await asyncio.sleep(0.5)
