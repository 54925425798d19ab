"""Agreement of judges and people: against scikit-learn's and scipy's figures, and what it says of biases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _agreement_measures as measures
from spanfold.evaluation._agreement import Agreement, Rated, agreement_of

FIGURES: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "statistics.json").read_text(encoding="utf-8")
)


def rated(judge: list[Any], human: list[Any], **more: list[Any]) -> list[Rated]:
    """A trace for each pair."""
    columns = [dict(zip(more, values, strict=True)) for values in zip(*more.values(), strict=True)]
    return [
        Rated(f"{number:032x}", one, other, **(columns[number] if columns else {}))
        for number, (one, other) in enumerate(zip(judge, human, strict=True))
    ]


def test_agreement_on_grades_has_the_published_figures() -> None:
    figures = FIGURES["agreement"]
    found = agreement_of("judge", "human", rated(figures["judge"], figures["human"]))
    assert found.kind == "grades"
    assert found.kappa.value == pytest.approx(figures["kappa"], rel=1e-12)
    assert found.weighted_kappa.value == pytest.approx(figures["quadratic"], rel=1e-12)
    assert found.spearman.value == pytest.approx(figures["spearman"], rel=1e-12)
    assert [list(row) for row in found.confusion] == figures["confusion"]
    agreeing = sum(one == other for one, other in zip(figures["judge"], figures["human"], strict=True))
    assert found.accuracy.value == agreeing / 80
    assert found.bias.value == pytest.approx(np.mean(np.subtract(figures["judge"], figures["human"])))
    for measure in (found.kappa, found.weighted_kappa, found.spearman, found.accuracy, found.bias):
        assert measure.lower is not None
        assert measure.value is not None
        assert measure.upper is not None
        assert measure.lower < measure.value < measure.upper


def test_agreement_on_labels_has_the_published_figures() -> None:
    figures = FIGURES["labels"]
    found = agreement_of("judge", "human", rated(figures["judge"], figures["human"]))
    assert found.kind == "labels"
    assert found.kappa.value == pytest.approx(figures["kappa"], rel=1e-12)
    assert found.classes == ("bad", "good", "unsure")
    assert [list(row) for row in found.confusion] == figures["confusion"]
    assert (found.spearman.value, found.bias.value, found.weighted_kappa.value) == (None, None, None)
    assert all(one.judge != one.human for one in found.disagreements)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=60))
def test_agreement_is_the_same_from_both_sides(pairs: list[tuple[int, int]]) -> None:
    one = agreement_of("a", "b", rated([first for first, _ in pairs], [second for _, second in pairs]))
    other = agreement_of("b", "a", rated([second for _, second in pairs], [first for first, _ in pairs]))
    for name in ("kappa", "weighted_kappa", "spearman", "accuracy"):
        mine, theirs = getattr(one, name).value, getattr(other, name).value
        assert mine == (None if theirs is None else pytest.approx(theirs, abs=1e-9))
        assert mine is None or -1 <= mine <= 1 + 1e-12
    assert Agreement.from_dict(json.loads(json.dumps(one.to_dict()))) == one


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=4, max_size=40))
def test_a_rank_correlation_only_depends_on_the_order(pairs: list[tuple[float, float]]) -> None:
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    by_rank = [float(sorted(set(second)).index(value)) for value in second]
    assert measures.spearman(first, second) == measures.spearman(first, by_rank)


def test_intervals_of_kappa_hold_the_truth_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(3)
    shares = np.array([[0.35, 0.1], [0.15, 0.4]])
    truth = measures.kappa((shares * 1_000_000).astype(int).tolist()).value
    assert truth is not None
    held = 0
    for seed in range(400):
        table = random.multinomial(100, shares.ravel()).reshape(2, 2)
        found = measures.kappa(table.tolist(), seed=seed)
        assert found.lower is not None
        assert found.upper is not None
        held += found.lower <= truth <= found.upper
    assert 0.92 <= held / 400 <= 0.98


def test_a_judge_that_likes_long_answers_is_found_out() -> None:
    human = [1 + number % 5 for number in range(90)]
    chars = [100 + 10 * number for number in range(90)]
    judge = [min(5, grade + (number >= 60)) for number, grade in enumerate(human)]
    found = agreement_of("judge", "human", rated(judge, human, answer_chars=chars))
    assert [group.count for group in found.by_length] == [30, 30, 30]
    assert [group.bias.value for group in found.by_length] == [0, 0, pytest.approx(0.8)]
    assert found.by_length[2].name == "700 to 990 characters"
    assert found.bias_and_length.lower is not None
    assert found.bias_and_length.lower > 0
    assert {one.judge for one in found.disagreements} <= {2, 3, 4, 5}


def test_a_judge_that_prefers_the_first_answer_is_found_out() -> None:
    human = [1 + number % 4 for number in range(80)]
    position = ["first" if number // 4 % 2 else "second" for number in range(80)]
    judge = [grade + (where == "first") for grade, where in zip(human, position, strict=True)]
    found = agreement_of("judge", "human", rated(judge, human, position=position))
    assert [(group.name, group.count, group.bias.value) for group in found.by_position] == [
        ("first", 40, 1.0),
        ("second", 40, 0.0),
    ]


def test_scales_that_differ_are_compared_by_order_alone() -> None:
    judge = [1 + number % 5 for number in range(60)]
    found = agreement_of("judge", "human", rated(judge, [grade > 3 for grade in judge]))
    assert any("scales differ" in note for note in found.notes)
    assert (found.kappa.value, found.bias.value, found.confusion) == (None, None, ())
    assert found.spearman.value is not None
    assert found.spearman.value > 0.8


def test_numbers_that_are_no_grades_have_no_kappa() -> None:
    judge = [number / 60 for number in range(60)]
    found = agreement_of("judge", "human", rated(judge, [value / 2 for value in judge]))
    assert found.kind == "numbers"
    assert (found.kappa.value, found.accuracy.value) == (None, None)
    assert found.spearman.value == 1


def test_few_traces_are_warned_of_and_none_are_an_error() -> None:
    found = agreement_of("judge", "human", rated([1, 2, 3], [1, 2, 2]))
    assert any("only 3 traces" in note for note in found.notes)
    assert not any("only" in note for note in agreement_of("j", "h", rated([1, 2] * 30, [1, 2] * 30)).notes)
    with pytest.raises(InvalidArgumentError, match="log_feedback"):
        agreement_of("judge", "human", [])
    with pytest.raises(InvalidArgumentError, match="labels"):
        agreement_of("judge", "human", rated([1], ["good"]))


def test_a_rater_who_always_says_the_same_leaves_kappa_undefined() -> None:
    found = agreement_of("judge", "human", rated([3] * 60, [3] * 60))
    assert (found.kappa.value, found.spearman.value, found.accuracy.value) == (None, None, 1.0)
    assert found.strength == "undefined"
    assert any("says the same of every trace" in note for note in found.notes)


@pytest.mark.parametrize("wild", [float("nan"), float("inf"), -1e300])
def test_scores_that_are_no_usable_numbers_do_not_count(wild: float) -> None:
    human = [n % 5 for n in range(60)]
    judge = [(n + n // 40) % 5 for n in range(60)]
    found = agreement_of("judge", "human", rated([wild, *judge, 3], [1, *human, wild]))
    assert found.count == 60
    assert found.bias == agreement_of("judge", "human", rated(judge, human)).bias
    with pytest.raises(InvalidArgumentError, match="no trace has both"):
        agreement_of("judge", "human", rated([wild], [1]))
