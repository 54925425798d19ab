"""Evaluations that run beside the query API: real processes, whose parts are played by worker_process.py."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from spanfold_query_api.outgoing import Outgoing
from spanfold_query_api.workers import Workers, WorkerSettings
from spanfold_schemas import keys
from tests.query_api.conftest import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from tests.query_api.conftest import RecordingDatabase

LIMIT_S: Final = 60.0
ASKED: Final[dict[str, Any]] = {
    "name": "wait",
    "selection": {"model": "support-v2", "since": "24h"},
    "metrics": ["token_f1", "regex_match:pattern=^[0-9]+$"],
    "options": {"max_cost_usd": 1.5},
}


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where children leave a word: one a line, with the process's ID."""
    path = tmp_path / "notes"
    path.touch()
    monkeypatch.setenv("WORKER_NOTES", str(path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return path


@contextmanager
def running(database: RecordingDatabase, collector_url: str, **settings: Any) -> Iterator[httpx.Client]:
    """A client of a query API with workers."""
    with ExitStack() as opened:
        outgoing = Outgoing(collector_url)
        opened.callback(outgoing.close)
        command = (sys.executable, "-m", "tests.query_api.worker_process")
        chosen = {"poll_s": 0.05, "monitor_interval_s": 0.1, "command": command, **settings}
        made: list[Workers] = []

        def workers(api_url: str) -> Workers:
            made.append(Workers(database, outgoing, WorkerSettings(api_url=api_url, **chosen)))
            return made[0]

        client = opened.enter_context(served(database, outgoing=outgoing, workers=workers))
        opened.callback(made[0].stop)
        made[0].start()
        yield client


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not seen():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def created(api: httpx.Client, name: str) -> str:
    response = api.post("/v1/evaluations", json={**ASKED, "name": name})
    assert response.status_code == 202, response.text
    return str(response.json()["evaluation_id"])


def state(api: httpx.Client, evaluation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/v1/evaluations/{evaluation_id}").json()
    return found


def words(notes: Path) -> list[str]:
    return notes.read_text().split()[::2]


def test_an_evaluation_runs_to_its_end_in_a_process_of_its_own(
    database: RecordingDatabase, collector_url: str
) -> None:
    with running(database, collector_url) as api:
        response = api.post("/v1/evaluations", json={**ASKED, "name": "finish at once", "user": "ann"})
        first = response.json()
        assert (first["status"], first["runner"], first["source"]) == ("RUNNING", "server", "traces")
        assert [metric["key"] for metric in first["metrics"]] == ["token_f1", "regex_match"]
        assert first["metrics"][1]["parameters"] == {"pattern": "^[0-9]+$"}
        assert (first["selection"], first["options"]) == (ASKED["selection"], ASKED["options"])
        assert first["user"] == "ann"
        until(lambda: state(api, first["evaluation_id"])["status"] == "FINISHED")
        assert state(api, first["evaluation_id"])["aggregates"] == {"m/mean": 1.0}


def test_two_run_at_a_time_the_others_wait_and_past_the_limit_they_are_refused(
    database: RecordingDatabase, collector_url: str, notes: Path
) -> None:
    with running(database, collector_url, max_waiting=2) as api:
        ids = [created(api, "wait") for _ in range(2)]
        until(lambda: words(notes) == ["wait", "wait"])
        ids += [created(api, "wait") for _ in range(2)]
        refused = api.post("/v1/evaluations", json=ASKED)
        assert refused.status_code == 429
        assert refused.headers["retry-after"]
        assert refused.json()["type"] == "urn:spanfold:problem:too-many-evaluations"
        assert [state(api, one)["progress"]["done"] for one in ids[2:]] == [0, 0]
        with notes.open("a") as told:
            told.write("go 0\n")
        until(lambda: all(state(api, one)["status"] == "FINISHED" for one in ids))
        assert words(notes).count("wait") == 4


def test_a_process_that_fails_is_recorded_with_its_last_words_and_can_be_resumed(
    database: RecordingDatabase, collector_url: str, notes: Path
) -> None:
    with running(database, collector_url) as api:
        evaluation_id = created(api, "crash")
        until(lambda: state(api, evaluation_id)["status"] == "FAILED")
        reason = state(api, evaluation_id)["reason"]
        assert "status 1" in reason
        assert "no such judge: gpt-0" in reason
        larger = {"options": {"max_calls": 50}}
        resumed = api.post(f"/v1/evaluations/{evaluation_id}/resume", json=larger).json()
        assert (resumed["status"], resumed["reason"]) == ("RUNNING", None)
        assert resumed["options"] == {"max_cost_usd": 1.5, "max_calls": 50}
        until(lambda: words(notes) == ["crash", "crash"])
        until(lambda: state(api, evaluation_id)["status"] == "FAILED")


def test_a_process_that_says_nothing_is_not_taken_for_finished(
    database: RecordingDatabase, collector_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spanfold_query_api.workers._VISIBLE_WITHIN_S", 0.1)
    with running(database, collector_url) as api:
        evaluation_id = created(api, "silent")
        until(lambda: state(api, evaluation_id)["status"] == "FAILED")
        assert "status 0" in state(api, evaluation_id)["reason"]


def test_cancelling_reaches_a_process_one_that_waits_and_one_that_does_not_listen(
    database: RecordingDatabase, collector_url: str, notes: Path
) -> None:
    with running(database, collector_url, max_running=2, cancel_grace_s=0.2) as api:
        deaf = created(api, "deaf")
        listens = created(api, "wait")
        until(lambda: sorted(words(notes)) == ["deaf", "wait"])
        waits = created(api, "wait")
        assert api.post(f"/v1/evaluations/{waits}/cancel").json()["status"] == "CANCELLED"
        for evaluation_id in (listens, deaf):
            until(lambda: state(api, evaluation_id)["progress"]["done"] == 1)  # noqa: B023 - called at once
            assert api.post(f"/v1/evaluations/{evaluation_id}/cancel").json()["status"] in {
                "CANCELLING",
                "CANCELLED",
            }
        until(lambda: {state(api, one)["status"] for one in (deaf, listens)} == {"CANCELLED"})
        assert state(api, deaf)["progress"]["done"] == 1
        assert words(notes).count("wait") == 1
        assert api.post(f"/v1/evaluations/{deaf}/cancel").json()["status"] == "CANCELLED"


def test_what_a_server_leaves_goes_on_when_the_next_one_starts(
    database: RecordingDatabase, collector_url: str, notes: Path
) -> None:
    with running(database, collector_url, max_running=1) as api:
        first = created(api, "wait for the next server")
        second = created(api, "wait for the next server, too")
        third = created(api, "wait to be cancelled")
        until(lambda: state(api, first)["progress"]["done"] == 1)
    assert words(notes) == ["wait", "released"]
    outgoing = Outgoing(collector_url)
    outgoing.send_fact(keys.EVALUATION_CANCEL_REQUESTED, third, {})  # while no server ran
    outgoing.close()
    with notes.open("a") as told:
        told.write("go 0\n")
    with running(database, collector_url) as api:
        until(lambda: {state(api, one)["status"] for one in (first, second)} == {"FINISHED"})
        until(lambda: state(api, third)["status"] == "CANCELLED")


def test_only_evaluations_of_a_server_that_ended_early_can_be_resumed(
    database: RecordingDatabase, collector_url: str
) -> None:
    with running(database, collector_url) as api:
        finished = created(api, "finish")
        until(lambda: state(api, finished)["status"] == "FINISHED")
        response = api.post(f"/v1/evaluations/{finished}/resume")
        assert (response.status_code, response.json()["type"]) == (
            409,
            "urn:spanfold:problem:evaluation-finished",
        )
        outgoing = Outgoing(collector_url)
        given = {"name": "n", "experiment_id": "0", "source": "rows", "runner": "client", "metrics": []}
        outgoing.send_fact(keys.EVALUATION_STARTED, "e-client", given)
        outgoing.close()
        until(lambda: api.get("/v1/evaluations/e-client").status_code == 200)
        assert api.post("/v1/evaluations/e-client/resume").status_code == 409
        assert api.post("/v1/evaluations/e-client/cancel").json()["status"] == "CANCELLING"
        for what in ("resume", "cancel"):
            assert api.post(f"/v1/evaluations/e-0/{what}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"metrics": []}, "metrics"),
        ({"metrics": ["token_f2"]}, "metrics[0]"),
        ({"metrics": ["token_f1", "regex_match:pattern=("]}, "metrics[1]"),
        ({"metrics": ["token_f1", {"name": "token_f1"}]}, "metrics[1]"),
        ({"metrics": [f"{__file__}:metric"]}, "metrics[0]"),
        ({"metrics": [{"name": "mine", "local": True}]}, "metrics[0]"),
        ({"selection": {"modle": "x"}}, "selection"),
        ({"selection": None}, "selection"),
        ({"options": {"max_cost_usd": -1}}, "options.max_cost_usd"),
        ({"options": {"speed": 1}}, "options.speed"),
        ({"name": "x" * 501}, "name"),
        ({"names": "x"}, "names"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_at_once_and_by_name(
    api: httpx.Client, changes: dict[str, Any], field: str
) -> None:
    response = api.post("/v1/evaluations", json={**ASKED, **changes})
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == field


def test_only_bounded_json_is_taken(api: httpx.Client) -> None:
    form = api.post("/v1/evaluations", data={"name": "x"})
    assert (form.status_code, form.json()["type"]) == (415, "urn:spanfold:problem:unsupported-media-type")
    header = {"Content-Type": "application/json"}
    large = api.post("/v1/evaluations", content=b" " * 300_000, headers=header)
    assert (large.status_code, large.json()["type"]) == (413, "urn:spanfold:problem:body-too-large")
    for body in (b"{", b"[]", b""):
        response = api.post("/v1/evaluations", content=body, headers=header)
        assert response.status_code == 422
        assert response.json()["errors"][0]["parameter"] == "body"


def test_an_api_without_workers_or_collector_says_so(database: RecordingDatabase, collector_url: str) -> None:
    with running(database, collector_url, max_running=0) as api:
        response = api.post("/v1/evaluations", json=ASKED)
        assert (response.status_code, response.json()["type"]) == (
            503,
            "urn:spanfold:problem:no-evaluation-workers",
        )


def test_children_end_when_their_parent_is_killed(notes: Path) -> None:
    """They hold the other end of a pipe, which closes with its last owner."""
    code = (
        "import os, sys, time\n"
        "from spanfold_query_api.child import Child\n"
        "command = [sys.executable, '-m', 'tests.query_api.worker_process', 'monitors']\n"
        "children = [Child(command, os.environ, 'one') for _ in range(2)]\n"
        "while open(os.environ['WORKER_NOTES']).read().count('monitors') < 2: time.sleep(0.02)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    status = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code])
    assert status == -9
    until(lambda: words(notes).count("released") == 2)
