from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold.metrics import (
    MetricValue,
    contains,
    edit_similarity,
    exact_match,
    length,
    regex_match,
    token_f1,
)


def scores(value: MetricValue) -> list[object]:
    return list(value.scores or ())


def test_exact_match_compares_values_of_any_type() -> None:
    rows = {"predictions": ["a", 1, [1, 2], {"a": 1}, "A"], "targets": ["a", 1.0, [1, 2], {"a": 2}, "a"]}
    assert scores(exact_match().score(rows)) == [1.0, 1.0, 1.0, 0.0, 0.0]


def test_exact_match_has_mlflows_aggregate_beside_the_usual_ones() -> None:
    metric = exact_match()
    value = metric.with_aggregates(metric.score({"predictions": ["a", "b"], "targets": ["a", "c"]}))
    assert value.aggregate_results == {"exact_match": 0.5, "mean": 0.5, "variance": 0.25, "p90": 0.9}


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ("The Eiffel Tower", "an eiffel tower!", 1.0),
        ("Eiffel Tower", "tower", 2 / 3),
        ("in Paris, France", "Rome", 0.0),
        ("", "", 1.0),
        ("the", "a", 1.0),
        ("", "x", 0.0),
        ("x x y", "x y y", 2 / 3),
        ("東京です", "東京", 2 / 3),
        ("東京。", "東京", 1.0),
        ("ＴＯＫＹＯ", "tokyo", 1.0),  # noqa: RUF001 - as it says
        ("答えは42です", "42", 2 / 7),
        ("café", "cafe\u0301", 1.0),
    ],
)
def test_token_f1_counts_shared_words_in_any_script(prediction: str, target: str, expected: float) -> None:
    assert scores(token_f1().score({"predictions": [prediction], "targets": [target]})) == [
        pytest.approx(expected)
    ]


def test_edit_similarity_is_one_minus_the_share_of_edits() -> None:
    rows = {"predictions": ["kitten", "", "", "東京"], "targets": ["sitting", "", "abc", "京都"]}
    assert scores(edit_similarity().score(rows)) == pytest.approx([1 - 3 / 7, 1.0, 0.0, 0.0])


def test_a_pattern_is_found_anywhere_unless_it_is_anchored() -> None:
    rows = {"predictions": ["order 12", "12", "twelve"]}
    assert scores(regex_match("[0-9]+").score(rows)) == [1.0, 1.0, 0.0]
    assert scores(regex_match(r"\A[0-9]+\Z").score(rows)) == [0.0, 1.0, 0.0]
    assert scores(regex_match("TWELVE").score(rows)) == [0.0, 0.0, 0.0]
    assert scores(regex_match("TWELVE", ignore_case=True).score(rows)) == [0.0, 0.0, 1.0]


def test_a_pattern_that_takes_for_ever_is_an_error_of_that_row_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanfold.metrics._matching.SEARCH_LIMIT_S", 0.05)
    value = regex_match(r"(x+x+)+y").score({"predictions": ["x" * 200, "xxy"]})
    assert scores(value) == [None, 1.0]
    assert value.errors is not None
    assert "takes longer than 0.05 s" in str(value.errors[0])
    assert value.errors[1] is None


@given(text=st.text(max_size=30), part=st.integers(0, 30))
def test_a_text_contains_each_of_its_parts(text: str, part: int) -> None:
    assert scores(contains().score({"predictions": [text], "targets": [text[part : part + 5]]})) == [1.0]


def test_contains_looks_for_one_text_or_for_each_target() -> None:
    rows = {"predictions": ["It is Paris.", "It is Rome."], "targets": ["Paris", "rome"]}
    assert scores(contains().score(rows)) == [1.0, 0.0]
    assert scores(contains(ignore_case=True).score(rows)) == [1.0, 1.0]
    assert scores(contains("Rome").score({"predictions": rows["predictions"]})) == [0.0, 1.0]


def test_length_counts_characters_or_words() -> None:
    rows = {"predictions": ["Two words.", "", "東京です。", math.nan]}
    assert scores(length().score(rows)) == [10, 0, 5, None]
    metric = length("words")
    assert scores(metric.score(rows)) == [2, 0, 4, None]
    assert metric.key == "length_words"
