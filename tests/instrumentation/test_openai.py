"""Calls of the real OpenAI client, traced without a line: one span a call, whatever else is installed.

Three instrumentors of OpenAI are installed here: OpenTelemetry's, OpenInference's and OpenLLMetry's.
"""

from __future__ import annotations

import json
from collections import Counter
from importlib.metadata import entry_points

import pytest

from tests.instrumentation.conftest import APPS, MODEL_ID, RUN, World
from tests.providers import script
from tests.sdk.otlp_receiver import attributes_of

WHOLE = [
    "sync",
    "two-choices",
    "tool",
    "parsed",
    "raw",
    "responses",
    "async",
    "async-tool",
    "async-responses",
]
STREAMED = ["stream-usage", "responses-stream"]
UNCOUNTED = ["stream", "stream-tool", "stream-left", "stream-cut", "async-stream", "async-stream-left"]
FAILED = {
    "fails-400": "openai.BadRequestError",
    "fails-401": "openai.AuthenticationError",
    "fails-429": "openai.RateLimitError",
    "fails-500": "openai.InternalServerError",
    "async-fails": "openai.InternalServerError",
    "nobody": "openai.APIConnectionError",
    "stream-cut": "openai.APIConnectionError",
}
RETRIED = ["retried", "async-retried"]
EMBEDDINGS = ["embeddings", "async-embeddings"]
EVERY = sorted({*WHOLE, *STREAMED, *UNCOUNTED, *FAILED, *RETRIED, *EMBEDDINGS})


@pytest.fixture(scope="module")
def traced(world: World) -> World:
    world.run(*RUN, str(APPS / "openai_cases.py"))
    return world


def test_three_families_are_installed_so_that_doubles_would_show() -> None:
    named = [one for one in entry_points(group="opentelemetry_instrumentor") if one.name == "openai"]
    assert len(named) == 3


def test_each_call_is_one_span(traced: World) -> None:
    assert {model: len(traced.calls(model)) for model in EVERY} == dict.fromkeys(EVERY, 1)


def test_every_span_carries_the_active_model(traced: World) -> None:
    models = Counter(
        attributes_of(span.attributes).get("spanfold.model.id") for span in traced.collector.spans
    )
    assert set(models) == {MODEL_ID}


@pytest.mark.parametrize("model", [*WHOLE, *STREAMED, *RETRIED])
def test_tokens_are_counted(traced: World, model: str) -> None:
    call = traced.call(model)
    assert call.tokens == (script.INPUT_TOKENS, script.OUTPUT_TOKENS)
    assert call.attributes["gen_ai.usage.cache_read.input_tokens"] == script.CACHED_TOKENS
    assert call.attributes["gen_ai.usage.reasoning.output_tokens"] == script.REASONING_TOKENS


@pytest.mark.parametrize("model", UNCOUNTED)
def test_a_stream_without_usage_has_unknown_tokens(traced: World, model: str) -> None:
    assert traced.call(model).tokens == (None, None)


@pytest.mark.parametrize("model", EMBEDDINGS)
def test_embeddings_count_their_input(traced: World, model: str) -> None:
    call = traced.call(model)
    assert call.tokens == (script.INPUT_TOKENS, None)
    assert call.attributes["gen_ai.operation.name"] == "embeddings"


@pytest.mark.parametrize(
    ("model", "reasons"),
    [
        ("sync", ["stop"]),
        ("two-choices", ["stop"] * 2),
        ("tool", ["tool_calls"]),
        ("stream-tool", ["tool_calls"]),
    ],
)
def test_finish_reasons_are_kept(traced: World, model: str, reasons: list[str]) -> None:
    assert traced.call(model).finish_reasons == reasons


@pytest.mark.parametrize("model", FAILED)
def test_a_failure_is_recorded(traced: World, model: str) -> None:
    call = traced.call(model)
    assert call.failed
    assert call.attributes["error.type"] == FAILED[model]


@pytest.mark.parametrize("model", ["sync", "stream-left", "async-stream-left", *RETRIED])
def test_what_went_well_in_the_end_is_no_failure(traced: World, model: str) -> None:
    assert not traced.call(model).failed


def test_each_attempt_of_a_retried_call_is_a_span_below_it(traced: World) -> None:
    parent = traced.call("retried").span.span_id
    attempts = [
        attributes_of(span.attributes).get("http.status_code")
        for span in traced.collector.spans
        if span.parent_span_id == parent
    ]
    assert attempts == [429, 429, 200]


def test_messages_and_tool_calls_are_recorded(traced: World) -> None:
    sync, tool = traced.call("sync").attributes, traced.call("stream-tool").attributes
    assert json.loads(sync["gen_ai.input.messages"])[0]["parts"][0]["content"] == "hello"
    assert json.loads(sync["gen_ai.output.messages"])[0]["parts"][0]["content"] == script.ANSWER
    (part,) = json.loads(tool["gen_ai.output.messages"])[0]["parts"]
    assert (part["name"], part["arguments"]) == ("weather", {"city": "Paris"})


def test_the_provider_is_not_told_which_model_of_ours_is_active(traced: World) -> None:
    assert traced.provider.exchanges
    assert traced.provider.headers_named("baggage") == []
    assert not [one for one in traced.provider.exchanges if MODEL_ID in json.dumps(one.headers)]
