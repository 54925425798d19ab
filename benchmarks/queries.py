"""What the query API's answers cost, at one and at ten million spans.

    python -m benchmarks.queries                             about 20 minutes, 6 GB of disk
    python -m benchmarks.queries --spans 20_000 200_000      to see that it runs

Fills a database of its own through the shipped migrations and views (spans are made inside the engine), asks
the query API over its ASGI interface, and prints a Markdown table with the budgets: a limit at the largest
size, and the most that a question may grow from the smallest size to the largest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import httpx

from benchmarks import _report
from benchmarks._measure import cpu_s
from benchmarks._spans_generator import DAYS, SPANS_A_TRACE, generate
from spanfold_deploy.database import open_database
from spanfold_query_api.app import create_app
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

SIZES: Final = (1_000_000, 10_000_000)
RUNS: Final = 15
MAX_GROWTH: Final = 1.5
BUDGETS_MS: Final = {"newest 100 traces of the busiest version": 50, "one trace by ID": 20}
SETTLE_TIMEOUT_S: Final = 600
GENERATE_TIMEOUT_S: Final = 600


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question cost, the median of several warm runs."""

    question: str
    wall_ms: float
    cpu_ms: float
    bytes_answered: int


def fill(database: Database, spans: int, first_s: int | None = None) -> None:
    """Migrate, make the spans of seven days, and let the engine merge what it wants to.

    The days begin at ``first_s``, in unix seconds; by default, they are the last seven calendar days.
    """
    migrate(database)
    if first_s is None:
        first_s = (int(time.time()) // 86_400 - DAYS + 1) * 86_400
    generate(database.command, "spans", spans, first_s)
    settle(database)


def settle(database: Database) -> None:
    """Let the engine merge what it wants to."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    while database.query("SELECT count() FROM system.merges").rows[0][0]:
        if time.monotonic() > deadline:
            message = f"the engine still merges after {SETTLE_TIMEOUT_S} s"
            raise TimeoutError(message)
        time.sleep(0.5)


def questions(database: Database) -> dict[str, list[str]]:
    """Paths to ask for: each question in several forms, so that no cache answers alone."""
    models = [
        row[0]
        for row in database.query(
            "SELECT ModelId, sum(SpanCount) AS N FROM model_rollups GROUP BY 1 ORDER BY N DESC"
        )
    ]
    step = database.query("SELECT uniqExact(TraceId) FROM trace_ranges").rows[0][0] // RUNS
    trace_ids = [
        row[0]
        for number in range(RUNS)
        for row in database.query(f"SELECT lower(hex(sipHash128('trace', toUInt64({number * step}))))")
    ]
    (last_s,) = database.query("SELECT toUnixTimestamp(max(Minute)) FROM model_rollups").rows[0]
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(last_s - 86_400))
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(last_s))
    busy, quiet = models[0], models[-1]

    def listed(model_id: str = "", condition: str = "") -> list[str]:
        query = f"limit=100&model_id={model_id}&filter={condition}"
        return [f"/v1/traces?{query}"]

    return {
        "newest 100 traces of the busiest version": listed(busy),
        "newest 100 traces of the quietest version": listed(quiet),
        "newest 100 traces of all versions": listed(),
        "... with status = 'ERROR'": listed(busy, "status = 'ERROR'"),
        "... with an attribute value in half the spans": listed(
            busy, "attributes['deployment.region'] = 'eu-west-1'"
        ),
        "... with a rare attribute value": listed(busy, "attributes['user.id'] = 'u-19999'"),
        "... with an absent attribute value": listed(busy, "attributes['user.id'] = 'u-nobody'"),
        "... with a common word in the prompt": listed(busy, "input LIKE '%25cepor%25'"),
        "... with an absent word in the prompt": listed(busy, "input LIKE '%25nowhere%25'"),
        "one trace by ID": [f"/v1/traces/{trace_id}" for trace_id in trace_ids],
        "summary of the busiest version, last day": [f"/v1/models/{busy}/summary?start={start}&end={end}"],
        "summary of the busiest version, all time": [f"/v1/models/{busy}/summary"],
        "models": ["/v1/models"],
    }


def measure(spans: int, directory: Path) -> list[Answer]:
    """Ask each question of a database of this many spans."""
    database = open_database(f"chdb://{directory}", timeout_s=GENERATE_TIMEOUT_S)
    try:
        fill(database, spans // SPANS_A_TRACE * SPANS_A_TRACE)
        asked = questions(database)
        transport = httpx.ASGITransport(app=create_app(database))
        with asyncio.Runner() as runner:
            client = httpx.AsyncClient(transport=transport, base_url="http://query-api", timeout=None)
            return [ask(runner, client, question, paths) for question, paths in asked.items()]
    finally:
        database.close()


def ask(runner: asyncio.Runner, client: httpx.AsyncClient, question: str, paths: list[str]) -> Answer:
    """Put a question in its several forms, in turn."""
    runner.run(client.get(paths[-1])).raise_for_status()
    walls, cpus, size = [], [], 0
    for run in range(RUNS):
        cpu, wall = cpu_s(), time.perf_counter()
        response = runner.run(client.get(paths[run % len(paths)]))
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((cpu_s() - cpu) * 1e3)
        response.raise_for_status()
        size = len(response.content)
    return Answer(question, median(walls), median(cpus), size)


def _measure_apart(spans: int) -> list[Answer]:
    """A process holds one embedded database, so each size gets a process."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "benchmarks.queries", "--child", directory, "--spans", str(spans)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return [Answer(**answer) for answer in json.loads(output)]


def compared(sizes: list[int], answers: list[list[Answer]]) -> list[dict[str, float | str]]:
    """One row a question: its cost at each size, how it grows, and whether that keeps to the budget."""
    rows: list[dict[str, float | str]] = []
    for same in zip(*answers, strict=True):
        row: dict[str, float | str] = {"question": same[0].question}
        for size, answer in zip(sizes, same, strict=True):
            row |= {f"{size:,} spans: wall ms": answer.wall_ms, f"{size:,} spans: CPU ms": answer.cpu_ms}
        growth = same[-1].wall_ms / same[0].wall_ms
        limit = BUDGETS_MS.get(same[0].question)
        budget = ""
        if limit is not None:
            kept = same[-1].wall_ms <= limit and growth <= MAX_GROWTH
            budget = f"{limit} ms, {MAX_GROWTH} x: {'kept' if kept else 'MISSED'}"
        rows.append({**row, "growth": growth, "budget": budget})
    return rows


def main() -> None:
    """Parse the arguments, measure, and print."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--spans", type=int, nargs="+", default=list(SIZES), help="sizes, smallest first")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps([asdict(answer) for answer in measure(arguments.spans[0], arguments.child)]))
        return
    answers = [_measure_apart(spans) for spans in arguments.spans]
    _report.show("Questions to the query API", compared(arguments.spans, answers), as_json=arguments.json)


if __name__ == "__main__":
    main()
