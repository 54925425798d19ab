"""A real server for all tests here, and the SDK of this process configured to use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import spanfold
from tests.deploy.processes import FREE_PORTS, Server, serving
from tests.sdk.conftest import _clean, captured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["_clean", "captured"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Collector, database, files and query API in a process of their own."""
    with serving("serve", tmp_path_factory.mktemp("stack") / "data", *FREE_PORTS) as running:
        yield running


@pytest.fixture
def connected(stack: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """The SDK here sends to the stack, and keeps fetched files in a cache of this test."""
    monkeypatch.setenv("SPANFOLD_CACHE_DIR", str(tmp_path / "cache"))
    spanfold.shutdown()
    spanfold.configure(endpoint=stack.ready["api_url"], otlp_endpoint=stack.ready["otlp_http_endpoint"])
    yield stack
    assert spanfold.shutdown()
