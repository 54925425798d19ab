"""What was recorded of each answer: how long it took, its tokens, its cost."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics._built_in import RowError, built_in, check_choice, score_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricValue

TOKENS: Final = ("output", "input", "total")
MS_PER_S: Final = 1_000.0


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowError(f"{value!r} is no number")
    return value


def _seconds(value: object) -> float:
    return _number(value) / MS_PER_S


def _score_latency(latency_ms: Sequence[Any]) -> MetricValue:
    return score_rows(_seconds, latency_ms=latency_ms)


def latency() -> EvaluationMetric:
    """How long the answer took, in seconds, as MLflow's ``latency``.

    Needs ``latency_ms``, which rows of recorded traces have, and rows that a model was run on.

    Example:
        >>> latency().score({"latency_ms": [250]}).scores
        [0.25]
    """
    return built_in("latency", _score_latency, greater_is_better=False, columns=("latency_ms",))


def _score_tokens(*, kind: str, **columns: Sequence[Any]) -> MetricValue:
    return score_rows(_number, **{f"{kind}_tokens": columns[f"{kind}_tokens"]})


def token_count(kind: str = "output") -> EvaluationMetric:
    """Tokens as the provider counted them; neither direction is better.

    Needs ``output_tokens`` (or ``input_tokens``, ``total_tokens``), which rows of recorded traces have where
    the provider said it. A row without is not guessed. This differs from MLflow's ``token_count``, which cuts
    the answer with a vocabulary of OpenAI that it downloads, whatever model made the answer.

    Args:
        kind: ``output``, ``input`` or ``total``; the results' keys of the latter two begin with
            ``token_count_input`` and ``token_count_total``.

    Raises:
        InvalidArgumentError: there is no such kind.

    Example:
        >>> token_count().score({"output_tokens": [12, None]}).scores
        [12, None]
    """
    check_choice("kind", kind, TOKENS)
    return built_in(
        "token_count" if kind == "output" else f"token_count_{kind}",
        functools.partial(_score_tokens, kind=kind),
        greater_is_better=None,
        columns=(f"{kind}_tokens",),
        registered="token_count",
        parameters={} if kind == "output" else {"kind": kind},
    )


def _score_cost(cost_usd: Sequence[Any]) -> MetricValue:
    return score_rows(_number, cost_usd=cost_usd)


def cost() -> EvaluationMetric:
    """What the answer cost, in US dollars.

    Needs ``cost_usd``, which rows of recorded traces have where it is known; a row without is not guessed.

    Example:
        >>> cost().score({"cost_usd": [0.002]}).scores
        [0.002]
    """
    return built_in("cost", _score_cost, greater_is_better=False, columns=("cost_usd",))
