"""From the scores of all rows to a few numbers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LABELS: Final = 20
"""Labels of which the share is given; further ones are too many to read."""


def standard_aggregations(scores: Sequence[Any]) -> dict[str, float]:
    """Mean, (population) variance and 90th percentile, as MLflow's; of text, the share of each label.

    Rows without a score (None, NaN) do not count. Empty where nothing is left.

    Raises:
        InvalidArgumentError: numpy is not installed.

    Example:
        >>> standard_aggregations([1, 2, 3, None])
        {'mean': 2.0, 'variance': 0.6666666666666666, 'p90': 2.8}
        >>> standard_aggregations(["yes", "no", "no", "no"])
        {'no/ratio': 0.75, 'yes/ratio': 0.25}
    """
    try:
        import numpy as np  # noqa: PLC0415 - `import spanfold` stays light
    except ImportError as fault:
        message = "aggregates of scores need numpy: pip install 'spanfold[evaluate]'"
        raise InvalidArgumentError(message) from fault
    given = [score for score in scores if score is not None and score == score]  # noqa: PLR0124 - NaN
    if any(isinstance(score, str) for score in given):
        counts = Counter(map(str, given)).most_common(MAX_LABELS)
        return {f"{label}/ratio": count / len(given) for label, count in counts}
    numbers = np.asarray(given, dtype=float)
    if not numbers.size:
        return {}
    with np.errstate(all="ignore"):  # of infinite scores some numbers are none, which is said by NaN
        return {
            "mean": float(np.mean(numbers)),
            "variance": float(np.var(numbers)),
            "p90": float(np.percentile(numbers, 90)),
        }
