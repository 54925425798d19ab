"""How large a difference is, in a measure that does not depend on the metric's unit.

- J. Cohen: Statistical Power Analysis for the Behavioral Sciences, 2nd ed. (1988): d, h, and what is small.
- D. Lakens: Calculating and reporting effect sizes to facilitate cumulative science. Frontiers in Psychology
  4 (2013), 863, for the pairs' d_z.
- N. Cliff: Dominance statistics: ordinal analyses to answer ordinal questions. Psychological Bulletin 114
  (1993), 494-509; its bounds: J. Romano and others: Appropriate statistics for ordinal level data (2006).
- D. S. Kerby: The simple difference formula. Comprehensive Psychology 3 (2014), for matched pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_BOUNDS: Final[Mapping[str, tuple[float, float, float]]] = {
    "cohen_d": (0.2, 0.5, 0.8),
    "cohen_dz": (0.2, 0.5, 0.8),
    "cohen_h": (0.2, 0.5, 0.8),
    "cliff_delta": (0.147, 0.33, 0.474),
    "rank_biserial": (0.1, 0.3, 0.5),
}
"""From where on an effect is small, medium and large."""
_MAX_GRADES: Final = 11
"""Whole numbers of no more different values are grades, of which only the order tells."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The size of a difference."""

    name: str
    """``cohen_dz`` of pairs, ``cohen_d`` of two samples, ``cohen_h`` of shares; of grades ``rank_biserial``
    and ``cliff_delta``."""
    value: float | None
    """Above 0 where the second is greater; None where it is not defined: there is no spread."""
    size: str
    """``negligible``, ``small``, ``medium``, ``large``, or ``undefined``."""


def of_pairs(before: Numbers, after: Numbers) -> Effect:
    """The effect between values of the same things.

    Example:
        >>> import numpy as np
        >>> of_pairs(np.array([1.5, 2.5, 3.5]), np.array([2.5, 3.0, 5.0]))
        Effect(name='cohen_dz', value=2.0, size='large')
    """
    change = after - before
    kind = _kind(before, after)
    if kind == "share":
        return _cohen_h(before, after)
    if kind == "grade":
        return _effect("rank_biserial", _rank_biserial(change))
    spread = float(change.std(ddof=1)) if change.size > 1 else 0.0
    return _effect("cohen_dz", _ratio(float(change.mean()), spread))


def of_samples(before: Numbers, after: Numbers) -> Effect:
    """The effect between two samples.

    Example:
        >>> import numpy as np
        >>> of_samples(np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 4.0]))
        Effect(name='cliff_delta', value=0.8888888888888888, size='large')
    """
    kind = _kind(before, after)
    if kind == "share":
        return _cohen_h(before, after)
    if kind == "grade":
        return _effect("cliff_delta", _cliff_delta(before, after))
    freedom = before.size + after.size - 2
    squares = before.var() * before.size + after.var() * after.size
    spread = math.sqrt(float(squares) / freedom) if freedom > 0 else 0.0
    return _effect("cohen_d", _ratio(float(after.mean() - before.mean()), spread))


def _kind(before: Numbers, after: Numbers) -> str:
    import numpy as np  # noqa: PLC0415 - `import spanfold` stays light

    values = np.unique(np.concatenate([before, after]))
    if set(values.tolist()) <= {0.0, 1.0}:
        return "share"
    is_whole = values.size <= _MAX_GRADES and bool((values == np.floor(values)).all())
    return "grade" if is_whole else "number"


def _cohen_h(before: Numbers, after: Numbers) -> Effect:
    first, second = (2 * math.asin(math.sqrt(float(one.mean()))) for one in (before, after))
    return _effect("cohen_h", second - first)


def _rank_biserial(change: Numbers) -> float | None:
    """The share of ranks (of how much pairs changed) that speak for the second, less the others' share."""
    import numpy as np  # noqa: PLC0415

    differing = change[change != 0]
    if not differing.size:
        return 0.0
    _, inverse, counts = np.unique(np.abs(differing), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((np.sign(differing) * ranks).sum() / ranks.sum())


def _cliff_delta(before: Numbers, after: Numbers) -> float:
    """The chance that a row of the second is greater than one of the first, less that of the contrary."""
    import numpy as np  # noqa: PLC0415

    ordered = np.sort(before)
    less = np.searchsorted(ordered, after, side="left").sum()
    greater = (before.size - np.searchsorted(ordered, after, side="right")).sum()
    return float(less - greater) / (before.size * after.size)


def _ratio(difference: float, spread: float) -> float | None:
    if spread:
        return difference / spread
    return None if difference else 0.0


def _effect(name: str, value: float | None) -> Effect:
    if value is None:
        return Effect(name, None, "undefined")
    sizes = ("negligible", "small", "medium", "large")
    return Effect(name, value, sizes[sum(abs(value) >= bound for bound in _BOUNDS[name])])
