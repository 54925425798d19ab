"""The official client of OpenAI's talks to the gateway as it talks to the provider."""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import openai
import pytest

from tests.end_to_end import models_article
from tests.gateway import rude, served
from tests.providers import script

if TYPE_CHECKING:
    from pathlib import Path

    from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

    from tests.gateway.served import Served
    from tests.providers.server import Provider

CHAT = "/gateway/v1/chat/completions"
MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the capital of France?"}]
TOOLS: list[ChatCompletionToolParam] = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]


@pytest.mark.parametrize("name", ["chat", "claude"])
def test_a_chat_is_answered_whoever_answers(gateway: Served, name: str) -> None:
    with gateway.openai as client:
        answer = client.chat.completions.create(model=name, messages=MESSAGES)
    assert answer.choices[0].message.content == script.ANSWER
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == script.OUTPUT_TOKENS


@pytest.mark.parametrize("name", ["chat", "claude"])
def test_a_chat_is_streamed_whoever_answers(gateway: Served, name: str) -> None:
    with gateway.openai as client:
        chunks = list(client.chat.completions.create(model=name, messages=MESSAGES, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == script.ANSWER
    assert len(chunks) > 3
    assert not [chunk for chunk in chunks if chunk.usage is not None or not chunk.choices]


def test_a_stream_ends_with_its_usage_where_that_is_asked_for(gateway: Served) -> None:
    with gateway.openai as client:
        chunks = list(
            client.chat.completions.create(
                model="chat", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
            )
        )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == script.INPUT_TOKENS


@pytest.mark.parametrize("name", ["chat", "claude"])
@pytest.mark.parametrize("stream", [False, True])
def test_tools_are_called_whoever_answers(gateway: Served, name: str, stream: bool) -> None:  # noqa: FBT001
    with gateway.openai as client:
        if stream:
            with client.chat.completions.stream(model=name, messages=MESSAGES, tools=TOOLS) as events:
                message: Any = events.get_final_completion().choices[0].message
        else:
            message = (
                client.chat.completions.create(model=name, messages=MESSAGES, tools=TOOLS).choices[0].message
            )
    (call,) = message.tool_calls
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments) == {"city": "Paris"}


def test_structured_output_reaches_the_provider_as_it_was_asked_for(
    gateway: Served, provider: Provider
) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    asked: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    with gateway.openai as client:
        answer = client.chat.completions.create(model="chat", messages=MESSAGES, response_format=asked)
    assert json.loads(answer.choices[0].message.content or "") == {"city": "Paris"}
    assert provider.exchanges[-1].body["response_format"] == asked


def test_texts_become_vectors(gateway: Served) -> None:
    with gateway.openai as client:
        answer = client.embeddings.create(model="vectors", input=["a", "b"])
    assert [len(one.embedding) for one in answer.data] == [8, 8]


def test_the_provider_sees_its_own_key_and_model_and_nothing_of_the_callers(
    gateway: Served, provider: Provider
) -> None:
    with gateway.openai as client:
        client.chat.completions.create(model="chat", messages=MESSAGES)
    (seen,) = provider.exchanges
    assert seen.headers["authorization"] == f"Bearer {served.KEY}"
    assert seen.body["model"] == "gpt-4o"
    assert "not-needed" not in json.dumps([seen.headers, seen.body])


def test_endpoints_are_listed_as_models(gateway: Served) -> None:
    with gateway.openai as client:
        models = list(client.models.list())
        one = client.models.retrieve("claude")
        with pytest.raises(openai.NotFoundError, match="no endpoint 'gpt-4o'"):
            client.models.retrieve("gpt-4o")
    assert [(model.id, model.owned_by) for model in models] == [
        ("chat", "openai"),
        ("claude", "anthropic"),
        ("vectors", "openai"),
    ]
    assert one.id == "claude"


def test_the_articles_file_works_unchanged(
    tmp_path: Path, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in provider.environment.items():
        monkeypatch.setenv(name, value)
    with (
        served.served(served.written(tmp_path, models_article.ENDPOINTS)) as gateway,
        gateway.openai as client,
    ):
        answer = client.chat.completions.create(model="completions", messages=MESSAGES)
    assert answer.choices[0].message.content == script.ANSWER
    assert provider.exchanges[-1].body["model"] == "gpt-3.5-turbo"


@pytest.mark.parametrize(
    ("body", "status", "param", "words"),
    [
        ({"messages": []}, 400, "model", "name the endpoint"),
        ({"model": "nope", "messages": [{}]}, 404, "model", "there are: chat, claude, vectors"),
        ({"model": "vectors", "messages": [{}]}, 400, "model", "call /gateway/v1/embeddings"),
        ({"model": "chat", "messages": "Hi"}, 400, "messages", "a list of messages"),
        ({"model": "chat", "messages": [1]}, 400, "messages", "a list of messages"),
        ({"model": "chat", "messages": [{}], "stream": 1}, 400, "stream", "true or false"),
        (
            {"model": "chat", "messages": [{}], "stream": True, "stream_options": "usage"},
            400,
            "stream_options",
            "an object",
        ),
        ({"model": "chat", "prompt": {"id": "x"}}, 400, "prompt", "prompts:/name@alias"),
        ([], 400, None, "a JSON object"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name_before_anybody_is_asked(  # noqa: PLR0913, PLR0917
    gateway: Served, provider: Provider, body: Any, status: int, param: str | None, words: str
) -> None:
    answer = gateway.http.post("/gateway/v1/chat/completions", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (status, param)
    assert words in error["message"]
    assert not provider.exchanges


def test_a_body_that_is_no_json_or_too_large_is_refused(
    gateway: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/gateway/v1/chat/completions"
    as_json = {"Content-Type": "application/json"}
    assert gateway.http.post(path, content=b"{", headers=as_json).status_code == 400
    assert gateway.http.post(path, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    monkeypatch.setattr("spanfold_query_api.gateway.wire.MAX_BODY_BYTES", 1_000)
    assert gateway.http.post(path, content=b" " * 2_000, headers=as_json).status_code == 413


def test_pages_of_others_may_not_call(gateway: Served, provider: Provider) -> None:
    body = {"model": "chat", "messages": [{"role": "user", "content": "Hi"}]}
    foreign = {"Origin": "http://evil.example"}
    assert gateway.http.post("/gateway/v1/chat/completions", json=body, headers=foreign).status_code == 403
    assert not provider.exchanges


def test_a_client_that_leaves_ends_the_stream_at_the_provider(gateway: Served, provider: Provider) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "long story"}]
    with gateway.openai as client:
        stream = client.chat.completions.create(model="chat", messages=messages, stream=True)
        next(stream)
        stream.close()
    provider.wait_for(lambda: provider.left_early == 1)
    gateway.wait_for(lambda status: status["calls_underway"] == 0)


def test_a_client_that_leaves_ends_a_call_that_waits(gateway: Served, provider: Provider) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "[judge:hang]"}]
    with gateway.openai as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="chat", messages=messages, timeout=0.3)
    assert provider.exchanges
    gateway.wait_for(lambda status: status["calls_underway"] == 0)


def test_a_provider_that_goes_down_ends_the_stream_with_an_error(gateway: Served) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "cut it"}]
    with gateway.openai as client, pytest.raises(openai.APIError, match=r"connection failed|broke off"):
        list(client.chat.completions.create(model="chat", messages=messages, stream=True))
    gateway.wait_for(lambda status: status["calls_underway"] == 0)


ODD = [
    (b'"half: \\ud83d"', {}),
    (b'"big"', {"usage": {"prompt_tokens": 2**63 + 5, "completion_tokens": 10**30}}),
    (b'"deep"', {"more": json.loads("[" * 300 + "]" * 300)}),
]


@pytest.mark.parametrize(("content", "more"), ODD)
@pytest.mark.parametrize("stream", [False, True])
def test_whatever_json_a_provider_sends_is_passed_on(
    gateway: Served,
    content: bytes,
    more: dict[str, Any],
    stream: bool,  # noqa: FBT001 - the case
) -> None:
    rest = json.dumps(more)[1:-1].encode()
    name = b"delta" if stream else b"message"
    body = b'{"id": "1", "choices": [{"index": 0, "finish_reason": "stop", "%s": {"content": %s}}]%s}' % (
        name, content, b", " + rest if rest else b"")  # fmt: skip
    kind = "text/event-stream" if stream else "application/json"
    data = b"data: " + body + b"\n\ndata: [DONE]\n\n" if stream else body
    with rude.serving(data, kind) as address:
        config = {"openai_api_key": "$GATEWAY_TEST_KEY", "base_url": address}
        target = {"provider": "openai", "name": "odd", "config": config}
        table = {"endpoints": [{"name": "odd", "endpoint_type": "llm/v1/chat", "model": target}]}
        gateway.file.write_text(json.dumps(table))
        gateway.wait_for(lambda status: status["endpoints"] == ["odd"])
        messages = [{"role": "user", "content": "Hi"}]
        answer = gateway.http.post(CHAT, json={"model": "odd", "messages": messages, "stream": stream})
    assert answer.status_code == 200
    text = answer.text.removeprefix("data: ").partition("\n")[0]
    assert json.loads(text)["choices"][0][name.decode()]["content"] == json.loads(content)
    assert stream == answer.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("depth", [1_010, 100_000])
def test_a_body_that_nests_too_deeply_is_refused(gateway: Served, depth: int) -> None:
    body = b'{"model": "chat", "messages": [{}], "x": %s}' % (b"[" * depth + b"]" * depth)
    answer = gateway.http.post(CHAT, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_a_client_that_leaves_within_its_body_is_no_fault(
    gateway: Served, caplog: pytest.LogCaptureFixture
) -> None:
    address = urlsplit(gateway.url)
    with socket.create_connection((address.hostname, address.port)) as client:
        head = [f"POST {CHAT} HTTP/1.1", "Host: x", "Content-Type: application/json", "Content-Length: 100"]
        client.sendall("\r\n".join([*head, "", "{"]).encode())
        gateway.wait_for(lambda status: status["calls_underway"] == 1)
    gateway.wait_for(lambda status: status["calls_underway"] == 0)
    gateway.http.get("/gateway/v1/models").raise_for_status()
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]
