"""What people think of traces: checked at once, sent in the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import spanfold
from spanfold.errors import InvalidArgumentError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold import testing

TRACE_ID, SPAN_ID = "ab" * 16, "cd" * 8


@dataclass
class Source:
    """As MLflow's AssessmentSource."""

    source_type: str
    source_id: str | None = None


def scores(captured: testing.Captured) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Trace ID, span ID and attributes of each score that was recorded."""
    records = [exported.log_record for exported in captured._logs.get_finished_logs()]
    return [
        (format(one.trace_id or 0, "032x"), format(one.span_id or 0, "016x"), dict(one.attributes or {}))
        for one in records
        if one.event_name == keys.EVALUATION_RESULT
    ]


def test_feedback_is_a_score_of_the_trace_that_is_named(captured: testing.Captured) -> None:
    spanfold.log_feedback(
        TRACE_ID.upper(), "helpful", value=True, rationale="right page", source_id="ann", metadata={"page": 3}
    )
    ((trace_id, span_id, attributes),) = scores(captured)
    assert (trace_id, span_id) == (TRACE_ID, "0" * 16)
    assert attributes == {
        keys.SCORE_NAME: "helpful",
        keys.SCORE_VALUE: 1.0,
        keys.SCORE_EXPLANATION: "right page",
        keys.SCORE_SCORER: "ann",
        keys.SCORE_SOURCE: "HUMAN",
        keys.SCORE_METADATA_PREFIX + "page": 3,
    }


def test_inside_a_traced_function_the_current_span_and_its_version_are_meant(
    captured: testing.Captured,
) -> None:
    model = spanfold.create_external_model(name="bot")

    @spanfold.trace
    def answer() -> None:
        spanfold.log_feedback(name="tone", value="polite")

    with spanfold.set_active_model(model_id=model.model_id):
        answer()
    ((trace_id, span_id, attributes),) = scores(captured)
    (span,) = captured.spans
    assert span.context is not None
    assert trace_id == format(span.context.trace_id, "032x")
    assert span_id == format(span.context.span_id, "016x")
    assert attributes[keys.MODEL_ID] == model.model_id
    assert attributes[keys.SCORE_LABEL] == "polite"
    assert keys.SCORE_VALUE not in attributes


def test_a_trace_that_is_named_inside_another_does_not_belong_to_the_active_version(
    captured: testing.Captured,
) -> None:
    model = spanfold.create_external_model(name="bot")
    with spanfold.set_active_model(model_id=model.model_id), spanfold.start_span("elsewhere"):
        spanfold.log_feedback(TRACE_ID, "helpful", 0.5, span_id=SPAN_ID)
    ((trace_id, span_id, attributes),) = scores(captured)
    assert (trace_id, span_id) == (TRACE_ID, SPAN_ID)
    assert keys.MODEL_ID not in attributes


def test_sources_are_those_of_mlflow(captured: testing.Captured) -> None:
    spanfold.log_feedback(TRACE_ID, "tone", 4, source=Source("LLM_JUDGE", "gpt-5"))
    spanfold.log_feedback(TRACE_ID, "tone", 4)
    judge, person = (attributes for _, _, attributes in scores(captured))
    assert (judge[keys.SCORE_SOURCE], judge[keys.SCORE_SCORER]) == ("LLM_JUDGE", "gpt-5")
    assert person[keys.SCORE_SOURCE] == "HUMAN"
    assert person[keys.SCORE_SCORER]


def test_an_expectation_is_an_event_of_its_trace(captured: testing.Captured) -> None:
    spanfold.log_expectation(TRACE_ID, value="Paris", source_id="ann")
    spanfold.log_expectation(TRACE_ID, "expected_documents", ["d1", "d2"], source=Source("HUMAN", "bob"))
    first, second = captured.events
    assert (first.event_type, first.stream) == (keys.TRACE_EXPECTATION_LOGGED, TRACE_ID)
    assert first.payload == {
        "name": "expected_response",
        "value": "Paris",
        "source_id": "ann",
        "span_id": None,
    }
    assert (second.payload["name"], second.payload["value"]) == ("expected_documents", ["d1", "d2"])
    with spanfold.start_span("answer") as span:
        spanfold.log_expectation(value={"city": "Paris"})
    assert captured.events[-1].stream == span.trace_id


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({}, "trace_id: name the trace"),
        ({"trace_id": "xyz"}, "32 hexadecimal"),
        ({"trace_id": 7}, "32 hexadecimal"),
        ({"trace_id": TRACE_ID, "span_id": "7"}, "16 hexadecimal"),
        ({"trace_id": TRACE_ID, "value": None}, "value:"),
        ({"trace_id": TRACE_ID, "value": float("nan")}, "finite"),
        ({"trace_id": TRACE_ID, "value": [1]}, "value:"),
        ({"trace_id": TRACE_ID, "value": " "}, "value:"),
        ({"trace_id": TRACE_ID, "name": ""}, "name:"),
        ({"trace_id": TRACE_ID, "rationale": 3}, "rationale:"),
        ({"trace_id": TRACE_ID, "source": "ann"}, "source:"),
        ({"trace_id": TRACE_ID, "source_id": ""}, "source_id:"),
        ({"trace_id": TRACE_ID, "metadata": {"k": [1]}}, r"metadata\['k'\]"),
        ({"trace_id": TRACE_ID, "metadata": {str(n): n for n in range(21)}}, "metadata:"),
    ],
)
def test_what_cannot_be_feedback_is_refused_at_once(
    captured: testing.Captured, arguments: dict[str, Any], part: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=part):
        spanfold.log_feedback(**{"name": "helpful", "value": 1, **arguments})
    assert not scores(captured)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"value": None}, "value:"),
        ({"value": float("inf")}, "value"),
        ({"value": object()}, "value"),
        ({"name": ""}, "name"),
        ({"trace_id": None}, "trace_id:"),
        ({"source": Source("LLM_JUDGE", "gpt-5")}, "source:"),
    ],
)
def test_what_cannot_be_expected_is_refused_at_once(
    captured: testing.Captured, arguments: dict[str, Any], part: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=part):
        spanfold.log_expectation(**{"trace_id": TRACE_ID, "value": "Paris", **arguments})
    assert not captured.events
