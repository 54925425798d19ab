"""Kill -9 under load, at any moment, again and again: what was acknowledged is there, whole and once."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from spanfold_deploy.database import open_database
from tests.collector._otlp import numbered_traces
from tests.end_to_end._sender import PROTOBUF
from tests.faults._process import CollectorProcess, Load, StartError, assert_exactly_once

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold_schemas.database import Database

ROUNDS: Final = int(os.environ.get("SPANFOLD_KILL_ROUNDS", "4"))
SETTINGS: Final[list[dict[str, Any]]] = [
    {},
    # Every group is decoded by the engine.
    {"engine_decode_min_bytes": 0},
    # Every insert is slow enough for the spool.
    {"slow_after_s": 0.0},
    # Groups of one request: many tokens, many small parts.
    {"linger_ms": 0},
]


def read(path: Path) -> Database:
    return open_database(f"chdb://{path}")


@pytest.mark.timeout(60 + 60 * ROUNDS)
def test_nothing_acknowledged_is_lost_or_doubled_by_kills_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(f"{ROUNDS} kills")
    url = f"chdb://{tmp_path / 'database'}"
    load = Load()
    for number in range(ROUNDS):
        settings = SETTINGS[number % len(SETTINGS)]
        with CollectorProcess.start(url, tmp_path / "collector", **settings) as collector:
            load.start(collector)
            load.wait_for(len(load.acknowledged) + chance.randrange(1, 30))
            time.sleep(chance.uniform(0.0, 0.2))  # any moment will do: that is the point
            collector.kill()
            load.stop()
    with CollectorProcess.start(url, tmp_path / "collector") as collector:
        load.start(collector)
        load.wait_for(len(load.acknowledged) + 10)
        load.stop()
        collector.wait_until_written()
        assert collector.terminate() == 0

    assert len(load.acknowledged) > ROUNDS * 10
    database = read(tmp_path / "database")
    try:
        assert_exactly_once(database, load)
    finally:
        database.close()


def test_sigterm_under_load_loses_nothing_that_was_acknowledged_and_leaves_no_spool(tmp_path: Path) -> None:
    load = Load()
    with CollectorProcess.start(f"chdb://{tmp_path / 'database'}", tmp_path / "collector") as collector:
        load.start(collector)
        load.wait_for(30)
        assert collector.terminate() == 0
        load.stop()

    assert list((tmp_path / "collector" / "spool" / "traces").iterdir()) == []
    database = read(tmp_path / "database")
    try:
        assert_exactly_once(database, load)
    finally:
        database.close()


def test_sigterm_flushes_requests_that_still_wait_for_their_group(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path / 'database'}"
    with CollectorProcess.start(
        url, tmp_path / "collector", linger_ms=30_000, drain_timeout_s=8
    ) as collector:
        load = Load()
        load.start(collector, senders=4)
        deadline = time.monotonic() + 20
        while collector.figure("held_bytes") == 0:
            assert time.monotonic() < deadline
        collector.terminate()
        load.stop()

    database = read(tmp_path / "database")
    try:
        assert_exactly_once(database, load)
    finally:
        database.close()
    assert len(load.acknowledged) >= 1


def test_a_second_process_on_the_same_directories_is_told_who_holds_them(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path / 'database'}"
    with CollectorProcess.start(url, tmp_path / "collector") as first:
        with pytest.raises(StartError, match=f"process {first.process.pid} has the database directory"):
            CollectorProcess.start(url, tmp_path / "other")
        with pytest.raises(StartError, match=f"process {first.process.pid} has the collector directory"):
            CollectorProcess.start(f"chdb://{tmp_path / 'other'}", tmp_path / "collector")

        answer = httpx.post(f"{first.url}/v1/traces", content=numbered_traces(0, 1), headers=PROTOBUF)
        assert answer.status_code == 200
