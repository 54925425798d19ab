from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold.metrics.genai import _prices
from spanfold_query_api.evaluation_estimate import LOW_OUTPUT_TOKENS
from tests.query_api.rows import T0_NS, S, created, insert, span

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

MODEL, OTHER = "m-" + "a" * 32, "m-" + "b" * 32
TRACES = 100
QUESTION = "What is the capital of France? " * 20
CHEAP = "answer_relevance:model=openai:/gpt-4o-mini"


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    insert(database, "entity_events", [created(MODEL, "shop-v1", T0_NS), created(OTHER, "shop-v2", T0_NS, 2)])
    rows = [
        span(
            number,
            Timestamp=T0_NS + number * S,
            ModelId=MODEL if number % 2 else OTHER,
            StatusCode=2 if number < 10 else 1,
            Input=QUESTION,
            # Half of them have no answer.
            Output="Paris." * 10 if number % 4 < 2 else "",
        )
        for number in range(TRACES)
    ]
    insert(database, "spans", rows)


def estimate(api: httpx.Client, *metrics: Any, **body: Any) -> Any:
    asked = {"selection": {}, "metrics": list(metrics), **body}
    answer = api.post("/v1/evaluations/estimate", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_metrics_that_ask_nobody_cost_nothing(api: httpx.Client) -> None:
    found = estimate(api, "length", "latency")
    assert (found["trace_count"], found["selected_count"], found["call_count"]) == (TRACES, TRACES, 0)
    assert found["cost_usd"] == {"low": 0, "high": 0}


@pytest.mark.parametrize(
    ("selection", "trace_count", "selected_count"),
    [
        ({"where": "status = 'ERROR'"}, 10, 10),
        ({"model": "shop-v1"}, 50, 50),
        ({"model": [MODEL, "shop-v2"], "limit": 30}, 100, 30),
        ({"sample": 0.5}, 100, 50),
        ({"sample": 20, "stratify_by": "status"}, 100, 20),
        ({"since": "2026-11-21T05:00:10Z", "until": "2026-11-21T05:00:20Z"}, 10, 10),
        ({"where": "name = 'nothing'"}, 0, 0),
    ],
)
def test_traces_are_counted_as_the_evaluation_will_count_them(
    api: httpx.Client, selection: dict[str, Any], trace_count: int, selected_count: int
) -> None:
    found = estimate(api, "length", selection=selection)
    assert (found["trace_count"], found["selected_count"]) == (trace_count, selected_count)


def test_a_judge_is_asked_once_a_trace_that_it_can_judge(api: httpx.Client) -> None:
    found = estimate(api, CHEAP)
    assert found["call_count"] == TRACES / 2
    (note,) = found["notes"]
    assert note.startswith("answer_relevance: 10 of 20 traces cannot be scored (no output")
    assert 0 < found["cost_usd"]["low"] < found["cost_usd"]["high"]


def test_the_cost_is_that_of_questions_of_this_size_by_the_price_list(api: httpx.Client) -> None:
    found = estimate(api, CHEAP, selection={"where": "output != ''"})
    calls = found["call_count"]
    output = [
        calls * (_prices.cost_usd("openai", "gpt-4o-mini", _prices.Usage(0, tokens)) or 0)
        for tokens in (LOW_OUTPUT_TOKENS, _prices.GUESSED_OUTPUT_TOKENS)
    ]
    # What is left is the input: the question has at least its own bytes, by 4.5 and by 3.
    for said, replies, bytes_a_token in zip(found["cost_usd"].values(), output, (4.5, 3), strict=True):
        tokens = int(len(QUESTION) / bytes_a_token)
        least = calls * (_prices.cost_usd("openai", "gpt-4o-mini", _prices.Usage(tokens, 0)) or 0)
        assert least < said - replies < 10 * least


def test_a_price_that_nobody_knows_is_not_guessed(api: httpx.Client) -> None:
    spec = {"name": "answer_relevance", "parameters": {"model": "openai:/no-such-model"}}
    found = estimate(api, spec, "length")
    assert found["cost_usd"] is None
    assert "answer_relevance: the price of openai:/no-such-model is not known" in found["notes"]


def test_a_budget_that_is_too_small_is_told(api: httpx.Client) -> None:
    found = estimate(api, CHEAP, options={"max_calls": 3, "max_cost_usd": 0.01})
    assert "max_calls=3 ends it before all of about 50 calls are made" in found["notes"]
    assert "max_cost_usd=0.01 ends it before it costs more" in found["notes"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"selection": {"model": "nix"}, "metrics": ["length"]}, 404, "there is no model 'nix'"),
        ({"selection": {"where": "nix"}, "metrics": ["length"]}, 422, "the filter ends too early"),
        ({"selection": {}, "metrics": ["nix"]}, 422, "no metric is called 'nix'"),
        ({"selection": {"sample": 2.5}, "metrics": ["length"]}, 422, "selection"),
        ({"selection": {"model": "x" * 5_000}, "metrics": ["length"]}, 422, "selection: name: "),
        ({"selection": {"run_id": "x" * 5_000}, "metrics": ["length"]}, 422, "selection: run_id: "),
        (
            {"selection": {"since": "1960-01-01T00:00:00Z"}, "metrics": ["length"]},
            422,
            "selection: start: times range from 1970",
        ),
        (
            {"selection": {}, "metrics": ["length"], "options": {"mapping": {"inputs": "nix"}}},
            422,
            "options.mapping",
        ),
        ({"selection": {}}, 422, "metrics"),
    ],
)
def test_what_could_not_be_evaluated_is_refused_as_the_evaluation_would_be(
    api: httpx.Client, body: dict[str, Any], status: int, said: str
) -> None:
    answer = api.post("/v1/evaluations/estimate", json=body)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]


def test_nothing_is_started(api: httpx.Client) -> None:
    estimate(api, CHEAP)
    assert api.get("/v1/evaluations").json()["evaluations"] == []
