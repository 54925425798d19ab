"""ClickHouse through the clickhouse-connect library, whether embedded or a server."""

from __future__ import annotations

import atexit
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from clickhouse_connect.driver.compression import get_compressor

from spanfold_deploy.database.errors import translated
from spanfold_deploy.database.pool import ClientPool
from spanfold_schemas.database import PermanentDatabaseError, QueryResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from clickhouse_connect.datatypes.base import ClickHouseType
    from clickhouse_connect.driver.client import Client

    from spanfold_deploy.database.engine import Engine
    from spanfold_schemas.database import RawFormat

COMMAND_TIMEOUT_S: Final = 600.0
"""Migrations and merges rewrite tables: they may take longer than a call that a user waits for."""

INSERT_SETTINGS: Final[dict[str, Any]] = {
    # An insert is answered once it is in its tables. Newer servers buffer by default.
    "async_insert": 0,
    # A token holds in the target and in everything that its views feed.
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # The same bytes make the same blocks each time: a token is counted on per block.
    "input_format_parallel_parsing": 0,
    # Rows are merged in the background anyhow: sorting out duplicates in each insert is paid twice.
    "optimize_on_insert": 0,
    # A client that was offline for a year sends spans of that many days.
    "max_partitions_per_insert_block": 0,
    # Plans of the views are used once and gain nothing: a tenth of the fixed cost of an insert.
    "query_plan_enable_optimizations": 0,
    # The status line comes after the outcome is known.
    "wait_end_of_query": 1,
}

RAW_SETTINGS: Final[dict[str, Any]] = {
    # What a client gets must not depend on how a server is set up.
    "output_format_arrow_compression_method": "lz4_frame",
    "output_format_arrow_string_as_string": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    "output_format_json_named_tuples_as_objects": 1,
    "date_time_output_format": "iso",
    # The status line comes after the outcome is known: an error is never in the middle of the rows.
    "wait_end_of_query": 1,
}


class ClickHouseDatabase:
    """The implementation of :class:`spanfold_schemas.database.Database`, for both engines.

    Values of ``FixedString`` columns are bytes, those of ``DateTime`` and ``DateTime64`` columns are aware
    datetimes in UTC (microseconds: select ``toUnixTimestamp64Nano`` for more). A ``String`` that is not
    UTF-8 comes back as its hex digits.

    Call it from worker threads: while the embedded engine runs a statement, its thread sees no signal.
    """

    def __init__(self, engine: Engine, *, timeout_s: float, max_clients: int) -> None:
        self._engine: Final = engine
        self._timeout_s: Final = timeout_s
        self._pool: Final = ClientPool(engine.connect, max_clients=max_clients)
        self._column_types: Final[dict[tuple[str, tuple[str, ...]], Sequence[ClickHouseType]]] = {}
        self._closing: Final = threading.Lock()
        self._released = False
        # An interpreter that exits while the embedded engine works for one of its threads crashes.
        atexit.register(self.close)

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> QueryResult:
        """Run one SELECT. See :meth:`spanfold_schemas.database.Database.query`."""
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        with self._call(limit_s, inserting=False) as client:
            result = client.query(
                sql, bound(parameters), settings={"max_execution_time": limit_s}, query_tz="UTC"
            )
            return QueryResult(tuple(result.column_names), [tuple(row) for row in result.result_rows])

    def query_raw(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        raw_format: RawFormat,
        timeout_s: float | None = None,
    ) -> bytes:
        """Run one SELECT. See :meth:`spanfold_schemas.database.Database.query_raw`."""
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        with self._call(limit_s, inserting=False) as client:
            settings = {**RAW_SETTINGS, "max_execution_time": limit_s}
            return client.raw_query(sql, bound(parameters), settings=settings, fmt=raw_format)

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run one statement without rows. See :meth:`spanfold_schemas.database.Database.command`."""
        with self._call(COMMAND_TIMEOUT_S, inserting=False) as client:
            client.command(sql, bound(parameters), settings={"max_execution_time": COMMAND_TIMEOUT_S})
            self._column_types.clear()

    def insert_protobuf(self, table: str, body: bytes, *, message: str, token: str) -> None:
        """Insert messages. See :meth:`spanfold_schemas.database.Database.insert_protobuf`."""
        settings = {**self._insert_settings(token), **self._engine.protobuf_settings(message)}
        with self._call(self._timeout_s, inserting=True) as client:
            encoding = client.write_compression  # None where there is no wire
            packed = bytes(get_compressor(encoding).compress_block(body))
            client.raw_insert(
                table, insert_block=packed, settings=settings, fmt="Protobuf", compression=encoding
            )

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, token: str
    ) -> None:
        """Insert rows. See :meth:`spanfold_schemas.database.Database.insert_rows`."""
        if not rows:
            return
        with self._call(self._timeout_s, inserting=True) as client:
            client.insert(
                table,
                rows,
                column_names=columns,
                column_types=self._types(client, table, tuple(columns)),
                settings=self._insert_settings(token),
            )

    def close(self) -> None:
        """Wait for the calls in flight, then close the engine. A second call does nothing."""
        self._pool.close()
        with self._closing:
            if not self._released:
                self._released = True
                self._engine.release()
                atexit.unregister(self.close)

    @contextmanager
    def _call(self, timeout_s: float, *, inserting: bool) -> Iterator[Client]:
        with translated(inserting=inserting), self._pool.lease(self._timeout_s) as client:
            self._engine.set_read_timeout(client, timeout_s)
            yield client

    def _insert_settings(self, token: str) -> dict[str, Any]:
        return {
            **INSERT_SETTINGS,
            "insert_deduplication_token": token,
            "max_execution_time": self._timeout_s,
        }

    def _types(self, client: Client, table: str, columns: tuple[str, ...]) -> Sequence[ClickHouseType]:
        """The columns' types, asked for once: an insert of a few rows costs less than the question."""
        if (table, columns) not in self._column_types:
            context = client.create_insert_context(table, columns)
            self._column_types[table, columns] = context.column_types
        return self._column_types[table, columns]


def bound(parameters: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Parameters as the client library binds them alike on every host: datetimes as text in UTC.

    Left to itself the library writes a datetime in the server's zone, while the session reads it in UTC.
    """
    return None if parameters is None else {name: _bound(value) for name, value in parameters.items()}


def _bound(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            message = f"{value!r} has no time zone: give one, for example datetime(..., tzinfo=UTC)"
            raise PermanentDatabaseError(message)
        text = value.astimezone(UTC).isoformat(" ", "microseconds").removesuffix("+00:00")
        return text.removesuffix(".000000")  # which a DateTime, of whole seconds, does not take
    if isinstance(value, list | tuple):
        return [_bound(item) for item in value]
    return value
