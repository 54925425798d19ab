"""The SDK of this process, told of a collector and a query API over the embedded engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import spanfold
from spanfold import testing
from spanfold._internal import faults
from spanfold.prompts import _memory
from spanfold_query_api.outgoing import Outgoing
from tests.query_api.conftest import collector_url, database, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

__all__ = ["collector_url", "database"]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in list(os.environ):
        if variable.startswith(("OTEL_", "SPANFOLD_", "MLFLOW_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_memory, "_memory", _memory._Memory())
    monkeypatch.setattr(faults, "_logged", set())
    with testing.raise_faults():
        yield


@pytest.fixture
def api(database: object, collector_url: str) -> Iterator[httpx.Client]:
    """A query API that the SDK asks; gone after the test."""
    spanfold.shutdown()
    outgoing = Outgoing(collector_url)
    with served(database, outgoing=outgoing) as client:  # type: ignore[arg-type]
        spanfold.configure(endpoint=str(client.base_url), otlp_endpoint=collector_url)
        yield client
    assert spanfold.shutdown()
    outgoing.close()
