"""The SDK's own faults never reach the application, and are neither silent nor noisy."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

import spanfold
from spanfold import testing
from spanfold._internal import active, content, faults, runtime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from spanfold.testing import Captured


@spanfold.trace
def function() -> str:
    return "result"


@spanfold.trace
async def coroutine() -> str:
    return "result"


@spanfold.trace
def generator() -> Iterator[str]:
    yield "result"


@spanfold.trace
async def async_generator() -> AsyncIterator[str]:
    yield "result"


def block() -> str:
    with spanfold.start_span("step") as span:
        span.set_inputs("input")
        return "result"


async def drain() -> str:
    return "".join([item async for item in async_generator()])


CALLS: dict[str, Callable[[], str]] = {
    "function": function,
    "coroutine": lambda: asyncio.run(coroutine()),
    "generator": lambda: "".join(generator()),
    "async generator": lambda: asyncio.run(drain()),
    "block": block,
}


def broken(*_: object, **__: object) -> Any:
    message = "a fault of the SDK"
    raise RuntimeError(message)


@pytest.fixture
def contained(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(faults, "_logged", set[str]())
    before = faults.set_raising(False)
    yield
    faults.set_raising(before)


NOTHING: Any = None
BREAKS: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "serialising": lambda patch: (
        patch.setattr(content, "to_json", broken),
        patch.setattr(content.Collector, "to_json", broken),
    ),
    "stamping": lambda patch: patch.setattr(active, "current", broken),
    "starting": lambda patch: patch.setattr(
        runtime, "_current", runtime.Runtime(tracer=NOTHING, event_logger=NOTHING, actor="", query_api=None)
    ),
}


@pytest.mark.usefixtures("captured", "contained")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("broken_part", BREAKS)
def test_a_broken_sdk_never_changes_what_a_traced_call_returns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, call: str, broken_part: str
) -> None:
    BREAKS[broken_part](monkeypatch)
    before = testing.fault_count()
    with caplog.at_level(logging.ERROR, "spanfold"):
        for _ in range(3):
            assert CALLS[call]() == "result"
    assert testing.fault_count() >= before + 3
    messages = [record.getMessage() for record in caplog.records if record.name == "spanfold"]
    assert messages
    assert len(messages) == len(set(messages)), "each fault is logged once"


@pytest.mark.usefixtures("captured")
def test_the_same_faults_are_raised_under_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "to_json", broken)
    with testing.raise_faults(), pytest.raises(RuntimeError, match="a fault of the SDK"):
        block()


@pytest.mark.usefixtures("contained")
def test_an_event_that_cannot_be_sent_does_not_stop_the_application(captured: Captured) -> None:
    configured = runtime.current()
    runtime.replace(runtime.Runtime(configured.tracer, NOTHING, "", None))
    try:
        assert spanfold.create_external_model(name="v1").name == "v1"
    finally:
        runtime.replace(configured)
    assert captured.events == []


@pytest.mark.usefixtures("contained")
def test_a_configuration_that_fails_leaves_an_inert_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    spanfold.shutdown()
    monkeypatch.setattr(runtime, "_current", None)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "nonesuch")
    assert function() == "result"
    assert spanfold.set_active_model(name="v1").name == "v1"


def test_what_was_captured_is_gone_afterwards() -> None:
    with testing.capture():
        spanfold.set_active_model(name="v1")
        assert spanfold.get_active_model_id()
    with testing.capture() as captured:
        assert spanfold.get_active_model_id() is None
        assert (captured.spans, captured.events) == ([], [])
