"""A server over the network: what fails on the way is sorted into what may be repeated and what may not."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest

from spanfold_deploy.database import open_database
from spanfold_schemas.database import PermanentDatabaseError, RetryableDatabaseError
from tests.clickhouse_http.faults import FaultKind
from tests.clickhouse_http.process import ClickHouseProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spanfold_deploy.database import ClickHouseDatabase

TIMEOUT_S: Final = 2.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    with ClickHouseProcess.start(tmp_path_factory.mktemp("server")) as running:
        database = open_database(running.url)
        database.command(
            "CREATE TABLE rows (n UInt64) ENGINE = MergeTree ORDER BY n"
            " SETTINGS non_replicated_deduplication_window = 1000"
        )
        database.close()
        yield running


@pytest.fixture
def database(server: ClickHouseProcess) -> Iterator[ClickHouseDatabase]:
    opened = open_database(server.url, timeout_s=TIMEOUT_S)
    opened.query("SELECT 1")
    yield opened
    server.clear()
    opened.command("TRUNCATE TABLE rows")
    opened.close()


def insert(database: ClickHouseDatabase, token: str) -> None:
    database.insert_rows("rows", ("n",), [(1,), (2,)], token=token)


def count(database: ClickHouseDatabase) -> int:
    return int(database.query("SELECT count() FROM rows").rows[0][0])


def test_a_server_may_be_away_when_its_database_is_opened_and_come_later(
    server: ClickHouseProcess,
) -> None:
    server.fault(FaultKind.REFUSE)
    database = open_database(server.url, timeout_s=TIMEOUT_S)
    try:
        with pytest.raises(RetryableDatabaseError):
            database.query("SELECT 1")
        with pytest.raises(RetryableDatabaseError):
            insert(database, "early")

        server.clear()

        assert database.query("SELECT 1").rows == [(1,)]
    finally:
        database.close()


def test_a_server_that_goes_away_is_retryable_and_its_return_is_noticed(
    server: ClickHouseProcess, database: ClickHouseDatabase
) -> None:
    server.fault(FaultKind.REFUSE)
    with pytest.raises(RetryableDatabaseError):
        database.query("SELECT 1")

    server.clear()

    assert database.query("SELECT 1").rows == [(1,)]


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.DROP_AFTER])
def test_an_insert_without_an_answer_is_repeated_and_written_once(
    server: ClickHouseProcess, database: ClickHouseDatabase, kind: FaultKind
) -> None:
    server.fault(kind, match="INSERT")
    with pytest.raises(RetryableDatabaseError):
        insert(database, f"once {kind}")
    server.clear()

    insert(database, f"once {kind}")

    assert count(database) == 2


def test_a_stalled_server_costs_the_time_limit_and_no_more(
    server: ClickHouseProcess, database: ClickHouseDatabase
) -> None:
    server.fault(FaultKind.DELAY, seconds=60)
    started = time.monotonic()

    with pytest.raises(RetryableDatabaseError):
        database.query("SELECT 1", timeout_s=0.2)

    assert time.monotonic() - started < 5


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_fault_of_a_server_or_a_proxy_is_retryable(
    server: ClickHouseProcess, database: ClickHouseDatabase, status: int
) -> None:
    server.fault(FaultKind.STATUS, status=status)

    with pytest.raises(RetryableDatabaseError):
        database.query("SELECT 1")
    with pytest.raises(RetryableDatabaseError):
        insert(database, "t")


def test_a_proxy_that_refuses_a_query_refuses_it_for_good_yet_not_the_data_of_an_insert(
    server: ClickHouseProcess, database: ClickHouseDatabase
) -> None:
    server.fault(FaultKind.STATUS, status=404)

    with pytest.raises(PermanentDatabaseError):
        database.query("SELECT 1")
    with pytest.raises(RetryableDatabaseError):
        insert(database, "t")


def test_a_body_too_large_for_a_proxy_is_permanent_so_that_it_is_halved(
    server: ClickHouseProcess, database: ClickHouseDatabase
) -> None:
    server.fault(FaultKind.STATUS, status=413, match="INSERT")

    with pytest.raises(PermanentDatabaseError):
        insert(database, "t")


@pytest.mark.parametrize(
    ("code", "query_permanent", "insert_permanent"),
    [
        (159, False, False),  # TIMEOUT_EXCEEDED
        (202, False, False),  # TOO_MANY_SIMULTANEOUS_QUERIES
        (241, False, False),  # MEMORY_LIMIT_EXCEEDED
        (243, False, False),  # NOT_ENOUGH_SPACE
        (252, False, False),  # TOO_MANY_PARTS
        (999, False, False),  # KEEPER_EXCEPTION
        (62, True, False),  # SYNTAX_ERROR: our fault, not that of the data
        (497, True, False),  # ACCESS_DENIED
        (31337, True, False),  # a code of a server to come
        (27, True, True),  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        (395, True, True),  # FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
    ],
)
def test_a_code_says_whether_to_try_again(
    server: ClickHouseProcess,
    database: ClickHouseDatabase,
    code: int,
    *,
    query_permanent: bool,
    insert_permanent: bool,
) -> None:
    server.fault(FaultKind.STATUS, status=500, code=code)

    with pytest.raises(PermanentDatabaseError if query_permanent else RetryableDatabaseError):
        database.query("SELECT 1")
    with pytest.raises(PermanentDatabaseError if insert_permanent else RetryableDatabaseError):
        insert(database, "t")


def test_an_answer_cut_in_the_middle_is_no_answer(
    server: ClickHouseProcess, database: ClickHouseDatabase
) -> None:
    server.fault(FaultKind.TRUNCATE, match="SELECT")

    with pytest.raises(RetryableDatabaseError):
        database.query("SELECT number, toString(number) AS text FROM numbers(100000)")

    server.clear()
    assert database.query("SELECT 1").rows == [(1,)]


def test_a_wrong_password_is_refused_and_never_shown(server: ClickHouseProcess) -> None:
    database = open_database(f"clickhouse://spanfold:hunter2@127.0.0.1:{server.port}/default")
    try:
        with pytest.raises(PermanentDatabaseError, match="Authentication failed") as caught:
            database.query("SELECT 1")
        assert "hunter2" not in str(caught.value)
        with pytest.raises(RetryableDatabaseError):
            insert(database, "t")
    finally:
        database.close()


@pytest.mark.parametrize("options", ["?compress=0", "?compress=1"])
def test_bodies_travel_compressed_or_plain(server: ClickHouseProcess, options: str) -> None:
    database = open_database(server.url + options)
    try:
        database.insert_rows("rows", ("n",), [(n,) for n in range(10_000)], token=options)
        assert database.query("SELECT sum(n) FROM rows").rows == [(49_995_000,)]
    finally:
        database.command("TRUNCATE TABLE rows")
        database.close()


def test_a_caller_waits_for_a_free_client_within_a_limit(server: ClickHouseProcess) -> None:
    database = open_database(server.url, timeout_s=0.5, max_clients=1)
    database.query("SELECT 1")
    server.fault(FaultKind.DELAY, seconds=60, match="'slow'")
    try:
        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(database.query, "SELECT 'slow'", timeout_s=10)
            _wait_until_leased(database)

            with pytest.raises(RetryableDatabaseError, match="all 1 database clients were busy"):
                database.query("SELECT 1")

            server.clear()
            assert slow.result(10).rows == [("slow",)]
        assert database.query("SELECT 1").rows == [(1,)]
    finally:
        server.clear()
        database.close()


def test_closing_lets_the_calls_in_flight_end(server: ClickHouseProcess) -> None:
    database = open_database(server.url)
    database.query("SELECT 1")
    server.fault(FaultKind.DELAY, seconds=60, match="'slow'")
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(database.query, "SELECT 'slow'")
        _wait_until_leased(database)
        closing = threads.submit(database.close)

        with pytest.raises(RetryableDatabaseError, match="closed"):
            _query_until_it_fails(database)
        assert not closing.done()

        server.clear()
        assert slow.result(10).rows == [("slow",)]
        closing.result(10)


def _wait_until_leased(database: ClickHouseDatabase) -> None:
    pool = database._pool
    deadline = time.monotonic() + 10
    while pool._leased_count == 0:
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


def _query_until_it_fails(database: ClickHouseDatabase) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        database.query("SELECT 1")


def test_what_a_killed_server_had_acknowledged_is_there_when_it_returns(tmp_path: Path) -> None:
    with ClickHouseProcess.start(tmp_path) as first:
        database = open_database(first.url, timeout_s=TIMEOUT_S)
        database.command(
            "CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n"
            " SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1"
        )
        for number in range(10):
            database.insert_rows("kept", ("n",), [(number,)], token=str(number))
        first.kill()
        with pytest.raises(RetryableDatabaseError):
            database.query("SELECT count() FROM kept")
        with ClickHouseProcess.start(tmp_path, port=first.port):
            assert database.query("SELECT count() FROM kept").rows == [(10,)]

            for number in range(11):
                database.insert_rows("kept", ("n",), [(number,)], token=str(number))

            assert database.query("SELECT count(), uniqExact(n) FROM kept").rows == [(11, 11)]
            database.close()
