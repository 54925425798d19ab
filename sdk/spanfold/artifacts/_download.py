"""Files of a model version, fetched, checked, and put into a folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import reading
from spanfold._internal.lookup import path_of
from spanfold.artifacts import _cache
from spanfold.artifacts._blobs import check_digest, damaged, digest_of, pieces_of
from spanfold.artifacts._local import LocalStore, opened_file, translated
from spanfold.artifacts._places import configured_store
from spanfold.artifacts._progress import bar
from spanfold.artifacts._upload import AT_ONE_TIME, check_model_id
from spanfold.artifacts._walk import check_path
from spanfold.errors import ArtifactError, ModelNotFoundError, ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spanfold.artifacts._blobs import BlobStore, OnBytes

_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file of a model version, or a folder of them."""

    path: str
    """Among the version's files, with slashes."""
    is_dir: bool
    file_size: int | None
    """In bytes; None for a folder."""
    sha256: str | None = None
    """Of the content; None for a folder."""


def files_under(model_id: str, path: str = "", *, recursive: bool = False) -> list[FileInfo]:
    """What is in a folder of a model version, in the order of paths; a file is in itself.

    Args:
        model_id: the version.
        path: the folder, or a file; empty for all.
        recursive: all files below it, and no folders.

    Raises:
        ArtifactError: the version has no such path.
        ModelNotFoundError: the server has no version with this ID.
        ServerUnavailableError: the query API gave no usable answer.
    """
    check_model_id(model_id)
    if path:
        check_path(path)
    query_api = reading.query_api()
    found: list[FileInfo] = []
    token: str | None = None
    while True:
        answer = query_api.get(
            path_of("models", model_id, "artifacts"),
            path=path or None,
            recursive=recursive,
            limit=_PAGE,
            page_token=token,
        )
        if answer is None:
            if query_api.get(path_of("models", model_id)) is None:
                raise ModelNotFoundError(model_id)
            raise ArtifactError(f"model {model_id} has no file or folder {path!r}: see list_artifacts()")
        try:
            found += [_info(item) for item in answer["artifacts"]]
            token = answer["next_page_token"]
        except (KeyError, TypeError) as fault:
            message = f"the query API at {query_api.address} answered no list of files: {fault!r}"
            raise ServerUnavailableError(message) from fault
        if token is None:
            return found


def download(
    model_id: str, folder: Path | None = None, path: str = "", *, show_progress: bool = True
) -> Path:
    """Fetch files of a model version. Every file's hash is checked, also of those that were here already.

    What was fetched before is not fetched again: blobs stay in ``artifacts`` of the user's folder for caches
    (``SPANFOLD_CACHE_DIR``), up to ``SPANFOLD_ARTIFACT_CACHE_MAX_BYTES`` (50 GiB).

    Args:
        model_id: the version.
        folder: where to put copies; by default a folder of the cache, whose files are links to its blobs: do
            not change them.
        path: a file or folder of the version; empty for all.
        show_progress: with a bar, at a terminal.

    Returns:
        Where ``path`` is now.

    Raises:
        ArtifactError: there is no such file, or what is stored is not what was logged; nothing of it is used.
        StorageFullError: there is no room here.
        ModelNotFoundError: the server has no version with this ID.
        ServerUnavailableError: the query API or the store did not answer for too long.

    Example:
        >>> download("m-0123...", path="MLmodel").read_text()  # doctest: +SKIP
        'flavors: ...'
    """
    files = files_under(model_id, path, recursive=True)
    if not files:
        raise ArtifactError(f"model {model_id} has no files: log some with spanfold.log_artifacts()")
    cache = _cache.Cache()
    copies = folder is not None
    target = cache.folder_of(model_id) if folder is None else folder.absolute()
    with translated(target):
        target.mkdir(parents=True, exist_ok=True)
    total_bytes = sum(item.file_size or 0 for item in files)
    with (
        configured_store() as store,
        bar("fetch artifacts", total_bytes, wanted=show_progress) as tell,
        ThreadPoolExecutor(AT_ONE_TIME, "spanfold-artifacts") as threads,
    ):
        fetch = _Fetch(store, cache.blobs, target.resolve(), tell, copies=copies)
        jobs = [threads.submit(fetch, item) for item in files]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    cache.prune(target, [item.sha256 or "" for item in files])
    return target / path


@dataclass(frozen=True, slots=True)
class _Fetch:
    """Brings one file to its place."""

    store: BlobStore
    blobs: LocalStore
    target: Path
    tell: OnBytes
    copies: bool

    def __call__(self, item: FileInfo) -> None:
        sha256, size_bytes = check_digest(item.sha256 or ""), item.file_size or 0
        is_checked = False
        if not self._is_cached(sha256, size_bytes):
            self.blobs.check_room(size_bytes)
            found = self.blobs.fill(sha256, self.store.read(sha256), self.tell, durable=False)
            if found != sha256:
                raise damaged(f"what is stored of {item.path}", sha256, found)
            is_checked = True
        else:
            self.tell(size_bytes)
        with translated(self.target):
            place = self._place(item.path)
            if not is_checked and self.copies:
                self._copy_checked(item, place)
            elif self.copies:
                _put(place, place.parent, lambda beside: _copy(self.blobs.file_of(sha256), beside))
            else:
                self._link(self.blobs.file_of(sha256), place)

    def _is_cached(self, sha256: str, size_bytes: int) -> bool:
        """Whether the cache has the blob, undamaged. A copy is checked when it is made."""
        if self.blobs.size_bytes(sha256) != size_bytes:
            return False
        if self.copies or digest_of(self.blobs.file_of(sha256))[0] == sha256:
            return True
        self.blobs.forget(sha256)
        return False

    def _copy_checked(self, item: FileInfo, place: Path) -> None:
        """Copy a blob of the cache; fetch it again if it is damaged."""
        sha256 = item.sha256 or ""
        digest = hashlib.sha256()

        def copy(beside: Path) -> None:
            with opened_file(self.blobs.file_of(sha256)) as source, beside.open("wb", buffering=0) as target:
                for piece in pieces_of(source):
                    digest.update(piece)
                    target.write(piece)
            if digest.hexdigest() != sha256:
                raise _DamagedError

        try:
            _put(place, place.parent, copy)
        except _DamagedError:
            self.blobs.forget(sha256)
            self(item)

    def _link(self, blob: Path, place: Path) -> None:
        """Link a blob into a folder of the cache, in which other processes may look at this moment."""
        if place.exists() and place.samefile(blob):
            return
        beside = self.blobs.folder / "writing"
        beside.mkdir(parents=True, exist_ok=True)
        _put(place, beside, lambda made: _link(blob, made))

    def _place(self, path: str) -> Path:
        """Where a file goes: inside the target, whatever links are there."""
        place = self.target / check_path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.parent.resolve().is_relative_to(self.target):
            raise ArtifactError(f"{place} would be outside of {self.target}: remove the link to there")
        if place.is_dir():
            raise ArtifactError(f"{place} is a folder, and a file of that name is to be put there: remove it")
        return place


class _DamagedError(Exception):
    """A blob of the cache is not what it was."""


def _put(place: Path, folder: Path, make: Callable[[Path], object]) -> None:
    """Make a file in a folder of the same disk, and rename it: nobody sees a part of it."""
    beside = folder / f".{uuid.uuid4().hex}.part"
    try:
        make(beside)
        beside.replace(place)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _copy(blob: Path, place: Path) -> None:
    shutil.copyfile(blob, place)


def _link(blob: Path, place: Path) -> None:
    try:
        os.link(blob, place)
    except OSError:  # another file system, or one without links
        shutil.copyfile(blob, place)


def _info(item: dict[str, Any]) -> FileInfo:
    return FileInfo(check_path(item["path"]), item["is_dir"], item["size_bytes"], item["sha256"])
