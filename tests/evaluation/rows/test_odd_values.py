# ruff: noqa: ARG005 - the names of arguments are what functions are called with
"""What is odd in rows, outputs and scores keeps an evaluation neither from its numbers nor from its files."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import spanfold
from spanfold.errors import InvalidArgumentError
from spanfold.metrics import MetricValue, make_metric
from spanfold_schemas import keys
from tests.evaluation.rows._table import evaluate

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold import EvaluationResult

pytestmark = pytest.mark.usefixtures("captured")


def scored(returned: Any) -> EvaluationResult:
    """Three rows, to which a metric gives what is told, and another one gives scores."""

    def own(predictions: Any) -> Any:
        assert len(predictions) == 3
        return returned

    return evaluate(extra_metrics=["exact_match", make_metric(eval_fn=own, greater_is_better=True)])


def written(result: EvaluationResult, folder: Path) -> EvaluationResult:
    """The result as it is read from a folder again, with all that it can be made into made."""
    result.save(folder)
    again = spanfold.EvaluationResult.load(folder)
    for one in (result, again):
        one.to_html(folder / "report.html")
        one.to_csv(folder / "rows.csv")
        assert one.to_json()
        assert one.to_pandas().shape[0] == one.to_arrow().num_rows == 3
        assert repr(one)
        assert one._repr_html_()
    return again


@pytest.mark.parametrize(
    "returned", [object(), {"mean": "high"}, {1, 2, 3}, np.ones((1, 3)), [b"", b"", b""]]
)
def test_a_metric_that_returns_nonsense_leaves_the_others_their_scores(returned: Any) -> None:
    result = scored(returned)
    assert result.status == "FINISHED"
    assert "own" in result.errors
    assert result.metrics["exact_match/v1"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "scores", [[math.inf, 1.0, -math.inf], [1e308, 1e308, -1e308], [10**400, 1, 2], [math.nan] * 3]
)
def test_numbers_at_the_end_of_all_numbers_are_written(scores: list[float], tmp_path: Path) -> None:
    written(scored(MetricValue(scores=scores)), tmp_path)


def test_an_aggregate_that_is_no_number_is_still_none_when_it_is_read_again(tmp_path: Path) -> None:
    again = written(scored({"mean": math.nan}), tmp_path)
    assert math.isnan(again.metrics["own/mean"])


def test_halves_of_characters_may_be_in_names_of_columns_and_in_labels(captured: Any, tmp_path: Path) -> None:
    result = evaluate(
        data={"answer": ["a", "b", "c"], "half \ud800": ["x", "y", "z"]},
        targets=None,
        extra_metrics=[
            make_metric(eval_fn=lambda predictions: ["\udfff", "b", "b"], name="n", greater_is_better=None)
        ],
    )
    written(result, tmp_path)
    (finished,) = (one for one in captured.events if one.event_type == keys.EVALUATION_FINISHED)
    assert finished.payload["metrics"] == {
        "n/?/ratio": pytest.approx(1 / 3),
        "n/b/ratio": pytest.approx(2 / 3),
    }


@pytest.mark.parametrize("returned", [{"a", "b", "c"}, np.array(1), 3])
def test_a_model_returns_its_outputs_in_order(returned: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="it must return a list with an output a row"):
        evaluate(model=lambda rows: returned, predictions=None)


@pytest.mark.parametrize("limit", ["1", True, math.nan, -1])
def test_limits_of_a_budget_are_numbers(limit: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="max_cost_usd is"):
        evaluate(max_cost_usd=limit)


def test_errors_of_a_regressor_may_be_too_large_for_a_number() -> None:
    result = evaluate(
        data={"answer": [1e308, 1.0], "right": [-1e308, 1.0]}, model_type="regressor", extra_metrics=None
    )
    assert result.metrics["max_error"] == math.inf
    assert result.metrics["example_count"] == 2
    assert not result.errors
