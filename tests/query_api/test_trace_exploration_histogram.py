from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api import times, trace_histogram
from spanfold_query_api.trace_histogram import width
from tests.query_api.rows import MS, T0_NS, S, insert, span

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

A, B = "m-" + "a" * 32, "m-" + "b" * 32
MINUTE = 60 * S
RANGE = {"start": "2026-11-21T05:00:00Z", "end": "2026-11-21T05:10:00Z"}


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    rows = [
        # Nine traces in the first minute, of 10 to 90 ms; the last of them failed.
        *(
            span(number, Timestamp=T0_NS + number * S, Duration=number * 10 * MS, ModelId=A)
            for number in range(1, 9)
        ),
        span(9, Timestamp=T0_NS + 9 * S, Duration=90 * MS, ModelId=A, StatusCode=2),
        # One in the fourth, through two services, whose clocks differ: it counts once, at its root.
        span(20, Timestamp=T0_NS + 200 * S, Duration=S, ModelId=A),
        span(20, 2, parent=1, Entry=1, Timestamp=T0_NS + 170 * S, Duration=S // 2, ModelId=B, StatusCode=2),
        # One whose root nobody recorded, and the instant after the range.
        span(30, 2, parent=1, Entry=1, Timestamp=T0_NS + 10 * MINUTE - 1, ModelId=B),
        span(31, Timestamp=T0_NS + 10 * MINUTE, ModelId=B),
    ]
    insert(database, "spans", rows)
    insert(database, "spans", rows[:3])  # a client sent these twice


def asked(api: httpx.Client, **parameters: Any) -> Any:
    response = api.get("/v1/traces/histogram", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def counts(answer: Any) -> dict[int, tuple[int, int]]:
    """Traces without and with an error, by seconds after the first instant."""
    return {
        (bucket["start_time_unix_ns"] - T0_NS) // S: (bucket["ok_count"], bucket["error_count"])
        for bucket in answer["buckets"]
    }


def test_one_bucket_holds_all_time(api: httpx.Client) -> None:
    (bucket,) = asked(api, start="1970-01-01T00:00:00Z", end="2262-04-11T23:47:16Z", buckets=1)["buckets"]
    assert (bucket["start_time_unix_ns"], bucket["ok_count"] + bucket["error_count"]) == (0, 12)


def test_each_trace_counts_once_where_its_root_starts(api: httpx.Client) -> None:
    answer = asked(api, **RANGE, buckets=10)
    assert counts(answer) == {0: (8, 1), 180: (1, 0), 540: (1, 0)}
    assert answer["trace_count"] == 11
    assert answer["error_count"] == 1
    assert answer["bucket_ns"] == MINUTE
    assert answer["approximate"] is False
    assert answer["buckets"][0]["latency_p50_ms"] == 50
    assert answer["buckets"][0]["latency_p95_ms"] == 90


def test_the_range_is_the_one_asked_for_or_that_of_the_spans(api: httpx.Client) -> None:
    bounded = asked(api, **RANGE)
    assert bounded["start_time_unix_ns"] == T0_NS
    assert bounded["end_time_unix_ns"] == T0_NS + 10 * MINUTE
    whole = asked(api)
    assert whole["start_time_unix_ns"] == T0_NS + S
    assert whole["end_time_unix_ns"] == T0_NS + 10 * MINUTE + 1
    assert whole["trace_count"] == 12


def test_a_version_counts_the_traces_that_entered_it_by_its_own_entry(api: httpx.Client) -> None:
    assert counts(asked(api, model_id=B, **RANGE, buckets=10)) == {120: (0, 1), 540: (1, 0)}


def test_a_filter_leaves_out_what_does_not_match(api: httpx.Client) -> None:
    answer = asked(api, filter="status = 'ERROR'", **RANGE, buckets=10)
    assert counts(answer) == {0: (0, 1), 120: (0, 1)}
    assert asked(api, filter="latency_ms > 85", **RANGE)["trace_count"] == 2
    assert asked(api, filter="span.model_id = 'nobody'")["buckets"] == []


def test_a_range_without_spans_is_answered_without_buckets(api: httpx.Client) -> None:
    answer = asked(api, start="2027-01-01T00:00:00Z", end="2027-01-02T00:00:00Z")
    assert answer["buckets"] == []
    assert answer["trace_count"] == 0
    assert answer["end_time_unix_ns"] - answer["start_time_unix_ns"] == 86_400 * S


def test_a_large_range_of_traces_with_one_entry_is_answered_from_counts_by_the_minute(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_histogram, "EXACT_MAX_SPANS", 0)
    answer = asked(api, model_id=A, **RANGE, buckets=10)
    assert answer["approximate"] is True
    # Those that were sent twice count twice there.
    assert counts(answer) == {0: (11, 1), 180: (1, 0)}
    assert answer["trace_count"] == 13
    assert answer["buckets"][-1]["latency_p50_ms"] == pytest.approx(1_000)
    assert asked(api, **RANGE, buckets=400)["approximate"] is False, "a bucket of less than a minute"
    assert asked(api, **RANGE, buckets=10, filter="latency_ms > 0")["approximate"] is False


def test_a_large_range_of_traces_with_several_entries_is_answered_from_roots(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_histogram, "EXACT_MAX_SPANS", 0)
    answer = asked(api, **RANGE, buckets=10)
    assert answer["approximate"] is True
    assert counts(answer) == {0: (11, 1), 180: (1, 0)}, "the one without a root is not there"
    assert answer["buckets"][-1]["latency_p95_ms"] == 1_000
    of_one = asked(api, model_id=B, **RANGE, buckets=10)
    assert of_one["approximate"] is False, "roots alone would tell little of a version behind others"
    assert counts(of_one) == {120: (0, 1), 540: (1, 0)}


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"buckets": 0}, "buckets"),
        ({"buckets": 401}, "buckets"),
        ({"start": RANGE["end"], "end": RANGE["start"]}, "end"),
        ({"bucket": 10}, "bucket"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(
    api: httpx.Client, parameters: dict[str, Any], named: str
) -> None:
    response = api.get("/v1/traces/histogram", params=parameters)
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == named


def test_a_wrong_filter_is_told_with_its_place(api: httpx.Client) -> None:
    response = api.get("/v1/traces/histogram", params={"filter": "latency > 5"})
    assert response.status_code == 422
    assert response.json()["suggestion"] == "latency_ms"


@given(
    start_ns=st.integers(0, times.MAX_UNIX_NS - 1),
    length_ns=st.integers(1, times.MAX_UNIX_NS),
    max_buckets=st.integers(2, 400),
)
def test_no_range_has_more_buckets_than_asked_for(start_ns: int, length_ns: int, max_buckets: int) -> None:
    end_ns = min(start_ns + length_ns, times.MAX_UNIX_NS)
    bucket_ns = width(start_ns, end_ns, max_buckets)
    first, last = start_ns // bucket_ns, (end_ns - 1) // bucket_ns
    assert last - first + 1 <= max_buckets


@pytest.mark.parametrize(
    ("start_ns", "end_ns"),
    [(T0_NS, T0_NS + 1), (0, times.MAX_UNIX_NS), (86_400 * S - 1, 86_400 * S + 1)],
)
def test_one_bucket_holds_any_range(start_ns: int, end_ns: int) -> None:
    bucket_ns = width(start_ns, end_ns, 1)
    assert start_ns // bucket_ns == (end_ns - 1) // bucket_ns
