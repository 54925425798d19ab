"""What writing costs: CPU of inserting in groups and of merging, and bytes on disk, by candidate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from benchmarks._candidates import (
    BASE,
    LATENCIES,
    TRACE_RANGES,
    WRITE_CANDIDATES,
    Table,
    ranges_create,
    ranges_select,
    rollup_create,
    rollup_select,
)
from benchmarks._measure import cpu_s

if TYPE_CHECKING:
    from benchmarks._measure import Engine

GROUP: Final = 4_096
"""Spans in one insert, as the collector groups them."""
GROUPS: Final = 24
FEW_GROUPS: Final = 6
FEW_SPANS: Final = 1_000_000
"""A run over fewer spans is there to see that it runs."""
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class WriteCost:
    """What one candidate costs to write, all of it a span."""

    candidate: str
    insert_cpu_us: float
    merge_cpu_us: float
    bytes_a_span: float
    """Merged, with indexes, projections and the tables that views feed."""


class Writer:
    """Writes the same spans, in the order of their arrival, to one candidate after the other."""

    def __init__(self, engine: Engine, spans: int) -> None:
        self._engine: Final = engine
        self._groups: Final = GROUPS if spans >= FEW_SPANS else FEW_GROUPS
        self._spans: Final = self._groups * GROUP

    def prepare(self) -> None:
        """Put the spans into memory, a table for each group."""
        key = "Timestamp, SpanId"
        first = f"SELECT {key} FROM {BASE.name} ORDER BY {key} LIMIT {self._spans}"
        self._engine.run(f"CREATE TABLE arrivals ENGINE = Memory AS {first}")
        for group in range(self._groups):
            chosen = f"SELECT {key} FROM arrivals ORDER BY {key} LIMIT {GROUP} OFFSET {group * GROUP}"
            self._engine.run(
                f"CREATE TABLE arrivals_{group} ENGINE = Memory AS SELECT * FROM {BASE.name}"
                f" WHERE ({key}) IN ({chosen}) AND Timestamp <= (SELECT max(Timestamp) FROM arrivals)"
                f" ORDER BY {key}"
            )

    def costs(self) -> list[WriteCost]:
        """Each candidate, written anew several times; the cheapest counts, since others use the machine too.

        The rounds go around all candidates, so that a busy minute does not fall on one of them alone.
        """
        candidates = [
            *((name, table, "", "", "") for name, table in WRITE_CANDIDATES),
            *(
                (f"+ {name}", BASE, ranges_create(name), name, ranges_select(name, "written"))
                for name in TRACE_RANGES
            ),
            *(
                (f"+ {name}", BASE, rollup_create(name), name, rollup_select(name, "written"))
                for name in LATENCIES
            ),
        ]
        rounds = [[self._round(*candidate[1:]) for candidate in candidates] for _ in range(ROUNDS)]
        return [self._without_table()] + [
            WriteCost(
                candidate[0], min(each[0] for each in costs), min(each[1] for each in costs), costs[0][2]
            )
            for candidate, costs in zip(candidates, zip(*rounds, strict=True), strict=True)
        ]

    def _without_table(self) -> WriteCost:
        """What reading the source costs."""
        self._engine.run(f"CREATE TABLE written AS {BASE.name} ENGINE = Null")
        costs = [self._insert_cpu_us() for _ in range(ROUNDS)]
        self._engine.run("DROP TABLE written SYNC")
        return WriteCost("no table at all (Null)", min(costs), 0.0, 0.0)

    def _round(self, table: Table, create: str, name: str, select: str) -> tuple[float, float, float]:
        """Write once; CPU of inserting and of merging in microseconds a span, and bytes a span."""
        run = self._engine.run
        run(replace(table, name="written").create())
        targets = ["written"]
        if create:
            targets.append("written_by_view")
            run(create.replace(f"TABLE {name}", "TABLE written_by_view", 1))
            run(f"CREATE MATERIALIZED VIEW written_view TO written_by_view AS {select}")
        insert = self._insert_cpu_us()
        run("SYSTEM START MERGES")
        cpu = cpu_s()
        for target in targets:
            run(f"OPTIMIZE TABLE {target} FINAL")
        merge = (cpu_s() - cpu) * 1e6 / self._spans
        run("SYSTEM STOP MERGES")
        names = ", ".join(f"'{target}'" for target in targets)
        size = self._engine.rows(
            f"SELECT sum(bytes_on_disk) / {self._spans} FROM system.parts WHERE active AND table IN ({names})"
        )[0][0]
        if create:
            run("DROP TABLE written_view SYNC")
        for target in targets:
            run(f"DROP TABLE {target} SYNC")
        return insert, merge, size

    def _insert_cpu_us(self) -> float:
        cpu = cpu_s()
        for group in range(self._groups):
            self._engine.run(
                f"INSERT INTO written SELECT * FROM arrivals_{group}"
                f" SETTINGS optimize_on_insert = 0, insert_deduplication_token = '{group}'"
            )
        return (cpu_s() - cpu) * 1e6 / self._spans
