"""What holds for all built-in metrics that score row by row."""

from __future__ import annotations

import math
import pickle
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold import metrics
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from spanfold.metrics import EvaluationMetric

OF_PAIRS = [
    metrics.exact_match(),
    metrics.token_f1(),
    metrics.edit_similarity(),
    metrics.contains(),
    metrics.bleu(),
    metrics.bleu("char"),
    metrics.chrf(),
    *(
        make(kind)
        for make in (metrics.rouge1, metrics.rouge2, metrics.rougeL, metrics.rougeLsum)
        for kind in ("ascii", "unicode")
    ),
]
OF_TEXTS = [
    metrics.ari_grade_level(),
    metrics.flesch_kincaid_grade_level(),
    metrics.length(),
    metrics.length("words"),
    metrics.json_valid(),
    metrics.json_schema_match({"type": "object"}),
    metrics.regex_match("[a-z]+"),
    metrics.contains("a"),
]
WORDS = st.sampled_from(
    ["a", "the", "cat", "Cat.", "don't", "東京", "です。", "🎉", "12", "\n", " ", "'", "x_y", "-"]
)
TEXTS = st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=12).map(" ".join))
BELOW_ONE = {
    "rouge1",
    "rouge2",
    "rougeL",
    "rougeLsum",
    "exact_match",
    "token_f1",
    "edit_similarity",
    "contains",
}


def key_of(metric: EvaluationMetric) -> str:
    return metric.key


def columns_for(metric: EvaluationMetric, predictions: list[Any], targets: list[Any]) -> dict[str, list[Any]]:
    given_columns = {"predictions": predictions, "targets": targets}
    return {name: given_columns[name] for name in metric.arguments()[0]}


@pytest.mark.parametrize("metric", [*OF_PAIRS, *OF_TEXTS], ids=key_of)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6))
def test_any_text_has_a_finite_score_in_its_range(
    metric: EvaluationMetric, rows: list[tuple[str, str]]
) -> None:
    value = metric.score(columns_for(metric, [one for one, _ in rows], [one for _, one in rows]))
    assert value.scores is not None
    assert value.errors is None or not any(value.errors)
    for score in value.scores:
        assert isinstance(score, int | float)
        assert math.isfinite(score)
        if metric.name.removesuffix("_unicode") in BELOW_ONE:
            assert 0 <= score <= 1
        if metric.name in {"bleu", "chrf"}:
            assert -1e-9 <= score <= 100 + 1e-9


@pytest.mark.parametrize("metric", [*OF_PAIRS, *OF_TEXTS], ids=key_of)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=6))
def test_a_score_does_not_depend_on_the_rows_beside_it(
    metric: EvaluationMetric, rows: list[tuple[str, str]]
) -> None:
    together = metric.score(columns_for(metric, [one for one, _ in rows], [one for _, one in rows])).scores
    alone = [
        (metric.score(columns_for(metric, [prediction], [target])).scores or [None])[0]
        for prediction, target in rows
    ]
    assert together == alone


@pytest.mark.parametrize("metric", [*OF_PAIRS, *OF_TEXTS], ids=key_of)
@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_row_without_a_value_has_no_score_and_says_so(
    metric: EvaluationMetric, nothing: float | None
) -> None:
    value = metric.score(columns_for(metric, [nothing, "a b"], ["a", "a b"]))
    assert value.scores is not None
    assert value.errors is not None
    assert value.scores[0] is None
    assert value.errors[0] == "the row has no predictions"
    assert value.scores[1] is not None
    assert value.errors[1] is None


@pytest.mark.parametrize(
    "metric", [one for one in (*OF_PAIRS, *OF_TEXTS) if one.name != "exact_match"], ids=key_of
)
def test_a_row_with_something_else_than_text_has_no_score_and_says_so(metric: EvaluationMetric) -> None:
    value = metric.score(columns_for(metric, [["a"], "a"], ["a", "a"]))
    assert value.errors is not None
    assert value.errors[0] == "predictions is not text but list"
    assert (value.scores or [0])[0] is None


@pytest.mark.parametrize("metric", [*OF_PAIRS, *OF_TEXTS], ids=key_of)
def test_no_rows_have_no_scores_and_no_aggregates(metric: EvaluationMetric) -> None:
    value = metric.with_aggregates(metric.score(columns_for(metric, [], [])))
    assert not value.scores
    assert value.aggregate_results == {}


@pytest.mark.parametrize("metric", [*OF_PAIRS, *OF_TEXTS], ids=key_of)
def test_a_missing_column_is_told_with_those_that_there_are(metric: EvaluationMetric) -> None:
    with pytest.raises(metrics.MetricArgumentError, match=r"predictions.*they have answer"):
        metric.score({"answer": ["a"]})


@given(text=TEXTS)
def test_a_text_matches_itself(text: str) -> None:
    rows = {"predictions": [text], "targets": [text]}
    for metric in (metrics.exact_match(), metrics.token_f1(), metrics.edit_similarity(), metrics.contains()):
        assert metric.score(rows).scores == [1.0]
    for kind in ("ascii", "unicode"):
        first = (metrics.rouge1(kind).score(rows).scores or [None])[0]
        for make in (metrics.rougeL, metrics.rougeLsum):
            assert make(kind).score(rows).scores == [first]
        assert first in {0.0, 1.0}


@given(first=TEXTS, second=TEXTS)
def test_symmetric_metrics_are_symmetric(first: str, second: str) -> None:
    for metric in (
        metrics.exact_match(),
        metrics.token_f1(),
        metrics.edit_similarity(),
        metrics.rouge1(),
        metrics.rouge2(),
        metrics.rougeL("unicode"),
    ):
        one = metric.score({"predictions": [first], "targets": [second]}).scores or [None]
        other = metric.score({"predictions": [second], "targets": [first]}).scores or [None]
        assert one[0] == pytest.approx(other[0], abs=1e-12)


@pytest.mark.parametrize("metric", [*OF_PAIRS, *OF_TEXTS], ids=key_of)
def test_built_in_metrics_can_be_sent_to_another_process(metric: EvaluationMetric) -> None:
    again = pickle.loads(pickle.dumps(metric))
    rows = columns_for(again, ["a b c"], ["a c"])
    assert again.score(rows).scores == metric.score(rows).scores


def test_columns_of_numpy_and_pandas_are_as_good_as_lists() -> None:
    texts: Any = pd.Series(["a b", None, "c"], index=[7, 8, 9], dtype="string")
    rows: dict[str, Any] = {"predictions": texts, "targets": np.array(["a b", "x", "d"], dtype=object)}
    assert metrics.exact_match().score(rows).scores == [1.0, None, 0.0]
    assert metrics.token_f1().score(rows).scores == [1.0, None, 0.0]
    counts: Any = pd.Series([1, None, 3], dtype="Int64")
    assert metrics.token_count().score({"output_tokens": counts}).scores == [1, None, 3]
    times: Any = np.array([500.0, np.nan])
    assert metrics.latency().score({"latency_ms": times}).scores == [0.5, None]
    arrays = {"predictions": [np.array([1, 2])], "targets": [np.array([1, 2])]}
    assert metrics.exact_match().score(arrays).scores == [1.0]
    assert metrics.recall_at_k(1).score(arrays).scores == [0.5]
    classes: Any = {name: pd.Series([1, 0, 1], index=[7, 8, 9]) for name in ("predictions", "targets")}
    assert metrics.classifier().score(classes).aggregate_results == {"accuracy_score": 1.0}
    assert metrics.max_error().score(classes).aggregate_results == {"max_error": 0.0}


def test_figures_of_regressors_go_by_mlflows_short_names_too() -> None:
    rows: dict[str, Any] = {"predictions": [1.0, 4.0], "targets": [1.0, 2.0]}
    told = {
        name: dict(make().score(rows).aggregate_results or {})
        for name, make in vars(metrics).items()
        if name in {"mae", "mse", "rmse", "mape"}
    }
    assert told == {
        "mae": {"mean_absolute_error": 1.0},
        "mse": {"mean_squared_error": 2.0},
        "rmse": {"root_mean_squared_error": pytest.approx(math.sqrt(2))},
        "mape": {"mean_absolute_percentage_error": 0.5},
    }


@pytest.mark.parametrize("metric", [metrics.exact_match(), metrics.mae(), metrics.classifier()], ids=key_of)
def test_without_numpy_the_line_that_brings_it_is_named(
    metric: EvaluationMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(InvalidArgumentError, match=re.escape("pip install 'spanfold[evaluate]'")):
        metric.with_aggregates(metric.score({"predictions": [1, 0], "targets": [1, 1]}))
