"""Servers under ``spanfold run``, in each way in which they start processes; no line of them changed."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.instrumentation._serving import Service, free_port, serving
from tests.instrumentation.conftest import APPS, MODEL_ID, RUN, World
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


ONLY_AT_THE_END = {"OTEL_BSP_SCHEDULE_DELAY": "600000"}
"""Nothing is sent before the process ends, in order."""


def started(
    world: World, *command: str, health: str = "/health", **more: str
) -> AbstractContextManager[Service]:
    port = free_port()
    whole = [part.replace("PORT", str(port)) for part in command]
    environment = world.environment(PYTHONDONTWRITEBYTECODE="1", **ONLY_AT_THE_END, **more)
    return serving(*RUN, *whole, port=port, environment=environment, cwd=APPS, health=health)


@pytest.fixture
def fresh(world: World) -> World:
    """The same world without what earlier tests sent."""
    world.collector.spans.clear()
    world.collector.by_connection.clear()
    return world


def server_spans(world: World, path: str) -> list[bytes]:
    """The trace IDs of requests to a path."""
    spans = world.collector.spans
    return [span.trace_id for span in spans if span.name == f"GET {path}"]


@pytest.mark.parametrize(
    "options", [[], ["--reload"], ["--workers", "2"]], ids=["plain", "reload", "workers"]
)
def test_uvicorn(fresh: World, options: list[str]) -> None:
    with started(fresh, "uvicorn", "shop:app", "--port", "PORT", *options) as service:
        service.get("/ask?question=hello")
    fresh.collector.wait_for(
        lambda: len(fresh.calls("gpt-4o-mini")) == 1 and server_spans(fresh, "/ask") != []
    )
    call = fresh.call("gpt-4o-mini")
    assert server_spans(fresh, "/ask") == [call.span.trace_id]
    models = {attributes_of(span.attributes)["spanfold.model.id"] for span in fresh.collector.spans}
    assert models == {MODEL_ID}


def test_a_streamed_answer_is_a_request_a_call_and_what_the_call_sent(fresh: World) -> None:
    with started(fresh, "uvicorn", "shop:app", "--port", "PORT") as service:
        assert service.get("/stream?question=hello") == "Paris is the capital of France."
    fresh.collector.wait_for(
        lambda: len(fresh.calls("gpt-4o-mini")) == 1 and server_spans(fresh, "/stream") != []
    )
    trace_id = fresh.call("gpt-4o-mini").span.trace_id
    names = [span.name for span in fresh.collector.spans if span.trace_id == trace_id]
    assert sorted(names) == ["GET /stream", "POST", "chat gpt-4o-mini"]


@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["prefork", "preload"])
def test_gunicorn_workers_send_what_they_trace_over_connections_of_their_own(
    fresh: World, options: list[str]
) -> None:
    command = ("gunicorn", "wsgi:app", "--bind", "127.0.0.1:PORT", "--workers", "2", *options)
    with started(fresh, *command) as service:
        workers = set[int]()
        asked = 0
        deadline = time.monotonic() + 30
        while len(workers) < 2 and time.monotonic() < deadline:
            workers.add(service.get("/ask?hello")["pid"])
            asked += 1
    fresh.collector.wait_for(lambda: len(fresh.calls("gunicorn")) == asked)
    assert len(workers) == 2
    assert len([1 for spans in fresh.collector.by_connection.values() if spans]) >= 2


def test_celery_workers_continue_the_trace_of_the_caller(
    fresh: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("broker")
    for name in ("queue", "control", "results"):
        (folder / name).mkdir()
    ask = (
        "import tasks\n"
        "import spanfold\n"
        "with spanfold.start_span('caller'):\n"
        "    assert tasks.answer.delay('hello').get(timeout=60).startswith('Paris')\n"
    )
    more = {"BROKER_FOLDER": str(folder), "PYTHONPATH": str(APPS)}
    worker = ("celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "1")
    with started(fresh, *worker, health="", OTEL_SERVICE_NAME="worker", **more):
        fresh.run(*RUN, sys.executable, "-c", ask, **more)
    fresh.collector.wait_for(lambda: len(fresh.calls("celery")) == 1)
    call, caller = fresh.call("celery"), fresh.collector.span("caller")
    assert call.span.trace_id == caller.trace_id
    assert "run/tasks.answer" in [span.name for span in fresh.collector.spans]
    assert attributes_of(call.span.attributes)["spanfold.model.id"] == MODEL_ID
