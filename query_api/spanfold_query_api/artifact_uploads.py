"""Uploads of blobs: parts are appended to a file of their own, until the whole has the hash it must have.

A part is on the disk before it is answered, so whoever was cut off, by a fault of the client, of the network
or of this server, goes on from there. One upload of a blob writes at a time, whatever process serves it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import threading
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.artifacts._blobs import check_digest, pieces_of
from spanfold.artifacts._local import LocalStore, sweep
from spanfold.artifacts._places import open_store
from spanfold.errors import ArtifactError, StorageFullError
from spanfold_query_api.problems import ProblemError, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold.artifacts._remote import RemoteStore

MAX_ARTIFACT_BYTES: Final = 100 * 2**30
MAX_UPLOADS: Final = 16
"""Parts that are taken at one time: each holds some MiB and a thread now and then."""
MAX_REMEMBERED: Final = 256
"""Uploads whose hash so far is known; that of others is computed again from what is there."""
_RUNNING: Final = "another upload of this file is running: it will be here in a moment"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class ArtifactSettings:
    """Where artifacts are kept, and how much of them."""

    place: str = "spanfold-artifacts"
    """A folder, or an fsspec URL."""
    staging: Path | None = None
    """Where uploads grow; by default ``uploads`` in the folder."""
    max_artifact_bytes: int = MAX_ARTIFACT_BYTES
    """The largest file."""
    min_free_disk_bytes: int = 0
    """Free disk below which uploads are refused."""


class Artifacts:
    """The blobs of this server: those that are whole, and those that are on their way. For threads."""

    def __init__(self, settings: ArtifactSettings) -> None:
        """Open the store; a folder is made when the first blob comes.

        Raises:
            ArtifactError: nothing can be stored there, or the library for it is not installed.
        """
        self.settings: Final = settings
        self.store: Final[LocalStore | RemoteStore] = open_store(settings.place)
        self._staging: Final = _staging_of(settings, self.store)
        self._hashes: Final = OrderedDict[str, tuple[int, Any]]()
        self._lock: Final = threading.Lock()
        self._free: Final = threading.Semaphore(MAX_UPLOADS)

    def state(self, sha256: str, *, is_logged: bool = False) -> tuple[int, bool]:
        """How many bytes of a blob are here for good, and whether that is all.

        Args:
            sha256: the blob.
            is_logged: somebody is about to log it: `spanfold artifacts gc` leaves it for some time.

        Raises:
            ProblemError: this is no hash, or the store cannot be read.
        """
        with told():
            whole = self.store.size_bytes(check_digest(sha256))
        if whole is not None:
            if is_logged and isinstance(self.store, LocalStore):
                self.store.renew(sha256)
            return whole, True
        try:
            return self._file(sha256).stat().st_size, False
        except FileNotFoundError:
            return 0, False

    @contextmanager
    def upload(self, sha256: str, offset: int, length: int) -> Iterator[Upload | None]:
        """Take a part of a blob; None if the blob is here already.

        Args:
            sha256: of the whole blob.
            offset: of the part's first byte: as many as are here.
            length: of the whole blob.

        Raises:
            ProblemError: the offset is another, another upload of the blob is at it, there is no room, or the
                file is larger than may be.
        """
        with told():
            check_digest(sha256)
        if length > self.settings.max_artifact_bytes:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "artifact-too-large",
                f"the file has {length} bytes; at most {self.settings.max_artifact_bytes} are taken: "
                "raise max_artifact_bytes, or split the file",
            )
        if not self._free.acquire(blocking=False):
            raise _busy(f"{MAX_UPLOADS} uploads are running: try again in a moment")
        try:
            if self.state(sha256, is_logged=True)[1]:
                yield None
                return
            with self._opened(sha256) as descriptor:
                have = os.fstat(descriptor).st_size
                if offset != have:
                    raise ProblemError(
                        HTTPStatus.CONFLICT,
                        "offset-mismatch",
                        f"{have} bytes are here, so the next part begins at {have}, not at {offset}",
                        headers={"Upload-Offset": str(have), "Upload-Complete": "?0"},
                    )
                self._check_room(length - have)
                upload = Upload(self, sha256, length, descriptor, self._hash_so_far(sha256, descriptor, have))
                with told():
                    yield upload
        finally:
            self._free.release()

    def finish(self, upload: Upload) -> None:
        """Make a part durable; if it was the last, check the whole and show it.

        Raises:
            ProblemError: the whole has another hash: it is dropped. Or the store refuses it.
        """
        sha256, file = upload.sha256, self._file(upload.sha256)
        with told():
            os.fsync(upload.descriptor)
        if upload.offset < upload.length:
            with self._lock:
                self._hashes[sha256] = (upload.offset, upload.digest)
                while len(self._hashes) > MAX_REMEMBERED:
                    self._hashes.popitem(last=False)
            return
        found = upload.digest.hexdigest()
        if found != sha256:
            file.unlink(missing_ok=True)
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "digest-mismatch",
                f"what was sent has the SHA-256 {found}, not {sha256}: it was dropped. "
                "Was the file changed meanwhile?",
            )
        with told():
            self.store.adopt(sha256, file)

    def _file(self, sha256: str) -> Path:
        return self._staging / sha256

    @contextmanager
    def _opened(self, sha256: str) -> Iterator[int]:
        """The file that grows, open for appending, by nobody else."""
        with told():
            self._staging.mkdir(parents=True, exist_ok=True)
            sweep(self._staging)
            descriptor = os.open(self._file(sha256), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy(_RUNNING) from None
            if not _is_still(self._file(sha256), descriptor):  # published or dropped before the lock was ours
                raise _busy(_RUNNING)
            yield descriptor
        finally:
            os.close(descriptor)

    def _hash_so_far(self, sha256: str, descriptor: int, have: int) -> Any:
        with self._lock:
            known, digest = self._hashes.pop(sha256, (0, hashlib.sha256()))
        if known == have:
            return digest
        digest = hashlib.sha256()
        with os.fdopen(os.dup(descriptor), "rb", buffering=0) as opened:
            opened.seek(0)
            for piece in pieces_of(opened, have):
                digest.update(piece)
        return digest

    def _check_room(self, needed_bytes: int) -> None:
        keep = self.settings.min_free_disk_bytes
        free = shutil.disk_usage(self._staging).free
        if free < needed_bytes + keep:
            raise ProblemError(
                HTTPStatus.INSUFFICIENT_STORAGE,
                "insufficient-storage",
                f"{needed_bytes} bytes are needed, {free} are free, and {keep} must stay free "
                "(min_free_disk_bytes): free some, or set artifacts to another place",
            )


class Upload:
    """A part that is being taken."""

    def __init__(self, artifacts: Artifacts, sha256: str, length: int, descriptor: int, digest: Any) -> None:
        self._artifacts: Final = artifacts
        self.sha256: Final = sha256
        self.length: Final = length
        self.descriptor: Final = descriptor
        self.digest: Final = digest
        self.offset = os.fstat(descriptor).st_size

    def write(self, piece: bytes | bytearray) -> None:
        """Append.

        Raises:
            ProblemError: there is no room, or more comes than was announced.
        """
        if piece and self.offset + len(piece) > self.length:
            raise invalid("Upload-Length", f"more than the {self.length} bytes that it announces were sent")
        view = memoryview(piece)
        with told():
            while view:
                written = os.write(self.descriptor, view)
                self.digest.update(view[:written])
                self.offset += written
                view = view[written:]

    def finish(self) -> bool:
        """Make durable what came; whether the blob is whole now. Raises as :meth:`Artifacts.finish`."""
        self._artifacts.finish(self)
        return self.offset == self.length


def _is_still(file: Path, descriptor: int) -> bool:
    """Whether a name still means the open file."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong in the store, as problems.

    Raises:
        ProblemError: instead of it.
    """
    try:
        yield
    except StorageFullError as fault:
        raise _full(str(fault)) from fault
    except ArtifactError as fault:
        raise ProblemError(HTTPStatus.BAD_GATEWAY, "artifact-store-failed", str(fault)) from fault
    except OSError as fault:
        if fault.errno in _FULL:
            raise _full(f"there is no room for artifacts: {fault.strerror}") from fault
        detail = f"the place of artifacts cannot be used: {fault.strerror or fault}"
        raise ProblemError(HTTPStatus.BAD_GATEWAY, "artifact-store-failed", detail) from fault


def _full(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.INSUFFICIENT_STORAGE, "insufficient-storage", detail)


def _busy(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "upload-busy", detail, headers={"Retry-After": "1"})


def _staging_of(settings: ArtifactSettings, store: LocalStore | RemoteStore) -> Path:
    if settings.staging is not None:
        return settings.staging
    return store.folder / "uploads" if isinstance(store, LocalStore) else Path("spanfold-artifact-uploads")
