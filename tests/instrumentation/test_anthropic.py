"""The real Anthropic client, traced without a line: one span a call, though the client makes its own too."""

from __future__ import annotations

import json

import pytest

from tests.instrumentation.conftest import APPS, MODEL_ID, RUN, World
from tests.providers import script
from tests.sdk.otlp_receiver import attributes_of

WHOLE = ["sync", "tool", "stream", "stream-helper", "stream-tool", "retried", "async", "async-tool"]
ASYNC_STREAMS = ["async-stream", "async-stream-helper"]
FAILED = {
    "fails-401": "anthropic.AuthenticationError",
    "fails-429": "anthropic.RateLimitError",
    "fails-529": "anthropic.OverloadedError",
    "async-fails": "anthropic.InternalServerError",
}
EVERY = sorted({*WHOLE, *ASYNC_STREAMS, *FAILED, "stream-left"})


@pytest.fixture(scope="module")
def traced(world: World) -> World:
    world.run(*RUN, str(APPS / "anthropic_cases.py"))
    return world


def test_each_call_is_one_span(traced: World) -> None:
    assert {model: len(traced.calls(model)) for model in EVERY} == dict.fromkeys(EVERY, 1)


def test_every_span_carries_the_active_model(traced: World) -> None:
    spans = traced.collector.spans
    assert {attributes_of(span.attributes).get("spanfold.model.id") for span in spans} == {MODEL_ID}


@pytest.mark.parametrize("model", [*WHOLE, *ASYNC_STREAMS])
def test_tokens_are_counted_with_what_the_cache_gave_and_took(traced: World, model: str) -> None:
    call = traced.call(model)
    assert call.tokens == (script.INPUT_TOKENS, script.OUTPUT_TOKENS)
    assert call.attributes["gen_ai.usage.cache_read.input_tokens"] == script.CACHED_TOKENS
    assert call.attributes["gen_ai.usage.cache_write.input_tokens"] == script.CACHE_WRITE_TOKENS


@pytest.mark.parametrize(
    ("model", "reason"),
    [("sync", "stop"), ("stream", "stop"), ("tool", "tool_call"), ("stream-tool", "tool_call")],
)
def test_finish_reasons_are_kept(traced: World, model: str, reason: str) -> None:
    assert traced.call(model).finish_reasons == [reason]


@pytest.mark.parametrize("model", FAILED)
def test_a_failure_is_recorded(traced: World, model: str) -> None:
    call = traced.call(model)
    assert call.failed
    assert call.attributes["error.type"] == FAILED[model]


@pytest.mark.parametrize("model", ["stream-left", "retried"])
def test_what_went_well_in_the_end_is_no_failure(traced: World, model: str) -> None:
    assert not traced.call(model).failed


def test_messages_and_tool_calls_are_recorded(traced: World) -> None:
    sync, tool = traced.call("sync").attributes, traced.call("stream-tool").attributes
    assert json.loads(sync["gen_ai.input.messages"])[0]["parts"][0]["content"] == "hello"
    assert json.loads(sync["gen_ai.system_instructions"])[0]["content"] == "Be brief."
    (part,) = json.loads(tool["gen_ai.output.messages"])[0]["parts"]
    assert (part["name"], part["arguments"]) == ("weather", {"city": "Paris"})


def test_the_provider_is_sent_no_baggage(traced: World) -> None:
    assert traced.provider.exchanges
    assert traced.provider.headers_named("baggage") == []


def test_a_client_that_is_told_to_trace_itself_is_left_to_it(world: World) -> None:
    code = (
        "import anthropic\n"
        "with anthropic.Anthropic() as client:\n"
        "    says = [{'role': 'user', 'content': 'hello'}]\n"
        "    client.messages.create(model='itself', max_tokens=9, messages=says)\n"
    )
    world.run(*RUN, "-c", code, ANTHROPIC_OPEN_TELEMETRY="true")
    call = world.call("itself")
    assert call.span.name == "anthropic.messages.create"
    assert "hello" in call.attributes["gen_ai.input.messages"]
