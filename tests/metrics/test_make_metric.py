# ruff: noqa: ARG005, PLW0108 - the names of arguments are what is tested
from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold.errors import InvalidArgumentError
from spanfold.metrics import (
    EvaluationMetric,
    MetricArgumentError,
    MetricError,
    MetricValue,
    exact_match,
    make_metric,
    standard_aggregations,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {"predictions": ["short", "a longer answer"], "targets": ["short", "no"], "tone": ["calm", "loud"]}


def made(eval_fn: Callable[..., Any], **choices: Any) -> EvaluationMetric:
    return make_metric(eval_fn=eval_fn, greater_is_better=True, **choices)


def test_arguments_are_bound_by_name_to_any_column_and_to_results_before() -> None:
    seen: dict[str, Any] = {}

    def own(tone: Any, metrics: Any, predictions: Any, absent: Any = 7) -> list[int]:
        seen.update(tone=list(tone), metrics=metrics, predictions=list(predictions), absent=absent)
        return [1, 2]

    before = {"exact_match/v1": exact_match().score(ROWS)}
    assert made(own).score(ROWS, before).scores == [1, 2]
    assert seen == {"tone": ROWS["tone"], "metrics": before, "predictions": ROWS["predictions"], "absent": 7}


def test_a_column_may_be_called_metrics() -> None:
    metric = made(lambda metrics: list(metrics), name="own")
    assert metric.score({"metrics": [3, 4]}).scores == [3, 4]


def test_the_articles_metric_labels_rows_and_gets_the_share_of_each_label() -> None:
    def eval_fn(predictions: Any, targets: Any, metrics: Any) -> MetricValue:
        assert len(targets) == len(predictions)
        assert metrics == {}
        scores = ["yes" if len(predictions[i]) > 10 else "no" for i in range(len(predictions))]
        return MetricValue(scores=scores, aggregate_results=standard_aggregations(scores))

    value = made(eval_fn, name="over_10_chars").score(ROWS)
    assert value.scores == ["no", "yes"]
    assert value.aggregate_results == {"no/ratio": 0.5, "yes/ratio": 0.5}


def test_a_missing_column_is_told_with_those_that_there_are() -> None:
    metric = made(lambda predictions, context: [0, 0], name="grounded")
    assert metric.missing(ROWS) == ("context",)
    with pytest.raises(
        MetricArgumentError, match=r"'grounded' needs the column 'context'.*predictions, targets, tone"
    ):
        metric.score(ROWS)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, "return a MetricValue"),
        ("yes", "return a MetricValue"),
        ([1], "1 scores for 2 rows"),
        (MetricValue(scores=[1, 2], errors=[None]), "1 errors for 2 rows"),
        (MetricValue(scores=[1, 2], justifications=["a", "b", "c"]), "3 justifications for 2 rows"),
    ],
)
def test_what_cannot_be_a_result_is_told(returned: Any, told: str) -> None:
    with pytest.raises(MetricError, match=told):
        made(lambda predictions: returned, name="odd").score(ROWS)


def test_a_function_that_raises_is_named() -> None:
    def broken(predictions: Any) -> Any:
        raise KeyError(len(predictions))

    with pytest.raises(MetricError, match=r"'broken' failed: KeyError: 2"):
        made(broken).score(ROWS)


def test_a_number_and_numbers_by_name_are_of_all_rows() -> None:
    assert made(lambda predictions: len(predictions), name="rows").score(ROWS) == MetricValue(
        aggregate_results={"rows": 2.0}
    )
    several = made(lambda predictions: {"a": 1, "b": True}, name="several").score(ROWS)
    assert several.aggregate_results == {"a": 1.0, "b": 1.0}


def test_a_function_without_a_name_needs_one() -> None:
    with pytest.raises(InvalidArgumentError, match="name"):
        made(lambda predictions: [])


def test_the_version_is_part_of_the_key() -> None:
    assert made(len, name="own", version="v2").key == "own/v2"


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6), st.just(math.nan), st.booleans()), max_size=20))
def test_aggregates_are_of_the_scores_that_there_are(scores: list[float | None]) -> None:
    given_scores = [float(one) for one in scores if one is not None and not math.isnan(one)]
    found = standard_aggregations(scores)
    if not given_scores:
        assert found == {}
        return
    assert found["mean"] == pytest.approx(math.fsum(given_scores) / len(given_scores), abs=1e-6)
    assert min(given_scores) - 1e-6 <= found["p90"] <= max(given_scores) + 1e-6
    assert found["variance"] >= 0


@given(st.lists(st.sampled_from(["yes", "no", None]), min_size=1, max_size=20))
def test_shares_of_labels_add_up_to_one(scores: list[str | None]) -> None:
    found = standard_aggregations(scores)
    assert sum(found.values()) == pytest.approx(1.0 if any(scores) else 0.0)


@pytest.mark.parametrize("number", [np.float32(0.5), np.int64(2), np.array(0.5), Decimal("0.5")])
def test_any_number_is_an_aggregate(number: Any) -> None:
    value = made(lambda predictions: number, name="own").score(ROWS)
    assert value.aggregate_results == {"own": float(number)}


@pytest.mark.parametrize(
    "returned",
    [
        object(),
        {"mean": "high"},
        {"mean": None},
        {0.5, 1.0},
        10**400,
        b"12",
        MetricValue(scores=frozenset({1, 2})),  # type: ignore[arg-type]
        MetricValue(scores=[1, 2], aggregate_results=[0.5]),  # type: ignore[arg-type]
    ],
    ids=lambda returned: type(returned).__name__,
)
def test_what_no_metric_may_return_is_an_error_of_the_metric(returned: Any) -> None:
    with pytest.raises(MetricError, match=r"'own' returned .*: return a MetricValue, a list"):
        made(lambda predictions: returned, name="own").score(ROWS)


def test_an_async_function_is_an_error_of_the_metric() -> None:
    async def own(predictions: Any) -> list[int]:
        return [len(text) for text in predictions]

    with pytest.raises(MetricError, match="coroutine"):
        made(own).score(ROWS)


def test_columns_of_a_value_may_be_arrays_series_and_generators() -> None:
    for scores in (np.array([1.0, 2.0]), pd.Series([1.0, 2.0], index=[7, 7]), (one for one in (1.0, 2.0))):
        value = MetricValue(scores=scores, justifications=np.array(["a", "b"]))  # type: ignore[arg-type]
        told = made(lambda predictions, value=value: value, name="own").score(ROWS)
        assert told.scores == [1.0, 2.0]
        assert told.justifications == ["a", "b"]


def test_a_score_that_pandas_says_is_missing_is_none() -> None:
    value = made(lambda predictions: pd.Series([pd.NA, 3], dtype="Int64"), name="own").score(ROWS)
    assert value.scores == [None, 3]
    assert standard_aggregations(value.scores)["mean"] == 3.0


def test_scores_that_are_no_numbers_or_infinite_give_no_warnings() -> None:
    assert standard_aggregations(["yes", float("nan"), None]) == {"yes/ratio": 1.0}
    told = standard_aggregations([math.inf, 1.0])
    assert told["mean"] == math.inf
    assert math.isnan(told["variance"])
    assert standard_aggregations([1e308, 1e308])["p90"] == 1e308


def test_a_metric_is_made_of_a_function_and_text() -> None:
    with pytest.raises(InvalidArgumentError, match="eval_fn: a function"):
        make_metric(eval_fn="exact_match", greater_is_better=True)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="name=3"):
        made(lambda predictions: [1, 2], name=3)
