"""The provider in miniature is one to the real client libraries: they read all it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest

from tests.providers import script
from tests.providers.server import Provider, running

if TYPE_CHECKING:
    from collections.abc import Iterator

USER: list[Any] = [{"role": "user", "content": "What is the capital of France?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def chatty(provider: Provider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=f"{provider.address}/v1") as client:
        yield client


@pytest.fixture(scope="module")
def claude(provider: Provider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="k", base_url=provider.address) as client:
        yield client


def test_a_chat_completion_is_whole(chatty: openai.OpenAI) -> None:
    answer = chatty.chat.completions.create(model="gpt-4o", messages=USER)
    assert answer.choices[0].message.content == script.ANSWER
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == script.CACHED_TOKENS


def test_a_chat_stream_has_usage_only_if_asked_for(chatty: openai.OpenAI) -> None:
    ask = chatty.chat.completions.create
    plain = list(ask(model="gpt-4o", messages=USER, stream=True))
    full = list(ask(model="gpt-4o", messages=USER, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in plain)
    assert (text, plain[-1].usage) == (script.ANSWER, None)
    assert full[-1].usage is not None
    assert full[-1].usage.completion_tokens == script.OUTPUT_TOKENS


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_ends_with_its_text_and_usage(chatty: openai.OpenAI, stream: bool) -> None:  # noqa: FBT001
    if stream:
        *_, last = chatty.responses.create(model="gpt-4o", input="hello", stream=True)
        assert last.type == "response.completed"
        answer = last.response
    else:
        answer = chatty.responses.create(model="gpt-4o", input="hello")
    assert answer.output_text == script.ANSWER
    assert answer.usage is not None
    assert answer.usage.output_tokens_details.reasoning_tokens == script.REASONING_TOKENS


def test_embeddings_are_vectors(chatty: openai.OpenAI) -> None:
    answer = chatty.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert [item.embedding[1] for item in answer.data] == [0.5, 0.5]


def test_a_failure_is_raised_or_survived_by_trying_again(provider: Provider, chatty: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        chatty.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "fail:401"}])
    before = len(provider.exchanges)
    chatty.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "fail:429:2 x"}])
    assert [one.status for one in provider.exchanges[before:]] == [429, 429, 200]
    assert provider.headers_named("Authorization")[-1] == "Bearer k"


def test_a_tool_is_called_with_arguments_that_fit_its_schema(
    chatty: openai.OpenAI, claude: anthropic.Anthropic
) -> None:
    function: Any = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
    answer = chatty.chat.completions.create(model="gpt-4o", messages=USER, tools=[function])
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("weather", '{"city": "Paris"}')
    tool: Any = {"name": "weather", "input_schema": PARAMETERS}
    with claude.messages.stream(model="claude", max_tokens=9, messages=USER, tools=[tool]) as stream:
        final = stream.get_final_message()
    assert final.stop_reason == "tool_use"
    assert final.content[0].type == "tool_use"
    assert final.content[0].input == {"city": "Paris"}


def test_a_message_is_the_same_whole_and_streamed(claude: anthropic.Anthropic) -> None:
    whole = claude.messages.create(model="claude-sonnet", max_tokens=9, messages=USER)
    with claude.messages.stream(model="claude-sonnet", max_tokens=9, messages=USER) as stream:
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        assert message.content[0].type == "text"
        assert message.content[0].text == script.ANSWER
        assert message.usage.output_tokens == script.OUTPUT_TOKENS
        assert message.usage.cache_read_input_tokens == script.CACHED_TOKENS


def test_a_stream_left_early_is_noticed(provider: Provider, chatty: openai.OpenAI) -> None:
    long: Any = [{"role": "user", "content": "long " * 2}]
    before = provider.left_early
    with chatty.chat.completions.create(model="gpt-4o", messages=long, stream=True) as stream:
        next(iter(stream))
    provider.wait_for(lambda: provider.left_early == before + 1)


def test_a_stream_that_breaks_off_is_an_error_of_the_client(chatty: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError):
        list(
            chatty.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": "cut"}], stream=True
            )
        )
