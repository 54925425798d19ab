"""Where the engine's decoder becomes cheaper than Python's: CPU of one insert by the size of its group.

    python -m benchmarks.group_size            about 2 minutes
    python -m benchmarks.group_size --repeat 3 --sizes 8 512 4096

An insert through the decoding view has a fixed cost (the engine analyses the view anew each time); Python's
decoder has almost none, and costs more a span. The collector chooses by bytes: setting
engine_decode_min_bytes. The two roads take turns in one process, into the shipped tables and views, with
merges stopped; of the repeats the cheapest counts.
"""

from __future__ import annotations

import tempfile
import uuid
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from benchmarks._engine import TABLES, group, in_fresh_process, insert, process_cpu_s
from benchmarks._traffic import Traffic
from spanfold_collector.decoding import SPAN_COLUMNS, span_rows
from spanfold_collector.frames import split_frames
from spanfold_deploy.database import open_database
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spanfold_schemas.database import Database

SIZES: Final = (8, 64, 256, 512, 768, 1_024, 2_048, 4_096, 8_192)


def _insert_rows(database: Database, body: bytes) -> None:
    rows = list(span_rows(message for _, message in split_frames(body)))
    database.insert_rows("spans", SPAN_COLUMNS, rows, token=uuid.uuid4().hex)


def _cost_ms(function: Callable[[Database, bytes], None], database: Database, body: bytes) -> float:
    began = process_cpu_s()
    function(database, body)
    return (process_cpu_s() - began) * 1e3


def measure(directory: Path, sizes: Sequence[int], repeat: int) -> list[dict[str, Any]]:
    """One row for each size of group."""
    database = open_database(f"chdb://{directory}")
    rows = []
    try:
        migrate(database)
        for table in TABLES:
            database.command(f"SYSTEM STOP MERGES {table}")
        traffic = Traffic(seed=5)
        for road in (insert, _insert_rows):
            road(database, group(traffic, 512))
        for spans in sizes:
            body = group(traffic, spans)
            costs = [
                (_cost_ms(insert, database, body), _cost_ms(_insert_rows, database, body))
                for _ in range(repeat)
            ]
            engine_ms, python_ms = (min(road) for road in zip(*costs, strict=True))
            rows.append(
                {
                    "spans": spans,
                    "bytes": len(body),
                    "engine ms": engine_ms,
                    "Python ms": python_ms,
                    "engine µs/span": engine_ms / spans * 1e3,
                    "Python µs/span": python_ms / spans * 1e3,
                    "Python / engine": python_ms / engine_ms,
                }
            )
    finally:
        database.close()
    return rows


def crossover_bytes(rows: Sequence[dict[str, Any]]) -> float:
    """The size from which the engine is cheaper, interpolated between two measured ones."""
    for below, above in pairwise(rows):
        if below["Python / engine"] < 1 <= above["Python / engine"]:
            share = (1 - below["Python / engine"]) / (above["Python / engine"] - below["Python / engine"])
            return float(below["bytes"] + share * (above["bytes"] - below["bytes"]))
    return float("nan")


def main() -> None:
    """Measure and print."""
    parser = _report.parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="spans (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=7, help="inserts of each kind (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = in_fresh_process(measure, Path(folder), options.sizes, options.repeat)
    _report.show("decoders by group size", rows, as_json=options.json, crossover_bytes=crossover_bytes(rows))


if __name__ == "__main__":
    main()
