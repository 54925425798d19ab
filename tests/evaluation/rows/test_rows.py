"""Rows are evaluated as they are, or after a function has answered them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import spanfold
from spanfold.errors import InvalidArgumentError
from spanfold.metrics import MetricValue, exact_match, make_metric, standard_aggregations
from tests.evaluation.rows._table import ROWS, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.evaluation.rows.conftest import RunScript


@pytest.mark.usefixtures("captured")
def test_a_table_is_scored_and_its_rows_keep_their_columns() -> None:
    result = evaluate()
    assert result.status == "FINISHED"
    assert result.metrics["exact_match/v1"] == pytest.approx(2 / 3)
    assert [row["exact_match/v1/score"] for row in result.iter_rows()] == [1, 0, 1]
    frame = result.tables["eval_results_table"]
    assert list(frame.columns) == ["question", "right", "answer", "exact_match/v1/score"]


@pytest.mark.usefixtures("captured")
def test_a_row_without_an_output_has_no_score_and_says_why() -> None:
    result = evaluate(data=ROWS)
    last = list(result.iter_rows())[-1]
    assert last["exact_match/v1/score"] is None
    assert last["exact_match/v1/error"] == "the row has no predictions"


@pytest.mark.usefixtures("captured")
def test_a_function_gets_the_rows_without_the_right_answers_as_a_data_frame() -> None:
    seen = list[pd.DataFrame]()

    def answer(frame: pd.DataFrame) -> list[str]:
        seen.append(frame)
        return ["2" for _ in frame["question"]]

    rows = [{"question": row["question"], "right": row["right"]} for row in ROWS]
    result = spanfold.evaluate(answer, rows, targets="right", extra_metrics=[exact_match()])
    (frame,) = seen
    assert list(frame.columns) == ["question"]
    assert [row["outputs"] for row in result.iter_rows()] == ["2"] * 4
    assert result.metrics["exact_match/v1"] == pytest.approx(0.25)


@pytest.mark.usefixtures("captured")
@pytest.mark.parametrize(
    "returned",
    [
        pd.Series(["2", "4", "4"]),
        pd.Series(["2", "4", "4"]).to_numpy(),
        pd.DataFrame({"text": ["2", "4", "4"]}),
        {"text": ("2", "4", "4")},
    ],
    ids=["series", "array", "frame", "columns"],
)
def test_outputs_may_come_in_any_form_that_has_one_a_row(returned: object) -> None:
    result = spanfold.evaluate(
        lambda _: returned,
        pd.DataFrame(ROWS[:3])[["question", "right"]],
        targets="right",
        extra_metrics=["exact_match"],
    )
    assert result.scores("exact_match/v1") == [1, 0, 1]


@pytest.mark.usefixtures("captured")
def test_of_several_columns_that_a_model_returns_one_counts_and_metrics_can_use_the_others() -> None:
    def found(predictions: Sequence[str], source: Sequence[str]) -> list[bool]:
        return [where in text for text, where in zip(predictions, source, strict=True)]

    def model(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"text": [f"see a{i}" for i in range(len(frame))], "source": ["a0", "a9"]})

    data = [{"q": "x"}, {"q": "y"}]
    with pytest.raises(InvalidArgumentError, match=r"predictions: the model returned 'text', 'source'; say"):
        spanfold.evaluate(model, data, extra_metrics=[found])
    result = spanfold.evaluate(model, data, predictions="text", extra_metrics=[found])
    assert result.scores("found") == [True, False]
    assert next(result.iter_rows())["source"] == "a0"


@pytest.mark.usefixtures("captured")
def test_where_latency_is_wanted_rows_are_answered_one_by_one() -> None:
    sizes = list[int]()

    def model(frame: pd.DataFrame) -> list[str]:
        sizes.append(len(frame))
        return ["x"]

    result = spanfold.evaluate(model, ROWS[:3], extra_metrics=["latency"])
    assert sizes == [1, 1, 1]
    assert all(row["latency_ms"] >= 0 for row in result.iter_rows())
    assert result.metrics["latency/mean"] >= 0


@pytest.mark.usefixtures("captured")
def test_metrics_get_the_columns_that_they_name_or_that_are_mapped_to_them() -> None:
    def same(predictions: Sequence[str], reference: Sequence[str]) -> list[bool]:
        return [a == b for a, b in zip(predictions, reference, strict=True)]

    result = evaluate(extra_metrics=[same], evaluator_config={"col_mapping": {"reference": "right"}})
    assert result.scores("same") == [True, False, True]


@pytest.mark.usefixtures("captured")
def test_a_metric_can_build_on_those_before_it() -> None:
    def doubled(metrics: dict[str, MetricValue]) -> list[float]:
        scores = metrics["exact_match/v1"].scores
        assert scores is not None
        return [2 * float(score or 0) for score in scores]

    assert evaluate(extra_metrics=["exact_match", doubled]).scores("doubled") == [2, 0, 2]


@pytest.mark.usefixtures("captured")
def test_labels_are_counted_and_a_number_for_all_rows_stands_under_the_metrics_name() -> None:
    def tone(predictions: Sequence[str]) -> MetricValue:
        labels = ["yes" if text == "2" else "no" for text in predictions]
        return MetricValue(scores=labels, aggregate_results=standard_aggregations(labels))

    def answers(predictions: Sequence[str]) -> float:
        return len(predictions)

    metrics = evaluate(extra_metrics=[tone, make_metric(eval_fn=answers, greater_is_better=True)]).metrics
    assert metrics == {"tone/no/ratio": 2 / 3, "tone/yes/ratio": 1 / 3, "answers": 3}


@pytest.mark.usefixtures("captured")
def test_a_metric_that_fails_is_named_and_the_others_count(caplog: pytest.LogCaptureFixture) -> None:
    def broken(predictions: Sequence[str]) -> list[float]:
        raise ZeroDivisionError(len(predictions))

    with caplog.at_level(logging.WARNING, "spanfold"):
        result = evaluate(extra_metrics=[broken, "exact_match"])
    assert result.errors == {"broken": "metric 'broken' failed: ZeroDivisionError: 3"}
    assert "exact_match/v1" in result.metrics
    assert result.status == "FINISHED"
    assert "metric 'broken' is left out" in caplog.text
    alone = evaluate(extra_metrics=[broken])
    assert alone.status == "FAILED"
    assert alone.reason == (
        "no metric could be computed: broken: metric 'broken' failed: ZeroDivisionError: 3"
    )


@pytest.mark.usefixtures("captured")
@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ([{}, {}, {}], "scores are numbers, True, False, text or None"),
        (MetricValue(aggregate_results={"mean": "high"}), "returned an aggregate that is no number"),  # type: ignore[dict-item]
        ([1], "returned 1 scores for 3 rows"),
        ("text", "returned 'text': return a MetricValue"),
    ],
    ids=["dicts", "aggregate", "length", "text"],
)
def test_what_a_metric_may_not_return_is_said_and_the_others_count(returned: object, message: str) -> None:
    def odd(predictions: Sequence[str]) -> Any:
        return returned if len(predictions) else None

    result = evaluate(extra_metrics=[odd, "exact_match"])
    assert message in result.errors["odd"]
    assert result.metrics["exact_match/v1"] == pytest.approx(2 / 3)


@pytest.mark.usefixtures("captured")
def test_an_aggregate_of_none_is_left_out() -> None:
    def some(predictions: Sequence[str]) -> MetricValue:
        return MetricValue(aggregate_results={"a": len(predictions), "b": None})  # type: ignore[dict-item]

    assert evaluate(extra_metrics=[some]).metrics == {"some/a": 3}


@pytest.mark.usefixtures("captured")
@pytest.mark.parametrize(
    ("model_type", "data", "expected"),
    [
        ("question-answering", {"p": ["a b."], "t": ["a b."]}, {"exact_match/v1", "ari_grade_level/v1/mean"}),
        ("text-summarization", {"p": ["a b."], "t": ["a b."]}, {"rouge1/v1/mean", "rougeLsum/v1/p90"}),
        ("text", {"p": ["a b."], "t": ["a b."]}, {"flesch_kincaid_grade_level/v1/mean"}),
        ("retriever", {"p": [["a"]], "t": [["a"]]}, {"precision_at_5/mean", "ndcg_at_5/mean"}),
        ("classifier", {"p": ["a", "b"], "t": ["a", "a"]}, {"accuracy_score", "f1_score"}),
        ("regressor", {"p": [1.0, 2.0], "t": [1.0, 3.0]}, {"mean_absolute_error", "r2_score"}),
    ],
)
def test_a_models_type_brings_its_metrics(model_type: str, data: dict[str, Any], expected: set[str]) -> None:
    result = spanfold.evaluate(
        data=data,
        targets="t",
        predictions="p",
        model_type=model_type,
        evaluator_config={"retriever_k": 5},
    )
    versionless = {key.replace("_at_5/v1", "_at_5") for key in result.metrics}
    assert expected <= versionless


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"data": None}, r"data: the rows to evaluate are missing"),
        ({"data": []}, r"data: there are no rows"),
        ({"data": 7}, r"data: int cannot be read as rows"),
        ({"data": ["text"]}, r"data\[0\]: a row is a dict"),
        ({"data": {"a": [1], "b": [1, 2]}}, r"columns differ in length: 'a' has 1 values, 'b' has 2"),
        ({"data": {"a": "text"}}, r"data\['a'\]: a column is a list"),
        ({"data": {1: [1]}}, r"names of columns are text, not int"),
        ({"data": "rows.xlsx"}, r"'rows.xlsx' ends in none of .csv"),
        ({"data": "missing.csv"}, r"'missing.csv' cannot be read"),
        ({"targets": "truth"}, r"targets='truth': the data has no such column; it has 'question', 'right'"),
        ({"predictions": "x"}, r"predictions='x': the data has no such column"),
        ({"predictions": None}, r"predictions: metric 'exact_match' needs to know which column"),
        ({"targets": None}, r"needs the column 'targets'"),
        ({"model_type": "chatbot"}, r"model_type='chatbot' is not known; there are question-answering"),
        ({"extra_metrics": []}, r"extra_metrics: there is nothing to compute"),
        ({"extra_metrics": ["exact_mach"]}, r"did you mean exact_match"),
        ({"extra_metrics": "exact_match"}, r"extra_metrics: a list of metrics: \[exact_match\]"),
        ({"extra_metrics": [exact_match(), "exact_match"]}, r"two metrics are called 'exact_match/v1'"),
        ({"evaluator_config": {"colmapping": {}}}, r"evaluator_config\['colmapping'\] is not known; there"),
        ({"evaluator_config": {"col_mapping": {"x": "y"}}}, r"\['col_mapping'\]\['x'\]='y': the data has no"),
        ({"evaluators": "mine"}, r"evaluators: there is only 'default'"),
        ({"model": "gpt-4"}, r"model='gpt-4': give a function, models:/<name or ID>"),
        ({"model": 3}, r"model: a function that gets the rows"),
        ({"model": lambda frame: ["x"] * (len(frame) + 1)}, r"it returned 4 outputs for 3 rows"),
        ({"model": lambda _: "x"}, r"it must return a list with an output a row, not str"),
        ({"name": ""}, r"name: must be text"),
        ({"max_calls": -1}, r"max_calls is -1"),
    ],
    ids=lambda given: given if isinstance(given, str) else "-".join(given),
)
@pytest.mark.usefixtures("captured")
def test_a_wrong_argument_is_named_with_what_to_write(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        evaluate(**wrong)


@pytest.mark.usefixtures("captured")
def test_nothing_is_called_for_an_evaluation_that_cannot_be() -> None:
    called = list[int]()

    def model(frame: pd.DataFrame) -> list[str]:
        called.append(len(frame))
        return []

    for wrong in ({"targets": "truth"}, {"model_type": "x"}, {"extra_metrics": ["x"]}):
        with pytest.raises(InvalidArgumentError):
            evaluate(model=model, predictions=None, **wrong)
    assert not called


def test_no_server_is_needed(run_script: RunScript) -> None:
    nobody = "http://127.0.0.1:9"
    done = run_script(
        "import spanfold\n"
        "result = spanfold.evaluate(data={'a': ['x'], 'b': ['x']}, predictions='a', targets='b',"
        " extra_metrics=['exact_match'])\n"
        "print(result.metrics['exact_match/v1'], flush=True)\n"
        "import os; os._exit(0)",
        SPANFOLD_ENDPOINT=nobody,
        OTEL_EXPORTER_OTLP_ENDPOINT=nobody,
    )
    assert done.stdout == "1.0\n"


@pytest.mark.usefixtures("captured")
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
def test_rows_can_come_from_a_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    frame = pd.DataFrame(ROWS[:3]).assign(question=["a,b", 'say "x"\nand go', "日本語"])
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=suffix == ".jsonl", force_ascii=False)
    result = evaluate(data=path)
    assert [row["question"] for row in result.iter_rows()] == list(frame["question"])
    assert result.metrics["exact_match/v1"] == pytest.approx(2 / 3)


@pytest.mark.usefixtures("captured")
def test_missing_values_of_a_data_frame_are_none() -> None:
    frame = pd.DataFrame(
        {"a": ["x", None], "b": [1.0, float("nan")], "c": [pd.Timestamp("2026-01-01"), pd.NaT]}
    )
    result = spanfold.evaluate(data=frame, predictions="a", extra_metrics=[is_missing])
    rows = list(result.iter_rows())
    assert (rows[1]["a"], rows[1]["b"], rows[1]["c"]) == (None, None, None)


def is_missing(predictions: Sequence[str | None]) -> list[bool]:
    return [one is None for one in predictions]


@pytest.mark.usefixtures("captured")
def test_a_bar_is_shown_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(progress=False)
    assert capsys.readouterr().err == ""
    evaluate(progress=True)
    assert "3/3" in capsys.readouterr().err
