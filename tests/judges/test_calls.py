"""Calls are bounded, paced and budgeted, whatever the provider does."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import openai
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from spanfold._internal import active
from spanfold.errors import InvalidArgumentError
from spanfold.metrics import genai
from spanfold.metrics.genai import Budget, BudgetExceededError, Limits
from spanfold.metrics.genai._backend import JudgeRequest, open_backend
from spanfold.metrics.genai._faults import retry_after_s
from spanfold.metrics.genai._pace import Pace, StoppedError, backoff_s
from spanfold.metrics.genai._quiet import quiet
from tests.providers import script

if TYPE_CHECKING:
    from tests.providers.server import Provider

URI = "openai:/gpt-5-mini"
COST_USD = (script.INPUT_TOKENS - script.CACHED_TOKENS) * 0.25e-6 + script.CACHED_TOKENS * 0.025e-6
COST_USD += script.OUTPUT_TOKENS * 2e-6
"""Of one of the provider's replies, by the published prices of that model."""


def rows(count: int, mark: str = "score:1") -> dict[str, list[str]]:
    return {"predictions": [f"{number} [judge:{mark}]" for number in range(count)]}


def test_no_more_calls_are_under_way_than_allowed_from_however_many_threads(provider: Provider) -> None:
    provider.latency_s = 0.05
    metrics = [genai.professionalism(max_workers=3), genai.safety(max_workers=3)]
    with ThreadPoolExecutor(4) as pool:
        columns = {**rows(10), "inputs": ["?"] * 10}
        other = {**rows(20), "inputs": ["!"] * 20}
        values = list(
            pool.map(lambda one: one[0].score(one[1]), [(m, c) for m in metrics for c in (columns, other)])
        )
    assert all(score == 1 for value in values for score in value.scores or ())
    assert provider.most_underway == 3


def test_calls_begin_evenly_spaced(provider: Provider) -> None:
    begun_s = time.monotonic()
    genai.professionalism(limits={"requests_per_minute": 600}).score(rows(6))
    assert time.monotonic() - begun_s >= 0.5  # five gaps of a tenth of a second
    assert len(provider.exchanges) == 6


def test_what_the_provider_asks_for_holds_for_all_callers(provider: Provider) -> None:
    columns = rows(3)
    columns["predictions"][0] = "x [judge:fail:429:1:0.6]"
    begun_s = time.monotonic()
    value = genai.professionalism(max_workers=1).score(columns)
    assert time.monotonic() - begun_s >= 0.6
    assert [one.status for one in provider.exchanges].count(429) == 1
    assert value.errors == [None] * 3


def test_a_pause_that_is_longer_than_the_time_there_is_fails_the_row_at_once(provider: Provider) -> None:
    metric = genai.professionalism(limits={"total_timeout_s": 5.0})
    value = metric.score({"predictions": ["x [judge:fail:429:1:3600]"]})
    assert "answered 429" in str((value.errors or [""])[0])
    assert len(provider.exchanges) == 1


def test_waiting_grows_and_is_never_the_same() -> None:
    waits = [backoff_s(attempt, None) for attempt in range(1, 60)]
    assert all(
        low < wait <= high for wait, low, high in zip(waits[:3], (0.24, 0.49, 0.99), (0.5, 1, 2), strict=True)
    )
    assert max(waits) <= 30
    assert len({backoff_s(3, None) for _ in range(20)}) > 1
    assert 2 <= backoff_s(1, 2.0) <= 2.2


def test_a_pace_stops_when_nobody_waits_any_more() -> None:
    pace, stop = Pace(None), threading.Event()
    pace.pause(3_600)
    stop.set()
    with pytest.raises(StoppedError):
        pace.wait(stop)


@pytest.mark.parametrize("allowed", [0, 1, 7])
def test_max_calls_is_never_passed_and_what_was_paid_for_is_not_lost(
    provider: Provider, allowed: int
) -> None:
    provider.latency_s = 0.02
    budget = Budget(max_calls=allowed)
    metric = genai.professionalism(max_workers=5)
    used_up = f"max_calls={allowed} is used up"
    with budget.in_force(), pytest.raises(BudgetExceededError, match=used_up) as raised:
        metric.score(rows(30))
    partial = raised.value.partial
    assert partial is not None
    assert list(partial.scores or ()).count(1) == allowed
    assert [score is None for score in partial.scores or ()] == [
        used_up in str(e) for e in partial.errors or ()
    ]
    assert len(provider.exchanges) == budget.calls == allowed
    value = metric.score(rows(30))
    assert sum(value.calls or ()) == 30 - allowed
    assert len(provider.exchanges) == 30


def test_max_cost_is_never_passed_by_calls_at_the_same_time(provider: Provider) -> None:
    provider.latency_s = 0.02
    limit_usd = 12 * COST_USD
    budget = Budget(max_cost_usd=limit_usd)
    metric = genai.professionalism(URI, max_workers=8, parameters={"max_completion_tokens": 50})
    with budget.in_force(), pytest.raises(BudgetExceededError, match="max_cost_usd"):
        metric.score(rows(60))
    assert 0 < budget.cost_usd <= limit_usd
    assert budget.cost_usd == pytest.approx(len(provider.exchanges) * COST_USD)


def test_a_resumed_budget_counts_what_was_spent_before(provider: Provider) -> None:
    with Budget(max_calls=10, calls=8).in_force() as budget, pytest.raises(BudgetExceededError):
        genai.professionalism().score(rows(5))
    assert budget.calls == 10
    assert len(provider.exchanges) == 2


@pytest.mark.parametrize("model", ["endpoints:/chat", "openai:/a-model-of-our-own"])
def test_a_limit_in_dollars_needs_a_price(provider: Provider, model: str) -> None:
    metric = genai.professionalism(model)
    with (
        Budget(max_cost_usd=1).in_force(),
        pytest.raises(InvalidArgumentError, match="is not known"),
    ):
        metric.score(rows(1))
    assert not provider.exchanges
    with Budget(max_calls=1).in_force():
        assert metric.score(rows(1)).costs_usd == [None]


@pytest.mark.parametrize("limit", [-1, float("nan"), float("inf")])
def test_a_budget_must_be_a_number(limit: float) -> None:
    with pytest.raises(InvalidArgumentError, match="max_cost_usd"):
        Budget(max_cost_usd=limit)


def test_refused_calls_cost_no_budget(provider: Provider) -> None:
    with Budget(max_calls=1).in_force() as budget:
        value = genai.professionalism().score({"predictions": ["x [judge:fail:429:3:0.01]"]})
    assert value.errors == [None]
    assert (budget.calls, len(provider.exchanges)) == (1, 4)


def test_a_consumer_that_leaves_ends_the_asking(provider: Provider) -> None:
    provider.latency_s = 0.05
    backend = open_backend(URI, limits=Limits(concurrency=2))
    requests = [JudgeRequest(({"role": "user", "content": f"{n} [judge:score:1]"},)) for n in range(200)]
    replies = backend.complete(requests)
    next(replies)
    replies.close()  # type: ignore[attr-defined] # a generator
    provider.wait_for(lambda: provider.underway == 0)
    assert len(provider.exchanges) < 20


def test_a_pause_may_be_given_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100))
    seconds = retry_after_s({"retry-after": soon})
    assert seconds is not None
    assert 60 < seconds <= 100
    assert retry_after_s({"retry-after": "Fri, 01 Jan 1999 00:00:00 GMT"}) == 0


def test_without_the_client_library_the_line_that_brings_it_is_named(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(InvalidArgumentError, match=r"pip install 'spanfold\[evaluate\]'"):
        genai.professionalism().score(rows(1))
    assert not provider.exchanges


def test_an_instrumented_http_client_records_nothing_of_a_judge(provider: Provider) -> None:
    memory = InMemorySpanExporter()
    recorder = TracerProvider()
    recorder.add_span_processor(SimpleSpanProcessor(memory))
    instrumentor = HTTPX2ClientInstrumentor()
    instrumentor.instrument(tracer_provider=recorder)
    try:
        value = genai.professionalism(extra_headers={"X-Made": "after instrumenting"}).score(rows(3))
        assert value.scores == [1, 1, 1]
        assert memory.get_finished_spans() == ()
        with openai.OpenAI() as client:  # the application's own call is recorded
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
        assert len(memory.get_finished_spans()) == 1
    finally:
        instrumentor.uninstrument()
    assert "traceparent" not in provider.exchanges[0].headers
    assert not provider.headers_named("baggage")


def test_a_judges_calls_belong_to_no_version_and_are_not_recorded() -> None:
    tracer = TracerProvider().get_tracer("an instrumentation")
    owner = threading.Event()  # anything that weak references take
    active.enter(owner, "m-0")
    try:
        with quiet():
            assert active.current() is None
            assert not tracer.start_span("chat").is_recording()
        assert active.current() == "m-0"
        assert tracer.start_span("chat").is_recording()
        assert not trace.get_current_span().get_span_context().is_valid
    finally:
        active.leave(owner)
