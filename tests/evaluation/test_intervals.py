"""The statistics against published values, and by simulation: how often the intervals hold the truth."""

from __future__ import annotations

import math
import random
from functools import partial
from statistics import NormalDist
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold.evaluation._intervals import (
    Interval,
    Relation,
    difference,
    mean,
    proportion,
    quantile,
    quantile_ranks,
    ratio,
    student_t,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 1_000


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998),
    # table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_proportion_has_wilsons_published_limits(
    successes: int, trials: int, lower: float, upper: float
) -> None:
    found = proportion(successes, trials, 0.95)
    assert found.lower == pytest.approx(lower, abs=5e-5)
    assert found.upper == pytest.approx(upper, abs=5e-5)


@pytest.mark.parametrize(
    ("new", "base", "lower", "upper"),
    # Newcombe, Interval estimation for the difference between independent proportions, Statistics in
    # Medicine 17 (1998), table II, method 10.
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_a_difference_of_proportions_has_newcombes_published_limits(
    new: tuple[int, int], base: tuple[int, int], lower: float, upper: float
) -> None:
    found = difference(proportion(*new, 0.95), proportion(*base, 0.95), non_negative=True)
    assert found.lower == pytest.approx(lower, abs=5e-5)
    assert found.upper == pytest.approx(upper, abs=5e-5)


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.3027),
        (0.975, 3, 3.1824),
        (0.975, 5, 2.5706),
        (0.975, 30, 2.0423),
        (0.975, 120, 1.9799),
        (0.995, 4, 4.6041),
        (0.995, 60, 2.6603),
        (0.9, 10, 1.3722),
    ],
)
def test_students_quantiles_are_those_of_the_tables(
    probability: float, freedom: int, expected: float
) -> None:
    assert student_t(probability, freedom) == pytest.approx(expected, abs=5e-5)


def test_a_symmetric_sample_has_the_plain_interval_of_student() -> None:
    # The mean of 1 to 5 is 3, its standard error the root of one half.
    reach = student_t(0.975, 4) * math.sqrt(0.5)
    found = mean([1, 2, 3, 4, 5], 0.95)
    assert found.value == 3
    assert (found.lower, found.upper) == pytest.approx((3 - reach, 3 + reach))


def test_a_long_right_tail_moves_both_limits_up() -> None:
    plain = mean([1, 2, 3, 4, 5], 0.95)
    skewed = mean([1, 2, 3, 4, 15], 0.95)
    assert plain.upper is not None
    assert skewed.upper is not None
    assert skewed.lower is not None
    assert skewed.upper - skewed.value > skewed.value - skewed.lower


def test_a_single_value_has_no_limits_and_equal_ones_no_width() -> None:
    assert mean([7], 0.95) == Interval(7, None, None)
    assert mean([7, 7, 7], 0.95) == Interval(7, 7, 7)


@pytest.mark.parametrize(
    ("count", "level", "ranks"),
    # Of the median: Hahn and Meeker, Statistical Intervals (1991), table A.15. Of the 0.99 quantile of 299
    # values: 0.99^299 = 0.0495 is too likely for the largest one to be a limit on one side of 97.5 %.
    [
        (5, 0.5, (None, None)),
        (6, 0.5, (1, 6)),
        (10, 0.5, (2, 9)),
        (20, 0.5, (6, 15)),
        (100, 0.5, (40, 61)),
        (299, 0.99, (292, None)),
        (368, 0.99, (360, 368)),
    ],
)
def test_the_limits_of_a_quantile_are_the_tabled_order_statistics(
    count: int, level: float, ranks: tuple[int | None, int | None]
) -> None:
    assert quantile_ranks(count, level, 0.95) == ranks


@pytest.mark.parametrize(("count", "level"), [(17, 0.5), (400, 0.95), (20_000, 0.99), (20_000, 0.5)])
def test_the_order_statistics_hold_the_quantile_with_the_probability_asked_for(
    count: int, level: float
) -> None:
    lower, upper = quantile_ranks(count, level, 0.95)
    assert lower is not None
    assert upper is not None

    def at_most(rank: int) -> float:
        return math.fsum(
            math.exp(
                math.lgamma(count + 1)
                - math.lgamma(k + 1)
                - math.lgamma(count - k + 1)
                + k * math.log(level)
                + (count - k) * math.log(1 - level)
            )
            for k in range(rank + 1)
        )

    assert at_most(lower - 1) <= 0.025 < at_most(lower)
    assert 1 - at_most(upper - 1) <= 0.025 < 1 - at_most(upper - 2)


def test_the_estimate_of_a_quantile_is_the_engines() -> None:
    values = range(1, 101)
    found = [quantile(values, level, 0.95).value for level in (0.5, 0.95, 0.99)]
    assert found == [51, 96, 100], "as quantilesExact in tests of the summary"


def test_the_limits_of_a_ratio_solve_the_equation_that_defines_them() -> None:
    new, base = Interval(5, 4, 7), Interval(4, 3.5, 4.8)
    found = ratio(new, base)
    assert found.lower is not None
    assert found.upper is not None
    for limit, own, other in ((found.lower, 4, 4.8), (found.upper, 7, 3.5)):
        assert (5 - limit * 4) ** 2 == pytest.approx((5 - own) ** 2 + limit**2 * (other - 4) ** 2)


def test_a_ratio_and_a_difference_agree_on_whether_anything_changed() -> None:
    chance = random.Random(20261121)
    for _ in range(2_000):
        new, base = (
            proportion(chance.randint(0, trials), trials, 0.95)
            for trials in (chance.randint(1, 60), chance.randint(1, 60))
        )
        changed, times = difference(new, base, non_negative=True), ratio(new, base)
        assert changed.lower is not None
        assert changed.upper is not None
        assert times.lower is not None
        assert (changed.lower > 1e-9) == (times.lower > 1 + 1e-9)
        if times.upper is not None:
            assert (changed.upper < -1e-9) == (times.upper < 1 - 1e-9)


def test_nothing_can_be_said_where_there_is_no_limit() -> None:
    unknown, known = Interval(5, None, None), Interval(4, 3, 5)
    assert difference(unknown, known, non_negative=False).lower is None
    assert difference(known, unknown, non_negative=False).upper is None
    assert ratio(known, unknown).lower == 0
    assert ratio(known, unknown).upper is None


@pytest.mark.parametrize("tiny", [5e-324, 1e-300, 1e-160])
def test_a_ratio_to_next_to_nothing_is_no_number_and_no_fault(tiny: float) -> None:
    for new in (Interval(tiny, tiny, tiny), Interval(1e12, 1e11, 2e12), Interval(0, 0, 0)):
        found = ratio(new, Interval(tiny, tiny, tiny))
        limits = [limit for limit in (found.value, found.lower, found.upper) if limit is not None]
        assert all(map(math.isfinite, limits))


def test_a_ratio_to_zero_is_not_defined_but_has_a_lower_limit() -> None:
    found = ratio(proportion(10, 100, 0.95), proportion(0, 100, 0.95))
    assert (found.value, found.upper) == (None, None)
    assert found.lower is not None
    assert found.lower > 1
    nothing = ratio(proportion(0, 100, 0.95), proportion(0, 100, 0.95))
    assert (nothing.value, nothing.lower, nothing.upper) == (None, 0, None)


VALUES = st.lists(st.floats(-1e12, 1e12) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=40)


@given(VALUES, st.floats(0.5, 0.98))
def test_every_interval_holds_its_estimate_and_grows_with_the_confidence(
    values: list[float], confidence: float
) -> None:
    estimators: list[Callable[[float], Interval]] = [
        lambda asked: mean(values, asked),
        *(partial(quantile, sorted(values), level) for level in (0.5, 0.95, 0.99)),
        lambda asked: proportion(sum(value > 0 for value in values), len(values), asked),
    ]
    for estimate in estimators:
        narrow, wide = estimate(confidence), estimate(confidence + 0.01)
        slack = 1e-9 * max(map(abs, (*values, 1)))
        for inner, outer in ((narrow.lower, wide.lower), (narrow.value, narrow.lower)):
            assert inner is None or outer is None or outer <= inner + slack
        for inner, outer in ((narrow.upper, wide.upper), (narrow.value, narrow.upper)):
            assert inner is None or outer is None or outer >= inner - slack


@given(VALUES, VALUES)
def test_turning_a_comparison_round_turns_the_sign_and_the_limits(a: list[float], b: list[float]) -> None:
    new, base = mean(a, 0.95), mean(b, 0.95)
    there, back = (difference(*pair, non_negative=False) for pair in ((new, base), (base, new)))
    assert (there.value, there.lower, there.upper) == (
        -back.value if back.value is not None else None,
        None if back.upper is None else -back.upper,
        None if back.lower is None else -back.lower,
    )


def holds(found: Relation, truth: float) -> bool:
    return (found.lower is None or found.lower <= truth) and (found.upper is None or truth <= found.upper)


def coverage(
    new: Callable[[], Interval], base: Callable[[], Interval], truth: tuple[float, float]
) -> tuple[float, float]:
    """How often the intervals hold the true difference, and the true ratio."""
    pairs = [(new(), base()) for _ in range(ROUNDS)]
    differences = [holds(difference(*pair, non_negative=True), truth[0] - truth[1]) for pair in pairs]
    ratios = [holds(ratio(*pair), truth[0] / truth[1]) for pair in pairs]
    return sum(differences) / ROUNDS, sum(ratios) / ROUNDS


@pytest.mark.parametrize(
    ("new_count", "base_count", "sigma"), [(50, 50, 0.5), (200, 200, 1.0), (400, 100, 1.0)]
)
def test_intervals_of_skewed_means_hold_the_truth_about_as_often_as_they_say(
    new_count: int, base_count: int, sigma: float
) -> None:
    chance = random.Random(new_count)

    def drawn(count: int, mu: float) -> Interval:
        return mean([chance.lognormvariate(mu, sigma) for _ in range(count)], 0.95)

    truth = (math.exp(0.2 + sigma**2 / 2), math.exp(sigma**2 / 2))
    for held in coverage(lambda: drawn(new_count, 0.2), lambda: drawn(base_count, 0), truth):
        assert 0.93 <= held <= 0.98


@pytest.mark.parametrize(("count", "level"), [(60, 0.5), (300, 0.95), (600, 0.99)])
def test_intervals_of_quantiles_hold_the_truth_at_least_as_often_as_they_say(
    count: int, level: float
) -> None:
    chance = random.Random(count)
    deviation = NormalDist().inv_cdf(level)

    def drawn(mu: float) -> Interval:
        return quantile(sorted(chance.lognormvariate(mu, 0.5) for _ in range(count)), level, 0.95)

    truth = (math.exp(0.1 + 0.5 * deviation), math.exp(0.5 * deviation))
    assert min(coverage(lambda: drawn(0.1), lambda: drawn(0), truth)) >= 0.94


@pytest.mark.parametrize(
    ("new_trials", "base_trials", "new_rate", "base_rate"),
    [(100, 100, 0.1, 0.1), (500, 200, 0.02, 0.05), (60, 60, 0.3, 0.5)],
)
def test_intervals_of_rates_hold_the_truth_about_as_often_as_they_say(
    new_trials: int, base_trials: int, new_rate: float, base_rate: float
) -> None:
    chance = random.Random(new_trials)

    def drawn(trials: int, rate: float) -> Interval:
        return proportion(sum(chance.random() < rate for _ in range(trials)), trials, 0.95)

    truth = (new_rate, base_rate)
    for held in coverage(lambda: drawn(new_trials, new_rate), lambda: drawn(base_trials, base_rate), truth):
        assert 0.93 <= held <= 0.99
