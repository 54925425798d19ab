from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api import times
from tests.query_api import shop
from tests.query_api.rows import MS, T0_NS, insert, span
from tests.query_api.shop import DAY, LAB, MINUTE, NEW, OLD, SEEN

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    shop.fill(database)


def changes(api: httpx.Client, **parameters: Any) -> Any:
    answer = api.get("/v1/changes", params={**shop.SECOND_DAY, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_period_before_is_as_long_and_ends_where_the_period_starts(api: httpx.Client) -> None:
    found = changes(api)
    assert found["current"] == {"start_time": shop.SECOND_DAY["start"], "end_time": shop.SECOND_DAY["end"]}
    assert found["previous"] == {"start_time": shop.FIRST_DAY["start"], "end_time": shop.FIRST_DAY["end"]}


def test_totals_are_of_all_traffic_that_of_no_version_too(api: httpx.Client) -> None:
    totals = changes(api)["totals"]
    assert (totals["current"]["trace_count"], totals["current"]["error_count"]) == (280, 60)
    assert totals["current"]["error_rate"] == pytest.approx(60 / 280)
    assert totals["current"]["cost_per_trace_usd"] == pytest.approx(120 / 280)
    assert (totals["previous"]["trace_count"], totals["previous"]["error_rate"]) == (125, 0.0)


def test_each_version_is_told_on_both_sides(api: httpx.Client) -> None:
    models = {one["model_id"]: one for one in changes(api)["models"]}
    assert list(models) == [NEW, SEEN, LAB, OLD]
    assert (models[NEW]["is_new"], models[OLD]["is_new"]) == (True, False)
    assert models[NEW]["previous"] is None
    assert models[NEW]["current"]["latency_p50_ms"] == 900
    assert models[SEEN]["current"] is None
    assert models[OLD]["previous"]["trace_count"] == models[OLD]["current"]["trace_count"] == 120
    assert models[LAB]["current"]["cost_per_trace_usd"] is None


def test_scores_are_told_on_the_side_where_their_traces_are(api: httpx.Client) -> None:
    models = {one["model_id"]: one for one in changes(api)["models"]}
    by_name = {one["name"]: one for one in models[NEW]["scores"]}
    assert by_name["faithfulness"] == {
        "name": "faithfulness",
        "current": 2.5,
        "previous": None,
        "greater_is_better": True,
    }
    # Words have no mean.
    assert "verdict" not in by_name


def test_a_trace_that_enters_two_versions_is_one_of_the_totals(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    at = T0_NS - 30 * DAY
    through = [
        span(9_000, Timestamp=at, Duration=900 * MS, ModelId=OLD, StatusCode=1),
        span(9_000, 2, parent=1, Entry=1, Timestamp=at, Duration=MS, ModelId=NEW, StatusCode=2),
        # Nobody recorded the root of this one.
        span(9_001, 2, parent=1, Entry=1, Timestamp=at, Duration=900 * MS, ModelId=NEW, StatusCode=2),
    ]
    insert(database, "spans", through)
    day = {"start": times.format_rfc3339(at), "end": times.format_rfc3339(at + DAY)}
    found = changes(api, **day)
    assert {one["model_id"]: one["current"]["trace_count"] for one in found["models"]} == {OLD: 1, NEW: 2}
    totals = found["totals"]["current"]
    assert (totals["trace_count"], totals["error_count"], totals["latency_p50_ms"]) == (2, 1, 900)
    assert changes(api, **day, experiment_id="0")["totals"]["current"] == totals
    assert changes(api, **day, experiment_id="7")["totals"]["current"]["trace_count"] == 0


@pytest.mark.parametrize("start", ["1970-01-01T00:00:00Z", "1990-01-01T00:00:00Z"])
@pytest.mark.parametrize("end", [shop.SECOND_DAY["end"], "2262-04-11T23:47:16Z"])
def test_a_period_may_be_longer_than_the_time_before_it(api: httpx.Client, start: str, end: str) -> None:
    found = changes(api, start=start, end=end, experiment_id="7")
    assert found["totals"]["current"]["trace_count"] == 30
    assert found["previous"]["start_time"] == "1970-01-01T00:00:00Z"
    scored = {one["model_id"]: one for one in changes(api, start=start, end=end)["models"]}[NEW]["scores"]
    assert [(one["name"], one["current"], one["previous"]) for one in scored] == [
        ("faithfulness", 2.5, None),
        ("wit", 7.5, None),
    ]


def test_an_experiment_has_its_own_totals_and_what_names_none_belongs_to_0(api: httpx.Client) -> None:
    found = changes(api, experiment_id="7")
    assert [one["model_id"] for one in found["models"]] == [LAB]
    assert found["totals"]["current"]["trace_count"] == 30
    assert changes(api, experiment_id="0")["totals"]["current"]["trace_count"] == 250


def test_a_period_that_is_cut_within_a_minute_counts_no_minute_twice(api: httpx.Client) -> None:
    found = changes(api, start="2026-11-22T05:30:30Z", end="2026-11-22T06:30:30Z")
    assert found["current"]["start_time"] == "2026-11-22T05:30:00Z"
    assert found["current"]["end_time"] == "2026-11-22T06:31:00Z"
    assert found["previous"]["end_time"] == found["current"]["start_time"]
    models = {one["model_id"]: one for one in found["models"]}
    assert models[OLD]["current"]["trace_count"] == 61
    assert models[OLD]["previous"]["trace_count"] == 30


def test_without_a_period_it_is_the_last_day(api: httpx.Client) -> None:
    answer = api.get("/v1/changes").json()
    start, end = (times.parse_rfc3339(answer["current"][name]) for name in ("start_time", "end_time"))
    assert DAY <= end - start <= DAY + 2 * MINUTE
    assert abs(time.time_ns() - end) < 2 * MINUTE


def test_an_end_before_the_start_is_refused(api: httpx.Client) -> None:
    reversed_days = {"start": shop.SECOND_DAY["end"], "end": shop.SECOND_DAY["start"]}
    for path in ("/v1/changes", "/v1/regressions"):
        answer = api.get(path, params=reversed_days)
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "end")
