from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api import trace_order
from spanfold_query_api.problems import ProblemError
from tests.query_api.rows import MS, T0_NS, S, insert, span, trace_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.query_api.conftest import RecordingDatabase

A, B = "m-" + "a" * 32, "m-" + "b" * 32


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    """Traces 1 to 9: the older, the slower in pairs; calls of odd ones cost, those of 3 and 6 are counted."""
    rows = []
    for number in range(1, 10):
        start = T0_NS + number * S
        rows.append(span(number, Timestamp=start, Duration=(10 - number) // 2 * MS, ModelId=A, Cost=100.0,
                         SpanType="AGENT"))  # fmt: skip
        call: dict[str, Any] = {"Operation": "chat", "Duration": MS, "ModelId": A}
        if number % 2:
            call["Cost"] = number / 8
        if number % 3 == 0:
            call |= {"InputTokens": number, "OutputTokens": 100 - number}
        rows += [span(number, child, parent=1, Timestamp=start + child, **call) for child in (2, 3)]
    insert(database, "spans", rows)
    insert(database, "spans", rows)  # a client sent everything twice


def pages(api: httpx.Client, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
    token: dict[str, str] = {}
    while True:
        response = api.get("/v1/traces", params={**parameters, **token})
        assert response.status_code == 200, response.text
        page = response.json()
        yield page["traces"]
        if page["next_page_token"] is None:
            return
        token = {"page_token": page["next_page_token"]}


@pytest.mark.parametrize(
    ("order_by", "numbers"),
    [
        ([], [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (["start_time"], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (["timestamp_ms DESC"], [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (["latency_ms DESC", "start_time ASC"], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (["execution_time", "start_time desc"], [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (["cost_usd DESC", "start_time"], [9, 7, 5, 3, 1, 2, 4, 6, 8]),
        (["cost_usd ASC", "start_time"], [1, 3, 5, 7, 9, 2, 4, 6, 8]),
        (["input_tokens DESC", "start_time"], [9, 6, 3, 1, 2, 4, 5, 7, 8]),
        (["total_tokens", "output_tokens", "start_time"], [9, 6, 3, 1, 2, 4, 5, 7, 8]),
    ],
)
@pytest.mark.parametrize("limit", [2, 9])
def test_pages_of_any_size_follow_the_order_and_put_what_has_no_value_last(
    api: httpx.Client, order_by: list[str], numbers: list[int], limit: int
) -> None:
    found = [trace["trace_id"] for page in pages(api, order_by=order_by, limit=limit) for trace in page]
    assert found == [trace_id(number) for number in numbers]


def test_the_largest_cost_that_may_be_said_comes_first(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    rows = [span(20 + number, Operation="chat", ModelId=B, Cost=10.0**number) for number in (12, 1, 6)]
    insert(database, "spans", rows)
    found = [trace["trace_id"] for page in pages(api, order_by="cost_usd DESC", model_id=B) for trace in page]
    assert found == [trace_id(32), trace_id(26), trace_id(21)]


def test_an_order_goes_with_conditions_and_ranges(api: httpx.Client) -> None:
    bounds = {"start": "2026-11-21T05:00:02Z", "end": "2026-11-21T05:00:07Z"}
    (page,) = pages(
        api, order_by=["latency_ms", "start_time"], model_id=A, filter="span.cost_usd < 0.6", **bounds
    )
    assert [trace["trace_id"] for trace in page] == [trace_id(3)]
    assert list(pages(api, order_by="cost_usd", model_id="m-none")) == [[]]


def test_a_token_is_of_its_order(api: httpx.Client) -> None:
    first = api.get("/v1/traces", params={"order_by": "latency_ms", "limit": 1}).json()
    params = {"order_by": "latency_ms DESC", "page_token": first["next_page_token"]}
    refused = api.get("/v1/traces", params=params)
    assert (refused.status_code, "another query" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["latency"], "did you mean latency_ms"),
        (["latency_ms down"], "is no order"),
        (["cost_usd; DROP TABLE spans"], "is no order"),
        (["start_time", "timestamp_ms DESC"], "named once"),
        (["name"], "there are start_time"),
    ],
)
def test_what_is_no_order_is_refused_with_a_way_out(texts: list[str], message: str) -> None:
    with pytest.raises(ProblemError, match=message):
        trace_order.parse(texts)
