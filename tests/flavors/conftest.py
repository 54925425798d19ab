"""Providers on loopback, and models that are written to a folder and loaded from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold import pyfunc, testing
from tests.providers.clouds import Clouds, running_clouds
from tests.providers.server import Provider, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from spanfold.testing import Captured

QUESTION: list[Any] = [
    {"role": "system", "content": "Answer the following question in two sentences"},
    {"role": "user", "content": "{question}"},
]


@pytest.fixture(scope="session")
def the_provider() -> Iterator[Provider]:
    with running() as one:
        yield one


@pytest.fixture(scope="session")
def the_clouds() -> Iterator[Clouds]:
    with running_clouds() as one:
        yield one


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and addresses of the machine would lead to real providers."""
    for name in ("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "AWS_"):
        for suffix in ("API_KEY", "BASE_URL", "AUTH_TOKEN", "PROFILE", "REGION", "OPEN_TELEMETRY"):
            monkeypatch.delenv(f"{name}{suffix}", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("SPANFOLD_DEVICE", "cpu")


@pytest.fixture
def provider(the_provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """OpenAI and Anthropic, which the client libraries of this process talk to."""
    for name, value in the_provider.environment.items():
        monkeypatch.setenv(name, value)
    the_provider.exchanges.clear()
    return the_provider


@pytest.fixture
def clouds(the_clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> Clouds:
    """Google and Bedrock, likewise."""
    for name, value in the_clouds.environment.items():
        monkeypatch.setenv(name, value)
    the_clouds.exchanges.clear()
    return the_clouds


@pytest.fixture(autouse=True)
def captured() -> Iterator[Captured]:
    """What is recorded; faults of the SDK are raised."""
    with testing.raise_faults(), testing.capture() as one:
        yield one


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., pyfunc.PyFuncModel]:
    """Saves a model by a flavor, and loads it from its folder: ``loaded(openai, "gpt-4o", task)``."""
    folder = tmp_path / "model"

    def save_and_load(flavor: Any, model: Any, *arguments: Any, **named: Any) -> pyfunc.PyFuncModel:
        flavor.save_model(model, *arguments, path=folder, **named)
        return pyfunc.load_model(folder)

    return save_and_load
