"""Evaluations with judges, and those that the server runs: budgets hold, and what ends early goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from spanfold.evaluation import _job
from spanfold.evaluation._selection import TraceSelection
from spanfold.metrics.genai import make_genai_metric
from tests.evaluation import recorded
from tests.providers import server as providers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold.metrics import EvaluationMetric
    from tests.deploy.processes import Server
    from tests.providers.server import Provider

COUNT = 60
LIMIT_S = 60.0


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with providers.running() as one:
        for name, value in one.environment.items():
            monkeypatch.setenv(name, value)
        yield one


@pytest.fixture(scope="module")
def traces(server: Server) -> list[recorded.Recorded]:
    endpoint = server.ready["otlp_http_endpoint"]
    given = recorded.traces(COUNT, recorded.version("judged", endpoint))
    recorded.send(endpoint, given)
    return given


def judge() -> EvaluationMetric:
    return make_genai_metric(
        name="tone",
        definition="Whether the answer is friendly.",
        grading_prompt="5 is friendly, 1 is not.",
        model="openai:/gpt-5-mini",
        max_workers=4,
        greater_is_better=True,
    )


def test_a_budget_ends_an_evaluation_and_a_larger_one_lets_it_go_on(
    provider: Provider, traces: list[recorded.Recorded]
) -> None:
    selection = TraceSelection(model="judged")
    first = _job.run_traces(selection, [judge()], _job.Options(max_calls=25, batch_rows=10))
    assert first.status == "FAILED"
    assert "max_calls=25 is used up" in (first.reason or "")
    assert "larger budget" in (first.reason or "")
    assert len(provider.exchanges) == first.progress.calls == 25
    # Whatever was paid for is scored, in whichever batch it was.
    assert first.progress.scores == 25

    options = _job.Options(max_calls=200, batch_rows=10)
    second = _job.run_traces(selection, [judge()], options, evaluation_id=first.evaluation_id)
    assert second.status == "FINISHED"
    assert (second.progress.scores, second.progress.done) == (COUNT, COUNT)
    assert len(provider.exchanges) == second.progress.calls == COUNT == len(traces)


def test_the_concurrency_that_is_asked_for_is_kept(
    provider: Provider, traces: list[recorded.Recorded]
) -> None:
    provider.latency_s = 0.02
    options = _job.Options(concurrency=2, batch_rows=10)
    outcome = _job.run_traces(TraceSelection(model="judged"), [judge()], options)
    assert (outcome.status, outcome.progress.scores) == ("FINISHED", len(traces))
    assert provider.most_underway == 2


def test_the_server_runs_the_same_job(server: Server, traces: list[recorded.Recorded]) -> None:
    body = {
        "name": "on the server",
        "selection": {"model": "judged", "sample": "50%"},
        "metrics": ["token_f1", "length"],
        "options": {"batch_rows": 7},
    }
    with httpx.Client(base_url=server.ready["api_url"], timeout=30) as api:
        created = api.post("/v1/evaluations", json=body)
        assert created.status_code == 202, created.text
        path = f"/v1/evaluations/{created.json()['evaluation_id']}"
        state: dict[str, Any] = created.json()
        deadline = time.monotonic() + LIMIT_S
        while state["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.1)
            state = api.get(path).json()
        scores = api.get(f"{path}/scores").text.splitlines()
    assert (state["status"], state["runner"]) == ("FINISHED", "server"), state["reason"]
    assert 0 < state["progress"]["done"] < len(traces)
    assert len(scores) == state["progress"]["scores"] == 2 * state["progress"]["done"]
    assert state["selection"]["resolved"]["model_ids"] == [traces[0].model_id]
