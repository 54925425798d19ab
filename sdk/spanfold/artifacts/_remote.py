"""Blobs wherever fsspec reaches: S3, GCS, Azure, memory, ..., each through its own library."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from spanfold.artifacts._blobs import PIECE_BYTES, Blob, changed, check_digest, ignore, pieces_of, place_of
from spanfold.artifacts._local import opened_file
from spanfold.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spanfold.artifacts._blobs import OnBytes


class RemoteStore:
    """Blobs under one URL. Credentials, retries and timeouts are those of the file system's own library.

    Example:
        >>> RemoteStore("memory://doctest").size_bytes("0" * 64) is None
        True
    """

    def __init__(self, url: str) -> None:
        """Connect.

        Args:
            url: such as ``s3://bucket/models``.

        Raises:
            ArtifactError: fsspec, or the library for this kind of URL, is not installed, or refuses the URL.
        """
        try:
            import fsspec  # noqa: PLC0415 - needed where blobs are stored remotely
        except ImportError:
            raise ArtifactError(f"{url} needs fsspec: pip install 'spanfold[models]'") from None
        try:
            self._files, self._root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as fault:
            raise ArtifactError(f"cannot store artifacts at {url}: {fault}") from fault
        self._url: Final = url

    def size_bytes(self, sha256: str) -> int | None:
        """As :meth:`BlobStore.size_bytes`."""
        with self._translated():
            try:
                return int(self._files.info(self._path(sha256))["size"])
            except FileNotFoundError:
                return None

    def put(self, sha256: str, file: Path, on_bytes: OnBytes = ignore) -> None:
        """As :meth:`BlobStore.put`."""
        with opened_file(file) as source, self._translated():
            size_bytes = file.stat().st_size
            if self.size_bytes(sha256) == size_bytes:
                on_bytes(size_bytes)
                return
            path, digest = self._path(sha256), hashlib.sha256()
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self._files.open(path, "wb", autocommit=False) as target:
                for piece in pieces_of(source):
                    digest.update(piece)
                    target.write(bytes(piece))
                    on_bytes(len(piece))
            if digest.hexdigest() == sha256:
                target.commit()
                return
            target.discard()
            with suppress(OSError):  # a file system without transactions shows it already
                self._files.rm_file(path)
            raise changed(file, sha256, digest.hexdigest())

    def adopt(self, sha256: str, file: Path) -> None:
        """Store a file, and remove it. Raises as :meth:`put`."""
        self.put(sha256, file)
        file.unlink(missing_ok=True)

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """As :meth:`BlobStore.read`."""
        with self._translated():
            try:
                opened = self._files.open(self._path(sha256), "rb")
            except FileNotFoundError:
                raise ArtifactError(f"there is no blob {sha256} at {self._url}") from None
            with opened:
                opened.seek(start)
                left = None if end is None else end - start
                while left is None or left > 0:
                    piece = opened.read(PIECE_BYTES if left is None else min(PIECE_BYTES, left))
                    if not piece:
                        return
                    yield bytes(piece)
                    left = None if left is None else left - len(piece)

    def blobs(self) -> Iterator[Blob]:
        """All blobs, in no order."""
        with self._translated():
            try:
                found = self._files.find(f"{self._root.rstrip('/')}/sha256", detail=True)
            except FileNotFoundError:
                return
            for path, info in found.items():
                yield Blob(path.rpartition("/")[2], int(info["size"]), self._modified_s(path))

    def forget(self, sha256: str, *, unless_since_s: float | None = None) -> None:
        """Remove a blob; one that is not there is no error, one that came since an instant stays."""
        with self._translated(), suppress(FileNotFoundError):
            path = self._path(sha256)
            if unless_since_s is None or self._modified_s(path) < unless_since_s:
                self._files.rm_file(path)

    def _modified_s(self, path: str) -> float:
        return float(self._files.modified(path).timestamp())

    def _path(self, sha256: str) -> str:
        return f"{self._root.rstrip('/')}/{place_of(check_digest(sha256))}"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Libraries of file systems raise what they like: what we did not raise ourselves is theirs."""
        try:
            yield
        except ArtifactError:
            raise
        except Exception as fault:
            raise ArtifactError(f"the store at {self._url} failed: {_said(fault)}") from fault


def _said(fault: Any) -> str:
    return f"{type(fault).__name__}: {fault}"[:500]
