"""The engine in a process of its own: inserts without a collector around them, and what a directory holds.

A process can hold one chDB directory and must not fork once it did, so each of these runs in a fresh one.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from benchmarks._traffic import BATCH_SPANS, Traffic
from spanfold_collector.frames import frame
from spanfold_collector.price_fields import PriceFields
from spanfold_collector.prices import PriceList
from spanfold_deploy.database import open_database
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spanfold_schemas.database import Database

DERIVED_VIEWS: Final = ("trace_ranges_from_spans", "model_rollups_from_spans")
TABLES: Final = ("spans", "trace_ranges", "model_rollups")
_MERGES_TIMEOUT_S: Final = 300.0
_QUIET_S: Final = 2.0

P = ParamSpec("P")
R = TypeVar("R")


def in_fresh_process(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a new interpreter and return what it returns."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args, **kwargs).result()


def process_cpu_s() -> float:
    """CPU seconds of this process so far, engine threads included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def group(traffic: Traffic, spans: int) -> bytes:
    """Requests of the usual batch, framed and joined as the collector does it."""
    now_ms = int(time.time() * 1000)
    batches = [BATCH_SPANS] * (spans // BATCH_SPANS) + [spans % BATCH_SPANS] * (spans % BATCH_SPANS > 0)
    prices = PriceFields(PriceList(history_days=90))
    bodies = [traffic.request(batch) for batch in batches]
    return b"".join(frame(body, received_time_unix_ms=now_ms, more=prices(body)) for body in bodies)


def insert(database: Database, body: bytes) -> None:
    """One group through the engine's decoder."""
    database.insert_protobuf("otlp_traces", body, message="TracesData", token=uuid.uuid4().hex)


def wait_for_merges(database: Database) -> None:
    """Return once no merge has been running for two seconds, or after five minutes."""
    deadline = time.monotonic() + _MERGES_TIMEOUT_S
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < _QUIET_S and time.monotonic() < deadline:
        if database.query("SELECT count() FROM system.merges").rows[0][0]:
            quiet_since = time.monotonic()
        time.sleep(0.5)


@dataclass(frozen=True, slots=True)
class InsertCost:
    """CPU-µs a span of inserts alone: until the last is committed, and until merges are done."""

    committed_us: float
    merged_us: float


def measure_inserts(directory: Path, *, group_spans: int, groups: int, derived: bool) -> InsertCost:
    """Insert groups one after the other into the shipped tables.

    Args:
        directory: an empty directory for the database.
        group_spans: spans in a group.
        groups: how many are measured, after one that is not.
        derived: also fill the lookup and the rollups, as in production.
    """
    database = open_database(f"chdb://{directory}")
    try:
        migrate(database)
        for view in () if derived else DERIVED_VIEWS:
            database.command(f"DROP VIEW {view}")
        traffic = Traffic(seed=77)
        insert(database, group(traffic, group_spans))
        bodies = [group(traffic, group_spans) for _ in range(groups)]
        began = process_cpu_s()
        for body in bodies:
            insert(database, body)
        committed = process_cpu_s() - began
        wait_for_merges(database)
        merged = process_cpu_s() - began
        spans = group_spans * groups
        return InsertCost(committed / spans * 1e6, merged / spans * 1e6)
    finally:
        database.close()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a spanfold directory holds."""

    spans: int
    """Distinct spans."""
    bytes_as_is: dict[str, int]
    """By table: active parts as the server left them."""
    bytes_merged: dict[str, int]
    """The same, merged to one part a partition."""


def _table_bytes(database: Database) -> dict[str, int]:
    rows = database.query(
        "SELECT table, sum(bytes_on_disk) FROM system.parts WHERE active AND table IN {tables:Array(String)}"
        " AND database = currentDatabase() GROUP BY table",
        {"tables": list(TABLES)},
    )
    return {str(table): int(size) for table, size in rows}


def read_contents(directory: Path) -> Contents:
    """Count spans and bytes of a directory that no server has open, then merge and count bytes again."""
    database = open_database(f"chdb://{directory}", timeout_s=600)
    try:
        counted: Any = database.query("SELECT uniqExact(TraceId, SpanId) FROM spans").rows[0][0]
        as_is = _table_bytes(database)
        for table in TABLES:
            database.command(f"OPTIMIZE TABLE {table} FINAL")
        return Contents(int(counted), as_is, _table_bytes(database))
    finally:
        database.close()
