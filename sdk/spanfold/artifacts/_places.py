"""Which store a URL or a setting means."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from spanfold._internal import setup
from spanfold.artifacts._http import HttpStore
from spanfold.artifacts._local import LocalStore
from spanfold.artifacts._remote import RemoteStore
from spanfold.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold.artifacts._blobs import BlobStore

VARIABLE: Final = "SPANFOLD_ARTIFACTS"


def open_store(place: str, *, min_free_bytes: int = 0) -> LocalStore | RemoteStore:
    """The store in a folder, or at an fsspec URL.

    Args:
        place: a folder, ``file:///folder``, or a URL such as ``s3://bucket/models``.
        min_free_bytes: what must stay free on the disk of a folder.

    Raises:
        ArtifactError: nothing can be stored there, or the library for it is not installed.

    Example:
        >>> open_store("file:///tmp/models").file_of("0" * 64).parts[:3]  # doctest: +SKIP
        ('/', 'tmp', 'models')
    """
    parts = urlsplit(place)
    if "://" not in place:
        if not place.strip():
            raise ArtifactError(
                "the place of artifacts is empty: name a folder, or a URL such as s3://bucket/x"
            )
        return LocalStore(Path(place).expanduser(), min_free_bytes=min_free_bytes)
    if parts.scheme == "file":
        return LocalStore(Path(unquote(parts.netloc + parts.path)), min_free_bytes=min_free_bytes)
    return RemoteStore(place)


@contextmanager
def configured_store() -> Iterator[BlobStore]:
    """Where this application keeps bytes: ``SPANFOLD_ARTIFACTS``, else the query API.

    Raises:
        ArtifactError: the variable names no place.
        ServerUnavailableError: nobody is to be asked, as under :func:`spanfold.testing.capture`.
    """
    from spanfold._internal import reading  # noqa: PLC0415 - not where a folder is named

    if place := os.environ.get(VARIABLE, "").strip():
        setup.ready()
        yield open_store(place)
        return
    store = HttpStore(reading.query_api().address)
    try:
        yield store
    finally:
        store.close()
