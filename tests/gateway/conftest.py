"""A provider and a collector, each on a socket of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gateway import served
from tests.providers import server as providers
from tests.sdk import otlp_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.server import Provider
    from tests.sdk.otlp_receiver import Server


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A model provider that speaks OpenAI's and Anthropic's protocols."""
    with providers.running() as running:
        yield running


@pytest.fixture
def collector() -> Iterator[Server]:
    """A collector that keeps what it is sent."""
    with otlp_receiver.running() as running:
        yield running


@pytest.fixture
def gateway(
    tmp_path: Path, provider: Provider, collector: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[served.Served]:
    """A gateway with an endpoint of each type, whose spans go to the collector at once."""
    monkeypatch.setenv("GATEWAY_TEST_KEY", served.KEY)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    with served.served(served.all_kinds(tmp_path, provider), collector) as running:
        yield running
