"""Any value becomes JSON text of bounded size, with a mark where it was cut."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold._internal.content import Collector, to_json


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: float


class Question(pydantic.BaseModel):
    text: str
    key: pydantic.SecretStr


class Broken:
    def __repr__(self) -> str:
        message = "no repr"
        raise RuntimeError(message)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_json_values_that_fit_come_back_as_they_were(value: Any) -> None:
    assert json.loads(to_json(value)) == value


@given(json_values, st.integers(0, 200))
def test_the_text_is_always_valid_json_and_utf8_and_about_as_long_as_allowed(value: Any, limit: int) -> None:
    text = to_json(value, limit)
    json.loads(text)
    text.encode()
    # Escapes may take six characters for one, numbers are not cut, and each level may leave one mark.
    assert len(text) < 6 * limit + 1000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, 2), [1, 2]),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        ({"a"}, ["a"]),
        (Colour.RED, "red"),
        (Point(1, 0.5), {"x": 1, "y": 0.5}),
        (Question(text="why?", key="secret"), {"text": "why?", "key": "SecretStr('**********')"}),  # type: ignore[arg-type]
        (b"abc", "<bytes of 3 bytes>"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (Broken(), "<Broken: its repr raised RuntimeError>"),
        (10**400, "… (cut: integer of 1329 bits)"),
        (int, "<class 'int'>"),
        ("\ud800", "\ud800"),
    ],
)
def test_other_values_are_told_as_plainly_as_json_allows(value: object, expected: object) -> None:
    text = to_json(value)
    text.encode()
    assert json.loads(text) == expected


def test_a_value_that_contains_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "nested deeper" in to_json(endless)


def test_a_huge_collection_is_cut_before_it_is_serialised() -> None:
    touched = 0

    class Counted:
        def __repr__(self) -> str:
            nonlocal touched
            touched += 1
            return "counted"

    text = to_json([Counted()] * 1_000_000, max_chars=1000)
    assert touched < 1000
    assert f"(cut: {1_000_000 - touched} more items)" in text


def test_collected_items_are_copies() -> None:
    items, collector = [1], Collector()
    collector.add(items)
    items.append(2)
    assert collector.to_json() == "[[1]]"
