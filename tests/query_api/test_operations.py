from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanfold_query_api import operations, times
from spanfold_query_api.gateway.config import Endpoint, RouteTable, Target
from spanfold_query_api.operations import Installation
from spanfold_query_api.outgoing import Outgoing
from tests.query_api.conftest import served
from tests.query_api.rows import MS, S, insert, span

if TYPE_CHECKING:
    import pytest

    from tests.query_api.conftest import RecordingDatabase

KEY = "sk-never-shown"


def ask(database: RecordingDatabase, collector_url: str) -> Any:
    with served(database, Outgoing(collector_url)) as api:
        answer = api.get("/v1/operations")
        assert answer.status_code == 200, answer.text
        return answer.json()


def test_an_empty_server_says_so(database: RecordingDatabase, collector_url: str) -> None:
    found = ask(database, collector_url)
    assert found["ingest"] == {"bucket_ns": 60 * S, "buckets": [], "last_received_time": None}
    (spans,) = [table for table in found["database"]["tables"] if table["name"] == "spans"]
    assert spans == {
        "name": "spans",
        "rows": 0,
        "bytes_on_disk": 0,
        "oldest_time": None,
        "retention_days": 90,
        "part_count": 0,
    }


def test_the_database_tells_its_size_its_room_and_how_long_it_keeps_what(
    database: RecordingDatabase, collector_url: str
) -> None:
    now_ns = time.time_ns()
    insert(database, "spans", [span(n, Timestamp=now_ns - 5 * S, ReceivedAt=now_ns // MS) for n in range(50)])
    found = ask(database, collector_url)["database"]
    assert 0 < found["disk_free_bytes"] < found["disk_total_bytes"]
    tables = {table["name"]: table for table in found["tables"]}
    assert tables["spans"]["rows"] == 50
    assert tables["spans"]["bytes_on_disk"] > 0
    assert abs(_ns(tables["spans"]["oldest_time"]) - (now_ns - 5 * S)) < S
    assert tables["entity_events"]["retention_days"] is None


def test_spans_of_the_last_hour_are_told_by_the_minute_with_their_lag(
    database: RecordingDatabase,
) -> None:
    now_ns = time.time_ns() // MS * MS
    hour_ago = now_ns - 3_600 * S
    rows = [span(100 + n, Timestamp=now_ns - 2 * S, Duration=S, ReceivedAt=now_ns // MS) for n in range(20)]
    insert(database, "spans", [*rows, span(200, Timestamp=hour_ago - 60 * S, ReceivedAt=hour_ago // MS)])
    found = operations.ingest_status(database, now_ns)
    newest = found["buckets"][-1]
    assert newest["start_time_unix_ns"] == now_ns // (60 * S) * 60 * S
    assert newest["span_count"] >= 20
    assert 900 < newest["lag_p50_ms"] < 6_000
    assert min(one["start_time_unix_ns"] for one in found["buckets"]) > hour_ago - 60 * S
    assert _ns(found["last_received_time"]) == now_ns


def test_a_span_of_a_clock_that_is_fast_hides_no_later_arrival(database: RecordingDatabase) -> None:
    now_ns = time.time_ns() // MS * MS
    early, late = now_ns - 60 * S, now_ns + 10 * S
    rows = [span(300, Timestamp=now_ns + 900 * 86_400 * S, ReceivedAt=early // MS)]
    insert(database, "spans", [*rows, span(301, Timestamp=now_ns, ReceivedAt=late // MS)])
    assert _ns(operations.ingest_status(database, now_ns)["last_received_time"]) == late


def test_the_collector_is_asked_for_its_figures(database: RecordingDatabase, collector_url: str) -> None:
    before = ask(database, collector_url)["collector"]
    assert (before["reachable"], before["endpoint"]) == (True, collector_url)
    body = ExportTraceServiceRequest()
    one = body.resource_spans.add().scope_spans.add().spans.add()
    one.trace_id, one.span_id, one.name = bytes(range(16)), bytes(range(8)), "work"
    one.start_time_unix_nano, one.end_time_unix_nano = time.time_ns(), time.time_ns()
    headers = {"Content-Type": "application/x-protobuf"}
    sent = httpx.post(f"{collector_url}/v1/traces", content=body.SerializeToString(), headers=headers)
    assert sent.status_code == 200
    assert httpx.post(f"{collector_url}/v1/traces", content=b"\xff", headers=headers).status_code == 400
    figures = ask(database, collector_url)["collector"]["figures"]
    assert figures["accepted_records"]["traces"] == before["figures"]["accepted_records"]["traces"] + 1
    assert {"signal": "traces", "reason": "invalid", "count": 1} in figures["refused_requests"]
    assert figures["price_list_time"] is not None


def test_a_collector_that_is_away_does_not_take_the_rest_with_it(database: RecordingDatabase) -> None:
    found = ask(database, "http://127.0.0.1:9")
    assert found["collector"]["reachable"] is False
    assert found["collector"]["figures"] is None
    assert found["database"]["tables"]


def test_who_runs_no_evaluations_says_so(database: RecordingDatabase, collector_url: str) -> None:
    found = ask(database, collector_url)["evaluations"]
    assert (found["max_running"], found["running"], found["waiting"]) == (0, 0, 0)
    assert found["monitor_process_running"] is False


def test_access_tells_which_keys_are_there_and_never_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    targets = [
        Target(provider="openai", name="gpt-4o-mini", config={"openai_api_key": KEY}),
        Target(provider="transformers", name="folder", config={"max_tokens": 5}),
    ]
    table = RouteTable(endpoints=[Endpoint(name="chat", endpoint_type="llm/v1/chat", models=targets)])
    found = operations.access_status(Installation("0.0.0.0"), table)
    assert (found["bind_host"], found["loopback_only"], found["api_keys"]) == ("0.0.0.0", False, False)
    assert found["provider_keys"] == [
        {"endpoint": None, "provider": "openai", "is_set": True},
        {"endpoint": None, "provider": "anthropic", "is_set": False},
        {"endpoint": "chat", "provider": "openai", "is_set": True},
    ]
    assert KEY not in str(found)


def _ns(text: str) -> int:
    return times.parse_rfc3339(text)
