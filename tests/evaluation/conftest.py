"""A real server, all in one, that the tests of evaluations of traces share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import spanfold
from tests.deploy.processes import FREE_PORTS, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server; this process sends to it and asks it."""
    with serving("serve", tmp_path_factory.mktemp("evaluation") / "data", *FREE_PORTS) as started:
        spanfold.shutdown()
        spanfold.configure(
            endpoint=started.ready["api_url"],
            otlp_endpoint=started.ready["otlp_http_endpoint"],
            service_name="test",
        )
        yield started
        spanfold.shutdown()


@pytest.fixture
def otlp(server: Server) -> str:
    """The collector's address."""
    return str(server.ready["otlp_http_endpoint"])


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFOLD_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
