"""Conditions of ``--fail-if``, such as ``latency_p95 > +10%``: what they say, and whether they are met.

A condition is ``METRIC COMPARATOR THRESHOLD``. A threshold with a sign is a change from the baseline:
relative with ``%``, else in the metric's unit (``ms``, ``s``, ``tokens``, ``usd``, or ``pp``: percentage
points). Without a sign it is the metric's own value.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_deploy.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SYNTAX: Final = re.compile(
    r"\s*(?P<metric>score\.\S.*?|[a-z0-9_]+)\s*(?P<comparator>>=|<=|>|<)\s*"
    r"(?P<sign>[+-]?)(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>%|[a-z]*)\s*"
)
_COMPARATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_UNITS: Final[Mapping[str, str]] = {
    "error_rate": "ratio",
    "latency_mean": "ms",
    "latency_p50": "ms",
    "latency_p95": "ms",
    "latency_p99": "ms",
    "input_tokens": "tokens",
    "output_tokens": "tokens",
    "cached_input_tokens": "tokens",
    "cost": "usd",
    "total_cost": "usd",
    "traces": "traces",
    "traces_per_hour": "per_hour",
}
_COUNTED: Final[Mapping[str, str]] = {
    "total_cost": "total_cost_usd",
    "traces": "trace_count",
}
"""Metrics that are facts of the traffic rather than estimates, and the members that tell them."""
_SCALES: Final[Mapping[tuple[str, str], float]] = {("ms", "s"): 1000, ("ratio", "pp"): 0.01}
"""What a number in another unit is multiplied by, by the metric's unit and the one written."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. Made by :func:`parse`."""

    text: str
    metric: str
    comparator: str
    threshold: float
    """In the metric's unit, or a share of the baseline."""
    relative: bool
    """Whether the threshold is a change as a share of the baseline."""
    change: bool
    """Whether it is a change at all, rather than the metric's own value."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one version meets one condition."""

    model_id: str
    name: str
    condition: str
    failed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What a condition looks at; the limits are None where there are none."""

    value: float
    lower: float | None
    upper: float | None
    traces: str


def parse(text: str) -> Condition:
    """Read a condition.

    Raises:
        SettingsError: it is none; the message says what to write.

    Example:
        >>> condition = parse("latency_p95 > +10%")
        >>> condition.metric, condition.threshold, condition.relative
        ('latency_p95', 0.1, True)
        >>> parse("error_rate > 5%").change
        False
    """
    match = _SYNTAX.fullmatch(text)
    if match is None:
        raise _refused(text, "it is no condition", "METRIC > +10%, METRIC > +50ms or METRIC > 800ms")
    metric, sign, unit = match["metric"], match["sign"], match["unit"]
    own_unit = "score" if metric.startswith("score.") else _UNITS.get(metric)
    if own_unit is None:
        near = difflib.get_close_matches(metric, _UNITS, n=1) or [*_UNITS, "score.NAME"]
        raise _refused(text, f"there is no metric {metric!r}", ", ".join(near))
    change, relative = bool(sign), bool(sign) and unit == "%"
    if unit == "%":
        if not relative and own_unit != "ratio":
            raise _refused(text, f"a share of {metric} needs a sign", f"{metric} {match['comparator']} +10%")
        scale = 0.01
    elif unit in {"", own_unit}:
        scale = 1.0
    elif (own_unit, unit) in _SCALES:
        scale = _SCALES[own_unit, unit]
    else:
        raise _refused(text, f"{metric} is not measured in {unit}", "% or " + own_unit)
    threshold = float(sign + match["number"]) * scale
    return Condition(text.strip(), metric, match["comparator"], threshold, relative, change)


def judge(conditions: list[Condition], comparison: Mapping[str, Any], *, strict: bool) -> Iterator[Verdict]:
    """Decide each condition for each version but the baseline.

    A condition fails a version if the whole confidence interval meets it: a difference that chance may have
    made fails nobody. With ``strict`` the estimate itself decides. What cannot be measured at all fails:
    a gate that sees nothing must not open.
    """
    models = comparison["models"]
    (baseline,) = (model for model in models if model["model_id"] == comparison["baseline"])
    for model in models:
        if model is baseline:
            continue
        for condition in conditions:
            failed, reason = _decide(condition, model, baseline, strict=strict)
            yield Verdict(model["model_id"], model["name"], condition.text, failed, reason)


def _decide(
    condition: Condition, model: Mapping[str, Any], baseline: Mapping[str, Any], *, strict: bool
) -> tuple[bool, str]:
    found = _look_up(condition, model, baseline)
    if isinstance(found, str):
        return True, found
    meets = _COMPARATORS[condition.comparator]
    shown = _shown(condition, found)
    if strict or condition.metric in _COUNTED:
        return meets(found.value, condition.threshold), shown
    # The limit that is furthest from meeting the condition: if even that does, so does the whole interval.
    limit = found.lower if condition.comparator.startswith(">") else found.upper
    if limit is not None and meets(limit, condition.threshold):
        return True, shown
    if meets(found.value, condition.threshold):
        return False, f"{shown}: " + ("too few traces to tell" if limit is None else "may be chance")
    return False, shown


def _look_up(condition: Condition, model: Mapping[str, Any], baseline: Mapping[str, Any]) -> _Found | str:
    """What the condition looks at, or why that is not known."""
    own, base = (_limits(condition.metric, one) for one in (model, baseline))
    if own is None:
        return f"no trace of {model['name']} tells {condition.metric}"
    if not condition.change:
        return own
    if base is None:
        return f"no trace of {baseline['name']}, the baseline, tells {condition.metric}"
    traces = f"{own.traces} against {base.traces}"
    if condition.metric in _COUNTED:
        change = own.value - base.value
        if condition.relative:
            change = _share(change, base.value)
        return _Found(change, None, None, traces)
    difference = _metric(condition.metric, model)["difference"]
    limits = difference["relative" if condition.relative else "absolute"]
    if limits is None:
        return f"{condition.metric} can be below zero, so it has no change in %: name an amount instead"
    value = _share(own.value - base.value, base.value) if limits["value"] is None else limits["value"]
    # That nothing is left of it is the least that can be said of a change: it tells as little as no limit.
    lower = None if condition.relative and limits["lower"] == -1 and value > -1 else limits["lower"]
    return _Found(value, lower, limits["upper"], traces)


def _limits(metric: str, model: Mapping[str, Any]) -> _Found | None:
    """The metric of one version, if it is known."""
    traces = f"{model['trace_count']:,} traces"
    if metric in _COUNTED:
        value = model[_COUNTED[metric]]
        return None if value is None else _Found(value, None, None, traces)
    found = _metric(metric, model)
    if found is None or found["estimate"] is None:
        return None
    return _Found(**found["estimate"], traces=f"{found['trace_count']:,} traces")


def _metric(name: str, model: Mapping[str, Any]) -> Any:  # one metric of the JSON answer, or None
    return next((metric for metric in model["metrics"] if metric["metric"] == name), None)


def _share(change: float, base: float) -> float:
    """A change as a share of what it is a change from; from nothing, any is infinite."""
    if base:
        return change / base
    return math.copysign(math.inf, change) if change else 0.0


def _shown(condition: Condition, found: _Found) -> str:
    value = show(condition, found.value)
    if condition.metric in _COUNTED:
        return value
    if found.lower is None and found.upper is None:
        return f"{value} ({found.traces})"
    lower, upper = (
        "unknown" if limit is None else show(condition, limit) for limit in (found.lower, found.upper)
    )
    return f"{value} (from {lower} to {upper}, {found.traces})"


def show(condition: Condition, value: float) -> str:
    """A value as the condition would write it.

    Example:
        >>> show(parse("latency_p95 > +10%"), 0.1234), show(parse("latency_p95 > 1s"), 812.5)
        ('+12.3%', '812 ms')
    """
    sign = "+" if condition.change else ""
    unit = "score" if condition.metric.startswith("score.") else _UNITS[condition.metric]
    if condition.relative or unit == "ratio":
        unit = " points" if condition.change and not condition.relative else "%"
        return f"{100 * value:{sign},.1f}{unit}"
    digits = ",.0f" if abs(value) >= 100 else ".3g"  # noqa: PLR2004 - three digits are enough to compare
    return f"{value:{sign}{digits}}" + ("" if unit == "score" else f" {unit.replace('_', ' ')}")


def _refused(text: str, why: str, fix: str) -> SettingsError:
    return SettingsError(f"--fail-if {text!r}: {why}.\n  Fix: for example {fix}")
