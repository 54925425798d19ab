"""A lane over a scripted database, for the tests of what it does when the database misbehaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold_collector.lane import Lane
from spanfold_collector.settings import CollectorSettings
from spanfold_collector.signals import TRACES
from spanfold_collector.telemetry import Telemetry
from tests.collector._database import LIMIT_S, ScriptedDatabase
from tests.collector._lane import NEVER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def database() -> ScriptedDatabase:
    return ScriptedDatabase()


@pytest.fixture
def make_lane(tmp_path: Path, database: ScriptedDatabase) -> Iterator[Callable[..., Lane]]:
    """Makes and starts lanes over one folder; the last one is stopped after the test."""
    lanes: list[Lane] = []

    def make(**changes: Any) -> Lane:
        defaults: dict[str, Any] = {
            "linger_ms": 1, "engine_decode_min_bytes": 0, "min_free_disk_bytes": 0, "slow_after_s": NEVER_S
        }  # fmt: skip
        settings = CollectorSettings(directory=tmp_path, **{**defaults, **changes})
        lane = Lane(TRACES, database, settings, Telemetry())
        lanes.append(lane)
        lane.start()
        return lane

    yield make
    database.is_open.set()
    for lane in lanes:
        lane.stop(LIMIT_S)
