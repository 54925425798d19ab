"""Comparisons of tables in memory: what makes a pair, which verdict, and which rows changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import spanfold
from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._result import EvaluationResult, MetricInfo
from spanfold.evaluation._table import Table

if TYPE_CHECKING:
    from spanfold.evaluation._comparison_result import EvaluationComparison, MetricComparison


def rows(count: int, score: Any, **more: Any) -> list[dict[str, Any]]:
    """Rows of the same questions."""
    return [
        {"inputs": f"question {n}", "outputs": f"answer {n}", "f1/score": score(n), **more}
        for n in range(count)
    ]


def only(found: EvaluationComparison) -> MetricComparison:
    (metric,) = found.metrics.values()
    return metric


def result(count: int, score: Any, *, greater_is_better: bool | None) -> EvaluationResult:
    columns = {
        "inputs": [f"question {n}" for n in range(count)],
        "outputs": [f"answer {n}" for n in range(count)],
        "f1/v1/score": [score(n) for n in range(count)],
    }
    info = MetricInfo("f1/v1", "f1", greater_is_better=greater_is_better)
    return EvaluationResult(
        evaluation_id="e-" + "1" * 32, metrics={}, rows=Table(columns, count), name="mine", infos=(info,)
    )


@pytest.mark.parametrize(
    ("greater_is_better", "verdict"), [(True, "better"), (False, "worse"), (None, "higher")]
)
def test_results_say_which_direction_is_better(*, greater_is_better: bool | None, verdict: str) -> None:
    a = result(30, lambda n: n % 5 / 10, greater_is_better=greater_is_better)
    b = result(30, lambda n: n % 5 / 10 + 0.1 + n % 3 / 10, greater_is_better=greater_is_better)
    found = spanfold.compare_evaluations(a, b)
    metric = only(found)
    assert (metric.metric, metric.verdict, metric.paired) == ("f1", verdict, True)
    assert metric.difference == pytest.approx(0.2)
    assert metric.needed is None
    assert (found.a.name, found.a.evaluation_id) == ("mine", "e-" + "1" * 32)


def test_rows_are_paired_by_their_input_whatever_their_order() -> None:
    a, b = rows(40, lambda n: n / 40), rows(40, lambda n: n / 40 + 0.05)
    found = spanfold.compare_evaluations(a, list(reversed(b)))
    assert only(found).paired
    assert only(found).difference == pytest.approx(0.05)
    frames = spanfold.compare_evaluations(pd.DataFrame(a), pd.DataFrame(b))
    assert frames.to_dict() == found.to_dict()


def test_pairs_find_what_two_samples_do_not() -> None:
    a, b = rows(40, lambda n: n / 40), rows(40, lambda n: n / 40 + 0.04 + n % 3 / 50)
    assert only(spanfold.compare_evaluations(a, b)).verdict == "higher"
    metric = only(spanfold.compare_evaluations(a, b, pairing="unpaired"))
    assert (metric.verdict, metric.paired) == ("no evidence", False)
    assert metric.needed is not None
    assert metric.needed > 40
    assert metric.detectable is not None
    assert metric.difference is not None
    assert metric.detectable > metric.difference


def test_several_rows_of_one_input_count_as_their_mean() -> None:
    a = rows(20, lambda n: n / 20) + rows(20, lambda n: n / 20 + 0.2)
    b = rows(20, lambda n: n / 20 + 0.1)
    found = spanfold.compare_evaluations(a, b)
    assert (only(found).count_a, only(found).repeats) == (20, True)
    assert only(found).difference == pytest.approx(0)
    assert any("count as their mean" in note for note in found.notes)


def test_the_row_nearest_to_the_mean_of_its_input_is_the_one_that_is_shown() -> None:
    grades = (1.0, 0.0, 0.0)
    a = [{**row, "outputs": f"good {n}"} for n in range(3) for row in rows(20, lambda _: 1.0)]
    b = [{**row, "outputs": f"grade {one}"} for one in grades for row in rows(20, lambda _, one=one: one)]
    changed = spanfold.compare_evaluations(a, b).rows("f1", 1)[0]
    assert changed.score_b == pytest.approx(1 / 3)
    assert changed.outputs_b == "grade 0.0"


def test_inputs_of_one_side_alone_are_left_out_and_told() -> None:
    found = spanfold.compare_evaluations(rows(30, lambda _: 0.5), rows(25, lambda _: 0.5))
    metric = only(found)
    assert (metric.count_a, metric.unmatched_a, metric.unmatched_b) == (25, 5, 0)
    assert any("left out" in note for note in found.notes)


def test_where_too_few_inputs_match_all_rows_count() -> None:
    same = rows(30, lambda n: n / 60)
    b = [{**row, "inputs": f"other {n}"} if n > 5 else row for n, row in enumerate(same)]
    found = spanfold.compare_evaluations(rows(30, lambda n: n / 30), b)
    metric = only(found)
    assert (metric.paired, metric.count_a, metric.count_b) == (False, 30, 30)
    assert any("without pairs" in note for note in found.notes)
    assert only(spanfold.compare_evaluations(rows(30, lambda n: n / 30), b, pairing="paired")).count_a == 6


def test_rows_without_a_score_are_no_zeros() -> None:
    a = rows(30, lambda n: None if n < 3 else 0.5 + n % 2 / 10)
    found = spanfold.compare_evaluations(a, rows(30, lambda n: 0.5 + n % 2 / 10))
    metric = only(found)
    assert (metric.count_a, metric.errors_a, metric.difference) == (27, 3, 0)
    assert any("3 and 0 rows have no score" in note for note in found.notes)


def test_labels_are_compared_by_their_shares() -> None:
    a = rows(60, lambda n: "yes" if n % 2 else "no")
    b = rows(60, lambda n: "yes" if n % 8 else "perhaps")
    found = spanfold.compare_evaluations(a, b)
    assert list(found.metrics) == ["f1/no", "f1/perhaps", "f1/yes"]
    assert found.metrics["f1/yes"].verdict == "higher"
    assert (found.metrics["f1/no"].mean_a, found.metrics["f1/no"].mean_b) == (0.5, 0.0)
    assert list(spanfold.compare_evaluations(a, b, ["f1"]).metrics) == list(found.metrics)
    assert found.rows("f1/perhaps", 1)[0].change == 1


def test_the_rows_that_changed_most_come_first() -> None:
    a, b = rows(30, lambda _: 0.5), rows(30, lambda n: 0.9 if n == 7 else 0.2 if n == 3 else 0.5 + n / 1000)
    found = spanfold.compare_evaluations(a, b)
    first, second = found.rows("f1", 2)
    assert (first.inputs, first.outputs_a, first.outputs_b) == ("question 7", "answer 7", "answer 7")
    assert first.change == pytest.approx(0.4)
    assert second.inputs == "question 3"
    assert found.rows("f1", 0) == []
    with pytest.raises(InvalidArgumentError, match="there are f1"):
        found.rows("bleu")


def test_many_metrics_are_corrected_together() -> None:
    def table(shift: float) -> list[dict[str, Any]]:
        return [
            {
                "inputs": str(n),
                **{f"m{k}/score": n * (k + 3) % 7 / 7 + shift * (k == 0) for k in range(10)},
            }
            for n in range(30)
        ]

    found = spanfold.compare_evaluations(table(0), table(0.5))
    metric = found.metrics["m0"]
    assert metric.p_value is not None
    assert metric.p_corrected == pytest.approx(10 * metric.p_value)
    assert [one.metric for one in found.metrics.values() if one.verdict != "no evidence"] == ["m0"]
    frame = found.to_pandas()
    assert next(iter(frame["effect_name"])) == "cohen_dz"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"metrics": ["bleu"]}, "there are f1"),
        ({"metrics": "f1"}, "a list of names"),
        ({"confidence": 1.5}, "confidence:"),
        ({"power": 0.1}, "power:"),
        ({"pairing": "both"}, "pairing:"),
        ({"b": [{"inputs": "q"}]}, "no column such as"),
        ({"b": [{"inputs": "q", "bleu/score": 1}]}, "no metric in common"),
        ({"b": 7}, "EvaluationResult"),
        ({"b": [7]}, "rows are mappings"),
    ],
)
def test_what_cannot_be_compared_is_told(arguments: dict[str, Any], part: str) -> None:
    table = rows(12, lambda n: n / 12)
    with pytest.raises(InvalidArgumentError, match=part):
        spanfold.compare_evaluations(**{"a": table, "b": table, **arguments})


@pytest.mark.parametrize(
    "missing", [pd.NA, None, float("nan"), float("inf"), 1e300, 10**400, [1.0]], ids=repr
)
def test_what_is_no_score_is_counted_as_none(missing: Any) -> None:
    a = rows(40, lambda n: n % 7)
    b = rows(40, lambda n: missing if n < 4 else n % 5)
    for found in (
        spanfold.compare_evaluations(a, b),
        spanfold.compare_evaluations(pd.DataFrame(a), pd.DataFrame(b)),
    ):
        metric = only(found)
        assert (metric.count_b, metric.errors_b) == (36, 4)
        assert metric.lower is not None


def test_rows_whose_input_is_not_known_are_no_pair_in_a_frame_either() -> None:
    frame = pd.DataFrame(rows(20, float)).assign(inputs=[float("nan")] * 5 + [f"q{n}" for n in range(15)])
    assert only(spanfold.compare_evaluations(frame, frame)).count_a == 15


@pytest.mark.parametrize("argument", ["confidence", "power"])
def test_confidence_and_power_are_numbers(argument: str) -> None:
    wrong: dict[str, Any] = {argument: "0.9"}
    with pytest.raises(InvalidArgumentError, match=f"{argument}: a number"):
        spanfold.compare_evaluations(rows(3, float), rows(3, float), **wrong)
