from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api.trace_answers import TraceDetail, TracePage
from tests.query_api.rows import MS, T0_NS, S, created, insert, span, span_id, trace_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.query_api.conftest import RecordingDatabase

A, B = "m-" + "a" * 32, "team/app@1.2"
NUMBERS = range(10, 40)


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    chat: dict[str, Any] = {
        "ModelId": A,
        "Operation": "chat",
        "InputTokens": 10,
        "OutputTokens": 2,
        "Cost": 0.5,
    }
    agent: dict[str, Any] = {"ModelId": A, "Operation": "invoke_agent", "InputTokens": 20, "OutputTokens": 4}
    rows = [
        # Trace 1: an agent over two calls, one of which failed; its totals do not count tokens twice.
        span(1, Timestamp=T0_NS + 100 * S, Duration=S, Input="é" * 1_500 + "Refund", StatusCode=1, **agent),
        span(1, 2, parent=1, Timestamp=T0_NS + 100 * S + 1, **chat),
        span(1, 3, parent=1, Timestamp=T0_NS + 100 * S + 2, StatusCode=2, StatusMessage="no", **chat),
        # Trace 2: two services of two versions; the callee's clock is two seconds behind its caller's.
        span(2, Timestamp=T0_NS + 90 * S, ModelId=A, ServiceName="front"),
        span(2, 2, parent=1, Entry=1, Timestamp=T0_NS + 88 * S, ModelId=B, ServiceName="back"),
        # Trace 3: nobody recorded the caller, so its root is not there.
        span(3, 2, parent=1, Entry=1, Timestamp=T0_NS + 80 * S, ModelId=B),
    ]
    # Traces 10 to 39: pairs of the same instant, a second apart, of no version.
    rows += [
        span(number, Timestamp=T0_NS + number // 2 * S, SpanAttributes={"n": str(number)})
        for number in NUMBERS
    ]
    insert(database, "spans", rows)
    insert(database, "spans", rows)  # a client sent everything twice
    insert(database, "entity_events", [created(A, "support", T0_NS)])


def get(api: httpx.Client, path: str, **parameters: Any) -> Any:
    response = api.get(path, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def listed(api: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    traces: list[dict[str, Any]] = get(api, "/v1/traces", **parameters)["traces"]
    return traces


def pages(api: httpx.Client, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
    token = None
    while True:
        page = get(api, "/v1/traces", **parameters, **({} if token is None else {"page_token": token}))
        yield page["traces"]
        token = page["next_page_token"]
        if token is None:
            return


def test_traces_come_newest_first_and_each_once(api: httpx.Client) -> None:
    found = [trace["trace_id"] for trace in listed(api, limit=1000)]
    newest_first = sorted(NUMBERS, key=lambda number: (number // 2, trace_id(number)), reverse=True)
    assert found == [trace_id(number) for number in (1, 2, 3, *newest_first)]


@pytest.mark.parametrize("limit", [1, 2, 7, 33, 34])
def test_pages_of_any_size_make_the_same_listing(api: httpx.Client, limit: int) -> None:
    everything = listed(api, limit=1000)
    in_pages = list(pages(api, limit=limit))
    assert [trace for page in in_pages for trace in page] == everything
    assert all(len(page) == limit for page in in_pages[:-1])


def test_an_item_tells_its_entry_span_and_the_sums_of_all_spans(api: httpx.Client) -> None:
    page = api.get("/v1/traces", params={"limit": 1})
    TracePage.model_validate_json(page.content, strict=True)
    assert page.json()["traces"][0] == {
        "trace_id": trace_id(1),
        "name": "work",
        "service_name": "app",
        "model_id": A,
        "model_name": "support",
        "caller_model_id": "",
        "experiment_id": "0",
        "run_id": "",
        "conversation_id": "",
        "user_id": "",
        "status": "OK",
        "status_message": "",
        "start_time": "2026-11-21T05:01:40Z",
        "start_time_unix_ns": T0_NS + 100 * S,
        "latency_ms": 1000.0,
        "span_count": 3,
        "error_count": 1,
        "input_tokens": 20,
        "output_tokens": 4,
        "cost_usd": 1.0,
        "input": "é" * 1_000,
        "output": None,
        "tags": {},
        "scores": [],
    }


def test_a_version_lists_the_traces_that_entered_it_by_its_own_entry(api: httpx.Client) -> None:
    assert [trace["trace_id"] for trace in listed(api, model_id=A)] == [trace_id(1), trace_id(2)]
    of_b = listed(api, model_id=B)
    assert [trace["trace_id"] for trace in of_b] == [trace_id(2), trace_id(3)]
    assert [trace["service_name"] for trace in of_b] == ["back", "app"]
    assert of_b[0]["model_name"] == B, "a version that no event named goes by its ID"


def test_start_is_part_of_the_range_and_end_is_not(api: httpx.Client) -> None:
    bounds = {"start": "2026-11-21T05:00:05Z", "end": "2026-11-21T05:00:07Z"}
    assert {trace["trace_id"] for trace in listed(api, **bounds)} == {trace_id(n) for n in (10, 11, 12, 13)}
    assert [len(page) for page in pages(api, limit=3, **bounds)] == [3, 1]


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("status = 'OK'", [1]),
        ("span.status = 'ERROR'", [1]),
        ("NOT span.name = 'work'", []),
        ("latency_ms >= 1000 OR service_name LIKE 'fr%'", [1, 2]),
        ("model_name = 'support' AND latency_ms < 1e3", [2]),
        (f"span.model_name = '{B}'", [2, 3]),
        ("attributes['n'] > 37.5", [39, 38]),
        ("attributes['n'] IN (12, '13')", [13, 12]),
        ("attributes['n'] IS NULL", [1, 2, 3]),
        ("attributes['n'] != '12' AND attributes['n'] < 14", [13, 11, 10]),
        ("attributes['n'] NOT LIKE '%'", [1, 2, 3]),
        ("attributes['n'] LIKE ''", []),
        ("attributes['n'] = ''", []),
        ("input_tokens IS NOT NULL", [1]),
        ("input_tokens != 20 AND model_id != ''", [2, 3]),
        ("NOT input_tokens < 100 AND model_id IS NOT NULL", [2, 3]),
        ("span.cost_usd = 0.5", [1]),
        (f"trace_id IN ('{trace_id(12).upper()}', '{trace_id(3)}')", [3, 12]),
        ("start_time < '2026-11-21T05:00:06Z'", [11, 10]),
        ("kind = 'internal' AND input ILIKE 'É%'", [1]),
        ("input ILIKE '%REFUND'", [1]),
        ("status_message IS NULL AND span.status_message = 'no'", [1]),
        ("resource_attributes['x'] IS NOT NULL", []),
        ("name = 'it''s \\\\ \t\n{x:Int8} \x00 ; DROP TABLE spans --'", []),
    ],
)
def test_a_filter_finds_what_it_says(api: httpx.Client, condition: str, numbers: list[int]) -> None:
    found = [trace["trace_id"] for trace in listed(api, filter=condition)]
    assert found == [trace_id(number) for number in numbers]


def test_filtered_pages_go_on_where_the_last_one_ended(api: httpx.Client) -> None:
    condition = "attributes['n'] >= 30"
    found = [trace["trace_id"] for page in pages(api, filter=condition, limit=3) for trace in page]
    assert sorted(found) == [trace_id(number) for number in range(30, 40)]


def test_a_token_serves_the_same_query_in_another_spelling_but_no_other_query(api: httpx.Client) -> None:
    token = get(api, "/v1/traces", filter="span.name='work'", limit=1)["next_page_token"]
    assert listed(api, filter="SPAN.name  =  'work'", limit=5, page_token=token)
    refused = api.get("/v1/traces", params={"filter": "name = 'work'", "page_token": token})
    assert refused.status_code == 422
    assert "another query" in refused.json()["detail"]


def test_a_trace_by_id_has_every_span_once_as_a_tree(api: httpx.Client) -> None:
    response = api.get(f"/v1/traces/{trace_id(1).upper()}")
    TraceDetail.model_validate_json(response.content, strict=True)
    trace = response.json()
    assert (trace["trace_id"], trace["span_count"], trace["truncated"]) == (trace_id(1), 3, False)
    (root,) = trace["spans"]
    assert (root["span_id"], root["parent_span_id"]) == (span_id(1), None)
    assert [child["span_id"] for child in root["children"]] == [span_id(2), span_id(3)]
    assert root["children"][1]["status"] == "ERROR"
    assert trace["duration_ms"] == 1000.0


def test_a_trace_without_its_root_says_what_is_missing(api: httpx.Client) -> None:
    trace = get(api, f"/v1/traces/{trace_id(3)}")
    assert trace["missing_parent_span_ids"] == [span_id(1)]
    assert [node["missing_parent"] for node in trace["spans"]] == [True]


def test_every_column_of_a_span_reaches_the_answer(api: httpx.Client, database: RecordingDatabase) -> None:
    columns: dict[str, Any] = {
        "SpanKind": 3, "StatusCode": 2, "StatusMessage": "bad", "Operation": "chat", "Provider": "openai",
        "RequestModel": "big", "ResponseModel": "big-1", "InputTokens": 1, "OutputTokens": 2,
        "CachedInputTokens": 3, "CacheWriteInputTokens": 5, "ReasoningTokens": 4, "Cost": 0.25,
        "PriceDate": "2026-11-01", "FinishReasons": ["stop"], "SpanType": "LLM", "CallerModelId": B,
        "ExperimentId": "7", "RunId": "r1", "ConversationId": "c", "UserId": "u",
        "Input": "in", "Output": "out", "SpanAttributes": {"k": "v"}, "ResourceAttributes": {"r": "s"},
        "ScopeName": "lib", "ScopeVersion": "1", "ScopeAttributes": {"a": "b"},
        "Events.Timestamp": [T0_NS + 1], "Events.Name": ["e"], "Events.Attributes": [{"x": "y"}],
        "Links.TraceId": [bytes.fromhex(trace_id(1))], "Links.SpanId": [bytes.fromhex(span_id(1))],
        "Links.TraceState": [""], "Links.Attributes": [{"l": "m"}],
    }  # fmt: skip
    insert(database, "spans", [span(50, Timestamp=T0_NS - S, Duration=1500, **columns)])
    response = api.get(f"/v1/traces/{trace_id(50)}")
    TraceDetail.model_validate_json(response.content, strict=True)
    assert response.json()["spans"] == [
        {
            "span_id": span_id(1), "parent_span_id": None, "name": "work", "kind": "CLIENT",
            "service_name": "app", "model_id": "", "status": "ERROR", "status_message": "bad",
            "span_type": "LLM", "caller_model_id": B, "experiment_id": "7", "run_id": "r1",
            "start_time": "2026-11-21T04:59:59Z", "start_time_unix_ns": T0_NS - S, "duration_ns": 1500,
            "operation": "chat", "provider": "openai", "request_model": "big", "response_model": "big-1",
            "input_tokens": 1, "output_tokens": 2, "cached_input_tokens": 3, "reasoning_tokens": 4,
            "cost_usd": 0.25, "conversation_id": "c", "user_id": "u", "input": "in", "output": "out",
            "cache_write_input_tokens": 5, "price_date": "2026-11-01", "finish_reasons": ["stop"],
            "attributes": {"k": "v"}, "resource_attributes": {"r": "s"},
            "scope": {"name": "lib", "version": "1", "attributes": {"a": "b"}},
            "events": [{"name": "e", "time_unix_ns": T0_NS + 1, "attributes": {"x": "y"}}],
            "links": [{"trace_id": trace_id(1), "span_id": span_id(1), "attributes": {"l": "m"}}],
            "missing_parent": False, "detached": False, "children": [],
        }
    ]  # fmt: skip


def test_a_chain_of_ten_thousand_spans_is_answered_and_valid(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    chain = [span(60, 1, Timestamp=T0_NS - 9 * S)]
    chain += [span(60, n, parent=n - 1, Timestamp=T0_NS - 9 * S + n * MS // 10) for n in range(2, 10_001)]
    for row in chain:
        row["Entry"] = 2 if row["ParentSpanId"] == bytes(8) else 0
    insert(database, "spans", chain)
    response = api.get(f"/v1/traces/{trace_id(60)}")
    trace = TraceDetail.model_validate_json(response.content, strict=True)
    assert trace.span_count == 10_000
    assert len(trace.spans) == 200
