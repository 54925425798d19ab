"""A provider on a free port, and an environment that knows no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.providers import server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.server import Provider


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    with server.running() as one:
        for name, value in one.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("SPANFOLD_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setenv("SPANFOLD_DEPLOYMENTS_TARGET", f"{one.address}/v1")
        monkeypatch.delenv("SPANFOLD_JUDGE_MODEL", raising=False)
        yield one
