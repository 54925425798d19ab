"""Spans made inside the engine: realistic in size, skew and repetition, the same on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[[str, Mapping[str, Any]], object]
    """Runs one statement with its bound parameters."""

DAYS: Final = 7
WINDOWS: Final = 14
"""Inserts, and so parts, that the spans come in: two a day, as if the older ones of each day were merged."""
SPANS_A_TRACE: Final = 8
FIRST_DAY_S: Final = 1_794_268_800
"""2026-11-10 00:00 UTC, in unix seconds."""
LONGEST_TRACE_S: Final = 5
POOL_WORDS: Final = 4_000_000

WINDOW_S: Final = DAYS * 86_400 // WINDOWS
_HERE: Final = Path(__file__).parent


def statement(name: str) -> str:
    """An SQL file of this folder without its leading comment."""
    lines = (_HERE / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def one_part_settings(spans: int) -> str:
    """Settings of an INSERT ... SELECT whose rows become one part, not one for each million of rows."""
    return (
        f"max_insert_threads = 1, max_insert_block_size = {spans}, min_insert_block_size_rows = {spans},"
        " min_insert_block_size_bytes = 0, optimize_on_insert = 0"
    )


def generate(run: Run, table: str, spans: int, first_day_s: int = FIRST_DAY_S) -> int:
    """Fill an empty table of the columns of ``spans``; returns how many rows it got.

    Args:
        run: runs a statement.
        table: where to.
        spans: how many, about.
        first_day_s: where the seven days begin, in unix seconds.
    """
    run("DROP TABLE IF EXISTS text_pool", {})
    run(statement("_text_pool.sql"), {"words": POOL_WORDS})
    traces = spans // SPANS_A_TRACE // WINDOWS
    insert = f"{statement('_spans_generator.sql')}\nSETTINGS {one_part_settings(spans)}"
    for window in range(WINDOWS):
        arguments = {
            "table": table,
            "first_trace": window * traces,
            "traces": traces,
            "start_ns": (first_day_s + window * WINDOW_S) * 10**9,
            "window_ns": (WINDOW_S - LONGEST_TRACE_S) * 10**9,
        }
        run(insert, arguments)
    run("DROP TABLE text_pool", {})
    return traces * WINDOWS * SPANS_A_TRACE
