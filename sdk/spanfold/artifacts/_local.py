"""Blobs in a folder of this machine, or of a file system that several share."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spanfold.artifacts._blobs import Blob, changed, ignore, pieces_of, place_of, unreadable
from spanfold.errors import ArtifactError, StorageFullError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO
    from typing import BinaryIO

    from spanfold.artifacts._blobs import OnBytes

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY: Final = 0o444
STALE_AFTER_S: Final = 7 * 86_400
"""What nobody has written to for so long, nobody is going to finish."""


class LocalStore:
    """Blobs as files: written beside, flushed to the disk, then renamed.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "a.txt")
        ...     _ = file.write_text("abc")
        ...     store = LocalStore(Path(folder, "store"))
        ...     digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ...     store.put(digest, file)
        ...     b"".join(store.read(digest, 1))
        b'bc'
    """

    def __init__(self, folder: Path, *, min_free_bytes: int = 0) -> None:
        """Name the folder; it is made when something is stored.

        Args:
            folder: where the blobs are.
            min_free_bytes: what must stay free on the disk.
        """
        self.folder: Final = folder
        self._min_free_bytes: Final = min_free_bytes

    def file_of(self, sha256: str) -> Path:
        """Where a blob is, or would be."""
        return self.folder / place_of(sha256)

    def size_bytes(self, sha256: str) -> int | None:
        """As :meth:`BlobStore.size_bytes`."""
        try:
            return self.file_of(sha256).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise ArtifactError(f"cannot read {self.folder}: {fault.strerror or fault}") from fault

    def put(self, sha256: str, file: Path, on_bytes: OnBytes = ignore) -> None:
        """As :meth:`BlobStore.put`."""
        with opened_file(file) as source:
            size_bytes = os.fstat(source.fileno()).st_size
            if self.size_bytes(sha256) == size_bytes:
                self.renew(sha256)
                on_bytes(size_bytes)
                return
            self.check_room(size_bytes)
            found = self.fill(sha256, pieces_of(source), on_bytes)
        if found != sha256:
            raise changed(file, sha256, found)

    def add(self, file: Path, on_bytes: OnBytes = ignore) -> tuple[str, int]:
        """Keep the content of a file that was not hashed before, in one pass over it.

        Args:
            file: a regular file.
            on_bytes: told how many bytes more are done.

        Returns:
            Its SHA-256 and its size in bytes.

        Raises:
            ArtifactError: the file cannot be read, or the folder not be written to.
            StorageFullError: there is no room for it.
        """
        with opened_file(file) as source:
            self.check_room(os.fstat(source.fileno()).st_size)
            with self._new_file() as target:
                digest = hashlib.sha256()
                for piece in pieces_of(source):
                    digest.update(piece)
                    target.write(piece)
                    on_bytes(len(piece))
                size_bytes = target.tell()
                if self.size_bytes(digest.hexdigest()) == size_bytes:
                    self.renew(digest.hexdigest())
                else:
                    self._publish(target, digest.hexdigest(), durable=True)
        return digest.hexdigest(), size_bytes

    def fill(
        self,
        sha256: str,
        pieces: Iterable[bytes | memoryview],
        on_bytes: OnBytes = ignore,
        *,
        durable: bool = True,
    ) -> str:
        """Write a blob from its bytes, and show it if they are what they must be.

        Args:
            sha256: what they must be.
            pieces: the bytes.
            on_bytes: told how many bytes more are done.
            durable: wait for the disk; not worth it for what can be fetched again.

        Returns:
            Their SHA-256; if it is another, nothing was kept.

        Raises:
            StorageFullError: there is no room.
            ArtifactError: the folder cannot be written to.
        """
        digest = hashlib.sha256()
        with self._new_file() as target:
            for piece in pieces:
                digest.update(piece)
                target.write(piece)
                on_bytes(len(piece))
            if digest.hexdigest() == sha256:
                self._publish(target, sha256, durable=durable)
        return digest.hexdigest()

    def adopt(self, sha256: str, file: Path) -> None:
        """Take a file over, whose content was checked and is on the disk; it must be on the same disk.

        Raises:
            ArtifactError: it cannot be moved.
        """
        with translated(self.folder):
            file.chmod(_READ_ONLY)
            self._rename(file, sha256)

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """As :meth:`BlobStore.read`."""
        try:
            with self.file_of(sha256).open("rb", buffering=0) as opened:
                opened.seek(start)
                for piece in pieces_of(opened, None if end is None else max(0, end - start)):
                    yield bytes(piece)
        except FileNotFoundError:
            raise ArtifactError(f"there is no blob {sha256} in {self.folder}") from None
        except OSError as fault:
            raise ArtifactError(f"cannot read blob {sha256}: {fault.strerror or fault}") from fault

    def renew(self, sha256: str) -> None:
        """Note that a blob is being logged again: it must not be taken for one that nobody has."""
        with suppress(OSError):
            os.utime(self.file_of(sha256))

    def blobs(self) -> Iterator[Blob]:
        """All blobs, in no order."""
        with translated(self.folder):
            for file in (self.folder / "sha256").glob("??/*"):
                with suppress(FileNotFoundError):
                    status = file.stat()
                    yield Blob(file.name, status.st_size, status.st_mtime)

    def forget(self, sha256: str, *, unless_since_s: float | None = None) -> None:
        """Remove a blob; one that is not there is no error, one that came since an instant stays."""
        with translated(self.folder), suppress(FileNotFoundError):
            file = self.file_of(sha256)
            if unless_since_s is None or file.stat().st_mtime < unless_since_s:
                file.unlink()

    def check_room(self, size_bytes: int) -> None:
        """Refuse early what will not fit.

        Raises:
            StorageFullError: less than the file's size and what must stay free is free.
        """
        place = next(path for path in (self.folder, *self.folder.absolute().parents) if path.exists())
        free_bytes = shutil.disk_usage(place).free
        if free_bytes < size_bytes + self._min_free_bytes:
            keep = f", and {self._min_free_bytes} must stay free" if self._min_free_bytes else ""
            raise StorageFullError(
                f"there is no room in {self.folder}: {size_bytes} bytes are needed, {free_bytes} are "
                f"free{keep}. Free some, or store elsewhere"
            )

    @contextmanager
    def _new_file(self) -> Iterator[FileIO]:
        """A file to write to; gone afterwards unless it was published."""
        beside = self.folder / "writing"
        with translated(self.folder):
            beside.mkdir(parents=True, exist_ok=True)
            sweep(beside)
            descriptor, name = tempfile.mkstemp(dir=beside)
            os.close(descriptor)
            try:
                with Path(name).open("wb", buffering=0) as target:
                    yield target
            finally:
                Path(name).unlink(missing_ok=True)

    def _publish(self, target: FileIO, sha256: str, *, durable: bool) -> None:
        if durable:
            os.fsync(target.fileno())
        file = Path(str(target.name))
        file.chmod(_READ_ONLY)
        self._rename(file, sha256, durable=durable)

    def _rename(self, file: Path, sha256: str, *, durable: bool = True) -> None:
        place = self.file_of(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
        for folder in (place.parent, place.parent.parent, self.folder) if durable else ():
            sync_folder(folder)


def sweep(folder: Path) -> None:
    """Remove what killed processes left half written."""
    too_old = time.time() - STALE_AFTER_S
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.stat().st_mtime < too_old:
                    Path(entry.path).unlink()


@contextmanager
def opened_file(file: Path) -> Iterator[BinaryIO]:
    """A file of the user's, to be read.

    Raises:
        ArtifactError: it cannot be opened.
    """
    try:
        opened = file.open("rb", buffering=0)
    except OSError as fault:
        raise unreadable(file, fault) from fault
    with opened:
        yield opened


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Say in our own words what is wrong with a folder.

    Raises:
        StorageFullError: the disk, a quota, or the largest size of a file is reached.
        ArtifactError: anything else.
    """
    try:
        yield
    except OSError as fault:
        if fault.errno in _FULL:
            raise StorageFullError(f"there is no room in {folder}: {fault.strerror}. Free some") from fault
        raise ArtifactError(f"cannot write to {folder}: {fault.strerror or fault}") from fault


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    with suppress(OSError):  # Windows opens no folder; some network file systems sync none
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
