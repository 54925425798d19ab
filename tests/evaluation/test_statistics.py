"""The statistics against figures of published packages (of ``make_statistics.py``), and as properties."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanfold.evaluation import _effects, _power, _statistics
from spanfold.evaluation._power import Design, detectable, needed
from spanfold.evaluation._statistics import MAX_RESAMPLED, Outcome, holm, paired, unpaired, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

FIGURES: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "statistics.json").read_text(encoding="utf-8")
)
NUMBERS = st.lists(st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False), min_size=2, max_size=40)


def test_the_interval_of_pairs_is_the_published_one_widened_as_students_is() -> None:
    figures = FIGURES["paired"]
    outcome = paired(figures["a"], figures["b"])
    assert outcome.lower is not None
    assert outcome.upper is not None
    lower, upper = figures["bca"]
    assert outcome.method == "bca"
    # Of 40 pairs Student's interval is 4.5 % wider than what percentiles give.
    widening = (outcome.upper - outcome.lower) / (upper - lower)
    assert 1.02 < widening < 1.08
    assert outcome.p_value == pytest.approx(figures["sign_flips"], abs=0.005)


def test_the_interval_of_two_samples_is_the_published_one_widened_as_welchs_is() -> None:
    figures = FIGURES["unpaired"]
    outcome = unpaired(figures["a"], figures["b"])
    assert outcome.lower is not None
    assert outcome.upper is not None
    lower, upper = figures["bca"]
    assert 1.01 < (outcome.upper - outcome.lower) / (upper - lower) < 1.09
    assert outcome.p_value == pytest.approx(figures["permutations"], abs=0.015)


def test_few_pairs_are_tested_exactly() -> None:
    figures = FIGURES["exact"]
    change = figures["change"]
    assert paired([0.0] * len(change), change).p_value == pytest.approx(figures["sign_flips"], rel=1e-12)


@pytest.mark.parametrize(("gained", "lost", "expected"), FIGURES["binary"]["mcnemar"])
def test_mcnemars_test_is_the_published_one(gained: int, lost: int, expected: float) -> None:
    a = [0] * gained + [1] * lost + [1] * 5
    b = [1] * gained + [0] * lost + [1] * 5
    outcome = paired(a, b)
    assert outcome.test == "mcnemar_exact"
    assert outcome.p_value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("size_a", "ones_a", "size_b", "ones_b", "expected"), FIGURES["binary"]["fisher"])
def test_fishers_test_is_the_published_one(
    size_a: int, ones_a: int, size_b: int, ones_b: int, expected: float
) -> None:
    outcome = unpaired([1] * ones_a + [0] * (size_a - ones_a), [1] * ones_b + [0] * (size_b - ones_b))
    assert outcome.test == "fisher_exact"
    assert outcome.p_value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("effect", "size"), FIGURES["power"]["paired"])
def test_needed_pairs_are_those_of_the_noncentral_t_distribution(effect: float, size: float) -> None:
    found = needed(Design((1.0,), (10,)), effect)
    assert found is not None
    assert size <= found <= size + 1.1
    assert detectable(Design((1.0,), (found,))) == pytest.approx(effect, rel=0.04)


@pytest.mark.parametrize(("effect", "size"), FIGURES["power"]["unpaired"])
def test_needed_rows_are_those_of_the_noncentral_t_distribution(effect: float, size: float) -> None:
    found = needed(Design((1.0, 1.0), (10, 10), power=0.9), effect)
    assert found is not None
    assert size <= found <= size + 1.1
    assert detectable(Design((1.0, 1.0), (found, found), power=0.9)) == pytest.approx(effect, rel=0.04)


def test_effects_of_grades_are_the_published_ones() -> None:
    figures = FIGURES["cliff"]
    effect = _effects.of_samples(np.asarray(figures["a"], float), np.asarray(figures["b"], float))
    assert effect.name == "cliff_delta"
    assert effect.value == pytest.approx(figures["delta"], rel=1e-12)
    change = np.asarray(FIGURES["rank_biserial"]["change"], float)
    effect = _effects.of_pairs(np.full(change.size, 3.0), 3.0 + change)
    assert effect.name == "rank_biserial"
    assert effect.value == pytest.approx(FIGURES["rank_biserial"]["value"], rel=1e-12)


def test_effects_of_numbers_and_shares_are_cohens() -> None:
    effect = paired([0.5, 0.25, 0.75], [0.75, 0.75, 1.0]).effect
    assert effect is not None
    assert (effect.name, effect.size) == ("cohen_dz", "large")
    assert effect.value == pytest.approx((1 / 3) / math.sqrt(1 / 48))
    effect = unpaired([0.0] * 50 + [1.0] * 50, [0.0] * 40 + [1.0] * 60).effect
    assert effect is not None
    assert effect.name == "cohen_h"
    assert effect.value == pytest.approx(2 * math.asin(math.sqrt(0.6)) - math.pi / 2)


def test_holms_correction_is_that_of_his_paper() -> None:
    # Holm 1979, section 3: p-values are multiplied by n, n - 1, ..., and never fall.
    assert holm([0.01, 0.02, 0.022, 0.5]) == pytest.approx([0.04, 0.06, 0.06, 0.5])
    assert holm([0.04, 0.9, 0.7]) == pytest.approx([0.12, 1.0, 1.0])
    assert holm([]) == []
    assert holm([None, 0.03]) == [None, 0.03]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_correction_never_makes_a_difference_surer(p_values: list[float]) -> None:
    corrected = [value for value in holm(p_values) if value is not None]
    assert all(before <= after <= 1 for before, after in zip(p_values, corrected, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[one] for one in order] == sorted(corrected)


@settings(max_examples=20)
@given(NUMBERS, st.randoms(use_true_random=False))
@pytest.mark.parametrize("compare", [paired, unpaired])
def test_the_mirror_image_has_the_mirrored_answer(
    compare: Callable[..., Outcome], values: list[float], random: Any
) -> None:
    others = [value + random.uniform(-1, 1) for value in values]
    one, other = compare(values, others), compare(others, values)
    scale = max(map(abs, [*values, *others, 1.0]))
    assert one.difference == pytest.approx(-other.difference, abs=1e-9 * scale)
    assert one.p_value is not None
    assert other.p_value is not None
    assert 0 <= one.p_value <= 1
    assert one.lower is not None
    assert one.upper is not None
    assert one.lower <= one.upper


@pytest.mark.parametrize("compare", [paired, unpaired])
def test_the_same_rows_give_the_same_answer(compare: Callable[..., Outcome]) -> None:
    figures = FIGURES["paired"]
    assert compare(figures["a"], figures["b"]) == compare(figures["a"], figures["b"])
    assert compare(figures["a"], figures["b"], seed=1) != compare(figures["a"], figures["b"], seed=2)


@pytest.mark.parametrize("compare", [paired, unpaired])
def test_where_resampling_ends_the_closed_form_says_the_same(
    compare: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(5)
    a, b = random.beta(2, 5, MAX_RESAMPLED), random.beta(2, 4.9, MAX_RESAMPLED)
    drawn = compare(a, b)
    monkeypatch.setattr(_statistics, "MAX_RESAMPLED", 10)
    closed = compare(a, b)
    assert (drawn.method, closed.method) == ("bca", "t_skewness_corrected")
    assert drawn.lower is not None
    assert drawn.upper is not None
    width = drawn.upper - drawn.lower
    assert closed.lower == pytest.approx(drawn.lower, abs=0.03 * width)
    assert closed.upper == pytest.approx(drawn.upper, abs=0.03 * width)
    assert closed.p_value == pytest.approx(drawn.p_value, abs=0.02)


def test_a_hundred_thousand_rows_are_compared_without_resampling_them() -> None:
    random = np.random.default_rng(6)
    a, b = random.random(100_000), random.random(100_000) + 0.01
    outcome = paired(a, b)
    assert outcome.method == "t_skewness_corrected"
    assert outcome.test == "normal"
    assert outcome.lower is not None
    assert outcome.lower > 0


def test_one_pair_tells_nothing() -> None:
    outcome = paired([0.25], [0.75])
    assert (outcome.lower, outcome.upper, outcome.p_value, outcome.detectable) == (None, None, None, None)
    assert verdict(outcome, outcome.p_value, 0.95, greater_is_better=True) == "no evidence"
    outcome = unpaired([0.25], [0.75, 0.5])
    assert (outcome.lower, outcome.p_value) == (None, None)


def test_pairs_that_do_not_differ_are_no_evidence_and_no_certainty_about_shares() -> None:
    same = paired([0.25] * 50, [0.25] * 50)
    assert (same.lower, same.upper, same.p_value, same.needed) == (0.0, 0.0, 1.0, None)
    share = paired([1] * 50, [1] * 50)
    assert share.lower is not None
    assert share.lower < 0
    assert share.upper == -share.lower


@pytest.mark.parametrize(
    ("greater_is_better", "expected"), [(True, "worse"), (False, "better"), (None, "lower")]
)
def test_a_verdict_takes_what_is_better_from_the_metric(
    *,
    greater_is_better: bool | None,
    expected: str,
) -> None:
    outcome = paired([0.5 + n % 7 / 10 for n in range(40)], [0.3 + n % 5 / 10 for n in range(40)])
    assert verdict(outcome, 0.01, 0.95, greater_is_better=greater_is_better) == expected
    assert verdict(outcome, 0.2, 0.95, greater_is_better=greater_is_better) == "no evidence"


def test_a_difference_that_no_sample_finds_needs_none() -> None:
    assert needed(Design((1.0,), (10,)), 0.0) is None
    assert needed(Design((1.0,), (10,)), 1e-9) is None
    assert needed(Design((0.0,), (10,)), 0.5) is None
    assert detectable(Design((1.0,), (1,))) is None
    assert _power.MAX_NEEDED > 10**6
