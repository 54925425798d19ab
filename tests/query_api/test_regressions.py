from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api import comparison, regression_measures
from spanfold_query_api.version_figures import Period
from tests.query_api import shop
from tests.query_api.rows import MS, T0_NS, insert
from tests.query_api.shop import DAY, NEW, OLD

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

BOT_1, BOT_2, HUGE = "m-" + "d" * 32, "m-" + "e" * 32, 10_000


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    shop.fill(database)


def regressions(api: httpx.Client, **parameters: Any) -> Any:
    answer = api.get("/v1/regressions", params={**shop.SECOND_DAY, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()["findings"]


def of(findings: list[dict[str, Any]], metric: str, model_id: str = NEW) -> dict[str, Any]:
    (found,) = [one for one in findings if (one["metric"], one["model_id"]) == (metric, model_id)]
    return found


def test_a_version_is_held_against_the_one_before_of_the_same_application(api: httpx.Client) -> None:
    found = regressions(api)
    assert {(one["model_id"], one["baseline_model_id"]) for one in found} == {(NEW, OLD)}
    assert {one["service_name"] for one in found} == {"shop"}
    assert (found[0]["model_name"], found[0]["baseline_model_name"]) == ("shop-v2", "shop-v1")


def test_the_worst_come_first_then_what_got_better(api: httpx.Client) -> None:
    found = [(one["metric"], one["verdict"]) for one in regressions(api)]
    assert found[0] == ("error_rate", "worse")
    assert {*found[1:3]} == {("latency_p50", "worse"), ("latency_p95", "worse")}
    assert found[3:] == [("score.faithfulness", "worse"), ("score.wit", "better")]


def test_a_finding_tells_both_values_and_the_limits_of_the_difference(api: httpx.Client) -> None:
    found = of(regressions(api), "latency_p50")
    assert found["unit"] == "ms"
    assert found["value"] == pytest.approx(900)
    assert found["baseline_value"] == pytest.approx(104.5, abs=1)
    assert found["lower"] < found["value"] - found["baseline_value"] < found["upper"]
    assert found["relative"] == pytest.approx(900 / 104.5 - 1, rel=0.02)
    assert (found["trace_count"], found["baseline_trace_count"]) == (120, 120)


def test_the_filter_of_a_finding_lists_traces_that_show_it(api: httpx.Client) -> None:
    found = regressions(api)
    for metric, count in (("error_rate", 60), ("latency_p50", 120), ("score.faithfulness", 60)):
        asked = {"filter": of(found, metric)["filter"], "limit": 1000, **shop.SECOND_DAY}
        answer = api.get("/v1/traces", params=asked)
        assert answer.status_code == 200, answer.text
        listed = answer.json()["traces"]
        assert len(listed) == count
        assert {one["model_id"] for one in listed} == {NEW}


def test_what_did_not_change_and_what_has_few_traces_is_not_told(api: httpx.Client) -> None:
    assert regressions(api, experiment_id="7") == []
    metrics = {one["metric"] for one in regressions(api)}
    assert metrics.isdisjoint({"cost", "input_tokens", "output_tokens"})
    assert len(regressions(api, limit=2)) == 2


def test_a_version_that_got_worse_by_itself_is_told_against_its_own_past(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    first = T0_NS + 20 * DAY
    insert(database, "spans", shop.traces(BOT_1, HUGE, first, 60, ServiceName="bot"))
    later = shop.traces(BOT_1, HUGE + 100, first + DAY, 60, ServiceName="bot", StatusCode=2)
    insert(database, "spans", later)
    asked = {"start": "2026-12-12T05:00:00Z", "end": "2026-12-13T05:00:00Z"}
    (found,) = regressions(api, **asked)
    assert found["model_id"] == found["baseline_model_id"] == BOT_1
    assert (found["metric"], found["verdict"], found["relative"]) == ("error_rate", "worse", None)
    # The other way round it got better, which nobody needs to be told of.
    better = {"start": "2026-12-13T05:00:00Z", "end": "2026-12-14T05:00:00Z"}
    insert(database, "spans", shop.traces(BOT_1, HUGE + 200, first + 2 * DAY, 60, ServiceName="bot"))
    assert regressions(api, **better) == []


def test_a_version_that_was_replaced_overnight_is_the_baseline_by_its_last_day(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    first = T0_NS + 40 * DAY
    before = shop.traces("chat@1", HUGE + 1_000, first, 100, ServiceName="chat")
    after = shop.traces("chat@2", HUGE + 2_000, first + DAY, 100, ServiceName="chat", Duration=500 * MS)
    insert(database, "spans", before + after)
    found = regressions(api, start="2027-01-01T05:00:00Z", end="2027-01-02T05:00:00Z")
    # Of 100 traces, nobody can tell how high the 95th percentile may be at most.
    assert [(one["metric"], one["baseline_model_id"]) for one in found] == [("latency_p50", "chat@1")]


def test_an_application_of_a_handful_of_traces_has_no_findings(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    first = T0_NS + 60 * DAY
    insert(database, "spans", shop.traces("tiny@1", HUGE + 3_000, first, 1, ServiceName="tiny", StatusCode=2))
    assert regressions(api, start="2027-01-20T05:00:00Z", end="2027-01-21T05:00:00Z") == []


def test_measures_agree_with_those_of_comparisons(database: RecordingDatabase) -> None:
    period = Period(T0_NS + DAY, T0_NS + 2 * DAY)
    ours = regression_measures.read(database, [NEW, OLD], period, 0.95)
    query = comparison.CompareQuery(start_ns=period.start_ns, end_ns=period.end_ns)
    for model_id in (NEW, OLD):
        sample = comparison.read(database, model_id, query)
        theirs = comparison.measures(sample, 0.95, None)
        mine = ours[model_id, True]
        assert mine["error_rate"] == theirs["error_rate"]
        assert mine["score.wit"] == theirs["score.wit"]
        for name in ("latency_p50", "latency_p95"):
            assert mine[name].count == theirs[name].count
            for limit in ("value", "lower", "upper"):
                assert getattr(mine[name].interval, limit) == pytest.approx(
                    getattr(theirs[name].interval, limit), abs=1.1
                )
