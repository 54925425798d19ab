from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold.evaluation._intervals import difference, proportion
from spanfold_query_api import comparison
from tests.query_api.rows import MS, T0_NS, S, created, event, insert, span, trace_id

if TYPE_CHECKING:
    import httpx

    from spanfold_schemas.database import QueryResult
    from tests.query_api.conftest import RecordingDatabase

A, B, OLD_B, DELETED, IDLE, LIVE, SAMPLED = ("m-" + letter * 32 for letter in "abcdef0")
SEEN = "team/app@1.2"
"""A version that only spans tell of."""
COUNT = 200


def traces(model_id: str, first: int, slower_ms: int, every: int) -> list[dict[str, Any]]:
    """Traces of 101 ms to 300 ms, and `slower_ms` more; each `every`-th fails; each has two calls."""
    rows = []
    for number in range(COUNT):
        common = {"Timestamp": T0_NS + number * S, "ModelId": model_id}
        duration = (101 + number + slower_ms) * MS
        failed = 2 if number % every == 0 else 1
        rows += [
            span(first + number, 1, Duration=duration, StatusCode=failed, **common),
            # An agent repeats what the calls below it report.
            span(first + number, 2, parent=1, Operation="invoke_agent", InputTokens=999, Cost=9.0, **common),
            span(
                first + number,
                3,
                parent=2,
                Operation="chat",
                InputTokens=100 + slower_ms,
                OutputTokens=10 + number % 3,
                Cost=0.5,
                **common,
            ),
            # Another service and version, further down the same trace.
            span(
                first + number,
                4,
                parent=3,
                Operation="chat",
                InputTokens=7,
                CachedInputTokens=2,
                Cost=0.25,
                **{**common, "ModelId": SEEN, "Entry": 1},
            ),
        ]
    return rows


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    git = {"git_commit": "abc", "git_branch": "main", "vcs.ref.head.name": "main"}
    insert(
        database,
        "entity_events",
        [
            created(A, "v1", T0_NS, params={"k": "3", "llm": "x"}, tags={**git, "team": "ml"}),
            created(OLD_B, "v2", T0_NS, 2),
            created(
                B,
                "v2",
                T0_NS + S,
                3,
                params={"k": "5", "top_p": "0.9"},
                tags={**git, "git_commit": "def", "team": "ml", "tier": "gold"},
                model_type="agent",
            ),
            created(DELETED, "v2", T0_NS + 2 * S, 4),
            event(DELETED, "deleted", {}, T0_NS + 3 * S, 5),
            created(IDLE, "idle", T0_NS, 6),
            event(B, "params_logged", {"params": {"late": "yes"}}, T0_NS + 100 * S, 7),
            event(B, "metrics_logged", {"metrics": {"f1": 0.5}}, T0_NS + 100 * S, 8),
        ],
    )
    rows = traces(A, 0, 0, 20) + traces(B, 1_000, 50, 4)
    insert(database, "spans", rows)
    insert(database, "spans", rows[:400])  # sent twice
    scores = [
        {
            "Timestamp": T0_NS + 500 * S,
            "TraceId": bytes.fromhex(trace_id(first + number)),
            "SpanId": bytes(8),
            "ModelId": "",
            "EvaluationName": "faithful",
            "ScoreValue": value,
        }
        for first, better in ((0, 0.0), (1_000, 0.5))
        for number in range(40)
        for value in (number % 2 / 2 + better, number % 2 / 2 + better)
    ]
    # What no evaluation and no price list says: nothing may come of it, least of all a fault.
    scores += [{**scores[0], "ScoreValue": value} for value in (float("inf"), float("nan"), 1e300, None)]
    wild = {"Timestamp": T0_NS, "ModelId": A, "Operation": "chat", "Entry": 0, "parent": 1}
    insert(database, "spans", [span(0, 10, Cost=1e300, **wild), span(0, 11, Cost=float("-inf"), **wild)])
    insert(database, "evaluation_events", scores)


def get(api: httpx.Client, path: str, **parameters: Any) -> Any:
    response = api.get(path, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def metrics(model: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {metric["metric"]: metric for metric in model["metrics"]}


def test_each_version_is_summed_up_by_trace_and_compared_with_the_first(api: httpx.Client) -> None:
    found = get(api, "/v1/compare", models=f"{A},{B}")
    assert (found["baseline"], found["confidence"]) == (A, 0.95)
    base, other = found["models"]
    assert (base["trace_count"], base["sample_count"], base["sampled"]) == (COUNT, COUNT, False)
    assert base["total_cost_usd"] == pytest.approx(COUNT * 0.75)
    own = metrics(other)
    assert own["error_rate"]["estimate"]["value"] == 0.25
    assert own["latency_p50"]["estimate"]["value"] == 251
    assert own["latency_p95"]["difference"]["absolute"]["value"] == 50
    assert own["input_tokens"]["estimate"] == {"value": 157, "lower": 157, "upper": 157}
    assert own["cached_input_tokens"]["estimate"]["value"] == 2
    assert own["output_tokens"]["trace_count"] == COUNT
    assert own["cost"]["difference"]["relative"] == {"value": 0, "lower": 0, "upper": 0}
    assert all(metric["difference"] is None for metric in base["metrics"])
    assert [metric["metric"] for metric in base["metrics"]] == [
        metric["metric"] for metric in other["metrics"]
    ]


def test_a_difference_has_limits_and_says_whether_it_may_be_chance(api: httpx.Client) -> None:
    own = metrics(get(api, "/v1/compare", models=f"{A},{B}")["models"][1])
    errors = own["error_rate"]["difference"]
    newcombe = difference(proportion(50, 200, 0.95), proportion(10, 200, 0.95), non_negative=True)
    assert errors["absolute"] == {"value": 0.2, "lower": newcombe.lower, "upper": newcombe.upper}
    assert 0.13 < errors["absolute"]["lower"] < 0.2 < errors["absolute"]["upper"] < 0.27
    assert errors["relative"]["value"] == pytest.approx(4)
    assert errors["significant"]
    assert errors["baseline_trace_count"] == COUNT
    assert not own["cost"]["difference"]["significant"]


def test_a_version_with_too_few_traces_has_no_limit_to_its_high_quantiles(api: httpx.Client) -> None:
    found = get(api, "/v1/compare", models=f"{A},{B}", end="2026-11-21T05:00:30Z")
    slowest = metrics(found["models"][1])["latency_p99"]
    assert slowest["trace_count"] == 30
    assert slowest["estimate"]["upper"] is None
    assert slowest["difference"]["absolute"] == {"value": 50, "lower": None, "upper": None}
    assert not slowest["difference"]["significant"]


def test_scores_count_once_a_trace_by_whichever_name_they_have(api: httpx.Client) -> None:
    found = get(api, "/v1/compare", models=f"{A},{B}")
    score = metrics(found["models"][1])["score.faithful"]
    assert (score["trace_count"], score["estimate"]["value"], score["unit"]) == (40, 0.75, "score")
    assert score["difference"]["absolute"]["value"] == 0.5
    assert score["difference"]["significant"]


def test_names_stand_for_their_newest_version_and_any_can_be_the_baseline(api: httpx.Client) -> None:
    found = get(api, "/v1/compare", models=["v1", "v2"], baseline="v2")
    assert [model["model_id"] for model in found["models"]] == [A, B]
    assert found["baseline"] == B
    assert metrics(found["models"][0])["error_rate"]["difference"]["absolute"]["value"] == -0.2
    assert metrics(found["models"][1])["error_rate"]["difference"] is None


def test_keys_that_differ_are_shown_for_all_versions(api: httpx.Client) -> None:
    found = get(api, "/v1/compare", models=f"v1,v2,{IDLE}")
    assert found["params"] == [
        {"key": "k", "values": ["3", "5", None]},
        {"key": "late", "values": [None, "yes", None]},
        {"key": "llm", "values": ["x", None, None]},
        {"key": "top_p", "values": [None, "0.9", None]},
    ]
    assert {"key": "git_commit", "values": ["abc", "def", None]} in found["tags"]


def test_a_version_without_traffic_has_no_values_and_no_differences(api: httpx.Client) -> None:
    idle = get(api, "/v1/compare", models=f"v1,{IDLE}")["models"][1]
    assert (idle["trace_count"], idle["sample_count"], idle["total_cost_usd"]) == (0, 0, None)
    assert {(metric["estimate"], metric["difference"]) for metric in idle["metrics"]} == {(None, None)}
    alone = get(api, "/v1/compare", models=f"{IDLE},v1")["models"]
    assert metrics(alone[1])["error_rate"]["difference"] is None


def test_only_traces_that_match_are_compared(api: httpx.Client) -> None:
    slow = get(api, "/v1/compare", models=f"{A},{B}", filter="latency_ms > 250")
    assert [model["trace_count"] for model in slow["models"]] == [50, 100]
    mlflows = get(api, "/v1/compare", models=f"{A},{B}", filter="trace.execution_time_ms > 250")
    assert [model["trace_count"] for model in mlflows["models"]] == [50, 100]
    below = get(api, "/v1/compare", models=f"{A},{SEEN}", filter="span.operation = 'invoke_agent'")
    assert [model["trace_count"] for model in below["models"]] == [COUNT, 2 * COUNT]


def test_traffic_is_by_the_hour_of_the_time_asked_for(api: httpx.Client) -> None:
    hour = {"start": "2026-11-21T05:00:00Z", "end": "2026-11-21T06:00:00Z"}
    found = get(api, "/v1/compare", models=f"{A},{SEEN}", **hour)
    rates = [metrics(model)["traces_per_hour"] for model in found["models"]]
    assert [rate["estimate"]["value"] for rate in rates] == [pytest.approx(COUNT), pytest.approx(2 * COUNT)]
    assert (found["start_time"], found["end_time"]) == (hour["start"], hour["end"])
    instant = get(api, "/v1/compare", models=f"{A},{B}", end="2026-11-21T05:00:00.1Z")
    assert "traces_per_hour" not in metrics(instant["models"][0])


def test_steady_traffic_has_a_narrower_interval_than_a_burst(api: httpx.Client) -> None:
    steady = metrics(get(api, "/v1/compare", models=f"{A},{B}")["models"][1])["traces_per_hour"]
    assert steady["estimate"]["value"] == pytest.approx(3_600, rel=0.01)
    assert 3_500 < steady["estimate"]["lower"] <= steady["estimate"]["upper"] < 3_700
    assert not steady["difference"]["significant"]
    hour = {"start": "2026-11-21T05:00:00Z", "end": "2026-11-21T06:00:00Z"}
    burst = metrics(get(api, "/v1/compare", models=f"{A},{B}", **hour)["models"][1])["traces_per_hour"]
    assert burst["estimate"]["lower"] < 100
    assert burst["estimate"]["upper"] > 400


def test_a_wider_confidence_gives_wider_intervals(api: httpx.Client) -> None:
    narrow, wide = (
        metrics(get(api, "/v1/compare", models=f"{A},{B}", confidence=confidence)["models"][1])
        for confidence in (0.8, 0.99)
    )
    for name in ("error_rate", "latency_mean", "latency_p95"):
        inner, outer = narrow[name]["difference"]["absolute"], wide[name]["difference"]["absolute"]
        assert outer["lower"] < inner["lower"]
        assert inner["upper"] < outer["upper"]


def test_past_a_bound_the_same_sample_of_traces_stands_for_all(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MAX_TRACES", 50)
    first, second = (get(api, "/v1/compare", models=f"{A},{B}") for _ in range(2))
    assert first == second
    for model in first["models"]:
        assert model["sampled"]
        assert model["trace_count"] == pytest.approx(COUNT, rel=0.02)
        assert 25 <= model["sample_count"] <= 80
        assert metrics(model)["latency_p50"]["trace_count"] == model["sample_count"]
        assert model["total_cost_usd"] == pytest.approx(COUNT * 0.75, rel=0.02)


def test_traces_that_come_in_while_versions_are_compared_wait_for_the_next_time(
    api: httpx.Client, database: RecordingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(database, "spans", [span(5_000 + number, ModelId=LIVE) for number in range(3)])
    asked = database.query

    def query_and_insert(sql: str, *arguments: Any, **options: Any) -> QueryResult:
        found = asked(sql, *arguments, **options)
        if "uniqCombined64" in sql:
            late = [span(8_000 + s, Timestamp=T0_NS + s * S, ModelId=LIVE) for s in (-1_000, 1_000)]
            insert(database, "spans", late)
        return found

    monkeypatch.setattr(database, "query", query_and_insert)
    assert get(api, "/v1/compare", models=f"{LIVE},{A}")["models"][0]["trace_count"] == 3


def test_traces_kept_for_their_errors_alone_can_be_left_out(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    """At a ratio of 0.1, 10 of 100 traces fail: of these 9 are rescued, and of the others 9 are kept."""
    kept = {"spanfold.sample.ratio": "0.1"}
    rows = [
        span(10_000 + number, ModelId=SAMPLED, StatusCode=2 * (number < 10), SpanAttributes=attributes)
        for number, attributes in enumerate([{"spanfold.sample.rescued": "true"}] * 9 + [kept] * 10)
    ]
    insert(database, "spans", rows)
    rates = [
        metrics(get(api, "/v1/compare", models=f"{SAMPLED},{A}", filter=condition)["models"][0])["error_rate"]
        for condition in ("", "attributes['spanfold.sample.rescued'] IS NULL")
    ]
    assert [rate["estimate"]["value"] for rate in rates] == pytest.approx([10 / 19, 0.1])


@pytest.mark.parametrize(
    ("parameters", "status", "told"),
    [
        ({"models": "v1"}, 422, "2 to 10"),
        ({"models": ",".join("abcdefghijk")}, 422, "2 to 10"),
        ({"models": "v1,,v2"}, 422, "1 to 600 characters"),
        ({"models": f"v1,{A}"}, 422, "are the same version"),
        ({"models": "v1,v2", "baseline": "idle"}, 422, "not one of models"),
        ({"models": "v1,nobody"}, 404, "nobody"),
        ({"models": "v1,v2", "confidence": "95"}, 422, "confidence"),
        ({"models": "v1,v2", "filter": "stats = 1"}, 422, "stats"),
        ({"models": "v1,v2", "model": "v3"}, 422, "model"),
        ({"models": "v1,v2", "start": "2026-11-21T05:00:00Z", "end": "2026-11-21T05:00:00Z"}, 422, "end"),
    ],
)
def test_what_cannot_be_compared_is_explained(
    api: httpx.Client, parameters: dict[str, str], status: int, told: str
) -> None:
    response = api.get("/v1/compare", params=parameters)
    assert response.status_code == status
    assert told in response.json()["detail"]


def test_a_diff_tells_what_was_added_removed_and_changed(api: httpx.Client) -> None:
    found = get(api, "/v1/diff", a="v1", b="v2")
    assert (found["a"]["model_id"], found["b"]["model_id"]) == (A, B)
    assert found["params"] == [
        {"key": "k", "change": "changed", "a": "3", "b": "5"},
        {"key": "late", "change": "added", "a": None, "b": "yes"},
        {"key": "llm", "change": "removed", "a": "x", "b": None},
        {"key": "top_p", "change": "added", "a": None, "b": "0.9"},
    ]
    assert found["tags"] == [{"key": "tier", "change": "added", "a": None, "b": "gold"}]
    assert found["git"] == [
        {"key": "git_branch", "change": "same", "a": "main", "b": "main"},
        {"key": "git_commit", "change": "changed", "a": "abc", "b": "def"},
        {"key": "vcs.ref.head.name", "change": "same", "a": "main", "b": "main"},
    ]
    assert found["metrics"] == [{"key": "f1", "change": "added", "a": None, "b": 0.5}]
    assert found["properties"] == [
        {"key": "model_type", "change": "added", "a": None, "b": "agent"},
        {"key": "name", "change": "changed", "a": "v1", "b": "v2"},
    ]
    assert [found["traffic"][side]["error_count"] for side in "ab"] == [10, 50]


def test_a_diff_of_two_instants_tells_what_happened_to_one_version(api: httpx.Client) -> None:
    found = get(api, "/v1/diff", a=B, b=B, as_of_a="2026-11-21T05:00:02Z")
    assert found["params"] == [{"key": "late", "change": "added", "a": None, "b": "yes"}]
    assert (found["tags"], found["properties"]) == ([], [])


def test_a_name_means_the_newest_of_that_name_by_the_instant(api: httpx.Client) -> None:
    found = get(api, "/v1/diff", a="v2", b="v2", as_of_a="2026-11-21T05:00:00.5Z")
    assert (found["a"]["model_id"], found["b"]["model_id"]) == (OLD_B, B)
    assert get(api, "/v1/diff", a=DELETED, b=SEEN)["a"]["deleted"]


def test_the_traffic_of_a_diff_is_that_of_the_period(api: httpx.Client) -> None:
    found = get(api, "/v1/diff", a=A, b=B, start="2026-11-21T05:00:10Z", end="2026-11-21T05:00:20Z")
    assert [found["traffic"][side]["trace_count"] for side in "ab"] == [10, 10]


def test_a_diff_of_what_is_not_there_names_it(api: httpx.Client) -> None:
    response = api.get("/v1/diff", params={"a": A, "b": "nobody"})
    assert response.status_code == 404
    assert "nobody" in response.json()["detail"]
