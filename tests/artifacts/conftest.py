"""Stores of every kind, empty, and nothing of the environment."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from spanfold.artifacts._http import HttpStore
from spanfold.artifacts._local import LocalStore
from spanfold.artifacts._remote import RemoteStore
from spanfold_query_api.artifact_uploads import ArtifactSettings
from tests.artifacts.server import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spanfold.artifacts._blobs import BlobStore


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in list(os.environ):
        if variable.startswith(("OTEL_", "SPANFOLD_", "MLFLOW_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SPANFOLD_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(params=["folder", "memory", "fsspec folder", "http", "http to memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlobStore]:
    place, url = tmp_path / "store", f"memory://{uuid.uuid4().hex}"
    if request.param == "folder":
        yield LocalStore(place)
    elif request.param == "memory":
        yield RemoteStore(url)
    elif request.param == "fsspec folder":
        yield RemoteStore(f"local://{place}")
    else:
        settings = ArtifactSettings(
            place=url if "memory" in request.param else str(place), staging=tmp_path / "staging"
        )
        with running(settings) as address:
            # Small parts: so every test of more than a few bytes sends several.
            http = HttpStore(address, part_bytes=100_000, patience_s=10)
            yield http
            http.close()
