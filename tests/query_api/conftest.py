"""The query API on a real socket, over the embedded engine: one a module, since a process holds one."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from spanfold_collector.collector import Collector
from spanfold_collector.settings import CollectorSettings
from spanfold_deploy.database import open_database
from spanfold_query_api.app import create_app
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from spanfold_query_api.artifact_uploads import Artifacts
    from spanfold_query_api.outgoing import Outgoing
    from spanfold_query_api.workers import Workers
    from spanfold_schemas.database import Database, QueryResult, RawFormat

START_TIMEOUT_S = 20


class RecordingDatabase:
    """Passes everything on, and remembers the statements."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.statements: list[tuple[str, dict[str, Any]]] = []

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> QueryResult:
        self.statements.append((sql, dict(parameters or {})))
        return self._database.query(sql, parameters, timeout_s=timeout_s)

    def query_raw(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        raw_format: RawFormat,
        timeout_s: float | None = None,
    ) -> bytes:
        self.statements.append((sql, dict(parameters or {})))
        return self._database.query_raw(sql, parameters, raw_format=raw_format, timeout_s=timeout_s)

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        self._database.command(sql, parameters)

    def insert_protobuf(self, table: str, body: bytes, *, message: str, token: str) -> None:
        self._database.insert_protobuf(table, body, message=message, token=token)

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, token: str
    ) -> None:
        self._database.insert_rows(table, columns, rows, token=token)

    def close(self) -> None:
        self._database.close()


@contextmanager
def served(
    database: Database,
    outgoing: Outgoing | None = None,
    workers: Callable[[str], Workers] | None = None,
    artifacts: Artifacts | None = None,
) -> Iterator[httpx.Client]:
    """A client of the API, which listens on a free port of loopback; workers are made for its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    made = None if workers is None else workers(url)
    app = create_app(database, outgoing=outgoing, workers=made, artifacts=artifacts)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.01)
        with httpx.Client(base_url=url, timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)
    assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingDatabase]:
    opened = open_database(f"chdb://{tmp_path_factory.mktemp('database')}")
    migrate(opened)
    # What clients send twice stays twice: readers must see it once even before the engine merges it.
    opened.command("SYSTEM STOP MERGES")
    yield RecordingDatabase(opened)
    opened.close()


@pytest.fixture(scope="module")
def api(database: RecordingDatabase) -> Iterator[httpx.Client]:
    with served(database) as client:
        yield client


@pytest.fixture(scope="module")
def collector_url(database: RecordingDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a collector that writes to the database which the API reads."""
    collector = Collector(
        database,
        CollectorSettings(
            directory=tmp_path_factory.mktemp("collector"),
            grpc_port=0,
            http_port=0,
            linger_ms=5,
            min_free_disk_bytes=0,
            slow_after_s=60,
        ),
    )
    collector.start()
    yield f"http://127.0.0.1:{collector.http_port}"
    assert collector.stop()
