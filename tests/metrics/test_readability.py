from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold.metrics import _syllables
from spanfold.metrics._readability import counts
from spanfold.metrics._syllables import count, syllables


@pytest.mark.parametrize(
    ("word", "expected"),
    [("readability", 5), ("people", 2), ("created", 3), ("don't", 1), ("hmm", 0), ("kubernetes", 3), ("", 1)],
)
def test_syllables_come_from_the_dictionary_or_from_hyphenation(word: str, expected: int) -> None:
    assert syllables(word) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("...", 1),
        ("Two words. And three more. Yes!", 1),
        ("One two three. Four five six? Seven eight nine!", 3),
        ("no end of the sentence", 1),
        ("v2.9.2 of it is out. It is not bad.", 2),
        ("- one - two - three. - four", 1),
        ("一つ 二つ 三つ。四つ", 1),
    ],
)
def test_sentences_of_at_most_two_words_do_not_count(text: str, expected: int) -> None:
    assert counts(text).sentences == expected


def test_a_token_of_punctuation_alone_is_no_word() -> None:
    found = counts("well - well , well ...")
    assert (found.tokens, found.words) == (6, 3)


@given(st.lists(st.text(max_size=12), max_size=8), st.sampled_from([" ", "\n", "\u3000", "\t "]))
def test_words_and_syllables_of_a_text_are_the_sums_of_its_tokens(parts: list[str], space: str) -> None:
    tokens = space.join(parts).split()
    alone = [count([token]) for token in tokens]
    assert count(tokens) == (sum(words for words, _ in alone), sum(found for _, found in alone))


@given(st.text(max_size=200))
def test_counts_do_not_contradict_each_other(text: str) -> None:
    found = counts(text)
    assert found.words <= found.tokens <= found.characters
    assert found.sentences >= 1
    assert found.sentences <= max(1, found.words // 3)


def test_memory_for_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_syllables, "MAX_MEMO_TOKENS", 10)
    memo = _syllables._Memo()
    for number in range(100):
        assert memo[f"w{number}"] >= _syllables.WORD
    assert len(memo) <= 10
    assert memo["x" * 100] > _syllables.WORD
    assert "x" * 100 not in memo


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "a " * 100_000, "." * 200_000, "a-" * 100_000, "a, b " * 50_000, "'" * 200_000]
)
def test_long_texts_of_one_kind_are_counted(text: str) -> None:
    assert counts(text).characters == len(text.replace(" ", ""))
