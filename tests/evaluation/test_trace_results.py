"""``spanfold.evaluate(traces=...)`` gives a result like that of rows, whose rows come from the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import spanfold
from spanfold.errors import InvalidArgumentError, NotFoundError
from spanfold.evaluation._trace_rows import TraceRows
from spanfold.metrics import MetricValue, make_metric

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.deploy.processes import Server

COUNT = 12
DEADLINE_S = 30.0


@spanfold.trace
def answer(question: str) -> str:
    return f"Answer to {question}"


@pytest.fixture(scope="module")
def traced(server: Server) -> str:
    """Traces of one version, which the server has: the version's name."""
    assert server.ready
    with spanfold.set_active_model(name="traced-v1"):
        for index in range(COUNT):
            answer(f"question {index}")
    deadline = time.monotonic() + DEADLINE_S
    while len(found()) < COUNT:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return "traced-v1"


def found() -> list[Any]:
    traces: list[Any] = spanfold.search_traces(return_type="list", include_spans=False)
    return traces


def size(predictions: Sequence[str]) -> MetricValue:
    labels = ["long" if len(text) > len("Answer to question 1") else "short" for text in predictions]
    return MetricValue(scores=labels, justifications=[f"{len(text)} characters" for text in predictions])


def test_rows_hold_what_was_recorded_and_each_score(traced: str, tmp_path: Path) -> None:
    sized = make_metric(eval_fn=size, greater_is_better=None, version="v2")
    result = spanfold.evaluate(model=traced, traces="", metrics=["length", sized, "token_f1"], name="nightly")
    assert (result.status, result.source, result.name) == ("FINISHED", "traces", "nightly")
    assert result.metrics["size/v2/long/ratio"] == pytest.approx(2 / COUNT)
    assert list(result.unmapped.values()) == [COUNT]
    rows = {row["inputs"]: row for row in result.iter_rows()}
    assert len(rows) == COUNT
    row = rows["question 11"]
    assert row["outputs"] == "Answer to question 11"
    assert row["length/score"] == len(row["outputs"])
    assert row["size/v2/score"] == "long"
    assert row["size/v2/justification"] == "21 characters"
    assert len(row["trace_id"]) == 32
    assert set(result.tables["eval_results_table"]["size/v2/score"]) == {"long", "short"}
    result.to_html(tmp_path / "report.html")
    assert "question 11" in (tmp_path / "report.html").read_text()
    result.save(tmp_path)
    assert [r["inputs"] for r in spanfold.EvaluationResult.load(tmp_path).iter_rows()] == list(rows)
    (model_id,) = result.model_ids
    logged = spanfold.get_logged_model(model_id)
    assert logged is not None
    assert logged.metrics["length/mean"] == pytest.approx(result.metrics["length/mean"])


def test_traces_can_be_a_selection_ids_or_a_data_frame(traced: str) -> None:
    ids = [trace.info.trace_id for trace in found()[:3]]
    for traces in (ids, tuple(ids), pd.DataFrame({"trace_id": ids}), spanfold.TraceSelection(trace_ids=ids)):
        result = spanfold.evaluate(traces=traces, metrics=["length"])
        assert {row["trace_id"] for row in result.iter_rows()} == set(ids)
    sampled = spanfold.evaluate(model=traced, traces="", sample=5, seed=3, metrics=["length"])
    again = spanfold.evaluate(model=traced, traces="", sample=5, seed=3, metrics=["length"])
    chosen = {row["trace_id"] for row in sampled.iter_rows()}
    assert len(chosen) == 5
    assert {row["trace_id"] for row in again.iter_rows()} == chosen


def test_an_evaluation_that_is_over_is_not_repeated_when_it_is_resumed(traced: str) -> None:
    result = spanfold.evaluate(model=traced, traces="", metrics=["length"], name="once")
    resumed = spanfold.evaluate(resume=result.evaluation_id)
    assert (resumed.evaluation_id, resumed.metrics, resumed.name) == (
        result.evaluation_id,
        result.metrics,
        "once",
    )


def test_scores_of_traces_that_are_gone_are_rows_still(traced: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = spanfold.evaluate(model=traced, traces="", metrics=["length"])
    monkeypatch.setattr(TraceRows, "_traces", lambda *_: iter(()))
    rows = list(result.iter_rows())
    assert len(rows) == COUNT
    assert all(row["length/score"] > 0 and len(row["trace_id"]) == 32 for row in rows)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"traces": "", "data": []}, r"data: goes with rows, not with traces"),
        ({"traces": 7}, r"traces: a TraceSelection, a filter such as"),
        (
            {"traces": pd.DataFrame({"id": []})},
            r"traces: the data frame has no column 'trace_id'; it has \['id'\]",
        ),
        ({"traces": "", "model": len}, r"model: recorded traces have their outputs"),
        ({"traces": "", "metrics": []}, r"extra_metrics: there is nothing to compute"),
        ({"sample": 5, "data": [{"a": 1}]}, r"sample: goes with traces=\.\.\., not with rows"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("server")
def test_a_wrong_argument_is_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        spanfold.evaluate(**{"metrics": ["length"], **wrong})


@pytest.mark.usefixtures("server")
def test_an_evaluation_that_is_not_there_cannot_be_resumed() -> None:
    with pytest.raises(NotFoundError, match="resume: no evaluation has the ID"):
        spanfold.evaluate(resume="e-" + "0" * 32)
