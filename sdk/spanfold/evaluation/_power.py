"""How many rows it takes to find a difference, and what difference so many rows find.

W. C. Guenther: Sample size formulas for normal theory t tests. The American Statistician 35 (1981), 243-244:
the normal approximation, and what it lacks to Student's distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from spanfold.evaluation._intervals import student_t

_NORMAL: Final = NormalDist()
MAX_NEEDED: Final = 10**9
"""A difference that takes more rows than these is none."""


@dataclass(frozen=True, slots=True)
class Design:
    """What a sample size depends on."""

    spreads: tuple[float, ...]
    """Standard deviations: of the pairs' differences, or of each of two samples."""
    counts: tuple[int, ...]
    """Pairs, or rows of each sample."""
    confidence: float = 0.95
    power: float = 0.8
    """Chance of finding the difference; above one half."""


def needed(design: Design, difference: float) -> int | None:
    """Pairs, or rows of each of two samples, that find ``difference``; None where no number does.

    Example:
        >>> needed(Design((1.0,), (10,)), 0.5), needed(Design((1.0, 1.0), (10, 10)), 0.5)
        (34, 64)
    """
    if not difference or not any(design.spreads):
        return None
    z = _NORMAL.inv_cdf((1 + design.confidence) / 2)
    variance = sum(spread**2 for spread in design.spreads)
    share = (z + _NORMAL.inv_cdf(design.power)) ** 2 * variance / difference**2
    count = share + z**2 / (2 * len(design.spreads))
    return max(2, math.ceil(count)) if count <= MAX_NEEDED else None


def detectable(design: Design) -> float | None:
    """The smallest difference that samples of these sizes find; None for less than two rows.

    Example:
        >>> round(detectable(Design((1.0,), (34,))), 2)
        0.5
    """
    if min(design.counts) < 2:  # noqa: PLR2004 - a spread needs two
        return None
    parts = [spread**2 / count for spread, count in zip(design.spreads, design.counts, strict=True)]
    if not any(parts):
        return 0.0
    freedom = sum(parts) ** 2 / sum(
        part**2 / (count - 1) for part, count in zip(parts, design.counts, strict=True)
    )
    degrees = max(1, math.floor(freedom))
    reach = student_t((1 + design.confidence) / 2, degrees) + student_t(design.power, degrees)
    return reach * math.sqrt(sum(parts))
