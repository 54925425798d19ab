"""Templates with variables in single braces."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold._flavors import _templates
from spanfold.errors import InvalidArgumentError

NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)
ANYTHING = st.text(max_size=30)


def written(literal: str) -> str:
    return literal.replace("{", "{{").replace("}", "}}")


@given(st.lists(st.tuples(ANYTHING, NAMES, ANYTHING), max_size=6), st.data())
def test_filling_is_what_str_format_does_and_values_are_never_templates(
    parts: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    template = "".join(f"{written(before)}{{{name}}}{written(after)}" for before, name, after in parts)
    values = {name: data.draw(ANYTHING) for _, name, _ in parts}
    assert _templates.variables_of(template, "t") == tuple(dict.fromkeys(name for _, name, _ in parts))
    assert _templates.filled(template, values) == template.format(**values)


@given(ANYTHING)
def test_any_text_is_either_a_template_or_refused(text: str) -> None:
    try:
        names = _templates.variables_of(text, "t")
    except InvalidArgumentError:
        return
    filled = _templates.filled(text, dict.fromkeys(names, ""))
    assert filled == text.format(**dict.fromkeys(names, ""))


def test_variables_are_found_in_parts_and_not_in_the_arguments_of_tool_calls() -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": '{"a": 1}'}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "{a}"}, {"type": "image", "url": "{b}"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    checked, names = _templates.check_messages(messages, frozenset({"user", "assistant"}))
    assert names == ("a", "b")
    filled = _templates.filled_messages(checked, {"a": "x", "b": 2})
    assert filled[0]["content"] == [{"type": "text", "text": "x"}, {"type": "image", "url": "2"}]
    assert filled[1] == messages[1]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{", "'{' belongs to no variable"),
        ("a } b", "'} b' belongs to no variable"),
        ("{0}", "belongs to no variable"),
        ("{a.b}", "belongs to no variable"),
        ("x" * 1_000_001, "longer than 1,000,000 characters"),
    ],
)
def test_what_is_no_template_is_refused_with_its_place(template: str, said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"messages\[3\]") as raised:
        _templates.variables_of(template, "messages[3]")
    assert said in str(raised.value)


def test_a_template_that_never_ends_is_refused() -> None:
    nested: Any = "x"
    for _ in range(50):
        nested = [nested]
    with pytest.raises(InvalidArgumentError, match="nested deeper"):
        _templates.variables_of(nested, "messages")
