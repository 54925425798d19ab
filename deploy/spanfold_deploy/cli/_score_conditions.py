"""Conditions of ``spanfold evaluate compare --fail-if``: a verdict, or a change of a mean.

``exact_match worse`` is met where the comparison says so. ``token_f1 < -0.05`` is met if the whole interval
of the difference is below -0.05: a difference that chance may have made fails nobody.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_deploy.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VERDICTS: Final = ("worse", "better", "higher", "lower", "no evidence")
_VERDICT: Final = re.compile(rf"\s*(?P<metric>\S.*?)\s+(?P<verdict>{'|'.join(VERDICTS)})\s*")
_CHANGE: Final = re.compile(
    r"\s*(?P<metric>\S.*?)\s*(?P<comparator>>=|<=|>|<)\s*(?P<number>[+-](?:\d+(?:\.\d*)?|\.\d+))\s*"
)
_COMPARATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. Made by :func:`parse`."""

    text: str
    metric: str
    verdict: str | None
    comparator: str = ""
    threshold: float = 0.0
    """Of the difference of the means, in the metric's unit."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a condition is met."""

    condition: str
    failed: bool
    reason: str


def parse(text: str) -> Condition:
    """Read a condition.

    Raises:
        SettingsError: it is none; the message says what to write.

    Example:
        >>> parse("exact_match worse").verdict, parse("token_f1 < -0.05").threshold
        ('worse', -0.05)
    """
    if match := _VERDICT.fullmatch(text):
        return Condition(text.strip(), match["metric"], match["verdict"])
    if match := _CHANGE.fullmatch(text):
        return Condition(text.strip(), match["metric"], None, match["comparator"], float(match["number"]))
    message = (
        f"--fail-if {text!r}: it is no condition.\n"
        f"  Fix: write METRIC and a verdict ({', '.join(VERDICTS)}), or a change with its sign: "
        "'exact_match worse', 'token_f1 < -0.05', 'latency > +0.5'"
    )
    raise SettingsError(message)


def judge(conditions: Sequence[Condition], comparison: Mapping[str, Any], *, strict: bool) -> list[Decision]:
    """Decide each condition.

    Args:
        conditions: what is not to happen.
        comparison: the answer of ``/v1/evaluations/compare``.
        strict: whether the estimates decide, even where it may be chance.

    Raises:
        SettingsError: a condition names a metric that is not compared.
    """
    metrics = {metric["metric"]: metric for metric in comparison["metrics"]}
    decided = []
    for condition in conditions:
        if condition.metric not in metrics:
            known = ", ".join(sorted(metrics))
            message = (
                f"--fail-if {condition.text!r}: {condition.metric!r} is not compared.\n  Fix: one of {known}"
            )
            raise SettingsError(message)
        failed, reason = _decide(condition, metrics[condition.metric], strict=strict)
        decided.append(Decision(condition.text, failed, reason))
    return decided


def _decide(condition: Condition, metric: Mapping[str, Any], *, strict: bool) -> tuple[bool, str]:
    difference = metric["difference"]
    if difference is None:
        # A gate that sees nothing must not open.
        return True, f"no row has a score {condition.metric} on both sides"
    shown = _shown(metric)
    if condition.verdict is not None:
        verdict = _estimated(metric) if strict else metric["verdict"]
        reason = f"{verdict}, {shown}"
        if metric["needed"] is not None and verdict == "no evidence" != condition.verdict:
            reason += f"; {metric['needed']:,} would find a difference of this size"
        return verdict == condition.verdict, reason
    meets = _COMPARATORS[condition.comparator]
    if strict:
        return meets(difference, condition.threshold), shown
    limit = metric["lower"] if condition.comparator.startswith(">") else metric["upper"]
    if limit is not None and meets(limit, condition.threshold):
        return True, shown
    if meets(difference, condition.threshold):
        return False, f"{shown}: " + ("too few rows to tell" if limit is None else "may be chance")
    return False, shown


def _estimated(metric: Mapping[str, Any]) -> str:
    """The verdict as the estimate has it."""
    difference = metric["difference"]
    if not difference:
        return "no evidence"
    if metric["greater_is_better"] is None:
        return "higher" if difference > 0 else "lower"
    return "better" if (difference > 0) == metric["greater_is_better"] else "worse"


def _shown(metric: Mapping[str, Any]) -> str:
    rows = (
        f"{metric['count_a']:,} pairs"
        if metric["paired"]
        else (f"{metric['count_a']:,} rows against {metric['count_b']:,}")
    )
    if metric["lower"] is None:
        return f"{metric['difference']:+.4g} ({rows})"
    return f"{metric['difference']:+.4g} (from {metric['lower']:+.4g} to {metric['upper']:+.4g}, {rows})"
