"""A share of the traces, whole; every trace that failed; and the share is known afterwards."""

from __future__ import annotations

import gc
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)

from spanfold._internal import faults, sampling
from spanfold._internal.queues import SpanQueue
from spanfold._internal.sampling import ErrorKeeper, KeepingErrors
from spanfold._internal.settings import Settings
from spanfold.errors import InvalidArgumentError
from tests.sdk import otlp_receiver
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from tests.sdk.conftest import RunScript


class Service:
    """A process that keeps a share of its traces."""

    def __init__(self, ratio: float) -> None:
        self._exporter = InMemorySpanExporter()
        self._queue = SpanQueue(self._exporter)
        self.keeper = ErrorKeeper(self._queue)
        provider = TracerProvider(sampler=KeepingErrors(ratio), shutdown_on_exit=False)
        provider.add_span_processor(self.keeper)
        self.tracer: Tracer = provider.get_tracer("test")

    def sent(self) -> dict[str, ReadableSpan]:
        self.keeper.force_flush()
        return {span.name: span for span in self._exporter.get_finished_spans()}


def remote(trace_id: int, *, sampled: bool, state: str = "") -> Any:
    context = SpanContext(
        trace_id,
        span_id=1,
        is_remote=True,
        trace_flags=TraceFlags(int(sampled)),
        trace_state=TraceState([("ot", state)]) if state else None,
    )
    return set_span_in_context(NonRecordingSpan(context))


def request(service: Service, name: str, *, failing: bool = False, context: Any = None) -> None:
    with service.tracer.start_as_current_span(f"{name}.root", context):
        with service.tracer.start_as_current_span(f"{name}.first"):
            pass
        with service.tracer.start_as_current_span(f"{name}.second") as span:
            if failing:
                span.set_status(Status(StatusCode.ERROR))
        with service.tracer.start_as_current_span(f"{name}.third"):
            pass


def test_of_the_healthy_traces_a_share_is_kept_whole_and_of_the_failed_ones_all() -> None:
    service = Service(0.25)
    for number in range(400):
        request(service, f"ok{number}")
    for number in range(40):
        request(service, f"bad{number}", failing=True)
    sent = service.sent()
    whole = {name.partition(".")[0] for name in sent}
    assert all(f"{name}.{part}" in sent for name in whole for part in ("root", "first", "second", "third"))
    healthy = {name for name in whole if name.startswith("ok")}
    assert 50 <= len(healthy) <= 150
    assert len(whole - healthy) == 40
    ratios: list[Any] = [(sent[f"{name}.root"].attributes or {})["spanfold.sample.ratio"] for name in healthy]
    estimate = sum(1 / ratio for ratio in ratios)
    assert estimate == 4 * len(healthy)
    for name in whole - healthy:
        attributes = sent[f"{name}.first"].attributes or {}
        assert ("spanfold.sample.ratio" in attributes) != (attributes.get("spanfold.sample.rescued") is True)
    assert service.keeper._held == 0
    assert service.keeper._traces == {}


@given(trace_id=st.integers(1, 2**128 - 1), low=st.floats(0, 1), high=st.floats(0, 1))
def test_services_agree_by_the_trace_id_alone(trace_id: int, low: float, high: float) -> None:
    """And who keeps more keeps all that the others keep."""
    low, high = sorted((low, high))

    def keeps(ratio: float) -> bool:
        return KeepingErrors(ratio).should_sample(None, trace_id, "x").decision is Decision.RECORD_AND_SAMPLE

    assert keeps(low) == keeps(low)
    assert keeps(low) <= keeps(high)
    assert keeps(1)
    assert not keeps(0)


@pytest.mark.parametrize(
    ("ratio", "state"), [(0.25, "th:c"), (0.5, "th:8"), (0.1, "th:e6666666666668"), (1, "th:0")]
)
def test_the_share_travels_as_opentelemetry_defines_it(ratio: float, state: str) -> None:
    result = KeepingErrors(ratio).should_sample(None, 2**56 - 1, "x", attributes={"a": 1})
    assert result.trace_state is not None
    assert result.trace_state["ot"] == state
    assert result.attributes == {"a": 1, "spanfold.sample.ratio": pytest.approx(ratio)}


def test_the_callers_decision_is_followed() -> None:
    service = Service(0.0)
    request(service, "kept", context=remote(1, sampled=True, state="th:8"))
    request(service, "unknown", context=remote(2, sampled=True))
    request(service, "dropped", context=remote(3, sampled=False))
    request(service, "failed", context=remote(4, sampled=False), failing=True)
    sent = service.sent()
    assert {name.partition(".")[0] for name in sent} == {"kept", "unknown", "failed"}
    assert (sent["kept.first"].attributes or {})["spanfold.sample.ratio"] == 0.5
    assert "spanfold.sample.ratio" not in (sent["unknown.first"].attributes or {})


def test_two_requests_of_one_trace_do_not_end_each_other() -> None:
    service = Service(0.0)
    context = remote(5, sampled=False)
    outer = service.tracer.start_span("outer", context)
    request(service, "inner", context=context)
    assert service.sent() == {}
    outer.set_status(Status(StatusCode.ERROR))
    outer.end()
    assert set(service.sent()) == {"outer", "inner.root", "inner.first", "inner.second", "inner.third"}


def test_what_ends_after_its_root_is_sent_if_the_trace_failed_or_itself() -> None:
    service = Service(0.0)
    late = {}
    for name, failing in (("bad", True), ("ok", False), ("late", False)):
        with service.tracer.start_as_current_span(f"{name}.root") as root:
            late[name] = service.tracer.start_span(f"{name}.background")
            if failing:
                root.set_status(Status(StatusCode.ERROR))
    late["late"].set_status(Status(StatusCode.ERROR))
    for span in late.values():
        span.end()
    assert set(service.sent()) == {"bad.root", "bad.background", "late.background"}


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sampling, "MAX_HELD_SPANS", 10)
    monkeypatch.setattr(sampling, "MAX_TRACES", 3)
    monkeypatch.setattr(faults, "_logged", set[str]())
    service = Service(0.0)
    roots = [service.tracer.start_span(f"root{number}", Context()) for number in range(5)]
    with caplog.at_level(logging.WARNING, "spanfold"):
        for number in range(30):
            service.tracer.start_span(f"step{number}", set_span_in_context(roots[-1])).end()
    assert service.keeper._held <= 10
    assert len(service.keeper._traces) <= 3
    assert "are held" in caplog.text
    roots[-1].set_status(Status(StatusCode.ERROR))
    for root in roots:
        root.end()
    assert "root4" in service.sent(), "a span that fails is never given up"
    assert service.keeper._held == 0


def test_threads_do_not_disturb_each_other() -> None:
    service = Service(0.0)

    def work(who: int) -> None:
        for number in range(100):
            request(service, f"{who}-{number}", failing=number % 10 == 0)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(service.sent()) == 8 * 10 * 4
    assert service.keeper._held == 0
    gc.collect()


def test_processes_sample_by_the_environment_and_forks_hold_nothing_of_their_parents(
    run_script: RunScript,
) -> None:
    with otlp_receiver.running() as server:
        run_script(
            """
import os, sys, spanfold
def request(name, failing):
    try:
        with spanfold.start_span(name):
            with spanfold.start_span(name + ".step"): pass
            if failing: raise ValueError
    except ValueError: pass
for number in range(50): request(f"ok{number}", False)
with spanfold.start_span("open"):
    with spanfold.start_span("parents"): pass
    pid = os.fork()
    if pid == 0:
        request("child", True)
        spanfold.flush()
        os._exit(0)
    os.waitpid(pid, 0)
request("bad", True)
""",
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT=server.address,
            SPANFOLD_SAMPLE_RATIO="0",
        )
    assert sorted(span.name for span in server.spans) == ["bad", "bad.step", "child", "child.step"]
    assert all(attributes_of(span.attributes)["spanfold.sample.rescued"] for span in server.spans)


@pytest.mark.parametrize("text", ["1.1", "-0.1", "ten", "nan"])
def test_a_ratio_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SPANFOLD_SAMPLE_RATIO", text)
    with pytest.raises(InvalidArgumentError, match="SPANFOLD_SAMPLE_RATIO"):
        Settings().ratio()


def test_opentelemetrys_own_variable_wins(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(faults, "_logged", set[str]())
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    with caplog.at_level(logging.WARNING, "spanfold"):
        assert Settings(sample_ratio=0.5).ratio() is None
    assert "OTEL_TRACES_SAMPLER is set" in caplog.text
    assert os.environ["OTEL_TRACES_SAMPLER"] == "always_on"
    monkeypatch.delenv("OTEL_TRACES_SAMPLER")
    assert Settings(sample_ratio=0.5).ratio() == 0.5
    assert Settings(sample_ratio=1).ratio() is None
