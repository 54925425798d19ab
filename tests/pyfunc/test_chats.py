"""Chats put to models of every kind, and the answers read from whatever they return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from spanfold.errors import InvalidArgumentError
from spanfold.pyfunc import infer_signature
from spanfold.pyfunc._chats import RowCountError, chat_row, outputs_of, plain, text_of, text_row
from spanfold.pyfunc._signature import of_names

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "why?"}]


@pytest.mark.parametrize(
    ("signature", "row"),
    [
        (None, {"messages": CHAT}),
        (infer_signature({"messages": CHAT}), {"messages": CHAT}),
        (of_names(["question"]), {"question": "why?"}),
        (infer_signature(["a text"]), "why?"),
    ],
)
def test_a_model_gets_the_conversation_or_what_the_user_said_last(signature: Any, row: Any) -> None:
    assert chat_row(CHAT, signature) == row


def test_parts_of_a_message_are_one_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    assert chat_row([{"role": "user", "content": parts}], of_names(["q"])) == {"q": "a\nb"}


def test_a_model_of_several_columns_is_no_chat_model() -> None:
    with pytest.raises(InvalidArgumentError, match="takes the columns 'a', 'b'"):
        text_row("x", of_names(["a", "b"]))


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("a", "a"),
        (["a"], "a"),
        ({"candidates": ["a"]}, "a"),
        ({"content": "a", "score": 1}, "a"),
        ({"choices": [{"message": {"content": "a"}}]}, "a"),
        ({"choices": [{"text": "a"}]}, "a"),
        ({"label": "spam"}, '{"label": "spam"}'),
        (["a", "b"], '["a", "b"]'),
        (np.float64(0.5), "0.5"),
        (None, "null"),
    ],
)
def test_the_text_of_an_output_is_found(output: Any, text: str) -> None:
    assert text_of(output) == text


@pytest.mark.parametrize(
    ("made", "outputs"),
    [
        (["a", "b"], ["a", "b"]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (pd.Series(["a", "b"]), ["a", "b"]),
        (pd.DataFrame({"y": ["a", "b"]}), ["a", "b"]),
        (pd.DataFrame({"y": [1, 2], "z": [3, 4]}), [{"y": 1, "z": 3}, {"y": 2, "z": 4}]),
        ({"candidates": ["a", "b"]}, ["a", "b"]),
    ],
    ids=lambda one: type(one).__name__,
)
def test_outputs_come_a_row_each(made: Any, outputs: list[Any]) -> None:
    assert outputs_of(made, 2) == outputs


def test_one_row_may_have_any_answer() -> None:
    assert outputs_of("a", 1) == ["a"]
    assert outputs_of({"answer": "a", "score": 2}, 1) == [{"answer": "a", "score": 2}]
    assert outputs_of(["a", "b"], 1) == [["a", "b"]]


@pytest.mark.parametrize("made", ["ab", ["a"], {"candidates": ["a"]}, 3])
def test_another_number_of_outputs_is_no_answer_to_several_rows(made: Any) -> None:
    with pytest.raises(RowCountError):
        outputs_of(made, 2)


def test_any_output_can_be_said_in_json() -> None:
    frame = pd.DataFrame({"x": [1.5, float("nan")]})
    assert plain({"a": frame, 3: (np.int64(2), float("inf")), "o": {1}}) == {
        "a": [{"x": 1.5}, {"x": None}],
        "3": [2, None],
        "o": [1],
    }
