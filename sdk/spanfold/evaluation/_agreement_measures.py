"""How well two raters agree: kappa, rank correlation, and how sure each is. numpy only.

- J. Cohen: A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20
  (1960), 37-46; Weighted kappa. Psychological Bulletin 70 (1968), 213-220.
- D. G. Bonett, T. A. Wright: Sample size requirements for estimating Pearson, Kendall and Spearman
  correlations. Psychometrika 65 (2000), 23-28: the interval of Spearman's.
- J. R. Landis, G. G. Koch: The measurement of observer agreement for categorical data. Biometrics 33 (1977),
  159-174: the words for kappa.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAWS: Final = 5_000
_NORMAL: Final = NormalDist()
_WORDS: Final = (
    (0.8, "almost perfect"),
    (0.6, "substantial"),
    (0.4, "moderate"),
    (0.2, "fair"),
    (0.0, "slight"),
)
_FEWEST_RANKED: Final = 4
"""Spearman's interval divides by the number of pairs less three."""


@dataclass(frozen=True, slots=True)
class Measure:
    """An estimate and its confidence interval; None where it is not defined."""

    value: float | None
    lower: float | None = None
    upper: float | None = None


def confusion(human: Sequence[Any], judge: Sequence[Any], classes: Sequence[Any]) -> list[list[int]]:
    """How often each pair of answers occurs: rows are what people say, columns what the judge says.

    Example:
        >>> confusion(["yes", "no", "no"], ["yes", "yes", "no"], ["no", "yes"])
        [[1, 1], [0, 1]]
    """
    places = {one: place for place, one in enumerate(classes)}
    table = [[0] * len(classes) for _ in classes]
    for one, other in zip(human, judge, strict=True):
        table[places[one]][places[other]] += 1
    return table


def kappa(
    table: Sequence[Sequence[int]],
    classes: Sequence[float] | None = None,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> Measure:
    """Cohen's kappa of a confusion table; weighted by squared distance where the classes are numbers.

    The interval is a percentile one, of tables drawn from this one.

    Args:
        table: square; see :func:`confusion`.
        classes: the numbers that the classes stand for, in order; None counts every difference alike.
        confidence: of the interval.
        seed: of what is drawn.

    Example:
        >>> round(kappa([[20, 5], [10, 15]]).value, 3)
        0.4
    """
    import numpy as np  # noqa: PLC0415 - `import spanfold` stays light

    counts = np.asarray(table, dtype=float)
    total = int(counts.sum())
    size = counts.shape[0]
    if classes is None:
        weights = 1.0 - np.eye(size)
    else:
        numbers = np.asarray(classes, dtype=float)
        weights = (numbers[:, None] - numbers[None, :]) ** 2
    value = _kappas(counts[None], weights)[0] if total else math.nan
    if not math.isfinite(value):
        return Measure(None)
    shares = counts.ravel() / total
    drawn = np.random.default_rng(seed).multinomial(total, shares, size=DRAWS).reshape(DRAWS, size, size)
    found = _kappas(drawn.astype(float), weights)
    found = found[np.isfinite(found)]
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(found, [tail, 1 - tail]) if found.size else (None, None)
    return Measure(
        float(value), None if lower is None else float(lower), None if upper is None else float(upper)
    )


def _kappas(tables: Any, weights: Any) -> Any:
    """Kappa of each of several tables; not a number where either rater gives one class only to all."""
    import numpy as np  # noqa: PLC0415

    totals = tables.sum(axis=(1, 2))
    expected = tables.sum(axis=2)[:, :, None] * tables.sum(axis=1)[:, None, :] / totals[:, None, None]
    by_chance = (expected * weights).sum(axis=(1, 2))
    seen = (tables * weights).sum(axis=(1, 2))
    quotient = np.divide(seen, by_chance, out=np.full_like(seen, math.nan), where=by_chance > 0)
    return 1 - quotient


def strength(value: float | None) -> str:
    """A word for kappa, as Landis and Koch have it.

    Example:
        >>> strength(0.65), strength(-0.1), strength(None)
        ('substantial', 'none', 'undefined')
    """
    if value is None:
        return "undefined"
    return next((word for bound, word in _WORDS if value > bound), "none")


def spearman(one: Sequence[float], other: Sequence[float], *, confidence: float = 0.95) -> Measure:
    """Spearman's rank correlation; equal values share their rank.

    Example:
        >>> spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]).value
        0.8
    """
    import numpy as np  # noqa: PLC0415

    if len(one) < 2:  # noqa: PLR2004 - one pair has no order
        return Measure(None)
    ranks = [_ranks(values) for values in (one, other)]
    deviations = [each - each.mean() for each in ranks]
    squares = float(np.prod([(each**2).sum() for each in deviations]))
    if not squares:
        return Measure(None)
    value = round(float((deviations[0] * deviations[1]).sum()) / math.sqrt(squares), 15)
    if len(one) < _FEWEST_RANKED or abs(value) >= 1:
        return Measure(value)
    reach = _NORMAL.inv_cdf((1 + confidence) / 2) * math.sqrt((1 + value**2 / 2) / (len(one) - 3))
    center = math.atanh(value)
    return Measure(value, math.tanh(center - reach), math.tanh(center + reach))


def _ranks(values: Sequence[float]) -> Any:
    import numpy as np  # noqa: PLC0415

    _, inverse, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
