"""Blobs: the bytes of files, each under the SHA-256 of its content. Equal files are one blob.

A blob never changes. So it can be fetched from anywhere and kept anywhere: whoever reads it can tell whether
it is what was stored.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from spanfold.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    OnBytes = Callable[[int], object]

PIECE_BYTES: Final = 2**20
"""How much of a file is in memory at one time."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class BlobStore(Protocol):
    """Where blobs are kept. Any number of threads and processes may use one place at the same time."""

    def size_bytes(self, sha256: str) -> int | None:
        """The size of a blob; None if it is not there.

        Raises:
            ArtifactError: the place cannot be read.
            ServerUnavailableError: it does not answer.
        """
        ...

    def put(self, sha256: str, file: Path, on_bytes: OnBytes = ...) -> None:
        """Keep the content of a file; when this returns, it is there for good.

        Nobody sees a part of it, and what an earlier call left unfinished is no obstacle. Costs little if the
        blob is there already.

        Args:
            sha256: of the content, as :func:`digest_of` gives it.
            file: a regular file.
            on_bytes: told how many bytes more are done.

        Raises:
            ArtifactError: the file cannot be read, or has another content by now, or the place refuses it.
            StorageFullError: there is no room for it.
            ServerUnavailableError: the place did not answer for too long. The same call goes on later.
        """
        ...

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a blob from ``start`` to before ``end``, in pieces of :data:`PIECE_BYTES` at most.

        They are not checked: whoever reads a whole blob compares its hash.

        Raises:
            ArtifactError: there is no such blob, or it cannot be read.
            ServerUnavailableError: the place did not answer for too long.
        """
        ...


@dataclass(frozen=True, slots=True)
class Blob:
    """What a store tells of a blob."""

    sha256: str
    size_bytes: int
    modified_s: float
    """When it came, or was logged again, in seconds since 1970."""


def ignore(_: int) -> None:
    """For whom progress does not matter."""


def check_digest(sha256: str) -> str:
    """Return ``sha256`` if it is one: 64 hexadecimal digits in lower case.

    Raises:
        ArtifactError: it is not.
    """
    if not _SHA256.fullmatch(sha256):
        raise ArtifactError(f"{sha256[:80]!r} is no SHA-256: write 64 hexadecimal digits in lower case")
    return sha256


def place_of(sha256: str) -> str:
    """Where a blob is inside its store, as a path with slashes.

    Example:
        >>> place_of("ab" + "0" * 62)[:20]
        'sha256/ab/ab00000000'
    """
    check_digest(sha256)
    return f"sha256/{sha256[:2]}/{sha256}"


def digest_of(file: Path, on_bytes: OnBytes = ignore) -> tuple[str, int]:
    """The SHA-256 of a file's content, and its size in bytes.

    Raises:
        ArtifactError: it cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "empty")
        ...     file.touch()
        ...     digest_of(file)[0][:8]
        'e3b0c442'
    """
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with file.open("rb", buffering=0) as opened:
            for piece in pieces_of(opened):
                digest.update(piece)
                size_bytes += len(piece)
                on_bytes(len(piece))
    except OSError as fault:
        raise unreadable(file, fault) from fault
    return digest.hexdigest(), size_bytes


def pieces_of(opened: BinaryIO, limit: int | None = None) -> Iterator[memoryview]:
    """What is left in an open file, or ``limit`` bytes of it. A piece holds until the next is asked for."""
    buffer = memoryview(bytearray(PIECE_BYTES))
    left = limit
    while left is None or left > 0:
        size = opened.readinto(buffer if left is None else buffer[:left])  # type: ignore[attr-defined]
        if not size:
            return
        yield buffer[:size]
        left = None if left is None else left - size


def unreadable(file: Path, fault: OSError) -> ArtifactError:
    """A file of the user's cannot be read."""
    return ArtifactError(f"cannot read {file}: {fault.strerror or fault}")


def changed(what: object, expected: str, found: str) -> ArtifactError:
    """A file is not what it was hashed as."""
    return ArtifactError(
        f"{what} was changed while it was stored: its SHA-256 was {expected}, and is {found} now. "
        "Store it again when nothing writes to it"
    )


def damaged(what: object, expected: str, found: str) -> ArtifactError:
    """A blob is not what was stored."""
    return ArtifactError(
        f"{what} is damaged: its SHA-256 is {found}, and was {expected} when it was logged. "
        "On the server, `spanfold artifacts verify --remove` takes damaged files out; then log it again"
    )
