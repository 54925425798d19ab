"""What models are given, as rows."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from spanfold._flavors import _rows
from spanfold.errors import InvalidArgumentError

TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ("a", [{"content": "a"}]),
        (["a", "b"], [{"content": "a"}, {"content": "b"}]),
        ({"x": "a", "y": 1}, [{"x": "a", "y": 1}]),
        ({"x": ["a", "b"]}, [{"x": "a"}, {"x": "b"}]),
        ([{"x": 1}, {"y": 2}], [{"x": 1, "y": None}, {"x": None, "y": 2}]),
        (pd.DataFrame({"x": ["a", "b"]}), [{"x": "a"}, {"x": "b"}]),
        (pd.Series(["a", "b"]), [{"content": "a"}, {"content": "b"}]),
        (TURNS, [{"messages": TURNS}]),
        ({"messages": TURNS}, [{"messages": TURNS}]),
        ({"messages": [TURNS, TURNS]}, [{"messages": TURNS}, {"messages": TURNS}]),
        ([{"messages": TURNS}], [{"messages": TURNS}]),
        ([], []),
        ({}, [{}]),
    ],
)
def test_rows_are_read_from_what_people_have(given: Any, rows: list[dict[str, Any]]) -> None:
    assert list(_rows.rows_of(given)) == rows


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (7, "not int"),
        (b"text", "not bytes"),
        ({"x": [1], "y": [1, 2]}, "differ in length"),
        ([{"x": 1}, "b"], r"model_input\[1\]: a dict like the others"),
    ],
)
def test_what_is_no_rows_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=said):
        _rows.rows_of(given)


def test_the_column_that_is_read_must_be_clear() -> None:
    rows = _rows.rows_of({"a": [1], "b": [2]})
    with pytest.raises(InvalidArgumentError, match="'content'; it was given 'a', 'b'"):
        rows.one("content")
    assert rows.one("b") == [2]


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA, pd.NaT])
def test_what_data_frames_have_for_nothing_is_missing(value: object) -> None:
    assert _rows.is_missing(value)
    assert not any(map(_rows.is_missing, ["", 0, False, "<NA>", 0.0]))
