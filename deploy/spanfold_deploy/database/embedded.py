"""chDB: the ClickHouse engine inside this process, one directory and one process at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from spanfold_deploy.database.engine import OTLP_PROTO, SESSION_SETTINGS
from spanfold_schemas.database import PermanentDatabaseError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from clickhouse_connect.driver.client import Client

LOCK_FILE: Final = "spanfold.lock"
"""Held for as long as the directory is open; holds the process's id."""

INSERT_FILES: Final = "insert-files"
"""Where the client library writes the body of each insert for the engine to read."""

# The engine would let each of these grow to 5 GB, which suits a machine of its own only.
_CACHES: Final = {
    "mark_cache_size": "268435456",
    "primary_index_cache_size": "268435456",
    "index_mark_cache_size": "134217728",
}


class EmbeddedEngine:
    """An open chDB directory. Make it with :meth:`at`, which takes the lock."""

    def __init__(self, directory: Path, *, timeout_s: float, memory_limit_bytes: int | None) -> None:
        self._directory: Final = directory
        self._keeper: Client | None = None
        self._options: Final = dict(_CACHES)
        if memory_limit_bytes is not None:
            self._options["max_server_memory_usage"] = str(memory_limit_bytes)
        self._settings: Final = {**SESSION_SETTINGS, "max_execution_time": timeout_s}
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock_fd: Final = _lock(directory)
            insert_files = directory / INSERT_FILES
            # A process that was killed leaves the body of its last inserts behind.
            shutil.rmtree(insert_files, ignore_errors=True)
            insert_files.mkdir()
        except OSError as error:
            message = f"the database directory {directory} cannot be used: {error}"
            raise PermanentDatabaseError(message) from error
        # The client library asks tempfile for these files and has no option of its own. The process
        # wide setting is bearable since a process can hold one engine only; release() puts it back.
        self._previous_tempdir: Final = tempfile.tempdir
        tempfile.tempdir = str(insert_files)

    @classmethod
    def at(cls, parts: SplitResult, *, timeout_s: float, memory_limit_bytes: int | None) -> Self:
        """Open the directory of a ``chdb://`` URL and start the engine in it.

        Raises:
            ValueError: the URL names no directory, or has a query part.
            PermanentDatabaseError: the directory is open elsewhere, or cannot be used.
        """
        name = unquote(parts.netloc + parts.path)
        if not name or parts.query or parts.fragment:
            message = "an embedded database is chdb:///absolute/directory or chdb://./relative/directory"
            raise ValueError(message)
        directory = Path(name).expanduser().resolve()
        engine = cls(directory, timeout_s=timeout_s, memory_limit_bytes=memory_limit_bytes)
        try:
            # Held until the end: with its last client, the engine itself would go down.
            engine._keeper = engine.connect()
        except ClickHouseError as error:
            engine.release()
            raise PermanentDatabaseError(_refusal(directory, str(error))) from error
        return engine

    def connect(self) -> Client:
        """One more handle to the engine of this process."""
        return clickhouse_connect.get_client(
            interface="chdb",
            path=str(self._directory),
            chdb_options=self._options,
            settings=self._settings,
            tz_mode="aware",
        )

    def set_read_timeout(self, client: Client, timeout_s: float) -> None:
        """Nothing: there is no wire, and the engine keeps to ``max_execution_time``."""

    def protobuf_settings(self, message: str) -> dict[str, str]:
        """The schema as a file: given as a string, the engine caches it in the current directory."""
        return {"format_schema": f"{OTLP_PROTO}:{message}"}

    def release(self) -> None:
        """Stop the engine, and let another process open the directory."""
        if self._keeper is not None:
            self._keeper.close()
        tempfile.tempdir = self._previous_tempdir
        os.close(self._lock_fd)


def _lock(directory: Path) -> int:
    fd = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(fd, 32).decode(errors="replace").strip()
        os.close(fd)
        message = (
            f"process {holder or 'unknown'} has the database directory {directory} open, and an embedded "
            "database belongs to one process at a time. Stop that process, or talk to it over its ports, or "
            "give this one another directory; several processes need a ClickHouse server (clickhouse://...)."
        )
        raise PermanentDatabaseError(message) from error
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd


def _refusal(directory: Path, reason: str) -> str:
    """What to tell of a directory that nobody has locked and the engine still refuses."""
    if "already initialized" in reason:
        return (
            f"cannot open {directory}: this process has another embedded database open, and the engine "
            "holds one at a time. Close that one first."
        )
    holder = ""
    status = directory / "status"
    if status.is_file():
        first_line = status.read_text(errors="replace").partition("\n")[0]
        holder = f" The last to open it was {first_line.removeprefix('PID: ')} (its process id)."
    return (
        f"the embedded engine refuses to open {directory}: either another program has it open, or the "
        f"engine cannot write there.{holder} Stop that program, or use another directory. ({reason})"
    )
