"""The tables of `docs/cost.md`, reckoned from the catalogue's prices.

`python -m tests.support.cost_page` writes them again into the page, between their marks.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from patchbay.catalog.costs import PER_JOB, PER_S, PER_STEP, Rates
from patchbay.catalog.prices import HOURS_A_MONTH, PRICES, Prices
from patchbay.domain.tasks import ComputeClass

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"
ON_DEMAND = Rates()
SPOT = Rates(markets={"cpu": "spot", "gpu": "spot"})
SAGEMAKER = Rates(markets={"cpu": "sagemaker", "gpu": "sagemaker"})
SONG_S, SONG_ENGINE_S, SONG_AROUND_S = 240.0, 240.0 / 40, 6.0
"""A song, its separation at 40 times real time, and fetching it and storing four stems on a worker that is there."""
BOOT_S, LOAD_S, IDLE_S = 180.0, 60.0, 120.0
"""What a machine takes to come with its image, what loading the model takes, and how long it waits for more."""
Row = Sequence[str]


@dataclass(frozen=True)
class Example:
    """One job of a workflow, and where its seconds come from."""

    workflow: str
    what: str
    compute: ComputeClass
    engine_s: float
    around_s: float
    audio_s: float
    known: str

    def usd(self, rates: Rates) -> float:
        """What it costs on a worker that is there."""
        busy_s = self.engine_s + self.around_s
        return busy_s * rates.usd_per_hour(self.compute) / 3600 + rates.requests_usd(1, busy_s)


SONG = Example(
    "htdemucs", "a song of 4 min", "gpu", SONG_ENGINE_S, SONG_AROUND_S, SONG_S, "assumed: 40 times real time on one L4"
)
EXAMPLES = (
    SONG,
    Example("stem-isolation-4", "the same with `patchbay-small`", "gpu", 21.4, 6.0, 240.0, "0.089 s/s on two cores"),
    Example("audio-analysis", "the same song", "cpu", 12.0, 2.0, 240.0, "at most 0.05 s/s on two cores"),
    Example("audio-encoder", "the same song", "cpu", 12.0, 2.0, 240.0, "at most 0.05 s/s on two cores"),
    Example("compose", "30 s in four versions", "cpu", 30.0, 2.0, 30.0, "half a minute of one core"),
    Example("render", "3 min of 32 tracks", "cpu", 12.9, 4.0, 180.0, "14 times real time on one core"),
    Example("generate", "30 s by `musicgen-medium`", "gpu", 30.0, 4.0, 30.0, "assumed: real time on one L4"),
)


@dataclass(frozen=True)
class Vendor:
    """What a service asks for the same."""

    name: str
    work: str
    usd_a_minute: tuple[float, float]
    ours: str
    """Key of `ours_a_minute`."""
    source: str


VENDORS = (
    Vendor("Music.ai", "stems, a minute of audio", (0.0665, 0.07), "separation", "music.ai/pricing, 2026-10"),
    Vendor("LALAL.AI", "one stem, a minute of audio", (0.06, 0.0667), "separation", "lalal.ai/pricing, 2026-08"),
    Vendor("Fadr", "stems and MIDI, a minute of audio", (0.05, 0.05), "separation", "fadr.com, API billing, 2023"),
    Vendor("Beatoven", "a composed minute", (3.0, 3.0), "composition", "beatoven.ai, 2026"),
)


def told(usd: float) -> str:
    """An amount in cents, or with two digits that count where it is less than ten of them."""
    return f"${usd:.2f}" if usd >= 0.0995 else f"${float(f'{usd:.2g}'):f}".rstrip("0")


def song_usd(rates: Rates, *, songs_a_start: float, busy_share: float | None = None) -> float:
    """A song's whole cost, boot and idling too, if so many are done by one worker between its start and its end.

    `busy_share`: instead, of a worker that is always there, the share of the time in which it works.
    """
    own_s = SONG.engine_s + SONG.around_s
    spread_s = own_s * (1 / busy_share - 1) if busy_share else (BOOT_S + LOAD_S + IDLE_S) / songs_a_start
    return SONG.usd(rates) + spread_s * rates.usd_per_hour("gpu") / 3600


def a_minute(usd: float, example: Example = SONG) -> float:
    """The cost of a minute of audio, by that of a job."""
    return usd / example.audio_s * 60


def ours_a_minute(work: str) -> tuple[float, float]:
    """(on Spot machines that are busy, on demand with a start for each job)."""
    if work == "separation":
        cold = song_usd(ON_DEMAND, songs_a_start=1)
        return a_minute(SONG.usd(SPOT)), a_minute(cold)
    (made,) = (each for each in EXAMPLES if each.workflow == "compose")
    start_usd = (BOOT_S + IDLE_S) * ON_DEMAND.usd_per_hour("cpu") / 3600
    return a_minute(made.usd(SPOT), made), a_minute(made.usd(ON_DEMAND) + start_usd, made)


def examples() -> list[Row]:
    """Workflows, from seconds to dollars."""
    head = ("workflow", "job", "machine", "engine; rest", "seconds known by", "on demand", "Spot", "a minute of audio")
    rows = [
        (
            f"`{each.workflow}`",
            each.what,
            each.compute,
            f"{each.engine_s:g} s; {each.around_s:g} s",
            each.known,
            told(each.usd(ON_DEMAND)),
            told(each.usd(SPOT)),
            told(a_minute(each.usd(ON_DEMAND), each)),
        )
        for each in EXAMPLES
    ]
    return [head, *rows]


def step_by_step() -> list[Row]:
    """One job's cost in its parts."""
    busy_s, rate = SONG.engine_s + SONG.around_s, ON_DEMAND.usd_per_hour("gpu")
    none = ON_DEMAND.requests_usd(0, 0.0)
    step, seconds = ON_DEMAND.requests_usd(1, 0.0) - none, ON_DEMAND.requests_usd(0, busy_s) - none
    machine = busy_s * rate / 3600
    return [
        ("part", "reckoning", "cost"),
        ("machine", f"{busy_s:g} s at ${rate} an hour", _micro(machine)),
        ("requests of the job", "ordering, planning, ending, reporting", _micro(none)),
        ("requests of its step", "dispatching, leasing, storing", _micro(step)),
        ("requests while it runs", f"{busy_s:g} s of progress and signs of life", _micro(seconds)),
        ("**together**", "", f"**{_micro(machine + none + step + seconds)}**"),
    ]


def requests() -> list[Row]:
    """Requests, and what each kind of them costs."""
    head = ("what", "a job", "a step", "a second", "unit price", "of a song's job")
    rows = []
    busy_s = SONG.engine_s + SONG.around_s
    for name in dict.fromkeys([*PER_JOB, *PER_STEP, *PER_S]):
        job, step, second = (part.get(name, 0) for part in (PER_JOB, PER_STEP, PER_S))
        usd = (job + step + second * busy_s) * PRICES[name].usd
        figures = tuple(f"{n:.7f}".rstrip("0").rstrip(".") if n else "" for n in (job, step, second))
        rows.append((f"`{name}`", *figures, f"${PRICES[name].usd:.10f}".rstrip("0"), _micro(usd)))
    return [head, *rows]


def starts() -> list[Row]:
    """What starting and idling make of a minute of audio."""
    head = ("a song of 4 min separated", "on demand", "Spot", "SageMaker", "of it engine (on demand)")
    ways: list[tuple[str, dict[str, float]]] = [
        ("worker always busy", {"songs_a_start": 1e12}),
        ("worker busy 30 % of its time", {"songs_a_start": 1, "busy_share": 0.3}),
        ("worker busy 10 % of its time", {"songs_a_start": 1, "busy_share": 0.1}),
        ("100 songs a start", {"songs_a_start": 100}),
        ("10 songs a start", {"songs_a_start": 10}),
        ("3 songs a start", {"songs_a_start": 3}),
        ("each song starts a machine", {"songs_a_start": 1}),
    ]
    rows = []
    engine = SONG.engine_s * ON_DEMAND.usd_per_hour("gpu") / 3600
    for name, way in ways:
        costs = [song_usd(rates, **way) for rates in (ON_DEMAND, SPOT, SAGEMAKER)]
        share = f"{engine / costs[0]:.0%}"
        rows.append((name, *(f"{told(a_minute(usd))} a minute" for usd in costs), share))
    return [head, *rows]


def changes() -> list[Row]:
    """What a song costs if one thing is different; ten songs a start."""

    def usd(rates: Rates = ON_DEMAND, *, engine: float = 1.0, around: float = 1.0, start: float = 1.0) -> float:
        busy_s = SONG.engine_s * engine + SONG.around_s * around
        spread_s = (BOOT_S + LOAD_S + IDLE_S) * start / 10
        return (busy_s + spread_s) * rates.usd_per_hour("gpu") / 3600 + rates.requests_usd(1, busy_s)

    usual = usd()
    half = Rates(Prices(scale=0.5))
    cases = (
        ("as above, ten songs a start", usual),
        ("Spot instead of on demand", usd(SPOT)),
        ("an engine twice as fast", usd(engine=0.5)),
        ("fetching and storing twice as fast", usd(around=0.5)),
        ("start and idling halved", usd(start=0.5)),
        ("all requests free", usual - ON_DEMAND.requests_usd(1, SONG.engine_s + SONG.around_s)),
        ("all prices halved", usd(half)),
    )
    rows = [(name, told(a_minute(cost)), f"{cost / usual - 1:+.0%}" if cost != usual else "") for name, cost in cases]
    return [("ten songs a start", "a minute of audio", "change"), *rows]


def vendors() -> list[Row]:
    """Ours beside theirs."""
    head = ("service", "its price", "ours, busy on Spot", "ours, on demand, a start for each job", "times", "read at")
    rows = []
    for each in VENDORS:
        low, high = ours_a_minute(each.ours)
        least, most = each.usd_a_minute
        theirs = f"${least:g}" if least == most else f"${least:g} to ${most:g}"
        times = f"{least / high:.1f} to {most / low:,.0f}"
        rows.append((each.name, f"{theirs}, {each.work}", told(low), told(high), times, each.source))
    return [head, *rows]


def at_rest() -> list[Row]:
    """What a stage costs in a month in which nobody does anything."""
    month: list[tuple[str, str, float]] = [
        ("key of its own (`PATCHBAY_OWN_KEY`; on in prod)", "1", _usd("kms.key_month")),
        ("operator's secrets (`PATCHBAY_SECRETS`)", "1", _usd("secret.month")),
        ("alarms, dashboard", "some 50 metrics, 1", 50 * _usd("watch.alarm_month") + _usd("watch.dashboard_month")),
        ("workers' images", "some 5 GB", 5 * _usd("ecr.gb_month")),
        (
            "what looks after things on a schedule",
            "some 60,000 calls",
            60_000 * (_usd("lambda.request") + 0.1 * _usd("lambda.gb_s")),
        ),
        ("files kept", "each 100 GB", 100 * _usd("s3.gb_month")),
        ("table with backups", "each GB", _usd("dynamodb.gb_month") + _usd("dynamodb.backup_gb_month")),
        ("logs kept", "each 10 GB", 10 * _usd("logs.gb_month")),
        ("firewall (`PATCHBAY_WAF_REQUESTS`)", "three rules", _usd("waf.acl_month") + 3 * _usd("waf.rule_month")),
        ("service for large bodies (`PATCHBAY_INGEST_MAX`): balancer", "1", HOURS_A_MONTH * _usd("alb.hour")),
        ("the same: a task at rest (`PATCHBAY_INGEST_MIN`)", "0.5 vCPU, 2 GB, an address", _task(0.5, 2.0)),
        ("workers without internet (`PATCHBAY_PRIVATE_WORKERS`)", "16 endpoints", 16 * _hours("vpc.endpoint_hour")),
        ("one GPU worker kept warm (`PATCHBAY_WARM`), on demand", "all hours", _hours("machine.gpu.on-demand")),
        ("the same on Spot", "all hours", _hours("machine.gpu.spot")),
    ]
    prod = sum(usd for name, _, usd in month if name.startswith(("key", "alarms", "workers' images", "what looks")))
    whole = ("**`prod` as it comes, nothing stored**", "", f"**{told(prod)}**")
    return [("what", "how much", "a month"), whole, *((name, much, told(usd)) for name, much, usd in month)]


def prices() -> list[Row]:
    """All that there are."""
    rows = [(f"`{p.name}`", f"${p.usd:.10f}".rstrip("0").rstrip("."), p.unit, p.source) for p in PRICES.values()]
    return [("name", "US dollars", "for one", "source"), *rows]


TABLES = {
    "step-by-step": step_by_step,
    "examples": examples,
    "requests": requests,
    "starts": starts,
    "changes": changes,
    "vendors": vendors,
    "at-rest": at_rest,
    "prices": prices,
}


def written(page: str) -> str:
    """The page with its tables reckoned anew. Raises LookupError where tables and places are not the same."""
    found = re.findall(r"<!-- table: ([a-z-]+) -->", page)
    if sorted(found) != sorted(TABLES):
        raise LookupError(f"the page has places for {sorted(found)}, and there are {sorted(TABLES)}")
    return re.sub(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", _filled, page, flags=re.DOTALL)


def _filled(place: re.Match[str]) -> str:
    return f"{place[1]}{_table(TABLES[place[2]]())}{place[3]}"


def _table(rows: Iterable[Row]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _micro(usd: float) -> str:
    return f"${usd:.6f}"


def _usd(name: str) -> float:
    return PRICES[name].usd


def _hours(name: str) -> float:
    return HOURS_A_MONTH * _usd(name)


def _task(vcpus: float, gib: float) -> float:
    return vcpus * _hours("fargate.vcpu_hour") + gib * _hours("fargate.gb_hour") + _hours("vpc.address_hour")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
