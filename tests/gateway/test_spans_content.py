"""What spans say of bodies, whatever these hold. Apart from servers: their threads draw random numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api.gateway import spans_content

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "text", "tool_calls", "function", "choices", "delta", "index"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["messages", "prompt", "input", "stop", "choices", "usage"]), JSON))
def test_whatever_a_body_holds_can_be_recorded(body: dict[str, Any]) -> None:
    assembled = spans_content.Assembled()
    for kind in ("chat", "completions", "embeddings"):
        spans_content.settings_of(body)
        spans_content.input_of(kind, body)
        spans_content.output_of(kind, body)
        spans_content.facts_of(body)
    assembled.add(body)
    spans_content.output_of("chat", assembled.body())
    usage = body.get("usage")
    spans_content.usage_of(usage if isinstance(usage, dict) else None)


def test_numbers_that_no_span_can_hold_are_left_out() -> None:
    assert spans_content.settings_of({"seed": 2**64 - 1, "max_tokens": 5}) == {"gen_ai.request.max_tokens": 5}
    assert spans_content.usage_of({"prompt_tokens": 10**30, "completion_tokens": -1}) == {}


@pytest.mark.parametrize("name", ["cache_write_tokens", "cache_creation_tokens"])
def test_tokens_that_were_written_to_a_cache_are_counted(name: str) -> None:
    found = spans_content.usage_of({"prompt_tokens": 9, "prompt_tokens_details": {name: 7}})
    assert found["gen_ai.usage.cache_creation.input_tokens"] == 7
