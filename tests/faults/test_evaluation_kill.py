"""Kill -9 an evaluation at any moment, again and again: every trace is scored once, and paid for once."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from spanfold.evaluation._rows_events import describe
from spanfold.evaluation._sender import EventSender, entity_event
from spanfold.metrics._registry import resolve
from spanfold.metrics.genai import make_genai_metric
from spanfold.metrics.genai._cache import FILE_NAME
from spanfold_schemas import ids, keys
from tests.deploy.processes import FREE_PORTS, environment, serving
from tests.evaluation import recorded
from tests.providers import server as providers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.processes import Server
    from tests.providers.server import Provider

KILLS: Final = int(os.environ.get("SPANFOLD_KILL_ROUNDS", "4"))
TRACES: Final = 60 * KILLS
CONCURRENCY: Final = 6
LIMIT_S: Final = 60.0


def started(endpoint: str, model_name: str) -> str:
    """Record an evaluation, as whoever asks the server for one does; returns its ID."""
    judge = make_genai_metric(
        name="tone",
        definition="Whether the answer is friendly.",
        grading_prompt="5 is friendly, 1 is not.",
        model="openai:/gpt-5-mini",
        max_workers=CONCURRENCY,
        greater_is_better=True,
    )
    payload = {
        "name": "killed",
        "experiment_id": "0",
        "source": "traces",
        "runner": "client",
        "metrics": [describe(judge), describe(resolve("token_f1"))],
        "selection": {"model": model_name},
        "options": {"batch_rows": 20},
        "run_id": None,
        "model_ids": [],
        "user": None,
        "monitor_id": None,
    }
    evaluation_id = ids.new_evaluation_id()
    EventSender(endpoint).send([entity_event(keys.EVALUATION_STARTED, evaluation_id, payload)])
    return evaluation_id


def run(evaluation_id: str, server: Server, provider: Provider, cache: Path) -> subprocess.Popen[bytes]:
    """The process that runs it, with its standard input open: it ends when that closes."""
    return subprocess.Popen(
        [sys.executable, "-m", "spanfold.evaluation", "run", "--evaluation-id", evaluation_id],
        env=environment(
            SPANFOLD_ENDPOINT=server.ready["api_url"],
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
            SPANFOLD_CACHE_DIR=str(cache),
            **provider.environment,
        ),
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def wait_for_calls(provider: Provider, calls: int, process: subprocess.Popen[bytes]) -> None:
    """Until the judge was asked so often, or the process has ended."""
    deadline = time.monotonic() + LIMIT_S
    while len(provider.exchanges) < calls and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def kept(cache: Path) -> int:
    """Replies that are on the disk."""
    with closing(sqlite3.connect(cache / FILE_NAME)) as opened:
        (count,) = opened.execute("SELECT count(*) FROM replies").fetchone()
    return int(count)


@pytest.mark.timeout(120 + 30 * KILLS)
def test_after_any_number_of_kills_each_trace_is_scored_once_and_paid_once(tmp_path: Path) -> None:
    chance = random.Random(f"{KILLS} kills of an evaluation")
    with (
        serving("serve", tmp_path / "data", *FREE_PORTS) as server,
        providers.running() as provider,
    ):
        provider.latency_s = 0.02
        otlp = server.ready["otlp_http_endpoint"]
        given = recorded.traces(TRACES, recorded.version("killed", otlp))
        recorded.send(otlp, given)
        evaluation_id = started(otlp, "killed")

        kills = lost = 0
        while kills < KILLS:
            process = run(evaluation_id, server, provider, tmp_path / "cache")
            wait_for_calls(provider, len(provider.exchanges) + chance.randrange(2, TRACES // KILLS), process)
            time.sleep(chance.uniform(0.0, 0.1))  # any moment will do: that is the point
            if process.poll() is not None:
                break
            process.kill()
            process.communicate(timeout=LIMIT_S)
            kills += 1
            lost = len(provider.exchanges) - kept(tmp_path / "cache")
        process = run(evaluation_id, server, provider, tmp_path / "cache")
        assert process.wait(LIMIT_S) == 0
        process.communicate(timeout=LIMIT_S)

        assert kills >= min(2, KILLS)
        api = server.ready["api_url"]
        state = httpx.get(f"{api}/v1/evaluations/{evaluation_id}", timeout=30).json()
        lines = httpx.get(f"{api}/v1/evaluations/{evaluation_id}/scores", timeout=30).text.splitlines()

    assert state["status"] == "FINISHED", state["reason"]
    scores: list[dict[str, Any]] = [json.loads(line) for line in lines]
    wanted = {(one.trace_id, name) for one in given for name in ("tone", "token_f1")}
    assert sorted((one["trace_id"], one["name"]) for one in scores) == sorted(wanted)
    assert not [one for one in scores if one["error"]]
    # Asked again was only what was under way at a kill: not answered, or its reply not on the disk yet.
    assert len(provider.exchanges) == TRACES + lost
    assert lost <= kills * 2 * CONCURRENCY
    assert sum(one["calls"] or 0 for one in scores) <= len(provider.exchanges)
    assert state["progress"]["scores"] == len(wanted)
    assert state["progress"]["done"] == state["progress"]["total"] == TRACES
    tones = [one["value"] for one in scores if one["name"] == "tone"]
    key = state["metrics"][0]["key"]
    assert state["aggregates"][f"{key}/mean"] == pytest.approx(sum(tones) / TRACES)


def test_a_process_whose_parent_is_gone_ends_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with (
        serving("serve", tmp_path / "data", *FREE_PORTS) as server,
        providers.running() as provider,
    ):
        provider.latency_s = 0.05
        otlp = server.ready["otlp_http_endpoint"]
        given = recorded.traces(100, recorded.version("orphaned", otlp))
        recorded.send(otlp, given)
        evaluation_id = started(otlp, "orphaned")
        process = run(evaluation_id, server, provider, tmp_path / "cache")
        wait_for_calls(provider, 10, process)
        second = run(evaluation_id, server, provider, tmp_path / "cache")
        assert second.wait(LIMIT_S) == 1  # one at a time on a machine
        second.communicate(timeout=LIMIT_S)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(LIMIT_S) != 0

        again = run(evaluation_id, server, provider, tmp_path / "cache")
        assert again.wait(LIMIT_S) == 0
        again.communicate(timeout=LIMIT_S)
        url = f"{server.ready['api_url']}/v1/evaluations/{evaluation_id}/scores"
        lines = httpx.get(url, timeout=30).text.splitlines()
    assert len(lines) == 2 * len(given)
    assert len(provider.exchanges) <= len(given) + 2 * CONCURRENCY
