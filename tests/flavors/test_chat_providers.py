"""Anthropic's, Google's and Bedrock's models: what is the same of all, by one suite; what is not, below."""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from spanfold import anthropic, bedrock, google
from spanfold.errors import InvalidArgumentError, ModelError
from tests.flavors.conftest import QUESTION
from tests.providers import google_wire, script

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold.pyfunc import PyFuncModel
    from spanfold.testing import Captured
    from tests.providers.clouds import Clouds
    from tests.providers.server import Provider

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


class Flavor(NamedTuple):
    """A flavor, the model that is logged, and the provider that answers."""

    module: Any
    model: str
    provider: Provider


FLAVORS = {
    "anthropic": (anthropic, "claude-haiku-4-5"),
    "google": (google, "gemini-2.5-flash"),
    "bedrock": (bedrock, "amazon.nova-lite-v1:0"),
}


@pytest.fixture(params=list(FLAVORS))
def flavor(request: pytest.FixtureRequest, provider: Provider, clouds: Clouds) -> Flavor:
    module, model = FLAVORS[request.param]
    return Flavor(module, model, provider if request.param == "anthropic" else clouds)


def load(loaded: Any, flavor: Flavor, **arguments: Any) -> PyFuncModel:
    made: PyFuncModel = loaded(flavor.module, flavor.model, messages=QUESTION, **arguments)
    return made


def texts_in(body: Any) -> list[str]:
    """All texts that a request holds, in whatever form its provider has."""
    if isinstance(body, str):
        return [body]
    parts = body.values() if isinstance(body, dict) else body if isinstance(body, list) else []
    return [text for part in parts for text in texts_in(part)]


def test_variables_are_filled_and_each_row_is_answered(loaded: Any, flavor: Flavor) -> None:
    model = load(loaded, flavor)
    assert model.signature is not None
    assert model.signature.input_names == ("question",)
    assert model.predict({"question": ["What is {braces}?", "Why?"]}) == [script.ANSWER] * 2
    for exchange in flavor.provider.exchanges:
        assert QUESTION[0]["content"] in texts_in(exchange.body)
    asked = [set(texts_in(one.body)) for one in flavor.provider.exchanges]
    assert {text for one in asked for text in one} >= {"What is {braces}?", "Why?"}


def test_a_stream_is_the_same_text_in_pieces(loaded: Any, flavor: Flavor) -> None:
    pieces = list(load(loaded, flavor).predict_stream({"question": "Why?"}))
    assert len(pieces) > 3
    assert "".join(pieces) == script.ANSWER


def test_a_stream_that_breaks_off_is_an_error(loaded: Any, flavor: Flavor) -> None:
    stream = load(loaded, flavor, max_retries=0).predict_stream({"question": "cut here please"})
    with pytest.raises(ModelError, match=r"model_input\[0\]"):
        list(stream)


def test_parameters_are_the_providers_own_or_openais_names_of_them(loaded: Any, flavor: Flavor) -> None:
    model = load(loaded, flavor, temperature=0.5)
    model.predict("Why?", {"max_tokens": 7, "stop": "END"})
    sent = json.dumps(flavor.provider.exchanges[0].body)
    assert '"temperature": 0.5' in sent
    assert '["END"]' in sent
    assert any(f'"{name}": 7' in sent for name in ("max_tokens", "maxOutputTokens", "maxTokens"))


def test_a_conversation_keeps_its_turns(loaded: Any, flavor: Flavor) -> None:
    model = loaded(flavor.module, flavor.model, messages=QUESTION[:1])
    turns = [("user", "one"), ("assistant", "two"), ("user", "three")]
    model.predict({"messages": [{"role": role, "content": text} for role, text in turns]})
    body = flavor.provider.exchanges[0].body
    messages = body.get("messages") or body["contents"]
    assert [one["role"].replace("model", "assistant") for one in messages] == [role for role, _ in turns]


def test_a_provider_that_is_busy_is_asked_again(loaded: Any, flavor: Flavor) -> None:
    assert load(loaded, flavor).predict("fail:429:1 please") == [script.ANSWER]
    assert [one.status for one in flavor.provider.exchanges] == [429, 200]


def test_a_row_that_fails_is_named(loaded: Any, flavor: Flavor) -> None:
    model = load(loaded, flavor, concurrency=1)
    with pytest.raises(ModelError, match=r"model_input\[1\].*400"):
        model.predict(["fine", "fail:400", "never asked"])
    assert len(flavor.provider.exchanges) == 2


def test_a_call_is_a_span_whose_tokens_count_what_was_cached(
    loaded: Any, flavor: Flavor, captured: Captured
) -> None:
    model = load(loaded, flavor)
    model.predict("Why?")
    "".join(model.predict_stream("Why?"))
    calls = [one for one in captured.spans if one.name == f"chat {flavor.model}"]
    assert len(calls) == 2
    for call in calls:
        attributes = dict(call.attributes or {})
        assert attributes["gen_ai.usage.input_tokens"] == script.INPUT_TOKENS
        assert attributes["gen_ai.usage.output_tokens"] == script.OUTPUT_TOKENS
        assert attributes["gen_ai.usage.cache_read.input_tokens"] == script.CACHED_TOKENS
        assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
        assert script.ANSWER in str(attributes["gen_ai.output.messages"])
    providers = {str((one.attributes or {})["gen_ai.provider.name"]) for one in calls}
    assert providers <= {"anthropic", "gcp.gemini", "aws.bedrock"}


def test_keys_come_from_the_environment_and_are_not_kept(loaded: Any, flavor: Flavor, tmp_path: Path) -> None:
    load(loaded, flavor).predict("Why?")
    assert "0123456789" in json.dumps(flavor.provider.exchanges[0].headers)
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"0123456789" not in written


@pytest.mark.parametrize("arguments", [{"api_key": "x"}, {"temprature": 1.0}, {"system": "Be brief."}])
def test_what_the_call_does_not_know_is_refused(flavor: Flavor, tmp_path: Path, arguments: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="no such parameter"):
        flavor.module.save_model(flavor.model, path=tmp_path / "m", **arguments)


def test_anthropic_is_told_how_long_an_answer_may_be(loaded: Any, provider: Provider) -> None:
    loaded(anthropic, "claude-haiku-4-5").predict(["Hi"])
    assert provider.exchanges[0].body["max_tokens"] == anthropic.DEFAULT_MAX_TOKENS


def test_tools_are_called_by_all(loaded: Any, provider: Provider, clouds: Clouds, tmp_path: Path) -> None:
    del loaded
    named = {"name": "weather", "description": "of a city"}
    tools: list[tuple[Any, str, dict[str, Any]]] = [
        (anthropic, "claude-haiku-4-5", {"tools": [{**named, "input_schema": PARAMETERS}]}),
        (google, "gemini", {"tools": [{"function_declarations": [{**named, "parameters": PARAMETERS}]}]}),
        (
            bedrock,
            "nova",
            {"toolConfig": {"tools": [{"toolSpec": {**named, "inputSchema": {"json": PARAMETERS}}}]}},
        ),
    ]
    from spanfold import pyfunc  # noqa: PLC0415

    for at, (module, model, arguments) in enumerate(tools):
        module.save_model(model, path=tmp_path / str(at), **arguments)
        (output,) = pyfunc.load_model(tmp_path / str(at)).predict(["Weather?"])
        assert output["tool_calls"][0]["name"] == "weather"
    assert provider.exchanges
    assert clouds.exchanges


def test_google_embeds_texts_many_a_request(loaded: Any, clouds: Clouds) -> None:
    model = loaded(google, "gemini-embedding-001", task="embeddings", output_dimensionality=4)
    vectors = model.predict([f"text {number}" for number in range(130)])
    assert len(vectors) == 130
    assert vectors[0] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert sorted(len(one.body["requests"]) for one in clouds.exchanges) == [30, 100]


def test_a_prompt_that_google_blocks_is_an_error(loaded: Any, clouds: Clouds) -> None:
    with pytest.raises(ModelError, match="blocked the prompt: PROHIBITED_CONTENT"):
        loaded(google, "gemini-2.5-flash").predict(["blocked"])
    assert clouds.exchanges


def test_googles_thoughts_are_among_the_output_tokens(
    loaded: Any, clouds: Clouds, captured: Captured
) -> None:
    loaded(google, "gemini-2.5-flash").predict(["Hi"])
    call = next(one for one in captured.spans if one.name.startswith("chat "))
    attributes = dict(call.attributes or {})
    assert google_wire.usage()["candidatesTokenCount"] < script.OUTPUT_TOKENS
    assert attributes["gen_ai.usage.output_tokens"] == script.OUTPUT_TOKENS
    assert attributes["gen_ai.usage.reasoning.output_tokens"] == script.REASONING_TOKENS
    assert clouds.exchanges


def test_connections_are_closed_when_the_model_is_gone(loaded: Any, provider: Provider) -> None:
    model = load(loaded, Flavor(anthropic, "claude-haiku-4-5", provider))
    model.predict({"question": ["Why?"]})
    client = model._model._client
    assert not client.is_closed()
    del model
    gc.collect()
    assert client.is_closed()
