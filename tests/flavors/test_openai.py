"""OpenAI's models, as logged models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai as library
import pandas as pd
import pytest

from spanfold import openai
from spanfold.errors import InvalidArgumentError, ModelError
from tests.flavors.conftest import QUESTION
from tests.providers import script

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold.pyfunc import PyFuncModel
    from spanfold.testing import Captured
    from tests.providers.server import Provider


def chat(loaded: Any, **arguments: Any) -> PyFuncModel:
    made: PyFuncModel = loaded(openai, "gpt-4", "chat.completions", messages=QUESTION, **arguments)
    return made


def test_template_variables_are_the_inputs_and_are_filled_row_by_row(loaded: Any, provider: Provider) -> None:
    model = chat(loaded, temperature=0.5)
    assert model.signature is not None
    assert model.signature.input_names == ("question",)
    answers = model.predict(pd.DataFrame({"question": ["What is {braces}?", "Why?"]}))
    assert answers == [script.ANSWER, script.ANSWER]
    asked = {one.body["messages"][1]["content"] for one in provider.exchanges}
    assert asked == {"What is {braces}?", "Why?"}
    assert {one.body["temperature"] for one in provider.exchanges} == {0.5}
    assert {one.body["messages"][0]["content"] for one in provider.exchanges} == {QUESTION[0]["content"]}


@pytest.mark.parametrize(
    "given",
    [
        {"question": "Why?"},
        [{"question": "Why?"}],
        {"question": ["Why?"]},
        "Why?",
        ["Why?"],
        pd.DataFrame({"question": ["Why?"]}),
    ],
)
def test_rows_come_in_any_form(loaded: Any, provider: Provider, given: Any) -> None:
    assert chat(loaded).predict(given) == [script.ANSWER]
    assert provider.exchanges[0].body["messages"][1]["content"] == "Why?"


@pytest.mark.parametrize("given", ["Hi", ["Hi"], {"content": "Hi"}, {"anything": ["Hi"]}])
def test_without_variables_the_only_column_is_the_users_message(
    loaded: Any, provider: Provider, given: Any
) -> None:
    model = loaded(openai, "gpt-4o", library.chat.completions, messages=QUESTION[:1])
    assert model.predict(given) == [script.ANSWER]
    assert provider.exchanges[0].body["messages"] == [QUESTION[0], {"role": "user", "content": "Hi"}]


def test_a_conversation_goes_on_after_the_models_own_messages(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "gpt-4o", "chat.completions", messages=QUESTION[:1])
    turns = [{"role": "user", "content": "Hi"}]
    model.predict({"messages": [turns, turns]})
    model.predict({"messages": turns})
    model.predict(turns)
    assert [one.body["messages"] for one in provider.exchanges] == [[QUESTION[0], *turns]] * 4


@pytest.mark.parametrize(
    ("task", "path"),
    [
        (library.ChatCompletion, "/v1/chat/completions"),  # type: ignore[attr-defined] # of before 1.0
        ("ChatCompletion", "/v1/chat/completions"),
        (library.chat.completions, "/v1/chat/completions"),
        (library.responses, "/v1/responses"),
        ("completions", "/v1/completions"),
    ],
)
def test_a_task_has_many_names(loaded: Any, provider: Provider, task: Any, path: str) -> None:
    model = loaded(openai, "gpt-4o", task)
    assert model.predict(["Hi"]) == [script.ANSWER]
    assert "".join(model.predict_stream(["Hi"])) == script.ANSWER
    assert [one.path for one in provider.exchanges] == [path, path]


def test_texts_are_embedded_many_a_request(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "text-embedding-3-small", library.embeddings, dimensions=4)
    vectors = model.predict([f"text {number}" for number in range(150)])
    assert len(vectors) == 150
    assert vectors[0] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert sorted(len(one.body["input"]) for one in provider.exchanges) == [50, 100]


def test_a_prompt_of_a_completion_has_variables(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "babbage-002", "completions", prompt="Translate {text} to {language}:")
    model.predict({"text": ["Haus"], "language": ["English"]})
    assert provider.exchanges[0].body["prompt"] == "Translate Haus to English:"


def test_parameters_of_a_prediction_come_before_the_logged_ones(loaded: Any, provider: Provider) -> None:
    model = chat(loaded, temperature=0.5, max_tokens=10)
    model.predict(["Why?"], {"temperature": 0.0})
    assert (provider.exchanges[0].body["temperature"], provider.exchanges[0].body["max_tokens"]) == (0.0, 10)


def test_rows_are_answered_side_by_side_and_in_order(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "gpt-4o", "chat.completions", concurrency=4)
    provider.latency_s, provider.most_underway = 0.05, 0
    try:
        model.predict([f"question {number}" for number in range(12)])
    finally:
        provider.latency_s = 0.0
    assert provider.most_underway == 4


def test_a_provider_that_is_busy_is_asked_again(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "gpt-4o", "chat.completions")
    assert model.predict(["fail:429:2 please"]) == [script.ANSWER]
    assert [one.status for one in provider.exchanges] == [429, 429, 200]


def test_a_row_that_fails_is_named_and_ends_the_prediction(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "gpt-4o", "chat.completions", concurrency=1)
    with pytest.raises(ModelError, match=r"model_input\[1\].*401"):
        model.predict(["fine", "fail:401", "never asked"])
    assert len(provider.exchanges) == 2


def test_no_answer_in_time_is_an_error(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "gpt-4o", "chat.completions", timeout_s=0.2, max_retries=0)
    with pytest.raises(ModelError, match=r"model_input\[0\]: APITimeoutError"):
        model.predict(["[judge:hang]"])
    assert len(provider.exchanges) == 1


def test_an_error_never_shows_the_key(
    loaded: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.address}/nowhere/sk-test-0123456789")
    model = loaded(openai, "gpt-4o", "chat.completions", max_retries=0)
    with pytest.raises(ModelError) as raised:
        model.predict(["Hi"])
    assert "sk-test" not in str(raised.value)


def test_a_missing_key_is_an_error_that_names_the_variable(loaded: Any) -> None:
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        loaded(openai, "gpt-4o", "chat.completions").predict(["Hi"])


def test_calls_of_tools_are_the_output(loaded: Any, provider: Provider) -> None:
    function = {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
    tool = {"type": "function", "function": function}
    (output,) = loaded(openai, "gpt-4o", "chat.completions", tools=[tool]).predict(["Weather?"])
    assert output["tool_calls"][0]["function"]["name"] == "weather"
    assert provider.exchanges


def test_a_call_is_a_span_under_the_prediction(loaded: Any, provider: Provider, captured: Captured) -> None:
    model = chat(loaded)
    model.predict(["Why?"])
    call, prediction = captured.spans
    assert call.parent is not None
    assert prediction.context is not None
    assert call.parent.span_id == prediction.context.span_id
    wanted = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4",
        "gen_ai.response.model": "gpt-4" + script.MODEL_SUFFIX,
        "gen_ai.usage.input_tokens": script.INPUT_TOKENS,
        "gen_ai.usage.output_tokens": script.OUTPUT_TOKENS,
        "gen_ai.usage.cache_read.input_tokens": script.CACHED_TOKENS,
        "gen_ai.response.finish_reasons": ("stop",),
    }
    attributes = dict(call.attributes or {})
    assert {name: attributes.get(name) for name in wanted} == wanted
    assert "Why?" in str(attributes["gen_ai.input.messages"])
    assert script.ANSWER in str(attributes["gen_ai.output.messages"])
    assert provider.exchanges


def test_a_stream_is_a_span_with_its_tokens(loaded: Any, provider: Provider, captured: Captured) -> None:
    assert "".join(chat(loaded).predict_stream(["Why?"])) == script.ANSWER
    call = next(one for one in captured.spans if one.name == "chat gpt-4")
    assert (call.attributes or {})["gen_ai.usage.output_tokens"] == script.OUTPUT_TOKENS
    assert provider.exchanges[0].body["stream_options"] == {"include_usage": True}


def test_a_stream_that_breaks_off_is_an_error(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "gpt-4o", "chat.completions", max_retries=0)
    stream = model.predict_stream(["cut here please"])
    with pytest.raises(ModelError, match=r"model_input\[0\]"):
        list(stream)
    assert provider.exchanges


@pytest.mark.parametrize("task", ["chat.completions", "responses"])
def test_a_stream_that_ends_without_its_end_is_an_error(loaded: Any, provider: Provider, task: str) -> None:
    stream = loaded(openai, "gpt-4o", task, max_retries=0).predict_stream(["short of an end"])
    with pytest.raises(ModelError, match=r"model_input\[0\]: .*broke off before its end"):
        list(stream)
    assert provider.exchanges


def test_a_response_that_failed_is_no_answer(loaded: Any, provider: Provider) -> None:
    model = loaded(openai, "gpt-4o", "responses", max_retries=0)
    said = r"model_input\[0\]: .*failed: The provider lost the thread"
    with pytest.raises(ModelError, match=said):
        model.predict(["failed please"])
    with pytest.raises(ModelError, match=said):
        list(model.predict_stream(["failed please"]))
    assert provider.exchanges


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"api_key": "sk-proj-0123456789abcdef"}, "api_key: .*no such parameter"),
        ({"extra_headers": {"Authorization": "x"}}, "extra_headers.Authorization: this looks like a secret"),
        ({"extra_headers": {"api-key": "x"}}, "extra_headers.api-key: this looks like a secret"),
        ({"user": "sk-proj-0123456789abcdef"}, "user: this looks like a secret"),
        ({"user": f"gsk_{'0123456789abcdef' * 3}"}, "user: this looks like a secret"),
        ({"metadata": {"by": "sk-proj-0123456789abcdef"}}, "metadata.by: this looks like a secret"),
        ({"params": {"openai_api_key": "x"}}, "params.openai_api_key: this looks like a secret"),
        ({"messages": [{"role": "user", "content": "sk-proj-0123456789abcdef"}]}, "secret"),
        ({"temprature": 1}, "did you mean 'temperature'"),
        ({"stop": {object()}}, "stop: only what JSON can say"),
        ({"timeout_s": 0}, "timeout_s=0"),
        ({"timeout_s": "60"}, "timeout_s='60'"),
        ({"concurrency": 0}, "concurrency=0"),
        ({"prompt": "x {y}"}, "prompt: chat.completions takes messages"),
        ({"messages": [{"role": "user", "content": '{"a": 1}'}]}, "belongs to no variable"),
        ({"messages": [{"role": "robot", "content": "x"}]}, r"messages\[0\]: role='robot'"),
        ({"messages": "Answer {question}"}, "messages: a list"),
        ({"tags": {"a": "b"}}, "tags: of versions"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path: Path, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=said) as raised:
        openai.save_model("gpt-4o", "chat.completions", tmp_path / "m", **arguments)
    assert "0123456789abcdef" not in str(raised.value)
    assert not (tmp_path / "m").exists()


def test_fields_of_schemas_may_be_called_like_secrets(loaded: Any, provider: Provider) -> None:
    fields = {"api_key": {"type": "string"}, "password": {"$ref": "#/$defs/password"}}
    schema = {"type": "object", "properties": fields, "$defs": {"password": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "log_in", "parameters": schema}}
    chat(loaded, tools=[tool]).predict("Hi")
    assert provider.exchanges[0].body["tools"] == [tool]


@pytest.mark.parametrize("task", ["chat", object(), library.images])
def test_what_is_no_task_is_refused(tmp_path: Path, task: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="task="):
        openai.save_model("gpt-4o", task, tmp_path / "m")


def test_a_missing_variable_is_named_before_anything_is_asked(loaded: Any, provider: Provider) -> None:
    model = chat(loaded)
    with pytest.raises(InvalidArgumentError, match="question"):
        model.predict({"other": ["x"], "more": ["y"]})
    with pytest.raises(InvalidArgumentError, match=r"model_input\[1\].*question"):
        model.predict({"question": ["x", None]})
    assert not provider.exchanges


def test_keys_are_never_written_down(loaded: Any, provider: Provider, tmp_path: Path) -> None:
    chat(loaded, temperature=0.5)
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"sk-test" not in written
    assert b"question" in written
    assert provider.address.encode() not in written


def test_calls_in_threads_are_children_of_the_prediction(
    loaded: Any, provider: Provider, captured: Captured
) -> None:
    chat(loaded).predict(["a", "b", "c"])
    *calls, prediction = captured.spans
    assert prediction.context is not None
    assert [one.parent and one.parent.span_id for one in calls] == [prediction.context.span_id] * 3
    assert provider.exchanges
