"""What versions did in a period and in the one before, as measures with intervals, at any amount of traffic.

Nothing is sampled but scores: the counts by the minute answer. The share of errors has Wilson's interval; a
quantile of latency the limits that are order statistics, read from the same sketches as the quantile;
tokens and cost of a trace the interval of the means of equal pieces of the time (batch means, see
:mod:`.comparison`), since the counts do not tell how single traces differ.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from spanfold.evaluation import _intervals as intervals
from spanfold.evaluation._intervals import Interval
from spanfold_query_api import times
from spanfold_query_api.comparison import Measure
from spanfold_query_api.statements import statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_query_api.version_figures import Period
    from spanfold_schemas.database import Database

    Measures = dict[tuple[str, bool], dict[str, Measure]]
    """By model ID, and whether of the period itself or of the one before: by metric."""

PIECES: Final = 20
"""Into which each period is cut for means of tokens and cost."""
MIN_PIECES: Final = 10
"""With traffic in fewer, nothing is said of tokens and cost."""
MAX_SCORES: Final = 1_000
"""Of one name, version and period; of more, the same ones at each call."""
SCORE: Final = "score."
LEVELS: Final = (
    *(step / 100 for step in range(1, 90)),
    *(step / 1_000 for step in range(900, 1_000, 2)),
    0.999,
)
"""As in ``regression_traffic.sql``."""
_NS_PER_MS: Final = 1_000_000
_QUANTILES: Final = {"latency_p50": 0.5, "latency_p95": 0.95}
_USAGE: Final = {"input_tokens": "tokens", "output_tokens": "tokens", "cost": "usd"}


def read(database: Database, model_ids: Sequence[str], period: Period, confidence: float) -> Measures:
    """The measures of versions in the period (True) and in the one before (False), where there is traffic.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    found: Measures = defaultdict(dict)
    if not model_ids:
        return found
    parameters = {**period.parameters(), "before_ns": period.before.start_ns, "model_ids": list(model_ids)}
    for row in database.query(statement("regression_traffic"), parameters).dicts():
        key = (row["model_id"], bool(row["is_current"]))
        found[key] |= _traffic(row, confidence)
    for key, pieces in _pieces(database, period, parameters).items():
        found[key] |= _usage(pieces, confidence)
    for model_id, is_current, name, scores in _scores(database, period, parameters):
        mean = intervals.mean(scores, confidence)
        measure = Measure("score", "t_skewness_corrected", mean, len(scores), min(scores) >= 0)
        found[model_id, bool(is_current)][SCORE + name] = measure
    return found


def _traffic(row: Mapping[str, Any], confidence: float) -> dict[str, Measure]:
    count = row["trace_count"]
    if not count:
        return {}
    errors = min(row["error_count"], count)
    found = {"error_rate": Measure("ratio", "wilson", intervals.proportion(errors, count, confidence), count)}
    for name, level in _QUANTILES.items():
        interval = _quantile(row["latency_ns"], level, count, confidence)
        found[name] = Measure("ms", "order_statistics", interval, count)
    return found


def _quantile(latency_ns: Sequence[float], level: float, count: int, confidence: float) -> Interval:
    """A quantile of latency (ms); the limits are order statistics, as :func:`intervals.quantile` has them."""
    lower, upper = intervals.quantile_ranks(count, level, confidence)
    value = _at(latency_ns, level)
    return Interval(
        value,
        None if lower is None else min(value, _at(latency_ns, (lower - 1) / count)),
        None if upper is None else max(value, _at(latency_ns, upper / count)),
    )


def _at(latency_ns: Sequence[float], level: float) -> float:
    """The quantile (ms) at any level, from those at :data:`LEVELS`: a straight line between two."""
    after = min(max(1, bisect_left(LEVELS, level)), len(LEVELS) - 1)
    low, high = LEVELS[after - 1], LEVELS[after]
    share = min(1.0, max(0.0, (level - low) / (high - low)))
    return (latency_ns[after - 1] + share * (latency_ns[after] - latency_ns[after - 1])) / _NS_PER_MS


def _pieces(
    database: Database, period: Period, parameters: Mapping[str, Any]
) -> Mapping[tuple[str, bool], list[Mapping[str, Any]]]:
    length_s = (period.end_ns - period.start_ns) // times.NS_PER_S
    asked = {
        **parameters,
        "piece_s": max(60, -(-length_s // PIECES)),
        "limit": 2 * (PIECES + 2) * len(parameters["model_ids"]),
    }
    found: dict[tuple[str, bool], list[Mapping[str, Any]]] = defaultdict(list)
    for row in database.query(statement("regression_usage"), asked).dicts():
        found[row["model_id"], bool(row["is_current"])].append(row)
    return found


def _usage(pieces: Sequence[Mapping[str, Any]], confidence: float) -> dict[str, Measure]:
    """Tokens and cost of a trace, each the mean of the pieces' means."""
    found = {}
    for name, unit in _USAGE.items():
        told = [piece for piece in pieces if piece[name] is not None]
        if len(told) < MIN_PIECES:
            continue
        mean = intervals.mean([piece[name] / piece["trace_count"] for piece in told], confidence)
        count = sum(piece["trace_count"] for piece in told)
        found[name] = Measure(unit, "batch_means", mean, count, mean.value >= 0)
    return found


def _scores(
    database: Database, period: Period, parameters: Mapping[str, Any]
) -> Sequence[tuple[str, int, str, list[float]]]:
    asked = {**parameters, **period.before.score_bounds(), "max_scores": MAX_SCORES}
    rows: Any = database.query(statement("regression_scores"), asked).rows
    return rows  # type: ignore[no-any-return] # the columns of the statement
