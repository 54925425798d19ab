"""Logs files: their bytes into the store, then the event that says which files a model version has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import runtime
from spanfold.artifacts._blobs import digest_of
from spanfold.artifacts._local import LocalStore
from spanfold.artifacts._places import configured_store
from spanfold.artifacts._progress import bar
from spanfold.artifacts._walk import files_of
from spanfold.errors import ArtifactError
from spanfold_schemas import keys
from spanfold_schemas.checks import MAX_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from spanfold.artifacts._blobs import BlobStore, OnBytes
    from spanfold.artifacts._walk import Found

AT_ONE_TIME: Final = 4
"""Files that are hashed or on their way."""


def upload_folder(model_id: str, folder: Path, *, show_progress: bool = True) -> None:
    """Log all files of a folder as those of a model version; returns when they are there for good.

    Each file is hashed, and what the store has already is not sent again. The event that tells of the files
    follows when all of them are stored: readers see all or none. Killed at any point, the same call goes on
    where it ended. Files of the same paths are replaced, others stay.

    Args:
        model_id: the version.
        folder: its files, and those of the folders in it, become the version's. Links must not leave it.
        show_progress: with a bar, at a terminal.

    Raises:
        ArtifactError: a file cannot be logged; the message names it.
        StorageFullError: there is no room in the store.
        ServerUnavailableError: the query API or the collector did not take something for too long.

    Example:
        >>> upload_folder("m-0123...", Path("model"))  # doctest: +SKIP
    """
    upload_files(model_id, files_of(folder), show_progress=show_progress)


def upload_files(model_id: str, files: Sequence[Found], *, show_progress: bool) -> None:
    """As :func:`upload_folder`, with the files found already."""
    check_model_id(model_id)
    total_bytes = sum(found.size_bytes for found in files)
    # Each byte counts twice: it is hashed, and it is stored.
    with (
        configured_store() as store,
        bar("log artifacts", 2 * total_bytes, wanted=show_progress) as tell,
        ThreadPoolExecutor(AT_ONE_TIME, "spanfold-artifacts") as threads,
    ):
        jobs = [threads.submit(_store, store, found, tell) for found in files]
        try:
            stored = {found.path: job.result() for found, job in zip(files, jobs, strict=True)}
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    _tell(model_id, stored)


def check_model_id(model_id: str) -> None:
    """Refuse what cannot be a model version with files.

    Raises:
        ArtifactError: it is empty, or has a slash: paths of files follow the ID.
    """
    if not model_id.strip() or "/" in model_id or model_id in {".", ".."}:
        raise ArtifactError(f"model_id: {model_id!r} is no ID of a logged model: write m-...")


def _store(store: BlobStore, found: Found, tell: OnBytes) -> dict[str, Any]:
    if isinstance(store, LocalStore):
        sha256, size_bytes = store.add(found.file, lambda count: tell(2 * count))
    else:
        sha256, size_bytes = digest_of(found.file, tell)
        store.put(sha256, found.file, tell)
    return {"sha256": sha256, "size_bytes": size_bytes}


def _tell(model_id: str, stored: dict[str, dict[str, Any]]) -> None:
    """Say which files the version has; returns once the collector has that for good."""
    from spanfold.evaluation._sender import EventSender, entity_event  # noqa: PLC0415 - slow to import

    events = [
        entity_event(
            keys.MODEL_ARTIFACTS_LOGGED,
            model_id,
            {"artifacts": {path: stored[path] for path in paths}},
            actor=runtime.current().actor,
        )
        for paths in _batches(sorted(stored))
    ]
    with closing(EventSender()) as sender:
        sender.send(events)


def _batches(paths: list[str]) -> Iterator[list[str]]:
    """As many as one event may name."""
    for start in range(0, len(paths), MAX_ENTRIES):
        yield paths[start : start + MAX_ENTRIES]
