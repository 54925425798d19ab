"""The one door to ClickHouse: a protocol that chDB and a ClickHouse server both implement.

The collector and the query API are written against :class:`Database` only. The composition root
(``spanfold_deploy.database``) builds the implementation from ``SPANFOLD_DATABASE``, so neither of
them knows which engine runs the statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


RawFormat: TypeAlias = Literal["ArrowStream", "JSONEachRow"]
"""A whole Arrow IPC stream (LZ4 within), or a JSON object a line with times as RFC 3339."""


class DatabaseError(Exception):
    """Anything the database refused or could not do. Catch one of the two kinds below.

    DatabaseError
    ├── RetryableDatabaseError   the same call may succeed later (away, overloaded, timed out)
    └── PermanentDatabaseError   the same call will fail again (bad SQL, bad data, no rights)
    """


class RetryableDatabaseError(DatabaseError):
    """The database is away, overloaded or too slow: try the very same call again later."""


class PermanentDatabaseError(DatabaseError):
    """The database looked at the call and refused it: repeating it changes nothing."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        """ClickHouse's numeric error code, where one was given."""


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows of one statement, in the order the database sent them.

    Example:
        >>> QueryResult(("a", "b"), [(1, 2)]).dicts()
        [{'a': 1, 'b': 2}]
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Each row as a mapping from column name to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows."""
        return iter(self.rows)


class Database(Protocol):
    """A ClickHouse database. Every method may be called from any thread at the same time.

    Values reach SQL only as bound parameters, written ``{name:Type}`` in the statement (ClickHouse's
    own syntax). Every call ends within a limit; past it, :class:`RetryableDatabaseError`.
    """

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> QueryResult:
        """Run one SELECT and return all of its rows (callers bound them with LIMIT).

        Args:
            sql: one statement, without a FORMAT clause.
            parameters: values for ``{name:Type}``; str, int, float, bool, datetime, lists of these.
            timeout_s: seconds before the engine gives the statement up; None means the default.

        Raises:
            RetryableDatabaseError: the database is away, overloaded, or out of time.
            PermanentDatabaseError: the statement is refused.
        """
        ...

    def query_raw(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        raw_format: RawFormat,
        timeout_s: float | None = None,
    ) -> bytes:
        """Run one SELECT and return its rows as the engine writes them, all in one piece.

        The piece is complete or an error is raised: there is no half of one. Callers bound its rows and
        bytes, and page for more.

        Args:
            sql: one statement, without a FORMAT clause.
            parameters: as for :meth:`query`.
            raw_format: how to write them. Arrow has text as utf8, times as nanoseconds in UTC, and no
                dictionaries; without rows it is a stream with a schema, and JSON is nothing at all.
            timeout_s: as for :meth:`query`.

        Raises:
            RetryableDatabaseError: the database is away, overloaded, or out of time.
            PermanentDatabaseError: the statement is refused.
        """
        ...

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run one statement that returns no rows (DDL, OPTIMIZE, ...). Raises as :meth:`query`."""
        ...

    def insert_protobuf(self, table: str, body: bytes, *, message: str, token: str) -> None:
        """Insert length-delimited protobuf messages; when it returns they are committed and fsynced.

        Args:
            table: a landing table (``otlp_traces`` or ``otlp_logs``) whose views fill the real tables.
            body: messages, each preceded by its length as a varint.
            message: name of the message type in ``otlp.proto`` (``TracesData`` or ``LogsData``).
            token: deduplication token. A second insert with this token writes nothing, in the target
                table and in all that its views feed, so a caller that got no answer simply repeats.

        Raises:
            RetryableDatabaseError: outcome unknown or database away: repeat with the same token.
            PermanentDatabaseError: the engine refuses these bytes; none of them were inserted.
        """
        ...

    def insert_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, token: str
    ) -> None:
        """Insert rows of Python values; durability, ``token`` and errors as :meth:`insert_protobuf`."""
        ...

    def close(self) -> None:
        """Release the database. Calls in flight end first; later calls raise."""
        ...
