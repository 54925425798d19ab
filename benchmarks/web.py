"""How long people wait for the web page, by the browser's own clock.

    python -m benchmarks.web --data DIR        a database of `benchmarks.exploration --keep DIR`; 8 minutes
    python -m benchmarks.web --spans 200_000   makes one, to see that it runs
    python -m benchmarks.web --mlflow 20_000   the same search in the published mlflow, 5 minutes

Drives Debian's Chromium against a `spanfold serve` of this database, to which a trace of 10,000 spans is sent
first. Each way through the page is gone several times by somebody with empty caches, plainly and with the
browser's processor slowed down four times (a slow laptop); shown are the best, the median and the worst wait
of each step, the server's CPU until the page was at rest, and the slowest request. Server and browser share
the machine; slowed down is what runs in the page, not the server. Ctrl-C shows the rounds that are complete.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from benchmarks import _report
from benchmarks._browser import browser, person
from benchmarks._peers import default_cache_dir
from benchmarks._processes import run_spanfold
from benchmarks._web_many import MANY_SPANS, send_many
from benchmarks._web_peer import measure_same_search
from benchmarks._web_walks import WALKS, Subjects, subjects

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from playwright.sync_api import Browser

    from benchmarks._browser import Wait
    from benchmarks._processes import Server

SLOWDOWN: Final = 4
_IDLE_S: Final = 3.0


def walk_all(
    launched: Browser, server: Server, found: Subjects, slowdown: int, names: Sequence[str]
) -> dict[str, Wait]:
    """Go each way once; what was waited for, by the names of the steps."""
    waits: dict[str, Wait] = {}
    for walk in WALKS:
        if names and walk.__name__ not in names:
            continue
        with person(launched, server.addresses["api_url"], server, slowdown) as somebody:
            walk(somebody, found)
            waits |= somebody.waits
    return waits


def rows(rounds: Sequence[dict[str, Wait]], slowed: Sequence[dict[str, Wait]]) -> list[dict[str, Any]]:
    """One row for each thing that was waited for."""
    made = []
    for step, first in rounds[0].items():
        same = [waits[step] for waits in rounds]
        slowest = max(same, key=lambda wait: float(wait.browser["slowest_request_ms"]))
        more = {
            "server CPU ms": statistics.median(wait.server_cpu_s for wait in same) * 1e3,
            "longest task, slow": max(waits[step].browser["longest_task_ms"] for waits in slowed),
            "slowest request": urlsplit(slowest.browser["slowest_request"]).path,
            "ms": slowest.browser["slowest_request_ms"],
        }
        for thing in first.seen_ms:
            plain = [wait.seen_ms[thing] for wait in same]
            slow = [waits[step].seen_ms[thing] for waits in slowed]
            row: dict[str, Any] = {"step": step, "until": thing}
            row |= {"best ms": min(plain), "median": statistics.median(plain), "worst": max(plain)}
            row |= {"slow laptop": min(slow), "its median": statistics.median(slow), "its worst": max(slow)}
            made.append({**row, **more})
            more = dict.fromkeys(more, "")
    return made


def first_load(rounds: Sequence[dict[str, Wait]], slowed: Sequence[dict[str, Wait]]) -> dict[str, Any]:
    """What the first page costs somebody who was never here."""
    plain = [next(iter(waits.values())).browser for waits in rounds]
    slow = [next(iter(waits.values())).browser for waits in slowed]
    return {
        "first contentful paint, ms": statistics.median(one["first_paint_ms"] for one in plain),
        "... on a slow laptop, ms": statistics.median(one["first_paint_ms"] for one in slow),
        "first load, bytes of the page": plain[0]["file_bytes"],
        "... bytes of answers": plain[0]["answer_bytes"],
        "... answers": plain[0]["request_count"],
    }


def measure(options: argparse.Namespace, data: Path) -> None:
    """Walk so many rounds through one server, and print."""
    with tempfile.TemporaryDirectory() as folder, run_spanfold(data, Path(folder) / "log") as server:
        many = send_many(server.addresses["otlp_http_endpoint"], server.addresses["api_url"], options.many)
        found = subjects(server.addresses["api_url"], many)
        server.settle(server.idle_share(_IDLE_S))
        rounds: dict[int, list[dict[str, Wait]]] = defaultdict(list)
        with browser() as launched, suppress(KeyboardInterrupt):
            for number in range(options.rounds):
                for slowdown in (1, SLOWDOWN):
                    print(f"round {number + 1}, {slowdown} times slower", file=sys.stderr)
                    rounds[slowdown].append(walk_all(launched, server, found, slowdown, options.only))
    slow = rounds[SLOWDOWN]
    plain = rounds[1][: len(slow)]
    if not slow:
        sys.exit("interrupted before a round was complete")
    _report.show(
        f"Waiting for the page, {len(slow)} rounds",
        rows(plain, slow),
        as_json=options.json,
        **first_load(plain, slow),
    )


def _arguments() -> argparse.Namespace:
    parser = _report.parser(__doc__ or "")
    parser.add_argument(
        "--data", type=Path, help="a database of benchmarks.exploration; a trace is added to it"
    )
    parser.add_argument("--spans", type=int, default=10_000_000, help="make one of this size, without --data")
    parser.add_argument("--many", type=int, default=MANY_SPANS, help="spans of the long trace")
    parser.add_argument("--rounds", type=int, default=3, help="how often (default: %(default)s)")
    parser.add_argument(
        "--only", nargs="+", default=[], choices=[walk.__name__ for walk in WALKS], help="only these ways"
    )
    parser.add_argument(
        "--mlflow", type=int, metavar="SPANS", help="against mlflow, with so many spans in both"
    )
    parser.add_argument("--cache-dir", type=Path, default=default_cache_dir(), help="environment of mlflow")
    return parser.parse_args()


def main() -> None:
    """Parse the arguments, measure, and print."""
    options = _arguments()
    if options.mlflow:
        compared = measure_same_search(options.mlflow, options.cache_dir, options.rounds)
        _report.show("The same search in mlflow", compared, as_json=options.json)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or Path(folder)
        if options.data is None:
            fill = [sys.executable, "-m", "benchmarks.exploration", "--keep", str(data), "--json"]
            subprocess.run([*fill, "--spans", str(options.spans)], check=True, stdout=subprocess.DEVNULL)
        measure(options, data)


if __name__ == "__main__":
    main()
