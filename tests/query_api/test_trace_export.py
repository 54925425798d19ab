"""Exports of any size: complete, each row once, in order, in either format, and with an end to every wait."""

from __future__ import annotations

import json
import re
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow as pa
import pytest

from spanfold_query_api import streaming, trace_export
from spanfold_query_api.trace_columns import SPAN_COLUMNS, TRACE_COLUMNS
from spanfold_query_api.trace_search import Key
from spanfold_schemas.database import RetryableDatabaseError
from tests.query_api.rows import MS, T0_NS, S, created, insert, span, span_id, trace_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.query_api.conftest import RecordingDatabase

A, B = "m-" + "a" * 32, "m-" + "b" * 32
TRACES = range(1, 25)


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    rows: list[dict[str, Any]] = []
    for number in TRACES:  # in bursts of four at one instant
        start = T0_NS + number // 4 * 100 * S
        model = A if number % 2 else B
        root: dict[str, Any] = {"Input": "x" * number * 100, "SpanAttributes": {"n": str(number)}}
        call: dict[str, Any] = {"Operation": "chat", "InputTokens": number}
        rows.append(span(number, Timestamp=start, ModelId=model, **root))
        rows.append(span(number, 2, parent=1, Timestamp=start + MS, ModelId=model, **call))
    # Two services: it is listed once, at its root.
    rows.append(span(70, Timestamp=T0_NS + 2_000 * S, ModelId=A))
    rows.append(span(70, 2, parent=1, Entry=1, Timestamp=T0_NS + 1_990 * S, ModelId=B))
    insert(database, "spans", rows)
    insert(database, "spans", rows)  # a client sent everything twice
    insert(database, "entity_events", [created(A, "support", T0_NS)])


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    def limit(rows: int, size_bytes: int) -> None:
        monkeypatch.setattr(trace_export, "PIECE_ROWS", rows)
        monkeypatch.setattr(trace_export, "PIECE_BYTES", size_bytes)

    return limit


def exported(api: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    response = api.get("/v1/traces/export", params=parameters)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/vnd.apache.arrow.stream"
    rows: list[dict[str, Any]] = pa.ipc.open_stream(response.content).read_all().to_pylist()
    return rows


def listed(api: httpx.Client, **parameters: Any) -> list[str]:
    page = api.get("/v1/traces", params={"limit": 1000, **parameters}).json()
    return [trace["trace_id"] for trace in page["traces"]]


@pytest.mark.parametrize(("rows", "size_bytes"), [(10**6, 1), (10**6, 5_000), (7, 10**9), (10**6, 10**9)])
def test_pieces_of_any_size_make_the_same_export(
    api: httpx.Client, pieces: Callable[[int, int], None], rows: int, size_bytes: int
) -> None:
    pieces(rows, size_bytes)
    traces = [row["trace_id"] for row in exported(api, columns=["input", "trace_id"])]
    assert traces == listed(api)
    assert len(traces) == len(TRACES) + 1
    spans = [(row["trace_id"], row["span_id"]) for row in exported(api, rows="spans")]
    assert len(spans) == len(set(spans)) == 2 * len(TRACES) + 2


def test_rows_come_newest_first(api: httpx.Client) -> None:
    keys = [(row["start_time"].value, row["trace_id"], row["span_id"]) for row in exported(api, rows="spans")]
    assert keys == sorted(keys, reverse=True)


@pytest.mark.parametrize(
    "parameters",
    [
        {"model_id": A},
        {"model_id": B, "start": "2026-11-21T05:05:00Z", "end": "2026-11-21T05:10:00Z"},
        {"filter": "attributes['n'] < 9 OR span.input_tokens = 20"},
        {"filter": "model_name = 'support' AND attributes['n'] IS NOT NULL"},
        {"model_id": "m-none"},
        {"start": "2027-01-01T00:00:00Z"},
    ],
)
def test_an_export_has_the_traces_that_the_listing_has(
    api: httpx.Client, pieces: Callable[[int, int], None], parameters: dict[str, Any]
) -> None:
    pieces(3, 10**9)
    assert [row["trace_id"] for row in exported(api, **parameters)] == listed(api, **parameters)


def test_a_row_tells_what_the_listing_tells(api: httpx.Client) -> None:
    (item,) = api.get("/v1/traces", params={"filter": "attributes['n'] = 5"}).json()["traces"]
    (row,) = exported(api, filter="attributes['n'] = 5")
    assert tuple(row) == tuple(TRACE_COLUMNS)
    assert row.pop("start_time").value == item.pop("start_time_unix_ns")
    row["tags"] = dict(row["tags"])
    assert row == {name: value for name, value in item.items() if name in row}


def test_a_span_has_every_column_in_either_format(api: httpx.Client, database: RecordingDatabase) -> None:
    columns: dict[str, Any] = {
        "SpanKind": 3, "StatusCode": 2, "StatusMessage": "bad", "Operation": "chat", "Provider": "openai",
        "RequestModel": "big", "ResponseModel": "big-1", "InputTokens": 1, "OutputTokens": 2,
        "CachedInputTokens": 3, "CacheWriteInputTokens": 5, "ReasoningTokens": 4, "Cost": 0.25,
        "PriceDate": "2026-11-01", "FinishReasons": ["stop"], "SpanType": "LLM", "CallerModelId": B,
        "ExperimentId": "7", "RunId": "r1", "ConversationId": "c", "UserId": "u",
        "Input": "in", "Output": 'é"\n', "SpanAttributes": {"k": "v"}, "ResourceAttributes": {"r": "s"},
        "ScopeName": "lib", "ScopeVersion": "1", "ScopeAttributes": {"a": "b"},
        "Events.Timestamp": [T0_NS + 1], "Events.Name": ["e"], "Events.Attributes": [{"x": "y"}],
        "Links.TraceId": [bytes.fromhex(trace_id(1))], "Links.SpanId": [bytes.fromhex(span_id(1))],
        "Links.TraceState": [""], "Links.Attributes": [{"l": "m"}],
    }  # fmt: skip
    insert(database, "spans", [span(80, Timestamp=T0_NS + 1, Duration=1500, ModelId="m-1", **columns)])
    expected = {
        "trace_id": trace_id(80), "span_id": span_id(1), "parent_span_id": None, "name": "work",
        "kind": "CLIENT", "span_type": "LLM", "service_name": "app", "model_id": "m-1", "caller_model_id": B,
        "experiment_id": "7", "run_id": "r1", "status": "ERROR", "status_message": "bad",
        "start_time": "2026-11-21T05:00:00.000000001Z", "duration_ns": 1500, "operation": "chat",
        "provider": "openai", "request_model": "big", "response_model": "big-1", "input_tokens": 1,
        "output_tokens": 2, "cached_input_tokens": 3, "cache_write_input_tokens": 5, "reasoning_tokens": 4,
        "cost_usd": 0.25, "price_date": "2026-11-01", "finish_reasons": ["stop"], "conversation_id": "c",
        "user_id": "u", "input": "in", "output": 'é"\n', "attributes": {"k": "v"},
        "resource_attributes": {"r": "s"}, "scope_name": "lib", "scope_version": "1",
        "scope_attributes": {"a": "b"},
        "events": [{"name": "e", "time": "2026-11-21T05:00:00.000000001Z", "attributes": {"x": "y"}}],
        "links": [{"trace_id": trace_id(1), "span_id": span_id(1), "attributes": {"l": "m"}}],
    }  # fmt: skip
    parameters = {"rows": "spans", "model_id": "m-1"}
    response = api.get("/v1/traces/export", params={**parameters, "format": "jsonl"})
    assert response.headers["content-type"] == "application/jsonl"
    assert [json.loads(line) for line in response.text.splitlines()] == [expected]
    (row,) = exported(api, **parameters)
    assert tuple(row) == tuple(SPAN_COLUMNS)
    assert row["start_time"].value == T0_NS + 1
    assert row["events"][0]["time"].value == T0_NS + 1
    plain = {name: row[name] for name in row if name not in {"start_time", "events", "links"}}
    for name in ("attributes", "resource_attributes", "scope_attributes"):
        plain[name] = dict(plain[name])
    assert plain == {name: expected[name] for name in plain}


def test_no_rows_are_columns_in_arrow_and_nothing_in_json(api: httpx.Client) -> None:
    parameters = {"model_id": "m-none", "columns": ["name", "trace_id"]}
    content = api.get("/v1/traces/export", params=parameters).content
    table = pa.ipc.open_stream(content).read_all()
    assert (table.column_names, table.num_rows) == (["name", "trace_id"], 0)
    assert api.get("/v1/traces/export", params={**parameters, "format": "jsonl"}).content == b""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"columns": ["trace_id", "parent_span_id"]}, "no column 'parent_span_id'"),
        ({"columns": ["trace_id; DROP TABLE spans"]}, "no column"),
        ({"columns": ["name", "name"]}, "named once"),
        ({"rows": "events"}, "traces"),
        ({"format": "parquet"}, "arrow"),
        ({"filter": "stats = 1"}, "did you mean status"),
        ({"order_by": "cost_usd"}, "Extra inputs"),
        ({"start": "2026-11-21T05:00:00Z", "end": "2026-11-21T05:00:00Z"}, "after start"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    api: httpx.Client, parameters: dict[str, Any], message: str
) -> None:
    response = api.get("/v1/traces/export", params=parameters)
    assert (response.status_code, message in response.json()["detail"]) == (422, True)


def test_an_error_before_the_first_row_is_a_problem_and_a_later_one_breaks_the_answer_off(
    api: httpx.Client,
    database: RecordingDatabase,
    pieces: Callable[[int, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pieces(1, 10**9)
    monkeypatch.setattr(trace_export, "RETRY_AFTER_S", (0.01, 0.01))
    calls = iter([0, 1, 1, 1])
    query_raw = database.query_raw

    def failing(*args: Any, **kwargs: Any) -> bytes:
        if next(calls, 0):
            message = "away"
            raise RetryableDatabaseError(message)
        return query_raw(*args, **kwargs)

    monkeypatch.setattr(database, "query_raw", failing)
    with pytest.raises(httpx.RemoteProtocolError):
        api.get("/v1/traces/export")
    assert next(calls, None) is None
    calls = iter([1])
    assert api.get("/v1/traces/export").status_code == 503
    calls = iter([0, 1, 1, 0, 0, 1])  # passes in time
    assert [row["trace_id"] for row in exported(api)] == listed(api)


def test_a_few_exports_run_at_once_and_those_that_end_or_are_left_make_room(
    api: httpx.Client,
    database: RecordingDatabase,
    pieces: Callable[[int, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pieces(4, 10**9)
    gate = threading.Event()
    query_raw = database.query_raw
    calls: list[None] = []

    def slow(sql: str, parameters: dict[str, Any], **how: Any) -> bytes:
        if parameters["before_span_id"] != Key(0).span_id:  # not the first piece of its export
            calls.append(None)
            assert gate.wait(30)
        return query_raw(sql, parameters, **how)

    monkeypatch.setattr(database, "query_raw", slow)
    with ExitStack() as open_exports:
        for _ in range(streaming.MAX_EXPORTS):
            open_exports.enter_context(api.stream("GET", "/v1/traces/export"))
        refused = api.get("/v1/traces/export")
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:spanfold:problem:too-many-exports")
    gate.set()  # all four clients went away in the middle
    for _ in range(100):
        if api.get("/v1/traces/export", params={"model_id": "m-none"}).status_code == 200:
            break
    else:
        pytest.fail("no place became free")
    assert len(calls) <= 2 * streaming.MAX_EXPORTS, "left exports went on to their ends"


def test_a_client_that_stalls_is_given_up(
    api: httpx.Client, database: RecordingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "STALLED_AFTER_S", 0.2)
    monkeypatch.setattr(database, "query_raw", lambda *_args, **_kwargs: b"x" * 2**20)
    monkeypatch.setattr(trace_export, "PIECE_ROWS", 1)
    endless = {"format": "jsonl", "rows": "spans"}
    with api.stream("GET", "/v1/traces/export", params=endless) as response:
        chunks = response.iter_raw()
        next(chunks)
        threading.Event().wait(1.5)  # reads nothing meanwhile
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in chunks:
                pass


def test_the_guide_lists_the_columns_that_there_are() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "traces.md").read_text(encoding="utf-8")
    for rows, columns in (("traces", TRACE_COLUMNS), ("spans", SPAN_COLUMNS)):
        (listed,) = re.findall(rf"^Columns of {rows}: (.+?)\.$", guide, re.MULTILINE | re.DOTALL)
        assert re.findall(r"`(\w+)`", listed) == list(columns)
    assert f"{trace_export.PIECE_ROWS:,} rows or {trace_export.PIECE_BYTES // 2**20} MiB" in guide
