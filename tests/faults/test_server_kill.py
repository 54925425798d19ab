"""The whole server is killed while it evaluates: the next one finishes, and each score is there once."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from spanfold_schemas import keys
from tests.collector._otlp import make_span, make_traces
from tests.deploy.processes import FREE_PORTS, serving
from tests.end_to_end._sender import PROTOBUF

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

LIMIT_S: Final = 90.0
TRACES: Final = 400
MODEL: Final = "m-" + "a" * 32
ASKED: Final[dict[str, Any]] = {
    "name": "killed",
    "selection": {"model": MODEL},
    "metrics": ["length", "regex_match:pattern=^answer"],
    "options": {"batch_rows": 2, "max_calls": 0},
}


def until(seen: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not seen():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def child_of(pid: int) -> int | None:
    """The process that runs an evaluation for a server."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if parent == pid and b"spanfold.evaluation" in command and b"run" in command.split(b"\0"):
                return int(folder.name)
    return None


def is_there(pid: int) -> bool:
    """Whether a process runs; one that has ended, and that nobody waits for, does not."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def send_traces(url: str) -> None:
    attributes = {keys.MODEL_ID: MODEL, keys.INPUT: '"why?"'}
    spans = [
        make_span(
            number,
            {**attributes, keys.OUTPUT: json.dumps(f"answer {number}")},
            trace_id=number.to_bytes(16, "big"),
        )
        for number in range(1, TRACES + 1)
    ]
    httpx.post(f"{url}/v1/traces", content=make_traces(*spans), headers=PROTOBUF).raise_for_status()


def state(url: str, evaluation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{url}/v1/evaluations/{evaluation_id}", timeout=30).json()
    return found


def test_an_evaluation_survives_the_kill_of_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = tmp_path / "data"
    with serving("serve", data, *FREE_PORTS) as server:
        url = server.ready["api_url"]
        send_traces(server.ready["otlp_http_endpoint"])
        response = httpx.post(f"{url}/v1/evaluations", json=ASKED, timeout=30)
        assert response.status_code == 202, response.text
        evaluation_id = response.json()["evaluation_id"]
        until(lambda: state(url, evaluation_id)["progress"]["done"] > 0, "it did not begin")
        child = child_of(server.process.pid)
        assert child is not None
        assert state(url, evaluation_id)["status"] == "RUNNING"
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(LIMIT_S)
        until(lambda: not is_there(child), "the evaluation outlived its server")
    with serving("serve", data, *FREE_PORTS) as server:
        url = server.ready["api_url"]
        until(lambda: state(url, evaluation_id)["status"] != "RUNNING", "it did not go on")
        found = state(url, evaluation_id)
        assert (found["status"], found["reason"]) == ("FINISHED", None)
        assert found["progress"]["scores"] == 2 * TRACES
        assert found["aggregates"]["regex_match/mean"] == 1.0
        assert found["model_ids"] == [MODEL]
        rows = httpx.get(f"{url}/v1/evaluations/{evaluation_id}/scores", timeout=60).text.splitlines()
        counted = Counter((row["name"], row["trace_id"]) for row in map(json.loads, rows))
        assert len(counted) == 2 * TRACES
        assert set(counted.values()) == {1}
