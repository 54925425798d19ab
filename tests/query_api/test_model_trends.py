from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.query_api import shop
from tests.query_api.rows import T0_NS
from tests.query_api.shop import DAY, HOUR, LAB, NEW, OLD, SEEN

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    shop.fill(database)


def trends(api: httpx.Client, **parameters: Any) -> Any:
    answer = api.get("/v1/models/trends", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def trend(api: httpx.Client, model_id: str, **parameters: Any) -> Any:
    (found,) = trends(api, model_id=model_id, **parameters)["models"]
    return found


def test_versions_with_traffic_come_newest_first_and_traffic_of_no_version_is_left_out(
    api: httpx.Client,
) -> None:
    # The last one was seen for the first time when LAB was created.
    listed = [one["model_id"] for one in trends(api)["models"]]
    assert listed == [NEW, SEEN, LAB, OLD]


def test_a_version_tells_its_application_its_creation_and_its_traffic(api: httpx.Client) -> None:
    found = trend(api, OLD)
    assert (found["name"], found["service_name"]) == ("shop-v1", "shop")
    assert found["creation_time"] == "2026-11-11T05:00:00Z"
    assert (found["trace_count"], found["error_count"]) == (240, 0)
    assert (found["input_tokens"], found["output_tokens"], found["cost_usd"]) == (24_000, 2_640, 120.0)
    assert found["latency_p50_ms"] == pytest.approx(104.5, abs=0.6)
    assert found["latency_p95_ms"] == pytest.approx(109, abs=0.6)
    assert found["first_time"] == "2026-11-21T05:00:00Z"
    assert found["last_time"] == "2026-11-22T06:59:00Z"


def test_a_version_that_only_spans_tell_of_has_no_creation(api: httpx.Client) -> None:
    found = trend(api, SEEN)
    assert (found["name"], found["service_name"], found["creation_time"]) == (SEEN, "lab", None)


def test_pieces_add_up_to_the_whole_and_those_without_traffic_are_left_out(api: httpx.Client) -> None:
    answer = trends(api, model_id=OLD, buckets=48)
    (found,) = answer["models"]
    assert answer["bucket_ns"] == HOUR
    starts = [piece["start_time_unix_ns"] for piece in found["buckets"]]
    assert starts == [T0_NS, T0_NS + HOUR, T0_NS + DAY, T0_NS + DAY + HOUR]
    assert [piece["trace_count"] for piece in found["buckets"]] == [60, 60, 60, 60]
    assert sum(piece["cost_usd"] for piece in found["buckets"]) == found["cost_usd"]


def test_there_are_never_more_pieces_than_asked_for(api: httpx.Client) -> None:
    for buckets in (1, 2, 7, 200):
        answer = trends(api, model_id=OLD, buckets=buckets)
        span_ns = answer["end_time_unix_ns"] - answer["start_time_unix_ns"]
        assert span_ns <= buckets * answer["bucket_ns"]
        starts = [piece["start_time_unix_ns"] for piece in answer["models"][0]["buckets"]]
        assert all(start % answer["bucket_ns"] == 0 for start in starts)


def test_a_trace_that_was_scored_again_counts_once_by_the_mean(api: httpx.Client) -> None:
    scores = {one["name"]: one for one in trend(api, OLD)["scores"]}
    # 30 of 5 and 30 of 4, of which one 5 has become (5 + 1) / 2.
    assert scores["faithfulness"]["count"] == 60
    assert scores["faithfulness"]["mean"] == pytest.approx((29 * 5 + 30 * 4 + 3) / 60)
    assert scores["faithfulness"]["greater_is_better"] is True
    assert scores["wit"]["greater_is_better"] is True  # nobody said


def test_a_score_that_does_not_name_its_version_belongs_to_that_of_the_trace(api: httpx.Client) -> None:
    scores = {one["name"]: one for one in trend(api, NEW)["scores"]}
    assert (scores["faithfulness"]["count"], scores["faithfulness"]["mean"]) == (60, 2.5)


def test_words_are_counted_by_the_newest_of_each_trace(api: httpx.Client) -> None:
    scores = {one["name"]: one for one in trend(api, NEW)["scores"]}
    assert scores["verdict"]["mean"] is None
    # A trace that was bad at first was found good later.
    assert scores["verdict"]["label_counts"] == {"good": 41, "bad": 19}


def test_scores_stand_where_their_traces_began_whenever_they_were_given(api: httpx.Client) -> None:
    pieces = trend(api, NEW, buckets=48)["buckets"]
    assert [piece["scores"].get("faithfulness") for piece in pieces] == [2.5, None]
    assert trend(api, OLD, **shop.FIRST_DAY)["scores"] == []


def test_versions_are_chosen_by_application_experiment_and_id(api: httpx.Client) -> None:
    def listed(**parameters: Any) -> list[str]:
        return [one["model_id"] for one in trends(api, **parameters)["models"]]

    assert listed(service_name="shop") == [NEW, OLD]
    assert listed(experiment_id="7") == [LAB]
    assert listed(experiment_id="0") == [NEW, SEEN, OLD]
    assert listed(limit=1) == [NEW]
    assert listed(**shop.FIRST_DAY) == [SEEN, OLD]


def test_a_version_that_is_named_is_there_without_traffic_and_an_unknown_one_is_not(
    api: httpx.Client,
) -> None:
    found = trend(api, LAB, **shop.FIRST_DAY)
    assert (found["trace_count"], found["latency_p50_ms"], found["first_time"]) == (0, None, None)
    assert found["buckets"] == found["scores"] == []
    assert trends(api, model_id="m-" + "0" * 32)["models"] == []


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"buckets": 0}, "buckets"),
        ({"buckets": 201}, "buckets"),
        ({"limit": 101}, "limit"),
        ({"start": shop.FIRST_DAY["end"], "end": shop.FIRST_DAY["start"]}, "end"),
        ({"nix": 1}, "nix"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    api: httpx.Client, parameters: dict[str, Any], named: str
) -> None:
    answer = api.get("/v1/models/trends", params=parameters)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == named
