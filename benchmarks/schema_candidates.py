"""Compare ways to lay spans out: what questions cost to answer, and what the layouts cost to write.

    python -m benchmarks.schema_candidates                   10 million spans: about 40 minutes, 25 GB
    python -m benchmarks.schema_candidates --spans 200_000   the same in two minutes, to see that it runs

Prints Markdown tables. Spans are made inside the engine (``_spans_generator.sql``), so that two runs, on any
machine, compare the same data. Wall times depend on what else the machine does: rows and bytes read do not.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import _report
from benchmarks._candidates import (
    BASE,
    INDEXES,
    KEYS,
    LATENCIES,
    MANY_MODELS,
    TRACE_RANGES,
    indexed,
    ranges_create,
    ranges_select,
    rollup_create,
    rollup_select,
)
from benchmarks._measure import Engine, cpu_s
from benchmarks._questions import filter_cases, newest_cases, search_cases, summary_cases, trace_cases
from benchmarks._spans_generator import (
    FIRST_DAY_S,
    SPANS_A_TRACE,
    WINDOW_S,
    WINDOWS,
    generate,
    one_part_settings,
)
from benchmarks._writes import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks._measure import Cost
    from benchmarks._questions import Case

DEFAULT_SPANS: Final = 10_000_000

Row = dict[str, float | str]


def load(engine: Engine, spans: int) -> int:
    """Make the spans and every candidate that holds all of them. Returns the number of spans."""
    engine.run("SYSTEM STOP MERGES")
    engine.run(BASE.create())
    count = generate(engine.run, BASE.name, spans)
    for table in KEYS[1:]:
        _note(f"copying into {table.name}")
        engine.run(table.create())
        for window in range(WINDOWS):
            start = FIRST_DAY_S + window * WINDOW_S
            until = "" if window == WINDOWS - 1 else f"AND Timestamp < toDateTime({start + WINDOW_S}, 'UTC')"
            engine.run(
                f"INSERT INTO {table.name} SELECT * FROM {BASE.name}"
                f" WHERE Timestamp >= toDateTime({start}, 'UTC') {until} SETTINGS {one_part_settings(spans)}"
            )
    for ranges in TRACE_RANGES:
        engine.run(ranges_create(ranges))
        engine.run(f"INSERT INTO {ranges} {ranges_select(ranges, BASE.name)}")
    for statement in MANY_MODELS:
        engine.run(statement)
    for rollup in LATENCIES:
        engine.run(rollup_create(rollup))
        engine.run(f"INSERT INTO {rollup} {rollup_select(rollup, BASE.name)}")
    return count


def add_indexes(engine: Engine, spans: int) -> Iterator[Row]:
    """Build each index over a clone of the base table; what it costs in CPU and on disk."""
    for definition in INDEXES:
        table, (kind, name) = indexed(definition).name, definition.split()[:2]
        _note(f"building {name}")
        engine.run(f"CREATE TABLE {table} AS {BASE.name}")
        # Parts are linked, not copied.
        engine.run(f"ALTER TABLE {table} ATTACH PARTITION ALL FROM {BASE.name}")
        engine.run(f"ALTER TABLE {table} ADD {definition}")
        cpu = cpu_s()
        engine.run("SYSTEM START MERGES")
        engine.run(f"ALTER TABLE {table} MATERIALIZE {kind} {name} SETTINGS mutations_sync = 2")
        engine.run("SYSTEM STOP MERGES")
        cpu = cpu_s() - cpu
        added = _bytes(engine, table) - _bytes(engine, BASE.name)
        yield {"index": name, "build_cpu_us_a_span": cpu * 1e6 / spans, "bytes_a_span": added / spans}


def _bytes(engine: Engine, table: str) -> int:
    size = f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = '{table}'"
    return int(engine.rows(size)[0][0])


def sizes(engine: Engine, spans: int) -> list[Row]:
    """Bytes a span of each table."""
    rows = engine.rows(
        "SELECT table, sum(bytes_on_disk) FROM system.parts"
        " WHERE active AND database = currentDatabase() GROUP BY table ORDER BY table"
    )
    return [{"table": table, "bytes_a_span": size / spans} for table, size in rows]


def columns(engine: Engine, spans: int) -> list[Row]:
    """Bytes a span of the widest columns of the base table."""
    rows = engine.rows(
        "SELECT column, sum(column_data_compressed_bytes) AS size, sum(column_data_uncompressed_bytes)"
        f" FROM system.parts_columns WHERE active AND table = '{BASE.name}'"
        " GROUP BY column ORDER BY size DESC LIMIT 16"
    )
    return [{"column": name, "bytes_a_span": size / spans, "raw": raw / spans} for name, size, raw in rows]


def ask(engine: Engine, cases: Iterable[Case]) -> Iterator[tuple[Case, Cost]]:
    """Put each question to each candidate."""
    for case in cases:
        cost = engine.cost(case.statements)
        _note(f"{case.question} | {case.candidate} | {cost.wall_ms:.1f} ms")
        yield case, cost


def measure(engine: Engine, spans: int) -> list[tuple[str, list[Row]]]:
    """Run everything; titles and rows of the tables that show it."""
    count = load(engine, spans)
    tables = [
        ("tables, bytes a span", sizes(engine, count)),
        ("columns of the base table, bytes a span", columns(engine, count)),
        ("indexes built over the base table", list(add_indexes(engine, count))),
    ]
    groups = (
        newest_cases(),
        trace_cases(count // SPANS_A_TRACE),
        filter_cases(),
        search_cases(),
        summary_cases(),
    )
    answers = [answer for cases in groups for answer in ask(engine, cases)]
    for question, same in groupby(answers, key=lambda answer: answer[0].question):
        tables.append((question, [{"candidate": case.candidate, **cost.as_dict()} for case, cost in same]))
    _note("writing")
    writer = Writer(engine, count)
    writer.prepare()
    tables.append(("writing, a span", [asdict(cost) for cost in writer.costs()]))
    return tables


def _note(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def main() -> None:
    """Parse the arguments, measure, and print."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument(
        "--spans", type=int, default=DEFAULT_SPANS, help="how many to make (200_000 is quick)"
    )
    parser.add_argument("--directory", type=Path, help="where the temporary database goes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        tables = measure(Engine(Path(directory)), arguments.spans)
    if arguments.json:
        print(json.dumps({"machine": _report.machine(), "tables": dict(tables)}))
        return
    for title, rows in tables:
        print(f"\n## {title}\n\n{_report.table(rows)}")


if __name__ == "__main__":
    main()
