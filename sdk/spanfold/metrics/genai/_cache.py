"""Replies that were paid for, by the content of what was asked: on disk before they are used.

Any number of threads and processes share one SQLite file. Threads that store at the same time share one
transaction, and so one wait for the disk.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from spanfold._internal.faults import warn_once
from spanfold._internal.forks import ForkedLock
from spanfold._internal.settings import number, switched_on
from spanfold.metrics.genai._backend import JudgeReply

_log = logging.getLogger(__name__)

FILE_NAME: Final = "judges.sqlite3"
DEFAULT_MAX_BYTES: Final = 1 << 30
DISTRUST_S: Final = 3_600.0
"""How long a reply that could not be used is kept: a job that is resumed does not pay for it again."""
_BUSY_TIMEOUT_S: Final = 30.0
_TOUCH_AFTER_S: Final = 86_400
_PUTS_A_CHECK: Final = 64
_KEPT_SHARE: Final = 0.8
"""Of the bound, once it was passed: so it is not passed again at once."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, reply TEXT NOT NULL, used_at REAL NOT NULL, expires_at REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS replies_by_use ON replies (used_at);
"""


@dataclass(slots=True)
class _Entry:
    key: str
    reply: str
    is_stored: bool = False


@dataclass(slots=True)
class _Waiting:
    lock: threading.Lock = field(default_factory=threading.Lock)
    entries: list[_Entry] = field(default_factory=list)


class ReplyCache:
    """One file of replies.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     cache = ReplyCache(Path(folder))
        ...     cache.put("k", JudgeReply("yes", input_tokens=3))
        ...     reply = cache.get("k")
        ...     cache.close()
        >>> reply.text, reply.cached, reply.calls
        ('yes', True, 0)
    """

    def __init__(self, folder: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """Open the file, or make it.

        Args:
            folder: made if it is not there, for its owner only: replies quote what was judged.
            max_bytes: of the file's content; what was used longest ago goes first.

        Raises:
            OSError: the folder cannot be made.
            sqlite3.Error: the file cannot be opened.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / FILE_NAME
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self._max_bytes = max_bytes
        self._puts = 0
        self._waiting = _Waiting()
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._writer = self._connected(path)
        self._writer.executescript(_SCHEMA)
        self._reader = self._connected(path)

    @staticmethod
    def _connected(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def get(self, key: str) -> JudgeReply | None:
        """The reply to a request, if it is known."""
        now = time.time()
        statement = "SELECT reply, used_at FROM replies WHERE key = ? AND coalesce(expires_at, ?) >= ?"
        with self._read_lock:
            row = self._reader.execute(statement, (key, now, now)).fetchone()
        if row is None:
            return None
        if now - row[1] > _TOUCH_AFTER_S:
            self._write("UPDATE replies SET used_at = ? WHERE key = ?", (now, key))
        text, error, input_tokens, output_tokens = json.loads(row[0])
        return JudgeReply(text, error, input_tokens, output_tokens, cost_usd=0.0, cached=True)

    def put(self, key: str, reply: JudgeReply) -> None:
        """Store a reply; it is on the disk when this returns.

        Raises:
            sqlite3.Error: it is not.
        """
        content = [reply.text, reply.error, reply.input_tokens, reply.output_tokens]
        entry = _Entry(key, json.dumps(content))
        with self._waiting.lock:
            self._waiting.entries.append(entry)
        with self._write_lock:
            if entry.is_stored:  # by the thread that was before
                return
            with self._waiting.lock:
                entries, self._waiting.entries = self._waiting.entries, []
            if entry not in entries:  # that thread failed
                entries.append(entry)
            self._store(entries)

    def _store(self, entries: list[_Entry]) -> None:
        now = time.time()
        rows = [(one.key, one.reply, now) for one in entries]
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            self._writer.executemany(
                "INSERT OR REPLACE INTO replies (key, reply, used_at, expires_at) VALUES (?, ?, ?, NULL)",
                rows,
            )
            self._puts += len(rows)
            if self._puts >= _PUTS_A_CHECK:
                self._puts = 0
                self._evict()
            self._writer.execute("COMMIT")
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        for one in entries:
            one.is_stored = True

    def _evict(self) -> None:
        pages, free, size = (
            self._writer.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        used = (pages - free) * size
        if used <= self._max_bytes:
            return
        share = 1 - _KEPT_SHARE * self._max_bytes / used
        (count,) = self._writer.execute("SELECT count(*) FROM replies").fetchone()
        oldest = "SELECT key FROM replies ORDER BY used_at LIMIT ?"
        self._writer.execute(
            f"DELETE FROM replies WHERE key IN ({oldest})",  # noqa: S608 - our own text
            (max(1, int(count * share)),),
        )

    def distrust(self, key: str) -> None:
        """A reply could not be used: forget it after a while, so that it can be asked for again."""
        self._write(
            "UPDATE replies SET expires_at = ? WHERE key = ? AND expires_at IS NULL",
            (time.time() + DISTRUST_S, key),
        )

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with self._write_lock, suppress(sqlite3.Error):
            self._writer.execute(statement, values)

    def close(self) -> None:
        """Close the file."""
        with self._write_lock, self._read_lock:
            self._writer.close()
            self._reader.close()


_opened: dict[tuple[int, Path], ReplyCache | None] = {}
_lock: Final = ForkedLock()


def default_folder() -> Path:
    """``SPANFOLD_CACHE_DIR``, else the user's folder for caches."""
    if given := os.environ.get("SPANFOLD_CACHE_DIR"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "spanfold"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "spanfold" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spanfold"


def shared_cache() -> ReplyCache | None:
    """This process's cache; None where ``SPANFOLD_JUDGE_CACHE=off`` says so, or it cannot be opened."""
    if not switched_on("SPANFOLD_JUDGE_CACHE"):
        return None
    folder = default_folder()
    place = (os.getpid(), folder)  # a connection must not be used on the other side of a fork
    with _lock.current:
        if place not in _opened:
            try:
                _opened[place] = ReplyCache(folder, number("SPANFOLD_CACHE_MAX_BYTES", DEFAULT_MAX_BYTES))
            except (OSError, RuntimeError, sqlite3.Error) as fault:
                warn_once("judge-cache", "replies of judges are not cached: %s: %s", folder, fault)
                _opened[place] = None
        return _opened[place]
