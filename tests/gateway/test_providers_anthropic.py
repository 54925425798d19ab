"""Anthropic's words for what is asked in OpenAI's, whatever is asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api.gateway.protocol import Call, GatewayError
from spanfold_query_api.gateway.providers import anthropic_answers, anthropic_requests

WORDS = [
    *("messages", "role", "user", "content", "type", "text", "image_url", "url", "tools", "function", "name"),
    *("tool_calls", "tool_choice", "arguments", "response_format", "json_schema", "schema", "prompt", "stop"),
    *("temperature", "reasoning_effort", "parallel_tool_calls", "index", "delta", "usage", "content_block"),
]
VALUES = [
    "user",
    "assistant",
    "tool",
    "system",
    "text",
    "message_start",
    "content_block_delta",
    "message_delta",
]
OPENAI = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "function": {"name": "look", "arguments": '{"at": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "a cat"},
        {"role": "user", "content": "So?"},
    ],
    "temperature": 1.5,
    "stop": "\n",
    "user": "u1",
    "reasoning_effort": "high",
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "tools": [{"type": "function", "function": {"name": "look"}}],
    "seed": 7,
    "n": 1,
    "top_p": None,
}
ANTHROPIC = {
    "model": "claude",
    "max_tokens": 4_096,
    "system": "Be brief.\n\nBe kind.",
    "temperature": 1.0,
    "stop_sequences": ["\n"],
    "metadata": {"user_id": "u1"},
    "output_config": {"effort": "high"},
    "tools": [{"name": "look", "input_schema": {"type": "object", "properties": {}}}],
    "tool_choice": {"type": "tool", "name": "look"},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
                },
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "1", "name": "look", "input": {"at": 1}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "1",
                    "content": [{"type": "text", "text": "a cat"}],
                },
                {"type": "text", "text": "So?"},
            ],
        },
    ],
}


def test_a_request_in_anthropics_words() -> None:
    assert anthropic_requests.request(Call("chat", OPENAI, "chat"), "claude") == ANTHROPIC


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "narrator", "content": "hi"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 3}]}]}, None),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "["}}]}]}, "messages"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"tools": "weather"}, "tools"),
        ({"tools": [3]}, "tools"),
        ({"messages": [{"role": "assistant", "tool_calls": [3]}]}, "messages"),
        ({"temperature": "hot"}, None),
        ({"stop": 3}, None),
    ],
)
def test_what_anthropic_does_not_have_is_refused_by_name(body: dict[str, Any], parameter: str | None) -> None:
    call = Call("chat", {"messages": [{"role": "user", "content": "hi"}], **body}, "chat")
    if parameter is None:  # goes to the provider, who says what is wrong with it
        anthropic_requests.request(call, "claude")
        return
    with pytest.raises(GatewayError) as caught:
        anthropic_requests.request(call, "claude")
    assert (caught.value.status, caught.value.param) == (400, parameter)


JSON = st.recursive(
    st.none()
    | st.sampled_from(VALUES)
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(WORDS), JSON, max_size=6))
def test_whatever_is_asked_becomes_a_request_or_a_refusal(body: dict[str, Any]) -> None:
    for kind in ("chat", "completions"):
        try:
            made = anthropic_requests.request(Call(kind, body, "chat"), "claude")
        except GatewayError as error:
            assert error.status == 400  # noqa: PT017 - either is right
        else:
            assert made["model"] == "claude"


def test_reasons_to_stop_are_told_in_openais_words() -> None:
    def reason(said: str) -> str:
        message = {"content": [], "stop_reason": said}
        return str(anthropic_answers.answer(message, "chat")["choices"][0]["finish_reason"])

    reasons = [reason(one) for one in ("end_turn", "max_tokens", "refusal", "tool_use", "of the future")]
    assert reasons == ["stop", "length", "content_filter", "tool_calls", "stop"]
