"""Statements on the chDB engine, one connection a request, as an HTTP request has no session."""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import chdb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clickhouse_http.wire import Request

_CODE: Final = re.compile(r"Code: (\d+)")
_FORMAT: Final = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT: Final = re.compile(
    rb"\s*(?P<into>INSERT\s+INTO\s[^\n]*?)\s+FORMAT\s+(?P<format>\w+)[ \t]*\n", re.IGNORECASE
)
_READS: Final = re.compile(rb"\s*(\(|SELECT|WITH|SHOW|DESCRIBE|DESC|EXPLAIN|EXISTS|CHECK)\b", re.IGNORECASE)


class EngineError(Exception):
    """The engine refused a statement; the text is the engine's own."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave."""

    body: bytes
    format: str | None
    """The output format, None for a statement without rows."""
    summary: str
    """JSON for the ``X-ClickHouse-Summary`` header."""


class Execution:
    """The engine of this process."""

    def __init__(self, directory: Path) -> None:
        self._path: Final = str(directory)
        # Holds the engine up between the requests.
        self._keeper: Final = self._connect()

    def _connect(self) -> Any:
        return chdb.connect(self._path)  # type: ignore[no-untyped-call]

    def run(self, request: Request) -> Answer:
        """Run one request.

        Raises:
            EngineError: the engine refused it.
        """
        connection = self._connect()
        try:
            return _run(connection, request)
        except (RuntimeError, chdb.ChdbError) as error:
            found = _CODE.search(str(error))
            raise EngineError(str(error), int(found.group(1)) if found else 1001) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Stop the engine; no request may be running."""
        self._keeper.close()


def _run(connection: Any, request: Request) -> Answer:
    if request.database != "default":
        connection.query(f"USE `{request.database}`", "TabSeparated")
    if request.settings:
        settings = ", ".join(f"{name} = {_quoted(value)}" for name, value in request.settings.items())
        connection.query(f"SET {settings}", "TabSeparated")
    with _data_in_a_file(request.statement) as statement:
        result = connection.query(statement, request.default_format, params=request.parameters)
    named = _FORMAT.search(request.statement[-100:])
    reads = _READS.match(request.statement) is not None
    summary = {
        "read_rows": str(result.rows_read()),
        "read_bytes": str(result.bytes_read()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
    }
    format_name = named.group(1).decode() if named else request.default_format
    return Answer(result.bytes() or b"", format_name if reads else None, json.dumps(summary))


@contextmanager
def _data_in_a_file(statement: bytes) -> Iterator[bytes]:
    """The statement, with the data of an insert in a file: in line, an empty line would end them."""
    insert = _INSERT.match(statement)
    if insert is None:
        yield statement
        return
    with tempfile.NamedTemporaryFile(dir=Path.cwd(), prefix="insert-") as file:
        file.write(statement[insert.end() :])
        file.flush()
        yield b"%s FROM INFILE '%s' FORMAT %s" % (insert["into"], file.name.encode(), insert["format"])


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
