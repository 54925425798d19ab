"""Scores, tags, runs, experiments and callers of traces: in answers, and as conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api.trace_answers import TraceDetails, TracePage
from tests.query_api.rows import T0_NS, S, insert, span, span_id, trace_id

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase


def score(
    trace: int, name: str, seconds: int, *, of_span: int | None = None, **columns: Any
) -> dict[str, Any]:
    return {
        "Timestamp": T0_NS + seconds * S,
        "TraceId": bytes.fromhex(trace_id(trace)),
        "SpanId": bytes(8) if of_span is None else bytes.fromhex(span_id(of_span)),
        "EvaluationName": name,
        **columns,
    }


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    tagged: dict[str, str] = {"spanfold.tag.tier": "pro", "spanfold.tag.n": "5", "other": "x"}
    rows = [
        span(1, Timestamp=T0_NS + 1 * S, SpanAttributes=tagged, RunId="r1", ExperimentId="7"),
        span(2, Timestamp=T0_NS + 2 * S, CallerModelId="m-front", ExperimentId="8", FinishReasons=["length"]),
        span(3, Timestamp=T0_NS + 3 * S, SpanType="LLM", CachedInputTokens=5, ReasoningTokens=0),
        span(3, 2, parent=1, Timestamp=T0_NS + 3 * S, Entry=1, ModelId="m-back", CallerModelId="m-root"),
    ]
    insert(database, "spans", rows)
    scores = [
        score(1, "correctness", 10, ScoreValue=0.2),
        score(
            1,
            "correctness",
            20,
            of_span=1,
            ScoreValue=0.9,
            Explanation="as it should",
            Source="HUMAN",
            Scorer="ann",
        ),
        # What failed is newer, and no score: neither listed, nor found by a condition.
        score(1, "correctness", 30, Error="timeout", ScoreValue=0.1, EvaluationId="e-1"),
        score(3, "correctness", 30, Error="timeout", EvaluationId="e-1"),
        score(1, "tone", 15, ScoreLabel="polite"),
        score(2, "correctness", 5, ScoreValue=0.9),
        score(2, "correctness", 6, ScoreLabel="unknown"),
    ]
    insert(database, "evaluation_events", scores)


def listed(api: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    response = api.get("/v1/traces", params=parameters)
    TracePage.model_validate_json(response.content, strict=True)
    traces: list[dict[str, Any]] = response.json()["traces"]
    return traces


def test_a_listing_has_the_newest_score_of_each_name_and_the_tags(api: httpx.Client) -> None:
    _, two, one = listed(api)
    assert one["tags"] == {"n": "5", "tier": "pro"}
    assert [(found["name"], found["value"], found["label"]) for found in one["scores"]] == [
        ("correctness", 0.9, None),
        ("tone", None, "polite"),
    ]
    assert one["scores"][0] == {
        "name": "correctness",
        "value": 0.9,
        "label": None,
        "explanation": "as it should",
        "source": "HUMAN",
        "scorer": "ann",
        "evaluation_id": None,
        "span_id": span_id(1),
        "time": "2026-11-21T05:00:20Z",
        "time_unix_ns": T0_NS + 20 * S,
    }
    assert [found["label"] for found in two["scores"]] == ["unknown"]


def test_traces_by_id_have_all_scores_and_come_in_the_order_asked_for(api: httpx.Client) -> None:
    asked = [trace_id(2), trace_id(99), trace_id(1).upper(), trace_id(2)]
    response = api.get("/v1/traces/details", params={"trace_id": asked})
    TraceDetails.model_validate_json(response.content, strict=True)
    two, one = response.json()["traces"]
    assert (two["trace_id"], one["trace_id"]) == (trace_id(2), trace_id(1))
    assert [found["time_unix_ns"] - T0_NS for found in one["scores"]] == [20 * S, 15 * S, 10 * S]
    assert one["tags"] == {"n": "5", "tier": "pro"}
    assert api.get(f"/v1/traces/{trace_id(1)}").json() == one


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("scores['correctness'] > 0.8", [1]),
        ("scores['correctness'] != 0.9", [3, 2]),
        ("scores['correctness'] = 'unknown'", [2]),
        ("scores['tone'] LIKE 'pol%'", [1]),
        ("scores['tone'] IN ('rude', 'polite')", [1]),
        ("scores['correctness'] IS NULL", [3]),
        ("scores['correctness'] IS NOT NULL AND NOT scores['tone'] IS NOT NULL", [2]),
        ("span.scores['tone'] = 'polite'", [1]),
        ("tags['tier'] = 'pro' AND tags['n'] > 4", [1]),
        ("tags['tier'] IS NULL", [3, 2]),
        ("tags['other'] IS NOT NULL", []),
        ("run_id = 'r1'", [1]),
        ("experiment_id IN ('0', '7')", [3, 1]),
        ("caller_model_id = 'm-front' AND finish_reason = 'length'", [2]),
        ("finish_reason IS NULL", [3, 1]),
        ("span_type = 'LLM' AND cached_input_tokens >= 5 AND reasoning_tokens = 0", [3]),
        ("cache_write_input_tokens IS NOT NULL", []),
    ],
)
def test_a_condition_finds_what_it_says(api: httpx.Client, condition: str, numbers: list[int]) -> None:
    assert [trace["trace_id"] for trace in listed(api, filter=condition)] == list(map(trace_id, numbers))


def test_an_export_of_spans_has_those_that_the_caller_caused(api: httpx.Client) -> None:
    asked = {"rows": "spans", "format": "jsonl", "caller_model_id": "m-root", "columns": "span_id"}
    assert api.get("/v1/traces/export", params=asked).json() == {"span_id": span_id(2)}


@pytest.mark.parametrize(
    ("parameters", "numbers"),
    [
        ({"run_id": "r1"}, [1]),
        ({"caller_model_id": "m-front"}, [2]),
        ({"caller_model_id": "m-root"}, [3]),
        ({"caller_model_id": "m-root", "model_id": "m-back"}, [3]),
        ({"caller_model_id": "m-front", "model_id": "m-back"}, []),
        ({"experiment_id": "0"}, [3]),
        ({"experiment_id": ["7", "8"]}, [2, 1]),
        ({"experiment_id": ["7", "8"], "filter": "run_id = 'r1' OR span_type = 'LLM'"}, [1]),
    ],
)
def test_parameters_narrow_as_conditions_do(
    api: httpx.Client, parameters: dict[str, Any], numbers: list[int]
) -> None:
    assert [trace["trace_id"] for trace in listed(api, **parameters)] == list(map(trace_id, numbers))
    rows = api.get("/v1/traces/export", params={**parameters, "format": "jsonl", "columns": "trace_id"})
    assert len(rows.text.splitlines()) == len(numbers)
