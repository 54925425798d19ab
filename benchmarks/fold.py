"""What the state of models costs: one of a million events, and all of a hundred thousand.

    python -m benchmarks.fold                                       about 2 minutes, 1 GB of disk
    python -m benchmarks.fold --events 20_000 --models 2_000        to see that it runs

Fills a database of its own through the shipped migrations and views (events are made inside the engine, and
come in a hundred inserts, as collectors write them), and runs the statements that the query API sends. Prints
a Markdown table with the budgets (the median time over a limit, and CPU time), and how the CPU time of one
state grows from a thousand events to a million.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks import _report
from benchmarks._measure import cpu_s
from spanfold_deploy.database import open_database
from spanfold_query_api import entities, models
from spanfold_query_api.filter.parser import parse, parse_order
from spanfold_schemas.fold import MODEL
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from spanfold_schemas.database import Database

EVENTS: Final = 1_000_000
MODELS: Final = 100_000
INSERTS: Final = 100
QUIET_EVENTS: Final = 1_000
METRICS: Final = 30
RUNS: Final = 15
ONE_LIMIT_MS: Final = 10
ALL_LIMIT_MS: Final = 500
TIMEOUT_S: Final = 600
START_NS: Final = 1_780_000_000_000_000_000
BUSY, QUIET = "m-busy", "m-quiet"

_METRICS_LOGGED: Final = """
INSERT INTO entity_events (EventType, Stream, Timestamp, EventId, SchemaVersion, Payload)
SELECT
    'spanfold.model.metrics_logged',
    {stream:String},
    fromUnixTimestamp64Nano({start_ns:Int64} + toInt64(number) * 30000000000),
    generateUUIDv7(),
    1,
    '{"metrics":{"metric_' || toString(number % {metrics:UInt32}) || '":' || toString(number / 7) || '}}'
FROM numbers({first:UInt64}, {count:UInt64})
"""
_CREATED: Final = """
INSERT INTO entity_events (EventType, Stream, Timestamp, EventId, SchemaVersion, Payload)
SELECT
    'spanfold.model.created',
    'm-' || lower(hex(sipHash128('model', number))),
    fromUnixTimestamp64Nano({start_ns:Int64} + toInt64(number) * 1000000000),
    generateUUIDv7(),
    1,
    '{"name":"agent-' || toString(number % 500) || '","experiment_id":"0","status":"READY","params":'
        || toJSONString(map('top_k', toString(number % 20), 'llm', 'large-' || toString(number % 3)))
        || ',"tags":'
        || toJSONString(map('git.commit', hex(sipHash128(number)), 'team', toString(number % 9)))
        || '}'
FROM numbers({first:UInt64}, {count:UInt64})
"""
_SCORED: Final = """
INSERT INTO entity_events (EventType, Stream, Timestamp, EventId, SchemaVersion, Payload)
SELECT
    'spanfold.model.metrics_logged',
    'm-' || lower(hex(sipHash128('model', number))),
    fromUnixTimestamp64Nano({start_ns:Int64} + toInt64(number) * 1000000000 + 1000000),
    generateUUIDv7(),
    1,
    '{"metrics":{"f1":' || toString(number % 997 / 997) || '}}'
FROM numbers({first:UInt64}, {count:UInt64})
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What several warm runs took."""

    wall_ms: float
    """The median, as CPU time is."""
    fastest_ms: float
    """Of all runs: what the machine can do when nothing else runs on it."""
    cpu_ms: float


def fill(database: Database, events: int, model_count: int) -> None:
    """Migrate, write the events in many inserts, and let the engine merge what it wants to."""
    migrate(database)
    for insert in range(INSERTS):
        _insert(database, _METRICS_LOGGED, insert, events, stream=BUSY, metrics=METRICS)
        _insert(database, _CREATED, insert, model_count)
        _insert(database, _SCORED, insert, model_count)
    _insert(database, _METRICS_LOGGED, 0, QUIET_EVENTS * INSERTS, stream=QUIET, metrics=METRICS)
    deadline = time.monotonic() + TIMEOUT_S
    while database.query("SELECT count() FROM system.merges").rows[0][0]:
        if time.monotonic() > deadline:
            message = f"the engine still merges after {TIMEOUT_S} s"
            raise TimeoutError(message)
        time.sleep(0.5)


def _insert(database: Database, sql: str, number: int, total: int, **more: object) -> None:
    count = total // INSERTS
    database.command(sql, {"start_ns": START_NS, "first": number * count, "count": count, **more})


def cost(ask: Callable[[], object]) -> Cost:
    """What one question costs."""
    ask()
    walls, cpus = [], []
    for _ in range(RUNS):
        cpu, wall = cpu_s(), time.perf_counter()
        ask()
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((cpu_s() - cpu) * 1e3)
    return Cost(median(walls), min(walls), median(cpus))


def questions(database: Database, events: int, model_count: int) -> list[dict[str, float | str]]:
    """One row a question: time, CPU time, and the ratio to its limit."""
    half_ns = START_NS + events // 2 * 30_000_000_000
    search = dataclasses.replace(
        models.MODELS,
        condition=parse("params.llm = 'large-1' AND tags.team != 't0'"),
        orders=(parse_order("metrics.f1 DESC"),),
    )
    # What the engine's own merge leaves is the fold of everything; counted, so that no answer has to be made.
    everything = (
        "SELECT count(), sum(length(Value)), max(Timestamp) FROM entity_slots FINAL"
        " WHERE StreamType = {stream_type:String}"
    )
    asked: dict[str, tuple[Callable[[], object], int | None]] = {
        f"state of one model of {events:,} events": (
            lambda: entities.slots(database, MODEL, [BUSY]),
            ONE_LIMIT_MS,
        ),
        f"state of one model of {QUIET_EVENTS:,} events": (
            lambda: entities.slots(database, MODEL, [QUIET]),
            ONE_LIMIT_MS,
        ),
        f"state of one model of {events:,} events, as of half of them": (
            lambda: entities.slots(database, MODEL, [BUSY], half_ns),
            None,
        ),
        f"states of all {model_count:,} models": (
            lambda: database.query(everything, {"stream_type": MODEL}),
            ALL_LIMIT_MS,
        ),
        f"newest 100 of {model_count:,} models": (
            lambda: models.listing(database, models.MODELS, limit=100),
            ALL_LIMIT_MS,
        ),
        f"best 100 of {model_count:,} models by condition and metric": (
            lambda: models.listing(database, search, limit=100),
            ALL_LIMIT_MS,
        ),
        "... as of now, from all writes": (
            lambda: models.listing(
                database, dataclasses.replace(search, as_of_ns=START_NS + 10**18), limit=100
            ),
            None,
        ),
        f"newest model of one name among {model_count:,}": (
            lambda: models.listing(database, dataclasses.replace(models.MODELS, name="agent-7"), limit=1),
            None,
        ),
    }
    rows: list[dict[str, float | str]] = []
    for question, (ask, limit_ms) in asked.items():
        found = cost(ask)
        budget: dict[str, float | str] = {"limit ms": "", "of the limit": "", "budget": ""}
        if limit_ms is not None:
            kept = "kept" if found.wall_ms <= limit_ms else "MISSED"
            budget = {"limit ms": limit_ms, "of the limit": found.wall_ms / limit_ms, "budget": kept}
        measured = {"wall ms": found.wall_ms, "fastest ms": found.fastest_ms, "CPU ms": found.cpu_ms}
        rows.append({"question": question, **measured, **budget})
    return rows


def main() -> None:
    """Parse the arguments, measure, and print."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--events", type=int, default=EVENTS, help="events of the busy model")
    parser.add_argument("--models", type=int, default=MODELS, help="how many models there are")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        database = open_database(f"chdb://{directory}", timeout_s=TIMEOUT_S)
        try:
            fill(database, arguments.events, arguments.models)
            rows = questions(database, arguments.events, arguments.models)
        finally:
            database.close()
    growth = float(rows[0]["CPU ms"]) / float(rows[1]["CPU ms"])
    _report.show("The fold", rows, as_json=arguments.json, **{"growth of one state with its events": growth})


if __name__ == "__main__":
    main()
