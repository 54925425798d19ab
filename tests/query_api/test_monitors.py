"""Monitors end to end: a real process scores what comes in, once each, whatever ends it in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

from spanfold_query_api.evaluation_answers import Monitor, MonitorPage
from spanfold_query_api.outgoing import Outgoing
from spanfold_query_api.workers import Workers, WorkerSettings
from spanfold_schemas.ids import derive_monitor_id
from tests.query_api.conftest import served
from tests.query_api.rows import S, insert, span, trace_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

    from tests.query_api.conftest import RecordingDatabase

LIMIT_S: Final = 60.0
MODEL: Final = "m-" + "a" * 32
ASKED: Final[dict[str, Any]] = {
    "name": "tone",
    "selection": {"model": MODEL},
    "metrics": ["length", "regex_match:pattern=^answer"],
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFOLD_CACHE_DIR", str(tmp_path))


@contextmanager
def running(database: RecordingDatabase, collector_url: str) -> Iterator[tuple[httpx.Client, Workers]]:
    with ExitStack() as opened:
        outgoing = Outgoing(collector_url)
        opened.callback(outgoing.close)
        made: list[Workers] = []

        def workers(api_url: str) -> Workers:
            settings = WorkerSettings(
                api_url=api_url, poll_s=0.05, monitor_interval_s=0.1, monitor_settle_s=0.2
            )
            made.append(Workers(database, outgoing, settings))
            return made[0]

        client = opened.enter_context(served(database, outgoing=outgoing, workers=workers))
        opened.callback(made[0].stop)
        made[0].start()
        yield client, made[0]


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not seen():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def record(database: RecordingDatabase, *numbers: int, age_s: float = 0, **columns: Any) -> None:
    """Traces that came in just now, unless told otherwise."""
    at_ns = time.time_ns() - int(age_s * S)
    rows = [
        span(
            number,
            Timestamp=at_ns + number,
            ModelId=MODEL,
            Input=json.dumps({"question": "why?"}),
            Output=json.dumps(f"answer {number}"),
            **columns,
        )
        for number in numbers
    ]
    insert(database, "spans", rows)


def scores(api: httpx.Client, monitor_id: str) -> list[tuple[str, str]]:
    text = api.get(f"/v1/evaluations/{monitor_id}/scores", params={"columns": "name,trace_id"}).text
    return [(row["name"], row["trace_id"]) for row in map(json.loads, text.splitlines())]


def both(*numbers: int) -> list[tuple[str, str]]:
    return sorted((name, trace_id(number)) for name in ("length", "regex_match") for number in numbers)


def sent(database: RecordingDatabase, monitor_id: str) -> int:
    """How many scores the collector ever got, those that were sent twice counted twice."""
    sql = "SELECT count() FROM evaluation_events WHERE EvaluationId = {id:String}"
    return int(database.query(sql, {"id": monitor_id}).rows[0][0])


def test_a_monitor_scores_what_comes_in_once_and_nothing_from_before(
    database: RecordingDatabase, collector_url: str
) -> None:
    record(database, 1, age_s=600)
    with running(database, collector_url) as (api, _):
        response = api.post("/v1/monitors", json=ASKED)
        assert response.status_code == 201, response.text
        monitor = Monitor.model_validate_json(response.content, strict=True)
        assert (monitor.name, monitor.status, monitor.reason) == ("tone", "ACTIVE", None)
        assert monitor.monitor_id == derive_monitor_id("tone")
        record(database, 2, 3)
        record(database, 4)
        insert(database, "spans", [span(5, Timestamp=time.time_ns(), ModelId="m-other", Output="x")])
        until(lambda: scores(api, monitor.monitor_id) == both(2, 3, 4))
        record(database, 6)
        until(lambda: scores(api, monitor.monitor_id) == both(2, 3, 4, 6))
        until(lambda: state(api, monitor.monitor_id)["progress"]["scores"] == 8)
        found = state(api, monitor.monitor_id)
        assert (found["progress"]["done"], found["progress"]["failed"]) == (4, 0)
        assert found["until_time_unix_ns"] > monitor.until_time_unix_ns
        assert sent(database, monitor.monitor_id) == 8
        listed = MonitorPage.model_validate_json(api.get("/v1/monitors").content, strict=True)
        assert [one.monitor_id for one in listed.monitors] == [monitor.monitor_id]
        newest = api.get(f"/v1/traces/{trace_id(2)}").json()["scores"]
        assert {one["evaluation_id"] for one in newest} == {monitor.monitor_id}
        assert api.delete(f"/v1/monitors/{monitor.monitor_id}").status_code == 204
        assert api.get(f"/v1/monitors/{monitor.monitor_id}").status_code == 404
        assert api.get("/v1/monitors").json()["monitors"] == []


def state(api: httpx.Client, monitor_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/v1/monitors/{monitor_id}").json()
    return found


def test_pauses_kills_and_new_servers_neither_lose_nor_double_a_score(
    database: RecordingDatabase, collector_url: str
) -> None:
    with running(database, collector_url) as (api, workers):
        monitor_id = api.post("/v1/monitors", json={**ASKED, "name": "kept"}).json()["monitor_id"]
        record(database, 11, 12)
        until(lambda: scores(api, monitor_id) == both(11, 12))
        first = process_id(workers)
        os.kill(first, signal.SIGKILL)
        record(database, 13)
        until(lambda: scores(api, monitor_id) == both(11, 12, 13))
        assert process_id(workers) != first
        assert api.post(f"/v1/monitors/{monitor_id}/pause").json()["status"] == "PAUSED"
        until(lambda: workers.monitor_process_id is None)
        record(database, 14)
    with running(database, collector_url) as (api, workers):
        record(database, 15)
        assert state(api, monitor_id)["status"] == "PAUSED"
        assert workers.monitor_process_id is None
        assert api.post(f"/v1/monitors/{monitor_id}/resume").json()["status"] == "ACTIVE"
        until(lambda: scores(api, monitor_id) == both(11, 12, 13, 14, 15))
        assert sent(database, monitor_id) == 10
        api.delete(f"/v1/monitors/{monitor_id}")


def process_id(workers: Workers) -> int:
    until(lambda: workers.monitor_process_id is not None)
    found = workers.monitor_process_id
    assert found is not None
    return found


def test_a_monitor_that_fails_says_why_and_is_well_again_when_it_can_be(
    database: RecordingDatabase, collector_url: str
) -> None:
    with running(database, collector_url) as (api, _):
        asked = {**ASKED, "name": "failing", "selection": {"model": "not-there-yet"}}
        monitor_id = api.post("/v1/monitors", json=asked).json()["monitor_id"]
        until(lambda: state(api, monitor_id)["status"] == "FAILING")
        assert "not-there-yet" in state(api, monitor_id)["reason"]
        again = api.post("/v1/monitors", json={**asked, "selection": {"model": MODEL}})
        assert (again.json()["monitor_id"], again.json()["status"]) == (monitor_id, "ACTIVE")
        record(database, 21)
        until(lambda: scores(api, monitor_id) == both(21))
        assert state(api, monitor_id)["status"] == "ACTIVE"
        api.delete(f"/v1/monitors/{monitor_id}")


def test_past_the_budget_of_a_day_traces_are_passed_over_and_the_reason_tells(
    database: RecordingDatabase, collector_url: str
) -> None:
    with running(database, collector_url) as (api, _):
        judge = "answer_relevance:model=endpoints:/never-asked"
        asked = {**ASKED, "name": "spent", "metrics": [judge], "options": {"max_calls": 0}}
        response = api.post("/v1/monitors", json=asked)
        assert response.status_code == 201, response.text
        monitor_id = response.json()["monitor_id"]
        record(database, 31)
        until(lambda: state(api, monitor_id)["status"] == "FAILING")
        found = state(api, monitor_id)
        assert "is used up" in found["reason"]
        assert "midnight" in found["reason"]
        assert (found["progress"]["calls"], scores(api, monitor_id)) == (0, [])
        assert found["until_time_unix_ns"] > found["since_time_unix_ns"]
        api.delete(f"/v1/monitors/{monitor_id}")


def test_a_sample_is_the_same_part_of_the_traces_each_time(
    database: RecordingDatabase, collector_url: str
) -> None:
    with running(database, collector_url) as (api, _):
        asked = {**ASKED, "metrics": ["length"], "options": {"sample": 0.5}}
        first = api.post("/v1/monitors", json={**asked, "name": "some"}).json()["monitor_id"]
        whole = api.post("/v1/monitors", json={**asked, "name": "all", "options": {}}).json()["monitor_id"]
        record(database, *range(100, 200))
        until(lambda: len(scores(api, whole)) == 100)
        until(lambda: state(api, first)["progress"]["scores"] > 0)
        drawn = scores(api, first)
        assert 20 < len(drawn) < 80
        assert sent(database, first) == len(drawn)
        for monitor_id in (first, whole):
            api.delete(f"/v1/monitors/{monitor_id}")


_PROGRAM: Final = """
import spanfold
from spanfold.errors import EvaluationNotFoundError, InvalidArgumentError, MonitorNotFoundError

made = spanfold.create_monitor(
    "by program", ["length"], selection=spanfold.TraceSelection(where="status = 'OK'"), sample=0.5
)
assert (made.status, made.options, made.selection) == ("ACTIVE", {"sample": 0.5}, {"where": "status = 'OK'"})
assert spanfold.pause_monitor(made.monitor_id).status == "PAUSED"
assert [one.name for one in spanfold.search_monitors()] == ["by program"]
assert spanfold.resume_monitor(made.monitor_id).status == "ACTIVE"
spanfold.delete_monitor(made.monitor_id)
for wrong, call in {
    InvalidArgumentError: lambda: spanfold.create_monitor("n", ["length"], sample=2),
    MonitorNotFoundError: lambda: spanfold.pause_monitor("mon-0"),
    EvaluationNotFoundError: lambda: spanfold.get_evaluation("e-0"),
}.items():
    try:
        call()
    except wrong:
        continue
    raise AssertionError(wrong)
evaluation, = spanfold.search_evaluations(name="by hand", status="RUNNING", max_results=5)
assert spanfold.get_evaluation(evaluation.evaluation_id) == evaluation
assert evaluation.metrics[0]["name"] == "length"
assert spanfold.search_evaluations(status=["FAILED", "CANCELLED"]) == []
"""


def test_a_program_manages_monitors_and_reads_evaluations(
    database: RecordingDatabase, collector_url: str
) -> None:
    with running(database, collector_url) as (api, _):
        outgoing = Outgoing(collector_url)
        given = {"name": "by hand", "experiment_id": "0", "source": "rows", "runner": "client"}
        outgoing.send_fact(
            "spanfold.evaluation.started", "e-" + "7" * 32, {**given, "metrics": [{"name": "length"}]}
        )
        outgoing.close()
        environment = {
            **os.environ,
            "SPANFOLD_ENDPOINT": str(api.base_url).rstrip("/"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector_url,
        }
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        until(lambda: api.get("/v1/monitors").json()["monitors"] == [])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"metrics": []}, "metrics"),
        ({"metrics": ["tone_of_voice"]}, "metrics[0]"),
        ({"selection": {"since": "24h"}}, "selection.since"),
        ({"selection": {"wher": "x"}}, "selection"),
        ({"options": {"sample": 0}}, "options.sample"),
        ({"options": {"max_calls": -1}}, "options.max_calls"),
        ({"interval": 5}, "interval"),
    ],
)
def test_what_cannot_be_monitored_is_refused_by_name(
    api: httpx.Client, changes: dict[str, Any], field: str
) -> None:
    response = api.post("/v1/monitors", json={**ASKED, **changes})
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == field


def test_a_monitor_that_is_not_there_is_a_problem(api: httpx.Client) -> None:
    for response in (
        api.get("/v1/monitors/mon-0"),
        api.post("/v1/monitors/mon-0/pause"),
        api.post("/v1/monitors/mon-0/resume"),
        api.delete("/v1/monitors/mon-0"),
    ):
        assert response.status_code == 404
        assert response.json()["detail"].startswith("there is no monitor")
