"""Groups on disk while the database is away: written and fsynced before they are acknowledged.

One file a group, numbered, replayed in order. A file appears under its final name only once its contents
are on the disk, so what a crash leaves half-written was never acknowledged.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from pathlib import Path

_log = structlog.get_logger(__name__)

_MAGIC: Final = b"spanfold spool 1\n"
_DIGEST_BYTES: Final = 32
_NAME: Final = re.compile(r"[0-9]{16}\.group")


class SpoolFullError(Exception):
    """The spool's limit, or the disk's, is reached; nothing was written."""


class DirectoryInUseError(OSError):
    """Another process has the collector's folder open."""


class SpoolDamagedError(Exception):
    """A spooled file does not hold what was written to it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One group on disk."""

    path: Path
    size_bytes: int


def fsync_directory(path: Path) -> None:
    """Make renames and removals in ``path`` survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock_directory(directory: Path) -> int:
    """Make the folder, where it is missing, and hold it for this process until the result is closed.

    Two collectors in one folder would replay, and overwrite, each other's groups.

    Raises:
        DirectoryInUseError: another process, or another collector of this one, holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / "collector.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode(errors="replace").strip()
        os.close(descriptor)
        message = (
            f"process {holder or 'unknown'} has the collector directory {directory} open: "
            "give each collector a directory of its own, or stop the other one"
        )
        raise DirectoryInUseError(message) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def write_durably(path: Path, parts: tuple[bytes, ...]) -> None:
    """Write a file so that after a crash it is either whole, under its name, or absent."""
    partial = path.with_suffix(path.suffix + ".partial")
    with partial.open("wb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    fsync_directory(path.parent)


class Spool:
    """A first-in first-out queue of groups in a folder. Safe to use from several threads."""

    def __init__(self, directory: Path, *, max_bytes: int, min_free_disk_bytes: int) -> None:
        """Open the folder (made if missing) with what an earlier process left in it."""
        directory.mkdir(parents=True, exist_ok=True)
        for leftover in directory.glob("*.partial"):
            leftover.unlink()
        self._directory = directory
        self._max_bytes = max_bytes
        self._min_free_disk_bytes = min_free_disk_bytes
        self._lock = threading.Lock()
        paths = sorted(path for path in directory.glob("*.group") if _NAME.fullmatch(path.name))
        self._entries = [Entry(path, path.stat().st_size) for path in paths]
        self._next = int(self._entries[-1].path.stem) + 1 if self._entries else 1

    @property
    def size_bytes(self) -> int:
        """Bytes on disk that are still to be replayed."""
        with self._lock:
            return sum(entry.size_bytes for entry in self._entries)

    @property
    def groups(self) -> int:
        """Groups still to be replayed."""
        with self._lock:
            return len(self._entries)

    def has_room(self, size: int) -> bool:
        """Whether a group of ``size`` bytes would be taken now."""
        return self.size_bytes + size <= self._max_bytes and self.has_disk(size)

    def has_disk(self, size: int) -> bool:
        """Whether the disk keeps its reserve if ``size`` more bytes are written to it."""
        try:
            free = shutil.disk_usage(self._directory).free
        except OSError:
            return False
        return free - size >= self._min_free_disk_bytes

    def append(self, data: bytes) -> Entry:
        """Store one group; when this returns, it survives kill and power loss.

        Raises:
            SpoolFullError: a limit is reached, or the disk refused the bytes.
        """
        if not self.has_room(len(data)):
            message = f"the spool {self._directory.name!r} has no room for {len(data)} bytes"
            raise SpoolFullError(message)
        with self._lock:
            path = self._directory / f"{self._next:016d}.group"
            self._next += 1
        try:
            write_durably(path, (_MAGIC, hashlib.sha256(data).digest(), data))
        except OSError as error:
            # Its senders are told that it was not taken: it must not come back after a restart either.
            for leftover in (path.with_suffix(".group.partial"), path):
                with suppress(OSError):
                    leftover.unlink(missing_ok=True)
            message = f"the disk refused to spool {len(data)} bytes: {error.strerror}"
            raise SpoolFullError(message) from error
        entry = Entry(path, len(data))
        with self._lock:
            self._entries.append(entry)
            self._entries.sort(key=lambda known: known.path)
        return entry

    def oldest(self) -> Entry | None:
        """The group to replay next, or None."""
        with self._lock:
            return self._entries[0] if self._entries else None

    def read(self, entry: Entry) -> bytes:
        """What was stored.

        Raises:
            SpoolDamagedError: the file was changed or cut since.
        """
        raw = entry.path.read_bytes()
        head = len(_MAGIC) + _DIGEST_BYTES
        data = raw[head:]
        if not raw.startswith(_MAGIC) or hashlib.sha256(data).digest() != raw[len(_MAGIC) : head]:
            message = f"spooled group {entry.path.name} is damaged"
            raise SpoolDamagedError(message)
        return data

    def remove(self, entry: Entry) -> None:
        """Forget a group that is now in the database (or set aside)."""
        try:
            entry.path.unlink(missing_ok=True)
        except OSError as error:
            # It will be replayed after a restart: its token then keeps it from being stored twice.
            _log.warning("spooled group cannot be removed", file=entry.path.name, error=str(error))
        with self._lock:
            self._entries = [known for known in self._entries if known != entry]
