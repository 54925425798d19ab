from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from spanfold.metrics import rouge1, rouge2, rougeL, rougeLsum
from spanfold.metrics._rouge import MAX_LINE_PAIRS
from spanfold.metrics._subsequences import bits_of, common_length, common_places
from spanfold.metrics._words import unicode_words

KINDS = (rouge1, rouge2, rougeL, rougeLsum)
WORDS = st.lists(st.sampled_from(list("abcde")), max_size=12)
LINES = st.lists(WORDS.map(" ".join), max_size=5).map("\n".join)


class UnicodeWords:
    def tokenize(self, text: str) -> list[str]:
        return unicode_words(text)


@given(prediction=LINES, target=LINES)
def test_scores_are_those_of_the_published_package(prediction: str, target: str) -> None:
    published = rouge_scorer.RougeScorer([make.__name__ for make in KINDS]).score(target, prediction)
    for make in KINDS:
        found = make().score({"predictions": [prediction], "targets": [target]}).scores
        assert found == [published[make.__name__].fmeasure]


@given(prediction=st.text("東京です。a \n", max_size=20), target=st.text("東京です。a \n", max_size=20))
def test_unicode_scores_are_those_of_the_published_package_with_that_tokenizer(
    prediction: str, target: str
) -> None:
    names = [make.__name__ for make in KINDS]
    published = rouge_scorer.RougeScorer(names, tokenizer=UnicodeWords()).score(target, prediction)
    for make in KINDS:
        found = make("unicode").score({"predictions": [prediction], "targets": [target]}).scores
        assert found == [published[make.__name__].fmeasure]


def test_equal_japanese_texts_get_nothing_by_default_and_all_with_the_unicode_tokenizer() -> None:
    rows = {"predictions": ["東京は日本の首都です。"], "targets": ["東京は日本の首都です。"]}
    for make in KINDS:
        assert make().score(rows).scores == [0.0]
        assert make("unicode").score(rows).scores == [1.0]
    assert (rouge1().key, rouge1("unicode").key) == ("rouge1/v1", "rouge1_unicode")


@given(first=WORDS, second=WORDS)
def test_common_places_are_a_subsequence_of_both_and_as_long_as_the_longest(
    first: list[str], second: list[str]
) -> None:
    places = common_places(first, second, bits_of(second))
    assert places == sorted(set(places), reverse=True)
    rest = iter(second)
    assert all(first[place] in rest for place in reversed(places))
    assert len(places) == common_length(first, second) == common_length(second, first)


def test_texts_that_are_too_long_to_compare_are_an_error_of_their_row() -> None:
    lines = "a b\n" * (int(MAX_LINE_PAIRS**0.5) + 1)
    value = rougeLsum().score({"predictions": [lines, "a"], "targets": [lines, "a"]})
    assert value.scores == [None, 1.0]
    assert value.errors is not None
    assert "too long" in str(value.errors[0])
    words = "a " * 40_000
    assert rougeL().score({"predictions": [words], "targets": [words]}).scores == [None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MLflow 2.9 で 実験", ["mlflow", "2", "9", "で", "実", "験"]),
        ("don't", ["don", "t"]),
        ("Привет, мир", ["привет", "мир"]),
        ("ｶﾞ", ["ガ"]),
        ("🎉 done", ["done"]),
        ("", []),
    ],
)
def test_words_of_every_script(text: str, words: list[str]) -> None:
    assert unicode_words(text) == words
