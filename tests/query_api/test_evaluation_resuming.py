"""Evaluations that are resumed or cancelled at awkward moments run once more, once, or say why not."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from spanfold_query_api.problems import ProblemError
from tests.query_api.test_evaluation_workers import ASKED, created, notes, running, state, until, words

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.query_api.conftest import RecordingDatabase

__all__ = ["notes"]  # a fixture of all tests here, too


def test_what_is_being_cancelled_is_not_resumed_before_that_is_over(
    database: RecordingDatabase, collector_url: str, notes: Path
) -> None:
    with running(database, collector_url, cancel_grace_s=2.0) as api:
        evaluation_id = created(api, "deaf")
        until(lambda: words(notes) == ["deaf"])
        api.post(f"/v1/evaluations/{evaluation_id}/cancel")
        response = api.post(f"/v1/evaluations/{evaluation_id}/resume")
        assert (response.status_code, response.json()["type"]) == (
            409,
            "urn:spanfold:problem:evaluation-cancelling",
        )
        until(lambda: state(api, evaluation_id)["status"] == "CANCELLED")
        assert api.post(f"/v1/evaluations/{evaluation_id}/resume").status_code == 202
        until(lambda: words(notes) == ["deaf", "deaf"])
        assert state(api, evaluation_id)["status"] == "RUNNING"
        api.post(f"/v1/evaluations/{evaluation_id}/cancel")
        until(lambda: state(api, evaluation_id)["status"] == "CANCELLED")


def test_what_has_failed_goes_on_though_its_process_has_not_ended_yet(
    database: RecordingDatabase, collector_url: str, notes: Path
) -> None:
    with running(database, collector_url) as api:
        evaluation_id = created(api, "linger")
        until(lambda: state(api, evaluation_id)["status"] == "FAILED")
        assert words(notes) == ["linger"]
        resumed = api.post(f"/v1/evaluations/{evaluation_id}/resume").json()
        assert resumed["status"] == "RUNNING"
        with notes.open("a") as told:
            told.write("go 0\n")
        until(lambda: words(notes).count("linger") == 2)
        until(lambda: state(api, evaluation_id)["status"] == "FAILED")


def test_what_is_recorded_runs_even_if_the_database_is_behind(
    database: RecordingDatabase, collector_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behind(*_: Any) -> NoReturn:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "database-behind", "read it in a moment")

    with running(database, collector_url) as api:
        with monkeypatch.context() as patched:
            patched.setattr("spanfold_query_api.routes.evaluations.await_visible", behind)
            response = api.post("/v1/evaluations", json={**ASKED, "name": "finish behind"})
            assert response.status_code == 503
        found = {"name": "finish behind"}
        until(lambda: bool(api.get("/v1/evaluations", params=found).json()["evaluations"]))
        (one,) = api.get("/v1/evaluations", params=found).json()["evaluations"]
        until(lambda: state(api, one["evaluation_id"])["status"] == "FINISHED")
