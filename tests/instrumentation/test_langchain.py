"""LangChain over OpenAI: both have an instrumentor, and yet a call of the model is one span."""

from __future__ import annotations

import pytest

from tests.instrumentation.conftest import APPS, MODEL_ID, RUN, World
from tests.providers import script
from tests.sdk.otlp_receiver import attributes_of

EVERY = ["chain", "chain-stream", "chain-async", "chain-embeddings"]


@pytest.fixture(scope="module")
def traced(world: World) -> World:
    world.run(*RUN, str(APPS / "chain.py"))
    return world


def test_each_call_of_a_model_is_one_span(traced: World) -> None:
    assert {model: len(traced.calls(model)) for model in EVERY} == dict.fromkeys(EVERY, 1)


def test_a_call_is_part_of_the_trace_of_its_chain(traced: World) -> None:
    call = traced.call("chain")
    chains = [span for span in traced.collector.spans if span.name.startswith("invoke_workflow")]
    assert [span.trace_id for span in chains].count(call.span.trace_id) == 1
    assert call.tokens == (script.INPUT_TOKENS, script.OUTPUT_TOKENS)


def test_every_span_carries_the_active_model(traced: World) -> None:
    spans = traced.collector.spans
    assert {attributes_of(span.attributes).get("spanfold.model.id") for span in spans} == {MODEL_ID}
