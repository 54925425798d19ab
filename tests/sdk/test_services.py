"""The active model from service to service: real processes, real HTTP, no line of theirs changed for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.sdk import otlp_receiver
from tests.sdk.conftest import ROOT
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sdk.otlp_receiver import Server

FRONT, BACK = "m-" + "f" * 32, "m-" + "b" * 32
DEADLINE_S = 60
MODELS = {"front": FRONT, "middle": None, "back": BACK}


class Services:
    """Three services: the front and the back have a model, the one in the middle has none."""

    def __init__(self, server: Server, started: dict[str, subprocess.Popen[str]]) -> None:
        self.server, self._started = server, started
        self.ports = {
            name: int((process.stdout or sys.stdin).readline()) for name, process in started.items()
        }

    def call(self, first: str, via: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """Ask ``first`` to call on: ``via`` is such as ``httpx@middle,requests@back``."""
        for name, port in self.ports.items():
            via = via.replace(f"@{name}", f"@{port}")
        answer = requests.get(
            f"http://127.0.0.1:{self.ports[first]}/work",
            params={"via": via},
            headers=headers,
            timeout=DEADLINE_S,
        )
        return dict(answer.json())

    def stop(self) -> None:
        """End the services as an orchestrator does."""
        for process in self._started.values():
            process.send_signal(signal.SIGTERM)
        for process in self._started.values():
            process.wait(DEADLINE_S)


def start(server: Server, name: str, model_id: str | None) -> subprocess.Popen[str]:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.address,
        "OTEL_SERVICE_NAME": name,
        # Whatever arrives was sent because the process ended in order, not because its time had come.
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
        "SPANFOLD_ENDPOINT": server.address,
        **({} if model_id is None else {"SPANFOLD_ACTIVE_MODEL_ID": model_id}),
    }
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "SPANFOLD_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.sdk.service"],
        cwd=ROOT,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def services() -> Iterator[Services]:
    with otlp_receiver.running() as server, ExitStack() as stack:
        started = {name: start(server, name, model_id) for name, model_id in MODELS.items()}
        for process in started.values():
            stack.callback(process.kill)
            stack.enter_context(process)
        yield Services(server, started)


def test_each_service_keeps_its_own_version_beside_its_callers(services: Services) -> None:
    """And the one in the middle, which has none, forwards its caller's; all is sent at SIGTERM."""
    through = services.call("front", "httpx@middle,requests@back")
    assert through["baggage"] is None
    assert through["next"]["baggage"] == f"spanfold.model.id={FRONT}"
    assert through["next"]["next"]["baggage"] == f"spanfold.model.id={FRONT}"
    turned = services.call("back", "requests@front", headers={"baggage": "tenant=t1,spanfold.model.id=x%00y"})
    assert turned["next"]["baggage"] == f"tenant=t1,spanfold.model.id={BACK}"
    services.stop()

    def belongs(service: str) -> set[tuple[Any, Any]]:
        spans = [attributes_of(span.attributes) for span in services.server.by_service[service]]
        return {(span.get("spanfold.model.id"), span.get("spanfold.caller.model.id")) for span in spans}

    assert belongs("middle") == {(None, FRONT)}
    assert belongs("front") == {(FRONT, None), (FRONT, BACK)}
    assert belongs("back") == {(BACK, FRONT), (BACK, None)}, "what cannot be an ID is not kept"
    traces = {span.trace_id for span in services.server.spans}
    assert len(traces) == 2, "each request is one trace through all services"
