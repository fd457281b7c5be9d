"""How soon progress is told on the socket of the twin: from a worker's report in the table to its listener.

Reports are written straight to the table, for no engine is measured here. What a listener hears has gone the whole way
of the product: the table's stream, the bus, the Lambda that reads the job again, the WebSocket API.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.webhooks import row, services
from tests.support.live import Live, free_port, start, stop
from tests.support.progress import MOST, waits_s

REPORTS, WARM_UP, PAUSE_S = 3 * MOST, 5, 0.2
P95_TARGET_S = 1.0


def rows() -> list[dict[str, Any]]:
    """The median and the 95th percentile."""
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "data", free_port()
        process = start(data, port)
        try:
            live = Live(f"https://localhost:{port}", data, "", process.pid)
            core, key = services(data), live.new_key("bench@example.org")
            waits_s(live, core, key, WARM_UP, PAUSE_S)
            waits = [wait for _ in range(REPORTS // MOST) for wait in waits_s(live, core, key, MOST, PAUSE_S)]
        finally:
            stop(process)
    p50_s, p95_s = statistics.median(waits), statistics.quantiles(waits, n=20)[18]
    told = f"({REPORTS} reports, {1 / PAUSE_S:g} a second)"
    return [
        row(
            f"progress at its listener in the twin, p50 {told}",
            p50_s,
            "s",
            f"< {P95_TARGET_S} s",
            ok=p50_s < P95_TARGET_S,
        ),
        row(
            f"progress at its listener in the twin, p95 {told}",
            p95_s,
            "s",
            f"< {P95_TARGET_S} s",
            ok=p95_s < P95_TARGET_S,
        ),
    ]
