"""Samples and pages of the export, its columns for evaluations, and the count: each a pure question."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api import trace_export, trace_sampling
from tests.query_api.rows import MS, T0_NS, S, insert, span, span_id, trace_id

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

A, B = "m-" + "a" * 32, "m-" + "b" * 32
COUNT = 400
LIMIT_BYTES = 40


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    rows: list[dict[str, Any]] = []
    for number in range(1, COUNT + 1):
        start = T0_NS + number * S
        rare = number % 100 == 0
        root: dict[str, Any] = {
            "Input": f"question {number}",
            "Output": f"answer {number}",
            "StatusCode": 2 if rare else 1,
            "SpanAttributes": {"spanfold.tag.tier": "pro" if number % 4 == 0 else "free"},
        }
        rows.append(span(number, Timestamp=start, ModelId=A if number % 2 else B, **root))
        found: dict[str, Any] = {
            "SpanType": "RETRIEVER",
            "SpanName": "find",
            "Output": json.dumps(["é" * 100]),
            "SpanAttributes": {"retrieval.documents.0.document.id": "d1", "other": "x"},
        }
        rows.append(span(number, 2, parent=1, Timestamp=start + MS, ModelId=A, **found))
    insert(database, "spans", rows)
    insert(database, "spans", rows[:100])  # sent twice
    slots = [
        {"StreamType": "trace", "Stream": trace_id(7), "Slot": f"expectations.{name}", "Timestamp": T0_NS,
         "Rank": rank, "Value": value}
        for name, rank, value in (
            ("expected_response", 1, '"old"'),
            ("expected_response", 2, '"right é"'),
            ("expected_documents", 1, '["d1"]'),
            ("gone", 1, '"x"'),
            ("gone", 2, ""),
        )
    ]  # fmt: skip
    insert(database, "entity_slots", slots)


def lines(api: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    response = api.get("/v1/traces/export", params={"format": "jsonl", **parameters})
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def counted(api: httpx.Client, **parameters: Any) -> dict[str, Any]:
    response = api.get("/v1/traces/count", params=parameters)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_pages_together_are_the_whole_export(api: httpx.Client) -> None:
    columns = ["trace_id", "span_id", "start_time_unix_ns"]
    whole = lines(api, columns=columns)
    seen = list[dict[str, Any]]()
    before: dict[str, str] = {}
    while page := lines(api, columns=columns, page_rows=70, **before):
        seen += page
        last = page[-1]
        before = {"before": f"{last['start_time_unix_ns']}/{last['trace_id']}/{last['span_id']}"}
    assert seen == whole
    assert len(whole) == COUNT


def test_a_trace_brings_its_spans_and_what_people_expect_of_it(api: httpx.Client) -> None:
    (row,) = lines(
        api,
        trace_id=trace_id(7),
        columns=["trace_id", "span_id", "expectations", "spans", "input"],
        span_attributes="retrieval.",
    )
    assert row["span_id"] == span_id(1)
    assert row["expectations"] == {"expected_response": '"right é"', "expected_documents": '["d1"]'}
    root, found = row["spans"]
    assert (root["input"], root["parent_span_id"], root["status"]) == ("question 7", "", "OK")
    assert (found["span_type"], found["parent_span_id"]) == ("RETRIEVER", span_id(1))
    assert found["attributes"] == {"retrieval.documents.0.document.id": "d1"}
    assert json.loads(found["output"]) == ["é" * 100]
    (other,) = lines(api, trace_id=trace_id(8), columns=["expectations", "spans"])
    assert (other["expectations"], len(other["spans"])) == ({}, 2)


def test_spans_that_come_with_a_trace_have_limits(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_export, "SPAN_TEXT_BYTES", LIMIT_BYTES)
    (row,) = lines(api, trace_id=trace_id(7), columns=["spans"])
    assert row["spans"][1]["output"] == json.dumps(["é" * 100])[:LIMIT_BYTES]
    monkeypatch.setattr(trace_export, "TRACE_SPANS", 1)
    (row,) = lines(api, trace_id=trace_id(7), columns=["spans"])
    # What says what it is comes first; the root here does not.
    assert [one["name"] for one in row["spans"]] == ["find"]
    monkeypatch.setattr(trace_export, "TRACE_BYTES", 10)
    (row,) = lines(api, trace_id=trace_id(7), columns=["spans"])
    assert row["spans"] == []


def test_a_sample_by_rate_is_about_so_large_and_always_the_same(api: httpx.Client) -> None:
    def sampled(**parameters: Any) -> set[str]:
        return {row["trace_id"] for row in lines(api, columns=["trace_id"], **parameters)}

    first = sampled(sample_rate=0.5, sample_seed=1)
    assert sampled(sample_rate=0.5, sample_seed=1) == first
    assert COUNT * 0.35 < len(first) < COUNT * 0.65
    assert sampled(sample_rate=0.5, sample_seed=2) != first
    assert sampled(sample_rate=0.2, sample_seed=1) < first
    assert sampled(sample_rate=0, sample_seed=1) == set()


@pytest.mark.parametrize("size", [1, 4, 37, COUNT, 10 * COUNT])
def test_a_sample_of_a_size_has_that_size(api: httpx.Client, size: int) -> None:
    answer = counted(api, sample_size=size, sample_seed=3)
    expected = min(size, COUNT)
    assert (answer["count"], answer["sampled"]) == (COUNT, expected)
    threshold = answer["strata"][0]["sample_threshold"].split(":")[0]
    assert int(threshold, 16) > 0


@pytest.mark.parametrize(
    ("stratify_by", "strata"),
    [
        ("status", {"ERROR": 4, "OK": 396}),
        ("tags['tier']", {"pro": 100, "free": 300}),
        ("model_id", {A: 200, B: 200}),
    ],
)
@pytest.mark.parametrize("asked", [{"sample_size": 20}, {"sample_rate": 0.05}])
def test_a_stratified_sample_has_its_share_of_each_stratum(
    api: httpx.Client, stratify_by: str, strata: dict[str, int], asked: dict[str, Any]
) -> None:
    answer = counted(api, stratify_by=stratify_by, sample_seed=5, **asked)
    assert {one["stratum"]: one["count"] for one in answer["strata"]} == strata
    shares = {one["stratum"]: one["sampled"] for one in answer["strata"]}
    assert sum(shares.values()) == answer["sampled"]
    assert all(abs(shares[name] - 20 * count / COUNT) <= 1 for name, count in strata.items())
    assert min(shares.values()) >= 1

    thresholds = [one["sample_threshold"] for one in answer["strata"]]
    rows = lines(
        api,
        columns=["trace_id", "status", "tags", "model_id"],
        stratify_by=stratify_by,
        sample_threshold=thresholds,
        sample_seed=5,
    )

    def stratum(row: dict[str, Any]) -> str:
        value: str = row["tags"]["tier"] if stratify_by.startswith("tags") else row[stratify_by]
        return value

    assert {name: sum(stratum(row) == name for row in rows) for name in strata} == shares


def test_the_count_takes_the_conditions_of_the_listing(api: httpx.Client) -> None:
    assert counted(api, filter="tags['tier'] = 'pro'", model_id=B)["count"] == 100
    assert counted(api, filter="span.span_type = 'RETRIEVER'")["count"] == COUNT
    assert counted(api, start="2027-01-01T00:00:00Z") == {"count": 0, "sampled": 0, "strata": []}


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("count", {"stratify_by": "latency_ms"}, "stratify_by"),
        ("count", {"stratify_by": "status DESC"}, "stratify_by"),
        ("count", {"stratify_by": "nonsense"}, "stratify_by"),
        ("count", {"stratify_by": "input"}, "stratify_by"),
        ("export", {"page_rows": 5}, "page_rows"),
        ("export", {"format": "jsonl", "rows": "spans", "sample_rate": 0.5}, "rows"),
        ("export", {"format": "jsonl", "stratify_by": "status"}, "sample_threshold"),
        ("export", {"format": "jsonl", "stratify_by": "status", "sample_threshold": "x"}, "sample_threshold"),
        ("export", {"format": "jsonl", "before": "yesterday"}, "before"),
    ],
)
def test_what_cannot_be_sampled_is_refused(
    api: httpx.Client, path: str, parameters: dict[str, Any], field: str
) -> None:
    response = api.get(f"/v1/traces/{path}", params=parameters)
    assert response.status_code in {400, 422}, response.text
    assert field in response.text


def test_shares_add_up_and_leave_no_stratum_out() -> None:
    shares = trace_sampling._shares([1000, 3, 3, 1], 1.0, 10)
    assert sum(shares) == 10
    assert min(shares) == 1
