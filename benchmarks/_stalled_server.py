"""A collector over a database that hangs: started by ``benchmarks.stalled``, stopped by SIGTERM."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spanfold_collector.collector import Collector
from spanfold_collector.settings import CollectorSettings
from spanfold_schemas.database import QueryResult, RetryableDatabaseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_schemas.database import RawFormat


class HangingDatabase:
    """Takes an insert and does not come back, as a server behind a dead network does."""

    def __init__(self, ended: threading.Event) -> None:
        self._ended = ended

    def _hang(self) -> None:
        self._ended.wait()
        raise RetryableDatabaseError("the connection was lost")

    def query(
        self, _sql: str, _parameters: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> QueryResult:
        """Hang."""
        self._hang()
        raise AssertionError(timeout_s)

    def query_raw(
        self,
        _sql: str,
        _parameters: Mapping[str, Any] | None = None,
        *,
        raw_format: RawFormat,
        timeout_s: float | None = None,
    ) -> bytes:
        """Hang."""
        self._hang()
        raise AssertionError(raw_format, timeout_s)

    def command(self, _sql: str, _parameters: Mapping[str, Any] | None = None) -> None:
        """Hang."""
        self._hang()

    def insert_protobuf(self, _table: str, _body: bytes, *, message: str, token: str) -> None:  # noqa: ARG002
        """Hang."""
        self._hang()

    def insert_rows(
        self,
        _table: str,
        _columns: Sequence[str],
        _rows: Sequence[Sequence[Any]],
        *,
        token: str,  # noqa: ARG002
    ) -> None:
        """Hang."""
        self._hang()

    def close(self) -> None:
        """Nothing is open."""


def main(directory: Path, hold_bytes: int, spool_bytes: int) -> None:
    """Serve until SIGTERM; prints the port of OTLP/HTTP."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    settings = CollectorSettings(
        directory=directory,
        grpc_port=0,
        http_port=0,
        max_held_bytes=hold_bytes,
        spool_max_bytes=spool_bytes,
        slow_after_s=1,
    )
    collector = Collector(HangingDatabase(ended), settings)
    collector.start()
    print(json.dumps({"port": collector.http_port, "grpc_port": collector.grpc_port}), flush=True)
    ended.wait()
    collector.stop(timeout_s=5)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
