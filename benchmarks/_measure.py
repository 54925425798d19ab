"""One engine, and what each of its statements cost: wall time, CPU of the process, rows and bytes read."""

from __future__ import annotations

import json
import resource
import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import clickhouse_connect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RUNS: Final = 9
TIME_LIMIT_S: Final = 8.0
"""No more runs of a question after this."""

SETTINGS: Final[dict[str, Any]] = {
    "session_timezone": "UTC",
    # A run must not profit from what the run before it found out.
    "use_query_condition_cache": 0,
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one statement cost, the median of several warm runs."""

    wall_ms: float
    cpu_ms: float
    rows_read: int
    mb_read: float
    rows: int
    """Rows in the answer."""

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return {key: round(value, 2) for key, value in asdict(self).items()}


def cpu_s() -> float:
    """CPU seconds of this process so far, engine threads included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Engine:
    """chDB in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._client: Final = clickhouse_connect.get_client(
            interface="chdb", path=str(directory), settings=SETTINGS
        )

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run one statement that answers nothing."""
        self._client.command(sql, dict(parameters or {}))

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """The rows of a SELECT."""
        return self._client.query(sql).result_rows

    def cost(self, variants: Sequence[str]) -> Cost:
        """Run the variants of a SELECT in turn (other trace IDs, say): the median of their costs."""
        started = time.perf_counter()
        self._once(variants[-1])
        runs: list[Cost] = []
        for turn in range(RUNS):
            runs.append(self._once(variants[turn % len(variants)]))
            if time.perf_counter() - started > TIME_LIMIT_S:
                break
        return Cost(
            median(run.wall_ms for run in runs),
            median(run.cpu_ms for run in runs),
            int(median(run.rows_read for run in runs)),
            median(run.mb_read for run in runs),
            int(median(run.rows for run in runs)),
        )

    def _once(self, sql: str) -> Cost:
        cpu, wall = cpu_s(), time.perf_counter()
        answer = self._client.raw_query(sql, fmt="JSONCompact")
        wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
        parsed = json.loads(answer)
        read = parsed["statistics"]
        return Cost(wall * 1e3, cpu * 1e3, read["rows_read"], read["bytes_read"] / 1e6, parsed["rows"])
