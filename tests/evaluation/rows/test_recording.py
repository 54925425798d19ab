"""The server hears of an evaluation of rows, its run and version get the numbers, and traces their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import spanfold
from spanfold.errors import ModelNotFoundError
from spanfold_schemas import keys
from tests.evaluation.rows._table import ROWS, evaluate
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    import pandas as pd

    from spanfold.testing import Captured
    from tests.sdk import otlp_receiver


def test_the_server_hears_of_the_evaluation_and_of_the_run_that_it_made(captured: Captured) -> None:
    result = evaluate(name="nightly")
    assert [event.event_type for event in captured.events] == [
        keys.RUN_STARTED,
        keys.EVALUATION_STARTED,
        keys.RUN_METRICS_LOGGED,
        keys.EVALUATION_FINISHED,
        keys.RUN_ENDED,
    ]
    run, started, logged, finished, ended = captured.events
    assert (run.stream, run.payload["run_name"]) == (result.run_id, "nightly")
    assert (started.stream, started.payload["source"], started.payload["total"]) == (
        result.evaluation_id,
        "rows",
        3,
    )
    (metric,) = started.payload["metrics"]
    assert (metric["name"], metric["key"], metric["resource"]) == ("exact_match", "exact_match/v1", "cpu")
    assert logged.payload["metrics"] == finished.payload["metrics"] == result.metrics
    assert (finished.payload["scores"], finished.payload["failed"]) == (3, 0)
    assert ended.payload["status"] == "FINISHED"
    assert spanfold.active_run() is None


def test_metrics_go_to_the_active_run_and_the_active_version_once(captured: Captured) -> None:
    with spanfold.start_run() as run, spanfold.set_active_model(name="v1") as model:
        result = evaluate()
        assert result.run_id == run.info.run_id
    assert result.model_ids == (model.model_id,)
    logged = [event for event in captured.events if event.event_type.endswith("metrics_logged")]
    assert [event.stream for event in logged] == [run.info.run_id, model.model_id]
    runs = [event for event in captured.events if event.event_type == keys.RUN_STARTED]
    assert len(runs) == 1


def test_spans_of_the_model_belong_to_the_version_that_is_evaluated(captured: Captured) -> None:
    model_id = spanfold.create_external_model(name="v2").model_id

    @spanfold.trace
    def model(frame: pd.DataFrame) -> list[str]:
        return list(frame["question"])

    evaluate(model=model, predictions=None, model_id=model_id)
    (span,) = captured.spans
    assert span.attributes is not None
    assert span.attributes[keys.MODEL_ID] == model_id


def test_an_evaluation_that_breaks_off_is_recorded_as_failed(captured: Captured) -> None:
    def model(_: pd.DataFrame) -> list[str]:
        message = "no connection"
        raise ConnectionError(message)

    with pytest.raises(ConnectionError):
        evaluate(model=model, predictions=None)
    failed = next(event for event in captured.events if event.event_type == keys.EVALUATION_FAILED)
    assert failed.payload["reason"] == "ConnectionError: no connection"
    ended = next(event for event in captured.events if event.event_type == keys.RUN_ENDED)
    assert ended.payload["status"] == "FAILED"


def test_a_version_that_is_not_there_is_an_error_before_anything_is_scored(
    server: otlp_receiver.Server,
) -> None:
    with pytest.raises(ModelNotFoundError):
        evaluate(model_id="m-" + "0" * 32)
    assert spanfold.flush()
    assert not server.records


def test_scores_of_rows_that_are_traces_are_recorded_at_the_traces(server: otlp_receiver.Server) -> None:
    rows = [{**row, "trace_id": f"{index + 1:032x}"} for index, row in enumerate(ROWS)]
    rows.append({**ROWS[0], "trace_id": "not an ID"})
    result = evaluate(data=rows)
    assert spanfold.flush()
    scores = [record for record in server.records if record.event_name == keys.EVALUATION_RESULT]
    assert [int.from_bytes(record.trace_id) for record in scores] == [1, 2, 3]
    attributes = [attributes_of(record.attributes) for record in scores]
    assert [one[keys.SCORE_VALUE] for one in attributes] == [1.0, 0.0, 1.0]
    assert {one[keys.SCORE_EVALUATION] for one in attributes} == {result.evaluation_id}
    assert {(one[keys.SCORE_NAME], one[keys.SCORE_SOURCE]) for one in attributes} == {("exact_match", "CODE")}
