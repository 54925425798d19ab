"""Evaluations over REST: what the collector took as events and scores, listed, folded and streamed."""

from __future__ import annotations

import io
import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from spanfold.evaluation._sender import EventSender, entity_event, score_event
from spanfold_query_api.evaluation_answers import Evaluation, EvaluationPage
from spanfold_query_api.evaluation_progress import LOOK_EVERY_S
from spanfold_schemas import keys
from tests.query_api.rows import trace_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.query_api.conftest import RecordingDatabase

FIRST, SECOND, ROWS = ("e-" + digit * 32 for digit in "123")
STARTED: dict[str, Any] = {
    "name": "nightly",
    "experiment_id": "7",
    "source": "traces",
    "runner": "client",
    "metrics": [{"name": "token_f1", "parameters": {}, "key": "token_f1", "greater_is_better": True}],
    "selection": {"model": "support-v2", "since": "24h"},
    "options": {"max_cost_usd": 1.5},
    "model_ids": ["m-a", "m-b"],
    "total": 4,
}


@pytest.fixture(scope="module")
def sender(collector_url: str) -> Iterator[EventSender]:
    opened = EventSender(collector_url, headers={})
    yield opened
    opened.close()


@pytest.fixture(scope="module", autouse=True)
def _filled(sender: EventSender) -> None:
    facts: list[tuple[str, str, dict[str, Any]]] = [
        (keys.EVALUATION_STARTED, FIRST, STARTED),
        (keys.EVALUATION_PROGRESSED, FIRST, {"done": 2, "calls": 3, "cost_usd": 0.25}),
        (
            keys.EVALUATION_FINISHED,
            FIRST,
            {
                "metrics": {"token_f1/mean": 0.5, "token_f1/p90": 1},
                "done": 4,
                "failed": 1,
                "scores": 3,
                "unmapped": 1,
                "unmapped_reasons": {"no expectation": 1},
            },
        ),
        (
            keys.EVALUATION_STARTED,
            SECOND,
            {**STARTED, "name": "weekly", "model_ids": ["m-b"], "runner": "server"},
        ),
        (keys.EVALUATION_CANCEL_REQUESTED, SECOND, {}),
        (
            keys.EVALUATION_STARTED,
            ROWS,
            {**STARTED, "source": "rows", "selection": None, "experiment_id": "0"},
        ),
        (keys.EVALUATION_FAILED, ROWS, {"reason": "the judge is away"}),
    ]
    for event_type, stream, payload in facts:
        sender.send([entity_event(event_type, stream, payload)])
    for again in range(2):  # a client that was killed before it noted that it was done sends once more
        sender.send([given(number, again) for number in range(1, 5)])
    sender.send([given(9, 0, evaluation_id=SECOND), given(9, 0, evaluation_id="")])


def given(number: int, again: int, **changes: Any) -> Any:
    """A score of a trace; the third failed the first time, and the fourth each time."""
    failed = number == 4 or (number == 3 and not again)
    members = {
        "trace_id": trace_id(number),
        "span_id": f"{number:016x}",
        "name": "token_f1" if number > 1 else "tone",
        "value": None if failed else number / 8 + again,
        "error": "timeout" if failed else None,
        "explanation": "it took too long" if failed else None,
        "model_id": f"m-{'ab'[number % 2]}",
        "evaluation_id": FIRST,
        "input_hash": "ab" * 8,
        "cost_usd": 0.125,
        "calls": 2,
        "scorer": "openai:/gpt-5-mini",
        "source": "LLM_JUDGE",
        "time_unix_ns": 1_795_237_200_000_000_000 + again,
        **changes,
    }
    return score_event(**members)


def test_an_evaluation_is_what_its_events_say(api: httpx.Client) -> None:
    response = api.get(f"/v1/evaluations/{FIRST}")
    found = Evaluation.model_validate_json(response.content, strict=True)
    assert (found.name, found.status, found.reason, found.source) == ("nightly", "FINISHED", None, "traces")
    assert found.metrics == STARTED["metrics"]
    assert (found.selection, found.options) == (STARTED["selection"], STARTED["options"])
    assert found.aggregates == {"token_f1/mean": 0.5, "token_f1/p90": 1.0}
    assert found.progress.model_dump() == {
        "done": 4,
        "total": 4,
        "failed": 1,
        "unmapped": 1,
        "calls": 3,
        "cost_usd": 0.25,
        "scores": 3,
    }
    assert found.unmapped_reasons == {"no expectation": 1}
    assert found.model_ids == ["m-a", "m-b"]
    assert found.end_time_unix_ns is not None
    assert found.start_time_unix_ns < found.end_time_unix_ns


def test_an_evaluation_that_is_not_there_is_a_problem(api: httpx.Client) -> None:
    for path in ("/v1/evaluations/e-0", "/v1/evaluations/e-0/events"):
        response = api.get(path)
        assert response.status_code == 404
        assert response.json()["type"] == "urn:spanfold:problem:evaluation-not-found"


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ({}, [ROWS, SECOND, FIRST]),
        ({"status": "FINISHED"}, [FIRST]),
        ({"status": ["CANCELLING", "FAILED"]}, [ROWS, SECOND]),
        ({"status": "RUNNING"}, []),
        ({"name": "nightly"}, [ROWS, FIRST]),
        ({"model_id": "m-a", "name": "nightly"}, [ROWS, FIRST]),
        ({"model_id": "m-b", "experiment_id": "7"}, [SECOND, FIRST]),
        ({"experiment_id": ["0", "1"]}, [ROWS]),
    ],
)
def test_a_listing_is_narrowed_and_newest_first(
    api: httpx.Client, parameters: dict[str, Any], ids: list[str]
) -> None:
    response = api.get("/v1/evaluations", params=parameters)
    page = EvaluationPage.model_validate_json(response.content, strict=True)
    assert [found.evaluation_id for found in page.evaluations] == ids


def test_pages_hold_each_evaluation_once(api: httpx.Client) -> None:
    seen: list[str] = []
    token = None
    while True:
        parameters = {"limit": 1} if token is None else {"limit": 1, "page_token": token}
        page = api.get("/v1/evaluations", params=parameters).json()
        seen += [found["evaluation_id"] for found in page["evaluations"]]
        token = page["next_page_token"]
        if token is None:
            break
    assert seen == [ROWS, SECOND, FIRST]
    other = api.get("/v1/evaluations", params={"name": "x", "page_token": paged(api)})
    assert other.status_code == 422
    assert other.json()["errors"][0]["parameter"] == "page_token"


def paged(api: httpx.Client) -> str:
    return str(api.get("/v1/evaluations", params={"limit": 1}).json()["next_page_token"])


def test_each_score_is_there_once_as_it_was_given_last(api: httpx.Client) -> None:
    response = api.get(f"/v1/evaluations/{FIRST}/scores")
    assert response.headers["content-type"] == "application/jsonl"
    rows = [json.loads(line) for line in response.text.splitlines()]
    assert [(row["name"], row["trace_id"], row["value"], row["error"]) for row in rows] == [
        ("token_f1", trace_id(2), 1.25, None),
        ("token_f1", trace_id(3), 1.375, None),
        ("token_f1", trace_id(4), None, "timeout"),
        ("tone", trace_id(1), 1.125, None),
    ]
    assert rows[0] == {
        "trace_id": trace_id(2),
        "span_id": f"{2:016x}",
        "model_id": "m-a",
        "name": "token_f1",
        "value": 1.25,
        "label": None,
        "explanation": None,
        "error": None,
        "input_hash": "ab" * 8,
        "cost_usd": 0.125,
        "calls": 2,
        "scorer": "openai:/gpt-5-mini",
        "source": "LLM_JUDGE",
        "time_unix_ns": 1_795_237_200_000_000_001,
    }


def test_scores_are_narrowed_and_written_as_arrow(api: httpx.Client) -> None:
    asked = {"format": "arrow", "columns": "trace_id, value", "name": "token_f1", "model_id": "m-b"}
    response = api.get(f"/v1/evaluations/{FIRST}/scores", params=asked)
    table = pa.ipc.open_stream(io.BytesIO(response.content)).read_all()
    assert table.to_pydict() == {"trace_id": [trace_id(3)], "value": [1.375]}
    later = api.get(f"/v1/evaluations/{FIRST}/scores", params={"since": "2027-01-01T00:00:00Z"})
    assert later.text == ""
    empty = api.get("/v1/evaluations/e-0/scores", params={"format": "arrow"})
    assert pa.ipc.open_stream(io.BytesIO(empty.content)).read_all().num_rows == 0


def test_scores_come_whole_in_pieces_of_any_size(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = api.get(f"/v1/evaluations/{FIRST}/scores").text
    monkeypatch.setattr("spanfold_query_api.evaluations.PIECE_ROWS_WITH_EXPLANATIONS", 1)
    assert api.get(f"/v1/evaluations/{FIRST}/scores").text == whole
    monkeypatch.setattr("spanfold_query_api.evaluations.PIECE_ROWS", 3)
    asked = {"format": "arrow", "columns": "value"}
    pieces = api.get(f"/v1/evaluations/{FIRST}/scores", params=asked)
    assert pa.ipc.open_stream(io.BytesIO(pieces.content)).read_all().num_rows == 4


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"columns": "value,judge"}, "columns"),
        ({"columns": "value,value"}, "columns"),
        ({"format": "csv"}, "format"),
        ({"metric": "x"}, "metric"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    api: httpx.Client, parameters: dict[str, Any], field: str
) -> None:
    response = api.get(f"/v1/evaluations/{FIRST}/scores", params=parameters)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == field


def events(text: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The data of server-sent events."""
    for line in text:
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def test_progress_is_told_on_every_change_until_the_end(api: httpx.Client, sender: EventSender) -> None:
    evaluation_id = "e-" + "4" * 32
    sender.send([entity_event(keys.EVALUATION_STARTED, evaluation_id, STARTED)])
    with api.stream("GET", f"/v1/evaluations/{evaluation_id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        told = events(response.iter_lines())
        assert next(told)["progress"]["done"] == 0
        sender.send([entity_event(keys.EVALUATION_PROGRESSED, evaluation_id, {"done": 3})])
        assert next(told)["progress"]["done"] == 3
        sender.send([entity_event(keys.EVALUATION_FINISHED, evaluation_id, {"metrics": {"m/mean": 1}})])
        last = next(told)
        assert (last["status"], last["aggregates"]) == ("FINISHED", {"m/mean": 1.0})
        assert list(told) == []


def test_those_who_watch_hold_up_nobody(api: httpx.Client, sender: EventSender) -> None:
    evaluation_id = "e-" + "5" * 32
    sender.send([entity_event(keys.EVALUATION_STARTED, evaluation_id, STARTED)])
    path = f"/v1/evaluations/{evaluation_id}"
    streams = [api.stream("GET", f"{path}/events") for _ in range(50)]
    opened = [stream.__enter__() for stream in streams]
    try:
        assert all(response.status_code == 200 for response in opened)
        assert api.get(path).json()["status"] == "RUNNING"
    finally:
        for stream in streams:
            stream.__exit__(None, None, None)
    sender.send([entity_event(keys.EVALUATION_CANCELLED, evaluation_id, {})])
    assert api.get(path).json()["status"] == "CANCELLED"


def test_many_who_watch_read_the_database_together(
    api: httpx.Client, database: RecordingDatabase, sender: EventSender
) -> None:
    watched = ["e-" + digit * 32 for digit in "67"]
    sender.send([entity_event(keys.EVALUATION_STARTED, one, STARTED) for one in watched])
    with ExitStack() as opened:
        streams = [
            opened.enter_context(api.stream("GET", f"/v1/evaluations/{one}/events")) for one in watched * 20
        ]
        told = [events(stream.iter_lines()) for stream in streams]
        assert {next(one)["progress"]["done"] for one in told} == {0}
        database.statements.clear()
        started_at = time.monotonic()
        sender.send([entity_event(keys.EVALUATION_PROGRESSED, one, {"done": 1}) for one in watched])
        assert {next(one)["progress"]["done"] for one in told} == {1}
        sender.send([entity_event(keys.EVALUATION_FINISHED, one, {"metrics": {}}) for one in watched])
        assert {next(one)["status"] for one in told} == {"FINISHED"}
        looks = [parameters for _, parameters in database.statements if "streams" in parameters]
        elapsed_s = time.monotonic() - started_at
    assert 1 <= len(looks) <= elapsed_s / (LOOK_EVERY_S / 2) + 1
