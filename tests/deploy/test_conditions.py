"""Conditions of ``--fail-if``: what may be written, and what each decides."""

from __future__ import annotations

from typing import Any

import pytest

from spanfold_deploy.cli._conditions import Verdict, judge, parse
from spanfold_deploy.errors import SettingsError

Limits = tuple[float | None, float | None, float | None]


def limits(numbers: Limits) -> dict[str, float | None]:
    return dict(zip(("value", "lower", "upper"), numbers, strict=True))


def version(
    name: str,
    metric: str = "latency_p95",
    estimate: Limits | None = (100.0, 90.0, 110.0),
    relative: Limits | None = None,
    absolute: Limits | None = None,
) -> dict[str, Any]:
    difference = None
    if relative or absolute:
        difference = {
            "relative": limits(relative) if relative else None,
            "absolute": limits(absolute) if absolute else None,
        }
    measured = {
        "metric": metric,
        "estimate": limits(estimate) if estimate else None,
        "trace_count": 50,
        "difference": difference,
    }
    return {
        "model_id": name,
        "name": name,
        "trace_count": 50,
        "total_cost_usd": None,
        "metrics": [measured],
    }


def decide(text: str, new: dict[str, Any], base: dict[str, Any], *, strict: bool = False) -> Verdict:
    comparison = {"baseline": base["name"], "models": [base, new]}
    (verdict,) = judge([parse(text)], comparison, strict=strict)
    return verdict


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("latency_p95 > +10%", ("latency_p95", ">", 0.1, "relative")),
        ("cost<=-5.5 %", ("cost", "<=", -0.055, "relative")),
        ("latency_p50 > +50ms", ("latency_p50", ">", 50, "change")),
        ("latency_p99 >= +1.5s", ("latency_p99", ">=", 1500, "change")),
        ("error_rate > +2pp", ("error_rate", ">", 0.02, "change")),
        ("error_rate > 5%", ("error_rate", ">", 0.05, "value")),
        ("error_rate > +0.02", ("error_rate", ">", 0.02, "change")),
        ("error_rate > +5%", ("error_rate", ">", 0.05, "relative")),
        ("latency_mean > 2s", ("latency_mean", ">", 2000, "value")),
        ("traces < 100", ("traces", "<", 100, "value")),
        ("score.right answer < -0.1", ("score.right answer", "<", -0.1, "change")),
        (" output_tokens > +.5tokens ", ("output_tokens", ">", 0.5, "change")),
        ("total_cost > 10usd", ("total_cost", ">", 10, "value")),
    ],
)
def test_a_condition_is_a_metric_a_comparator_and_a_threshold(
    text: str, expected: tuple[str, str, float, str]
) -> None:
    found = parse(text)
    assert found.text == text.strip()
    kind = "relative" if found.relative else "change" if found.change else "value"
    assert (found.metric, found.comparator, kind) == (expected[0], expected[1], expected[3])
    assert found.threshold == pytest.approx(expected[2])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("latency_p95", "it is no condition"),
        ("latency_p95 = 3", "it is no condition"),
        ("latency_p95 > +10% or", "it is no condition"),
        ("> 3", "it is no condition"),
        ("latency_p90 > +10%", "latency_p9"),
        ("latency_p95 > 10%", "needs a sign"),
        ("cost > 3ms", "not measured in ms"),
        ("latency_p95 > +3pp", "not measured in pp"),
        ("error_rate > 1e9", "it is no condition"),
    ],
)
def test_what_is_no_condition_is_refused_with_an_example(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=r"Fix: for example") as refusal:
        parse(text)
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("relative", "failed", "strict", "told"),
    [
        ((0.25, 0.12, 0.40), True, True, "+25.0% (from +12.0% to +40.0%, 50 traces against 50 traces)"),
        ((0.25, -0.05, 0.60), False, True, "may be chance"),
        ((0.05, 0.02, 0.08), False, False, "+5.0%"),
        ((0.25, 0.0, None), False, True, "to unknown"),
        ((-0.3, -0.5, -0.1), False, False, "-30.0%"),
        ((0.25, -1.0, 0.3), False, True, "(from unknown to +30.0%, 50 traces against 50 traces): too few"),
    ],
)
def test_a_change_fails_a_version_only_if_the_whole_interval_does(
    relative: Limits, told: str, *, failed: bool, strict: bool
) -> None:
    new, base = version("new", relative=relative), version("old")
    verdict = decide("latency_p95 > +10%", new, base)
    assert (verdict.failed, decide("latency_p95 > +10%", new, base, strict=True).failed) == (failed, strict)
    assert told in verdict.reason


def test_a_fall_is_decided_by_the_upper_limit() -> None:
    def new(*absolute: float) -> dict[str, Any]:
        return version("new", "score.right", (0.5, 0.4, 0.6), absolute=absolute)  # type: ignore[arg-type]

    base = version("old", "score.right")
    assert decide("score.right < -0.1", new(-0.3, -0.5, -0.2), base).failed
    assert not decide("score.right < -0.1", new(-0.3, -0.5, 0.0), base).failed


def test_a_value_of_its_own_needs_no_baseline() -> None:
    base = version("old", estimate=None)
    assert decide("latency_p95 > 80ms", version("new"), base).failed
    assert not decide("latency_p95 > 95ms", version("new"), base).failed
    assert decide("latency_p95 > 95ms", version("new"), base, strict=True).failed


def test_counts_are_facts_and_decided_as_they_are() -> None:
    assert decide("traces < 100", version("new"), version("old")).failed
    assert not decide("traces < 50", version("new"), version("old")).failed
    assert not decide("traces < -10%", version("new"), version("old")).failed


@pytest.mark.parametrize(
    ("text", "new", "base", "told"),
    [
        ("cost > +5%", version("new"), version("old"), "no trace of new tells cost"),
        ("latency_p95 > +5%", version("new", estimate=None), version("old"), "no trace of new tells"),
        ("latency_p95 > +5%", version("new"), version("old", estimate=None), "no trace of old, the baseline"),
        ("total_cost > 3usd", version("new"), version("old"), "no trace of new tells total_cost"),
        (
            "score.mood < -5%",
            version("new", "score.mood", absolute=(1, 0, 2)),
            version("old", "score.mood"),
            "can be below zero",
        ),
    ],
)
def test_what_cannot_be_measured_fails(
    text: str, new: dict[str, Any], base: dict[str, Any], told: str
) -> None:
    verdict = decide(text, new, base)
    assert verdict.failed
    assert told in verdict.reason


def test_any_growth_from_zero_is_infinite_and_none_is_none() -> None:
    base = version("old", "error_rate", (0.0, 0.0, 0.05))
    some = version("new", "error_rate", (0.1, 0.05, 0.2), relative=(None, 1.5, None))
    none = version("new", "error_rate", (0.0, 0.0, 0.05), relative=(None, -1.0, None))
    assert decide("error_rate > +100%", some, base).failed
    assert not decide("error_rate > +200%", some, base).failed
    assert decide("error_rate > +200%", some, base, strict=True).failed
    assert not decide("error_rate > +0%", none, base, strict=True).failed
