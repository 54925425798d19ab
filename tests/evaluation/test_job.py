"""Evaluations of recorded traces, over a real server: what is scored, counted, resumed and reported."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from spanfold.errors import InvalidArgumentError, ModelNotFoundError
from spanfold.evaluation import _job, _job_core, _job_local, _job_workers
from spanfold.evaluation._progress import Progress
from spanfold.evaluation._selection import TraceSelection
from spanfold.metrics import MetricValue, make_metric
from spanfold.metrics._registry import resolve
from tests.evaluation import recorded

if TYPE_CHECKING:
    from spanfold.metrics import EvaluationMetric
    from tests.deploy.processes import Server

COUNT = 600
V1, V2 = "job-v1", "job-v2"


@pytest.fixture(scope="module")
def traces(server: Server) -> dict[str, list[recorded.Recorded]]:
    """Two versions: the first is right every second time, the second every third time."""
    endpoint = server.ready["otlp_http_endpoint"]
    given = {
        name: recorded.traces(COUNT, recorded.version(name, endpoint), right_every=right_every)
        for name, right_every in ((V1, 2), (V2, 3))
    }
    for some in given.values():
        recorded.send(endpoint, some)
    return given


def metric(name: str) -> EvaluationMetric:
    return resolve(name)


def api(server: Server, path: str, **parameters: Any) -> Any:
    answer = httpx.get(f"{server.ready['api_url']}{path}", params=parameters, timeout=30)
    answer.raise_for_status()
    return answer.json()


def stored(server: Server, evaluation_id: str) -> list[dict[str, Any]]:
    url = f"{server.ready['api_url']}/v1/evaluations/{evaluation_id}/scores"
    return [json.loads(line) for line in httpx.get(url, timeout=30).text.splitlines()]


def test_every_trace_of_a_version_is_scored_once_and_added_up(
    server: Server, traces: dict[str, list[recorded.Recorded]]
) -> None:
    told = list[Progress]()
    outcome = _job.run_traces(
        TraceSelection(model=V1),
        [metric("exact_match"), metric("token_f1")],
        name="both",
        progress=told.append,
    )

    assert (outcome.status, outcome.reason) == ("FINISHED", None)
    assert outcome.progress == Progress(done=COUNT, total=COUNT, scores=2 * COUNT)
    assert told[-1].done == COUNT
    assert outcome.metrics["token_f1/mean"] == pytest.approx(0.5 + 0.5 * 0, abs=0.01)
    scores = stored(server, outcome.evaluation_id)
    right = {one.trace_id: float(one.answer == one.expected) for one in traces[V1]}
    exact = {one["trace_id"]: one["value"] for one in scores if one["name"] == "exact_match"}
    assert exact == right
    assert len(scores) == 2 * COUNT
    by_trace = {one.trace_id: one for one in traces[V1]}
    first = next(one for one in scores if one["name"] == "token_f1")
    origin = by_trace[first["trace_id"]]
    assert (first["span_id"], first["model_id"]) == (origin.span_id, origin.model_id)
    assert (first["source"], first["error"], len(first["input_hash"])) == ("CODE", None, 16)

    state = api(server, f"/v1/evaluations/{outcome.evaluation_id}")
    assert (state["name"], state["status"], state["source"], state["runner"]) == (
        "both",
        "FINISHED",
        "traces",
        "client",
    )
    assert state["aggregates"] == outcome.metrics
    assert state["progress"]["done"] == COUNT
    assert state["model_ids"] == [traces[V1][0].model_id]
    assert [one["key"] for one in state["metrics"]] == [metric("exact_match").key, metric("token_f1").key]


def test_a_sample_by_a_condition_is_scored_and_no_more(
    server: Server, traces: dict[str, list[recorded.Recorded]]
) -> None:
    selection = TraceSelection(model=[V1, V2], where="tags['tier'] = 'pro'", sample=40, seed=3)
    outcome = _job.run_traces(selection, [metric("exact_match")])
    scores = stored(server, outcome.evaluation_id)
    assert len(scores) == outcome.progress.scores == outcome.progress.total == 40
    # In proportion: both versions have as many such traces.
    assert sum(one["model_id"] == traces[V1][0].model_id for one in scores) == 20
    pro = {one.trace_id for some in traces.values() for one in some if one.number % 4 == 0}
    assert {one["trace_id"] for one in scores} < pro
    again = _job.run_traces(selection, [metric("exact_match")])
    assert {one["trace_id"] for one in stored(server, again.evaluation_id)} == {
        one["trace_id"] for one in scores
    }


def test_a_stratified_share_and_a_limit(server: Server, traces: dict[str, list[recorded.Recorded]]) -> None:
    selection = TraceSelection(model=V2, sample="10%", stratify_by="tags['tier']")
    outcome = _job.run_traces(selection, [metric("length")])
    chosen = [int(one["trace_id"][16:], 16) - 1 for one in stored(server, outcome.evaluation_id)]
    assert sum(number % 4 == 0 for number in chosen) == COUNT // 4 // 10
    assert sum(number % 4 != 0 for number in chosen) == COUNT * 3 // 4 // 10

    newest = _job.run_traces(TraceSelection(model=V2, limit=7), [metric("length")])
    numbers = {int(one["trace_id"][16:], 16) - 1 for one in stored(server, newest.evaluation_id)}
    assert numbers == set(range(COUNT - 7, COUNT))
    assert len(traces[V2]) == COUNT


def test_chosen_traces_are_found_wherever_they_are(
    server: Server, traces: dict[str, list[recorded.Recorded]]
) -> None:
    chosen = [traces[V1][5].trace_id, traces[V2][590].trace_id.upper(), traces[V1][5].trace_id]
    outcome = _job.run_traces(TraceSelection(trace_ids=chosen), [metric("length")])
    assert {one["trace_id"] for one in stored(server, outcome.evaluation_id)} == {
        one.lower() for one in chosen
    }


def test_traces_that_lack_something_are_counted_by_reason_with_examples(server: Server, otlp: str) -> None:
    model_id = recorded.version("job-lacking", otlp)
    given = [
        *recorded.traces(10, model_id),
        *(recorded.Recorded(number, model_id, "why?", "because") for number in range(20, 25)),
        *(recorded.Recorded(number, model_id, "why?", "", has_output=False) for number in range(30, 32)),
    ]
    recorded.send(otlp, given)
    outcome = _job.run_traces(TraceSelection(model="job-lacking"), [metric("exact_match"), metric("length")])

    assert outcome.status == "FINISHED"
    assert (outcome.progress.done, outcome.progress.unmapped) == (17, 7)
    # Of what has an output but no right answer, the length is known all the same.
    assert outcome.progress.scores == 10 + 15
    reasons = dict(outcome.unmapped_reasons)
    assert sorted(reasons.values()) == [2, 5]
    lacking = next(reason for reason in reasons if "expected_response" in reason)
    assert reasons[lacking] == 5
    assert len(outcome.unmapped_examples[lacking]) == 3
    assert set(outcome.unmapped_examples[lacking]) <= {one.trace_id for one in given[10:15]}
    assert api(server, f"/v1/evaluations/{outcome.evaluation_id}")["unmapped_reasons"] == reasons


def test_a_function_of_the_caller_scores_and_one_that_fails_for_a_row_says_so(
    server: Server, traces: dict[str, list[recorded.Recorded]]
) -> None:
    def is_polite(predictions: Any, context: Any) -> list[str]:
        if any(text == "perhaps 7" for text in predictions):
            raise ValueError("seven is not counted")
        assert all(one[0].endswith(str(int(one[0].split()[0]) + 1)) for one in context)
        return ["yes" if text.startswith("perhaps") else "no" for text in predictions]

    made = make_metric(eval_fn=is_polite, greater_is_better=True, name="polite")
    outcome = _job.run_traces(TraceSelection(model=V1), [made])
    assert outcome.status == "FINISHED"
    assert (outcome.progress.failed, outcome.progress.scores) == (1, COUNT - 1)
    assert outcome.metrics["polite/no/ratio"] == pytest.approx(COUNT / 2 / (COUNT - 1))
    (failed,) = [one for one in stored(server, outcome.evaluation_id) if one["error"]]
    assert failed["trace_id"] == traces[V1][7].trace_id
    assert (failed["value"], failed["error"]) == (None, "NoScore")
    assert "seven is not counted" in failed["explanation"]
    state = api(server, f"/v1/evaluations/{outcome.evaluation_id}")
    assert state["metrics"][0]["local"] is True


def test_a_metric_that_fails_for_everything_fails_the_evaluation_with_its_words(server: Server) -> None:
    def broken(predictions: Any) -> list[float]:
        raise ZeroDivisionError(f"never for {len(predictions)}")

    made = make_metric(eval_fn=broken, greater_is_better=True, name="broken")
    outcome = _job.run_traces(TraceSelection(model=V1), [made])
    assert outcome.status == "FAILED"
    assert outcome.reason is not None
    assert "ZeroDivisionError" in outcome.reason
    assert f"resume='{outcome.evaluation_id}'" in outcome.reason
    state = api(server, f"/v1/evaluations/{outcome.evaluation_id}")
    assert (state["status"], state["reason"]) == ("FAILED", outcome.reason)


def test_a_metric_of_all_rows_together_is_refused_with_what_to_do(
    traces: dict[str, list[recorded.Recorded]],
) -> None:
    made = make_metric(
        eval_fn=lambda predictions: float(len(predictions)), greater_is_better=None, name="all"
    )
    outcome = _job.run_traces(TraceSelection(model=V1), [made])
    assert outcome.status == "FAILED"
    assert "all rows together" in (outcome.reason or "")
    assert len(traces[V1]) == COUNT


@pytest.mark.parametrize("after", [1, 150, 420])
def test_what_was_stopped_goes_on_and_scores_nothing_twice(
    server: Server, traces: dict[str, list[recorded.Recorded]], after: int
) -> None:
    stop, seen, lock = threading.Event(), list[str](), threading.Lock()

    def counted(inputs: Any) -> MetricValue:
        with lock:
            seen.extend(inputs)
            if len(seen) >= after:
                stop.set()
        return MetricValue(scores=[float(len(text)) for text in inputs])

    made = make_metric(eval_fn=counted, greater_is_better=None, name="counted")
    options = _job.Options(batch_rows=50)
    first = _job.run_traces(TraceSelection(model=V1), [made], options, stop=stop)
    assert first.status == "CANCELLED"
    assert api(server, f"/v1/evaluations/{first.evaluation_id}")["status"] == "CANCELLED"
    before = len(stored(server, first.evaluation_id))
    assert before == first.progress.scores == len(seen)

    stop.clear()
    late = recorded.traces(3, traces[V1][0].model_id, first=10_000 + after)
    recorded.send(str(server.ready["otlp_http_endpoint"]), late, age_s=-3600)  # it started after `until`
    second = _job.run_traces(TraceSelection(), [made], options, evaluation_id=first.evaluation_id)
    assert second.status == "FINISHED"
    assert second.progress.scores == COUNT
    assert sorted(seen) == sorted(one.question for one in traces[V1])
    assert len(stored(server, first.evaluation_id)) == COUNT
    expected = sum(len(one.question) for one in traces[V1]) / COUNT
    assert second.metrics["counted/mean"] == pytest.approx(expected)

    third = _job.run_traces(TraceSelection(), [made], evaluation_id=first.evaluation_id)
    assert (third.status, third.metrics) == ("FINISHED", second.metrics)
    assert len(seen) == COUNT


def test_ctrl_c_records_a_cancelled_evaluation_and_is_passed_on(
    server: Server, traces: dict[str, list[recorded.Recorded]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    begun = list[str]()
    run = _job_core.Job.run

    def noted(job: _job_core.Job, *arguments: Any) -> None:
        begun.append(job.evaluation_id)
        run(job, *arguments)

    monkeypatch.setattr(_job_core.Job, "run", noted)
    monkeypatch.setattr(_job_core.Job, "_feed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _job.run_traces(TraceSelection(model=V1), [metric("length")])
    assert api(server, f"/v1/evaluations/{begun[0]}")["status"] == "CANCELLED"
    monkeypatch.undo()
    again = _job.run_evaluation(begun[0])
    assert (again.status, again.progress.scores) == ("FINISHED", len(stored(server, begun[0])))
    assert again.progress.scores >= len(traces[V1])


def test_somebody_else_cancels_it_over_the_api(server: Server) -> None:
    reached = threading.Event()

    def slow(inputs: Any) -> list[float]:
        reached.set()
        threading.Event().wait(0.2)
        return [1.0 for _ in inputs]

    def cancel(progress: Progress) -> None:
        if reached.is_set() and progress.done:
            running = api(server, "/v1/evaluations", name="slow")["evaluations"][0]
            httpx.post(
                f"{server.ready['api_url']}/v1/evaluations/{running['evaluation_id']}/cancel", timeout=30
            )

    outcome = _job.run_traces(
        TraceSelection(model=V1),
        [make_metric(eval_fn=slow, greater_is_better=None, name="slow")],
        _job.Options(batch_rows=5),
        name="slow",
        progress=cancel,
    )
    assert outcome.status == "CANCELLED"
    assert 0 < outcome.progress.scores < COUNT
    assert api(server, f"/v1/evaluations/{outcome.evaluation_id}")["status"] == "CANCELLED"


@pytest.mark.usefixtures("traces")
def test_metrics_run_in_other_processes_when_there_is_much_to_do(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_job_workers, "WORTH_S", 0.0)
    monkeypatch.setattr(_job_workers, "SAMPLE_ROWS", 1)
    started = list[Any]()
    start = _job_workers.Workers._start

    def noted(workers: _job_workers.Workers) -> None:
        start(workers)
        started.extend(workers._started)

    monkeypatch.setattr(_job_workers.Workers, "_start", noted)
    chosen = [metric("token_f1"), metric("edit_similarity"), metric("rougeL")]
    options = _job.Options(batch_rows=20, max_workers=2)
    elsewhere = _job.run_traces(TraceSelection(model=V1), chosen, options)
    assert len(started) == 2
    assert all(process.poll() == 0 for process in started)
    here = _job.run_traces(TraceSelection(model=V1), chosen, _job.Options(max_workers=0))
    assert len(started) == 2
    assert elsewhere.metrics == pytest.approx(here.metrics)
    mine, others = stored(server, here.evaluation_id), stored(server, elsewhere.evaluation_id)
    assert [(one["name"], one["trace_id"], one["value"]) for one in mine] == [
        (one["name"], one["trace_id"], one["value"]) for one in others
    ]


def test_a_worker_process_that_is_killed_costs_no_score(
    traces: dict[str, list[recorded.Recorded]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_job_workers, "WORTH_S", 0.0)
    monkeypatch.setattr(_job_workers, "SAMPLE_ROWS", 1)
    start = _job_workers.Workers._start

    def killed(workers: _job_workers.Workers) -> None:
        start(workers)
        for process in workers._started:
            process.kill()

    monkeypatch.setattr(_job_workers.Workers, "_start", killed)
    options = _job.Options(batch_rows=20, max_workers=2)
    outcome = _job.run_traces(TraceSelection(model=V2), [metric("token_f1")], options)
    assert (outcome.status, outcome.progress.scores) == ("FINISHED", len(traces[V2]))


def test_a_mapping_is_recorded_and_used_again_when_it_goes_on(server: Server) -> None:
    options = _job.Options(mapping={"predictions": "span[type=RETRIEVER].output[*].id"}, batch_rows=100)
    outcome = _job.run_traces(TraceSelection(model=V1, limit=5), [metric("length")], options)
    state = api(server, f"/v1/evaluations/{outcome.evaluation_id}")
    assert state["options"]["mapping"] == {"predictions": "span[type=RETRIEVER].output[*].id"}
    assert _job.Options.from_dict(state["options"]) == options
    assert outcome.progress.scores == 5


def test_what_cannot_be_evaluated_is_refused_before_anything_starts(server: Server) -> None:
    before = len(api(server, "/v1/evaluations", limit=1000)["evaluations"])
    with pytest.raises(InvalidArgumentError, match="metrics"):
        _job.run_traces(TraceSelection(), [])
    with pytest.raises(InvalidArgumentError, match="twice"):
        _job.run_traces(TraceSelection(), [metric("length"), metric("length")])
    with pytest.raises(InvalidArgumentError, match="latency"):
        _job.run_traces(TraceSelection(where="latenzy > 3"), [metric("length")])
    with pytest.raises(ModelNotFoundError):
        _job.run_traces(TraceSelection(model="nobody"), [metric("length")])
    with pytest.raises(InvalidArgumentError, match="mapping"):
        _job.run_traces(TraceSelection(), [metric("length")], _job.Options(mapping={"inputs": "x"}))
    with pytest.raises(_job.EvaluationNotFoundError):
        _job.run_evaluation("e-" + "0" * 32)
    assert len(api(server, "/v1/evaluations", limit=1000)["evaluations"]) == before


def test_only_one_process_of_a_machine_runs_an_evaluation(traces: dict[str, list[recorded.Recorded]]) -> None:
    evaluation_id = "e-" + "7" * 32
    with (
        _job_local.only_here(evaluation_id),
        pytest.raises(_job_local.AlreadyRunningError, match="runs the evaluation"),
        _job_local.only_here(evaluation_id),
    ):
        raise AssertionError
    with _job_local.only_here(evaluation_id):
        assert traces


def test_a_look_ahead_counts_and_shows_rows(traces: dict[str, list[recorded.Recorded]]) -> None:
    assert _job.count_traces(TraceSelection(model=V2)) == COUNT
    assert _job.count_traces(TraceSelection(model=V2, sample="50%", limit=100)) == 100
    rows = _job.first_rows(TraceSelection(model=V2), 3)
    newest = traces[V2][:-4:-1]
    assert [row["inputs"] for row in rows] == [one.question for one in newest]
    assert rows[0]["context"] == [f"{COUNT - 1} + 1 = {COUNT}"]
