"""The composition root's door to the database: a URL in, a :class:`~spanfold_schemas.database.Database` out.

chDB (the engine inside this process) and a ClickHouse server are spoken to through the same client
library and the same class; the two differ only in how a client is made and how the protobuf schema is
passed (``embedded.py`` and ``server.py``).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from spanfold_deploy.database.clickhouse import ClickHouseDatabase
from spanfold_deploy.database.embedded import EmbeddedEngine
from spanfold_deploy.database.server import ServerEngine

__all__ = ["ClickHouseDatabase", "open_database"]

DEFAULT_TIMEOUT_S: Final = 30.0
DEFAULT_MAX_CLIENTS: Final = 8


def open_database(
    url: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    max_clients: int = DEFAULT_MAX_CLIENTS,
    memory_limit_bytes: int | None = None,
) -> ClickHouseDatabase:
    """Open the database that a URL names. Close it before the process ends.

    An embedded directory is created where it is missing, and is held by one process at a time. A server
    is first called by the first statement, so a collector can start while its server is away.

    Args:
        url: ``chdb:///absolute/directory``, ``chdb://./relative/directory``, or
            ``clickhouse://user:password@host:8123/database`` with ``?secure=1`` for TLS, then
            ``ca_cert=FILE`` for a private authority, and ``compress=0`` to send bodies as they are.
        timeout_s: seconds that a call may take, its wait for a free client included apart; what comes
            later is a ``RetryableDatabaseError``.
        max_clients: calls that run at the same time; more of them wait for one to end.
        memory_limit_bytes: what the embedded engine may allocate. A server has its own settings.

    Raises:
        ValueError: the URL is not of one of these forms.
        PermanentDatabaseError: another process has the embedded directory open, or it cannot be used.

    Example:
        >>> database = open_database("chdb://./spanfold-data")  # doctest: +SKIP
        >>> database.query("SELECT {n:UInt8} + 1 AS m", {"n": 41}).dicts()  # doctest: +SKIP
        [{'m': 42}]
    """
    parts = urlsplit(url)
    engine: EmbeddedEngine | ServerEngine
    if parts.scheme == "chdb":
        engine = EmbeddedEngine.at(parts, timeout_s=timeout_s, memory_limit_bytes=memory_limit_bytes)
    elif parts.scheme == "clickhouse":
        if memory_limit_bytes is not None:
            message = "a memory limit is for the embedded engine: set a server's in its own configuration"
            raise ValueError(message)
        engine = ServerEngine.at(parts, timeout_s=timeout_s)
    else:
        message = (
            f"a database URL starts with chdb:// or clickhouse://, not with {parts.scheme or 'nothing'!r}: "
            "chdb:///directory, or clickhouse://user:password@host:8123/database"
        )
        raise ValueError(message)
    return ClickHouseDatabase(engine, timeout_s=timeout_s, max_clients=max_clients)
