"""Confidence intervals of one sample, of the difference and of the ratio of two. Pure, and closed form.

Nothing is resampled, so the same rows always give the same answer, at a cost that sorting dominates.

One sample gets the interval that suits its kind: :func:`proportion`, :func:`mean` or :func:`quantile`.
:func:`difference` and :func:`ratio` combine two of them by MOVER, the *method of variance estimates
recovery*: it recovers each estimate's variance from its own limits, so that skewed limits give skewed
differences. For proportions it is Newcombe's method. Both solve the same inequality, hence the ratio's
interval leaves 1 out exactly when the difference's leaves 0 out.

- G. Y. Zou, A. Donner: Construction of confidence limits about effect measures: a general approach.
  Statistics in Medicine 27 (2008), 1693-1702.
- A. Donner, G. Y. Zou: Closed-form confidence intervals for functions of the normal mean and standard
  deviation. Statistical Methods in Medical Research 21 (2012), 347-359, for the ratio.
- R. G. Newcombe: Interval estimation for the difference between independent proportions: comparison of
  eleven methods. Statistics in Medicine 17 (1998), 873-890, method 10.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_NORMAL: Final = NormalDist()
_TAIL_DEVIATIONS: Final = 12
"""Binomial probabilities further from the mean than this many standard deviations are nothing."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits; None is a limit that the sample is too small to give (unbounded)."""

    value: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Relation:
    """How one estimate relates to another; no value where it is not defined (a ratio to zero)."""

    value: float | None
    lower: float | None
    upper: float | None


def proportion(successes: int, trials: int, confidence: float) -> Interval:
    """Wilson's score interval of a share.

    E. B. Wilson: Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association 22 (1927), 209-212. Unlike the textbook's it holds for shares near 0.

    Args:
        successes: how many of the trials count.
        trials: at least 1.
        confidence: such as 0.95.

    Example:
        >>> interval = proportion(0, 20, 0.95)
        >>> interval.lower, round(interval.upper, 4)
        (0.0, 0.1611)
    """
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    share = successes / trials
    center = share + z * z / (2 * trials)
    reach = z * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    # At 0 and 1 the limits are 0 and 1 but for rounding.
    lower = 0.0 if successes == 0 else (center - reach) / scale
    upper = 1.0 if successes == trials else (center + reach) / scale
    return Interval(share, lower, upper)


def mean(values: Sequence[float], confidence: float) -> Interval:
    """Student's interval of a mean, corrected for skewness by Hall's transformation.

    P. Hall: On the removal of skewness by transformation. Journal of the Royal Statistical Society B 54
    (1992), 221-228; X. H. Zhou, P. Dinh: Nonparametric confidence intervals for the one- and two-sample
    problems. Biostatistics 6 (2005), 187-200. Costs and token counts have long right tails: of them the
    plain interval ends too low.

    Args:
        values: at least one. A single one gives no limits; equal ones give limits without width.
        confidence: such as 0.95.

    Example:
        >>> mean([1, 2, 3, 4, 10], 0.95)
        Interval(value=4.0, lower=0.89..., upper=20.4...)
    """
    count = len(values)
    center = math.fsum(values) / count
    deviations = [value - center for value in values]
    squares = math.fsum(deviation * deviation for deviation in deviations)
    if count == 1:
        return Interval(center, None, None)
    if squares == 0:
        return Interval(center, center, center)
    error = math.sqrt(squares / (count - 1) / count)
    # Divided before they are raised to the third power: tiny costs would vanish, large ones overflow.
    spread = math.sqrt(squares / count)
    skew = math.fsum((deviation / spread) ** 3 for deviation in deviations) / count / math.sqrt(count)
    t = student_t((1 + confidence) / 2, count - 1)
    return Interval(center, center - _unskewed(t, skew) * error, center - _unskewed(-t, skew) * error)


def _unskewed(t: float, skew: float) -> float:
    """The inverse of Hall's ``t + skew t²/3 + skew² t³/27 + skew/6``; ``skew`` is that of the mean."""
    negligible = 1e-6  # the difference to t is then lost in rounding, as is the formula
    if abs(skew) < negligible:
        return t
    return 3 / skew * (math.cbrt(1 + skew * (t - skew / 6)) - 1)


def quantile(ordered: Sequence[float], level: float, confidence: float) -> Interval:
    """A quantile with limits that are order statistics: nothing is assumed of the distribution.

    W. J. Conover: Practical Nonparametric Statistics, 3rd ed. (1999), section 3.2. The limits hold with
    *at least* the confidence asked for. Too few values give no upper limit to a high quantile: the true
    99th percentile can lie beyond the largest of 100 values.

    Args:
        ordered: values in ascending order, at least one.
        level: such as 0.95. The estimate is that of ClickHouse's ``quantileExact``.
        confidence: such as 0.95.

    Example:
        >>> quantile(range(1, 101), 0.5, 0.95)
        Interval(value=51, lower=40, upper=61)
    """
    count = len(ordered)
    value = ordered[min(int(level * count), count - 1)]
    lower_rank, upper_rank = quantile_ranks(count, level, confidence)
    return Interval(
        value,
        None if lower_rank is None else min(value, ordered[lower_rank - 1]),
        None if upper_rank is None else max(value, ordered[upper_rank - 1]),
    )


def quantile_ranks(count: int, level: float, confidence: float) -> tuple[int | None, int | None]:
    """The ranks, from 1, of the order statistics between which the quantile lies; None where there is none.

    Example:
        >>> quantile_ranks(20, 0.5, 0.95), quantile_ranks(100, 0.99, 0.95)
        ((6, 15), (97, None))
    """
    tail = (1 - confidence) / 2
    middle, deviation = count * level, math.sqrt(count * level * (1 - level))
    reach = _TAIL_DEVIATIONS * (deviation + 1)
    first, last = max(0, math.floor(middle - reach)), min(count, math.ceil(middle + reach))
    probability = math.exp(
        math.lgamma(count + 1)
        - math.lgamma(first + 1)
        - math.lgamma(count - first + 1)
        + first * math.log(level)
        + (count - first) * math.log1p(-level)
    )
    lower: int | None = None
    below = 0.0  # the probability that fewer than `rank` values are under the quantile
    for rank in range(first, last + 1):
        if 1 - below <= tail:
            return lower, rank
        below += probability
        if below <= tail:
            lower = rank + 1
        probability *= (count - rank) / (rank + 1) * level / (1 - level)
    return lower, None


def difference(new: Interval, base: Interval, *, non_negative: bool) -> Relation:
    """``new - base``, the two being independent (Zou and Donner 2008).

    Args:
        new: the one estimate.
        base: the one that is subtracted.
        non_negative: whether neither quantity can be below zero, so that a missing lower limit is zero.

    Example:
        >>> change = difference(proportion(56, 70, 0.95), proportion(48, 80, 0.95), non_negative=True)
        >>> round(change.value, 4), round(change.lower, 4), round(change.upper, 4)
        (0.2, 0.0524, 0.3339)
    """
    new, base = _floored(new, non_negative=non_negative), _floored(base, non_negative=non_negative)
    value = new.value - base.value
    lower = upper = None
    if new.lower is not None and base.upper is not None:
        lower = value - math.hypot(new.value - new.lower, base.upper - base.value)
    if new.upper is not None and base.lower is not None:
        upper = value + math.hypot(new.upper - new.value, base.value - base.lower)
    return Relation(value, lower, upper)


def ratio(new: Interval, base: Interval) -> Relation:
    """``new / base`` of independent quantities that cannot be negative (Donner and Zou 2012).

    Its limits are the solutions ``r`` of ``(new - r base)² = (new - new_limit)² + r² (base - base_limit)²``.
    A baseline of zero has no ratio to it, and yet a lower limit of one: 10 failures in 100 against none
    in 100 is more than 2 times as many.

    Example:
        >>> double = ratio(Interval(4, 3, 5), Interval(2, 1.5, 2.5))
        >>> round(double.value, 2), round(double.lower, 2), round(double.upper, 2)
        (2.0, 1.39, 2.88)
    """
    new, base = _floored(new, non_negative=True), _floored(base, non_negative=True)
    product = new.value * base.value
    lower, upper = 0.0, None
    if new.lower is not None and base.upper is not None:
        spread = new.lower * (2 * new.value - new.lower)
        divisor = product + math.sqrt(
            max(0.0, product**2 - base.upper * (2 * base.value - base.upper) * spread)
        )
        lower = spread / divisor if divisor else 0.0
    if new.upper is not None and base.lower:
        divisor = base.lower * (2 * base.value - base.lower)
        spread = new.upper * (2 * new.value - new.upper)
        # The square of next to nothing is nothing: then there is no limit.
        if divisor:
            upper = (product + math.sqrt(max(0.0, product**2 - divisor * spread))) / divisor
    value = new.value / base.value if base.value else None
    return Relation(_finite(value), _finite(lower), _finite(upper))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _floored(interval: Interval, *, non_negative: bool) -> Interval:
    if not non_negative:
        return interval
    return Interval(interval.value, max(0.0, interval.lower or 0.0), interval.upper)


def student_t(probability: float, freedom: int) -> float:
    """The quantile of Student's distribution, for probabilities above one half.

    G. W. Hill: Algorithm 396, Student's t-quantiles. Communications of the ACM 13 (1970), 619-620. Right
    to six digits.

    Example:
        >>> [round(student_t(0.975, freedom), 3) for freedom in (1, 2, 10, 1000)]
        [12.706, 4.303, 2.228, 1.962]
    """
    tails = 2 * (1 - probability)
    if freedom == 1:
        return 1 / math.tan(tails * math.pi / 2)
    if freedom == 2:  # noqa: PLR2004 - the second of the two with a closed form
        return math.sqrt(2 / (tails * (2 - tails)) - 2)
    a = 1 / (freedom - 0.5)
    b = 48 / (a * a)
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * freedom
    y = (d * tails) ** (2 / freedom)
    if y > 0.05 + a:
        x = _NORMAL.inv_cdf(tails / 2)
        y = x * x
        c += 0.3 * (freedom - 4.5) * (x + 0.6) if freedom < 5 else 0  # noqa: PLR2004 - Hill's bound
        c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y * y)
    else:
        far = 1 / (((freedom + 6) / (freedom * y) - 0.089 * d - 0.822) * (freedom + 2) * 3)
        y = ((far + 0.5 / (freedom + 4)) * y - 1) * (freedom + 1) / (freedom + 2) + 1 / y
    return math.sqrt(freedom * y)
