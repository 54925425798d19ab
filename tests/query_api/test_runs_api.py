"""Runs and experiments over REST: folds of their events, beside those of model versions of the same ID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.query_api.rows import MS, T0_NS, S, created, event, insert, run_event, started

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

A, B, C = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    experiment = {
        **event("17", "created", {"name": "support", "tags": {"team": "ml"}}, T0_NS),
        "EventType": "",
    }
    insert(
        database,
        "entity_events",
        [
            {**experiment, "EventType": "spanfold.experiment.created"},
            started(A, "calm-otter", T0_NS, 1, experiment_id="17", tags={"k": "v"}, user="ann"),
            run_event(A, "params_logged", {"params": {"lr": "0.1"}}, T0_NS + S, 2),
            run_event(A, "metrics_logged", {"metrics": {"loss": 2}, "step": 1}, T0_NS + 2 * S, 3),
            run_event(A, "metrics_logged", {"metrics": {"loss": 1}, "step": 2}, T0_NS + 3 * S, 4),
            run_event(A, "ended", {"status": "FINISHED"}, T0_NS + 4 * S, 5),
            started(B, "nested", T0_NS + S, 6, experiment_id="17", parent_run_id=A),
            started(C, "bold-heron", T0_NS + 2 * S, 7),
            run_event(C, "ended", {"status": "FAILED"}, T0_NS + 9 * S, 8),
            created(A, "a model with the ID of a run", T0_NS, 9),
        ],
    )


def get(api: httpx.Client, path: str, **parameters: Any) -> Any:
    response = api.get(path, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def ids(api: httpx.Client, **parameters: Any) -> list[str]:
    return [run["run_id"] for run in get(api, "/v1/runs", **parameters)["runs"]]


def test_a_run_is_the_fold_of_its_events(api: httpx.Client) -> None:
    assert get(api, f"/v1/runs/{A}") == {
        "run_id": A,
        "run_name": "calm-otter",
        "experiment_id": "17",
        "parent_run_id": None,
        "user": "ann",
        "status": "FINISHED",
        "start_timestamp": T0_NS // MS,
        "end_timestamp": (T0_NS + 4 * S) // MS,
        "start_time": "2026-11-21T05:00:00Z",
        "end_time": "2026-11-21T05:00:04Z",
        "params": {"lr": "0.1"},
        "metrics": {"loss": 1.0},
        "tags": {"k": "v"},
        "deleted": False,
    }


def test_a_run_is_shown_as_it_was(api: httpx.Client) -> None:
    run = get(api, f"/v1/runs/{A}", as_of="2026-11-21T05:00:02Z")
    assert (run["status"], run["end_timestamp"], run["metrics"]) == ("RUNNING", None, {"loss": 2.0})
    assert api.get(f"/v1/runs/{A}", params={"as_of": "2026-11-21T04:00:00Z"}).status_code == 404
    running = ids(api, as_of="2026-11-21T05:00:05Z", filter="status = 'RUNNING'")
    assert running == [C, B]


def test_runs_are_listed_newest_first_without_models(api: httpx.Client) -> None:
    assert ids(api) == [C, B, A]
    assert ids(api, experiment_id="17") == [B, A]
    assert [model["model_id"] for model in get(api, "/v1/models")["models"]] == [A]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("params.lr = 0.1", [A]),
        ("metrics.loss < 2 AND tags.k = 'v'", [A]),
        ("attributes.status = 'RUNNING'", [B]),
        ("parent_run_id IS NULL", [C, A]),
        ("end_timestamp IS NULL", [B]),
        (f"attributes.end_time > {(T0_NS + 4 * S) // MS}", [C]),
        (f"start_timestamp <= {(T0_NS + S) // MS} AND user = 'ann'", [A]),
        ("run_name LIKE '%e%' AND status != 'FAILED'", [B, A]),
        (f"run_id IN ('{B}', '{C}')", [C, B]),
    ],
)
def test_runs_are_found_by_condition(api: httpx.Client, condition: str, expected: list[str]) -> None:
    assert ids(api, filter=condition) == expected


def test_runs_are_ordered_and_paged(api: httpx.Client) -> None:
    order = ["attributes.end_time DESC"]
    assert ids(api, order_by=order) == [C, A, B]
    first = get(api, "/v1/runs", order_by=order, limit=2)
    rest = get(api, "/v1/runs", order_by=order, limit=2, page_token=first["next_page_token"])
    assert [run["run_id"] for run in first["runs"] + rest["runs"]] == [C, A, B]
    assert rest["next_page_token"] is None


def test_events_of_a_run_are_its_own(api: httpx.Client) -> None:
    first = get(api, f"/v1/runs/{A}/events", limit=3)
    rest = get(api, f"/v1/runs/{A}/events", limit=3, page_token=first["next_page_token"])
    kinds = [item["event_type"] for item in first["events"] + rest["events"]]
    assert [kind.removeprefix("spanfold.run.") for kind in kinds] == [
        "started",
        "params_logged",
        "metrics_logged",
        "metrics_logged",
        "ended",
    ]
    assert rest["events"][0]["payload"] == {"metrics": {"loss": 1}, "step": 2}


def test_experiments_are_listed_and_the_default_one_is_always_there(api: httpx.Client) -> None:
    support = {
        "experiment_id": "17",
        "name": "support",
        "creation_timestamp": T0_NS // MS,
        "tags": {"team": "ml"},
    }
    default = {"experiment_id": "0", "name": "Default", "creation_timestamp": 0, "tags": {}}
    assert get(api, "/v1/experiments") == {"experiments": [support, default], "next_page_token": None}
    assert get(api, "/v1/experiments/17") == support
    assert get(api, "/v1/experiments/0") == default
    first = get(api, "/v1/experiments", limit=1)
    rest = get(api, "/v1/experiments", limit=1, page_token=first["next_page_token"])
    assert [first["experiments"], rest["experiments"]] == [[support], [default]]
    assert rest["next_page_token"] is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"/v1/runs/{'d' * 32}", "run"),
        (f"/v1/runs/{'d' * 32}/events", "run"),
        ("/v1/experiments/18", "experiment"),
    ],
)
def test_what_no_event_tells_of_is_not_found(api: httpx.Client, path: str, kind: str) -> None:
    response = api.get(path)
    assert response.status_code == 404
    assert response.json()["type"] == f"urn:spanfold:problem:{kind}-not-found"
