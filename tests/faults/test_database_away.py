"""The server road in trouble: refused, stalled, cut off, killed. Nothing is lost and nothing counts twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from spanfold_collector.collector import Collector
from spanfold_collector.settings import CollectorSettings
from spanfold_deploy.database import open_database
from spanfold_schemas.migrate import migrate
from tests.clickhouse_http.faults import FaultKind
from tests.clickhouse_http.process import ClickHouseProcess
from tests.collector._database import until
from tests.collector._otlp import numbered_traces
from tests.end_to_end._sender import PROTOBUF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spanfold_schemas.database import Database

TIMEOUT_S: Final = 30.0
SPANS: Final = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    with ClickHouseProcess.start(tmp_path_factory.mktemp("server")) as running:
        database = open_database(running.url)
        migrate(database)
        database.close()
        yield running


@pytest.fixture
def database(server: ClickHouseProcess) -> Iterator[Database]:
    opened = open_database(server.url, timeout_s=20)
    for table in ("spans", "trace_ranges", "model_rollups"):
        opened.command(f"TRUNCATE TABLE {table}")
    yield opened
    server.clear()
    opened.close()


@pytest.fixture
def collector(database: Database, tmp_path: Path) -> Iterator[Collector]:
    settings = CollectorSettings(
        directory=tmp_path, grpc_port=0, http_port=0, linger_ms=1, min_free_disk_bytes=0, slow_after_s=0.5
    )
    running = Collector(database, settings)
    running.start()
    yield running
    running.stop()


def send(collector: Collector, number: int) -> httpx.Response:
    url = f"http://127.0.0.1:{collector.http_port}/v1/traces"
    body = numbered_traces(number * SPANS, SPANS)
    return httpx.post(url, content=body, headers=PROTOBUF, timeout=TIMEOUT_S)


def road(collector: Collector) -> str:
    ready = httpx.get(f"http://127.0.0.1:{collector.http_port}/ready", timeout=TIMEOUT_S)
    return str(ready.json()["signals"]["traces"])


def assert_stored_once(database: Database, requests: int) -> None:
    """In the table itself, before any reader removes duplicates, and in all that is derived from it."""
    expected = requests * SPANS
    sql = "SELECT count(), uniqExact(SpanId) FROM spans"
    assert database.query(sql).rows == [(expected, expected)]
    assert database.query("SELECT sum(SpanCount) FROM model_rollups").rows == [(expected,)]
    missing = "SELECT count() FROM spans WHERE TraceId NOT IN (SELECT TraceId FROM trace_ranges)"
    assert database.query(missing).rows == [(0,)]


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.DROP, FaultKind.STATUS])
def test_requests_are_taken_while_the_server_is_away_and_stored_when_it_is_back(
    server: ClickHouseProcess, database: Database, collector: Collector, kind: FaultKind
) -> None:
    assert send(collector, 0).status_code == 200
    server.fault(kind, status=503)

    answers = [send(collector, number).status_code for number in range(1, 8)]

    assert answers == [200] * 7
    assert road(collector) == "spool"
    server.clear()
    until(lambda: road(collector) == "database", "the spool is replayed")
    assert send(collector, 8).status_code == 200
    until(lambda: road(collector) == "database", "the last request is in the database too")
    assert_stored_once(database, 9)


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.TRUNCATE])
def test_an_insert_whose_answer_is_lost_is_repeated_and_counts_once(
    server: ClickHouseProcess, database: Database, collector: Collector, kind: FaultKind
) -> None:
    assert send(collector, 0).status_code == 200  # learns the columns' types, which is not an insert
    server.fault(kind, match="INSERT INTO", times=3)

    answers = [send(collector, number).status_code for number in range(1, 6)]

    assert answers == [200] * 5
    until(lambda: road(collector) == "database", "the spool is replayed")
    assert_stored_once(database, 6)


def test_a_stalled_server_delays_an_answer_by_no_more_than_the_limit(
    server: ClickHouseProcess, database: Database, collector: Collector
) -> None:
    assert send(collector, 0).status_code == 200
    server.fault(FaultKind.DELAY, match="INSERT", seconds=600)

    started = time.monotonic()
    answers = [send(collector, number).status_code for number in range(1, 4)]

    assert answers == [200] * 3
    assert time.monotonic() - started < TIMEOUT_S
    server.clear()
    until(lambda: road(collector) == "database", "the stalled insert and the spool are in")
    assert_stored_once(database, 4)


def test_a_full_spool_refuses_until_the_server_is_back_and_keeps_what_it_took(
    server: ClickHouseProcess, database: Database, tmp_path: Path
) -> None:
    settings = CollectorSettings(
        directory=tmp_path,
        grpc_port=0,
        http_port=0,
        linger_ms=1,
        min_free_disk_bytes=0,
        spool_max_bytes=6_000,
    )
    collector = Collector(database, settings)
    collector.start()
    server.fault(FaultKind.REFUSE)
    answers = [send(collector, number) for number in range(12)]
    taken = [answer.status_code for answer in answers].index(503)
    assert taken > 1
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers[taken:])

    server.clear()
    until(lambda: send(collector, 11).status_code == 200, "requests are taken again")
    until(lambda: road(collector) == "database", "the spool is replayed")

    assert collector.stop()
    assert_stored_once(database, taken + 1)


def test_a_server_that_is_killed_and_comes_back_has_everything_once(tmp_path: Path) -> None:
    with ClickHouseProcess.start(tmp_path / "server") as first:
        database = open_database(first.url, timeout_s=20)
        migrate(database)
        settings = CollectorSettings(
            directory=tmp_path / "collector", grpc_port=0, http_port=0, linger_ms=1, min_free_disk_bytes=0
        )
        collector = Collector(database, settings)
        collector.start()
        assert send(collector, 0).status_code == 200

        first.kill()
        assert [send(collector, number).status_code for number in range(1, 4)] == [200] * 3

        with ClickHouseProcess.start(tmp_path / "server", port=first.port):
            until(lambda: road(collector) == "database", "the spool is replayed")
            assert_stored_once(database, 4)
            assert collector.stop()
            database.close()
