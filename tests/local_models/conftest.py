"""Models for all tests here, made once; and nothing that the machine has configured."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers.utils import logging

from spanfold.metrics import _torch
from tests.local_models import _models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRANCE = _models.chat_text([{"role": "user", "content": "What is the capital of France?"}])
JAPAN = _models.chat_text(
    [
        {"role": "system", "content": "You are asked about capitals. Answer in one word, and in JSON."},
        {"role": "user", "content": "What is the capital of Japan, please, if you happen to know it?"},
    ]
)


@contextmanager
def few_threads() -> Iterator[None]:
    """Threads only cost on models this small, and no bars on the terminal."""
    bars: Any = logging
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    bars.disable_progress_bar()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        bars.enable_progress_bar()


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    with few_threads():
        yield


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine's own device and models would be others than the tests expect."""
    for name in ("DEVICE", "TOXICITY_MODEL", "EMBEDDING_MODEL", "TRUST_REMOTE_CODE"):
        monkeypatch.delenv(f"SPANFOLD_{name}", raising=False)
    monkeypatch.setenv("SPANFOLD_DEVICE", "cpu")
    monkeypatch.setattr(_torch, "_loaded", type(_torch._loaded)())


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _models.classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _models.encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It knows two capitals, and reads and writes 160 tokens together."""
    answers = [(FRANCE, '{"capital": "Paris"}'), (JAPAN, '{"capital": "Tokyo"}')]
    return _models.causal(tmp_path_factory.mktemp("causal"), answers, positions=160)
