"""The SDK under test: nothing from the environment, no fault swallowed, state of its own for each test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

import spanfold
from spanfold import testing
from spanfold._internal import active, active_run, experiment_lookup, resolve
from tests.sdk import otlp_receiver

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class RunScript(Protocol):
    """Runs Python code in a process of its own; it must succeed."""

    def __call__(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in list(os.environ):
        if variable.startswith(("OTEL_", "SPANFOLD_", "MLFLOW_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    memory, process = resolve.replace_memory(), active.swap_process()
    known, run_process = experiment_lookup.replace_known(), active_run.swap_process()
    noted = active.resume(active.NOTHING)
    with testing.raise_faults():
        yield
    active.suspend(noted)
    active_run.swap_process(run_process)
    experiment_lookup.replace_known(known)
    resolve.replace_memory(memory)
    active.swap_process(*process)


@pytest.fixture
def server() -> Iterator[otlp_receiver.Server]:
    """A collector and query API on loopback, which the SDK of this process is configured to use."""
    spanfold.shutdown()
    with otlp_receiver.running() as running:
        spanfold.configure(endpoint=running.address, otlp_endpoint=running.address)
        yield running
        assert spanfold.shutdown()


@pytest.fixture
def captured() -> Iterator[testing.Captured]:
    """What the SDK would send, in memory."""
    with testing.capture() as recorded:
        yield recorded


@pytest.fixture
def run_script() -> RunScript:
    def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run
