"""Evaluations of traces that go on, and traces that come in, or come again, while one runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import spanfold
from spanfold._internal import reading
from spanfold.errors import InvalidArgumentError, ServerUnavailableError
from spanfold.evaluation import _job, _job_core, _job_scores, _job_traces, _job_workers
from spanfold.evaluation._job_scores import Scores, Seen, as_number
from spanfold.evaluation._selection import TraceSelection
from spanfold.metrics import MetricValue, make_metric
from spanfold.metrics._registry import resolve
from spanfold_schemas import keys
from tests.evaluation import recorded
from tests.evaluation.test_job import api, stored

if TYPE_CHECKING:
    from spanfold.metrics import EvaluationMetric
    from tests.deploy.processes import Server

COUNT = 40
REMOTE_PARENT = 0x300
"""The parent is known to be of another process (OTLP: the bits 8 and 9 of a span's flags)."""


def lengths(eval_fn: Any) -> EvaluationMetric:
    return make_metric(eval_fn=eval_fn, greater_is_better=None, name="lengths")


@pytest.fixture(scope="module")
def given(server: Server) -> list[recorded.Recorded]:
    endpoint = server.ready["otlp_http_endpoint"]
    made = recorded.traces(COUNT, recorded.version("resumed", endpoint))
    recorded.send(endpoint, made)
    return made


def late_root(endpoint: str, one: recorded.Recorded, start_ns: int) -> None:
    """The root above what was a trace's entry so far, an hour older than it."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "front"
    root = resource.scope_spans.add().spans.add(name="request", trace_id=bytes.fromhex(one.trace_id))
    root.span_id = bytes.fromhex("fe" * 8)
    root.start_time_unix_nano = start_ns - 100 * recorded.S
    root.end_time_unix_nano = start_ns
    for key, value in ((keys.MODEL_ID, one.model_id), (keys.INPUT, '"early?"'), (keys.OUTPUT, '"late"')):
        root.attributes.add(key=key).value.string_value = value
    body = request.SerializeToString()
    httpx.post(f"{endpoint}/v1/traces", content=body, headers=recorded.PROTOBUF).raise_for_status()


def below(endpoint: str, some: list[recorded.Recorded], start_ns: int) -> None:
    """Traces whose entry has a parent that nobody has sent yet."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "back"
    spans = resource.scope_spans.add().spans
    for one in some:
        span = spans.add(name="answer", kind=2, flags=REMOTE_PARENT, trace_id=bytes.fromhex(one.trace_id))
        span.span_id, span.parent_span_id = bytes.fromhex(one.span_id), bytes.fromhex("fe" * 8)
        span.start_time_unix_nano = start_ns + one.number * 1_000_000
        span.end_time_unix_nano = span.start_time_unix_nano + 1_000
        told = {keys.MODEL_ID: one.model_id, keys.INPUT: f'"{one.question}"', keys.OUTPUT: f'"{one.answer}"'}
        for key, value in told.items():
            span.attributes.add(key=key).value.string_value = value
    body = request.SerializeToString()
    httpx.post(f"{endpoint}/v1/traces", content=body, headers=recorded.PROTOBUF).raise_for_status()


def test_a_trace_whose_root_comes_in_late_is_scored_once_and_has_one_row(
    server: Server, otlp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = recorded.version("late-root", otlp)
    some = recorded.traces(6, model_id)
    start_ns = time.time_ns() - 600 * recorded.S
    below(otlp, some, start_ns)
    monkeypatch.setattr(_job_traces, "PAGE_ROWS", 2)
    monkeypatch.setattr(_job_traces.exported, "__defaults__", (2,))
    sent = threading.Event()

    def scored(predictions: Any) -> list[float]:
        if not sent.is_set():
            sent.set()
            late_root(otlp, some[-1], start_ns)
        return [float(len(text)) for text in predictions]

    result = spanfold.evaluate(model="late-root", traces="", metrics=[lengths(scored)])
    assert sent.is_set()
    scores = stored(server, result.evaluation_id)
    assert sorted(one["trace_id"] for one in scores) == sorted(one.trace_id for one in some)
    rows = {row["trace_id"]: row for row in result.iter_rows()}
    assert len(list(result.iter_rows())) == len(some)
    # The row is shown as the trace is now, with the score that it got.
    assert rows[some[-1].trace_id]["inputs"] == "early?"
    assert all("lengths/score" in row for row in rows.values())


def test_what_was_seen_is_known_however_much_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_job_scores, "MIN_MERGED_KEYS", 10)
    seen = Seen()
    numbers = [number * 2654435761 % 2**64 for number in range(500)]
    assert all(seen.is_new(number) for number in numbers)
    assert not any(seen.is_new(number) for number in numbers)


def test_scores_that_are_read_again_after_an_answer_broke_off_count_once(
    server: Server, given: list[recorded.Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [resolve("length")]
    outcome = _job.run_traces(TraceSelection(model="resumed"), chosen)
    read = _job_traces.lines
    breaks = iter([True])

    def broken(*arguments: Any, **more: Any) -> Any:
        for number, line in enumerate(read(*arguments, **more)):
            if number == COUNT // 2 and next(breaks, False):
                raise ServerUnavailableError("it broke off")
            yield line

    monkeypatch.setattr(_job_traces, "lines", broken)
    scores = Scores(chosen)

    def restore() -> None:
        scores.restore(reading.query_api(), outcome.evaluation_id, retry_failed=False)

    _job_traces.patiently(restore, threading.Event())
    assert next(breaks, None) is None
    assert scores.count == len(given) == COUNT
    assert scores.aggregates() == pytest.approx(outcome.metrics)
    assert server.process.poll() is None


def test_what_failed_is_tried_again_where_that_is_asked_for(
    server: Server, given: list[recorded.Recorded]
) -> None:
    seen, is_mended = list[str](), threading.Event()

    def sometimes(inputs: Any) -> MetricValue:
        seen.extend(inputs)
        bad = [text == given[7].question and not is_mended.is_set() for text in inputs]
        return MetricValue(
            scores=[None if one else float(len(text)) for one, text in zip(bad, inputs, strict=True)],
            errors=["away" if one else None for one in bad],
        )

    selection = TraceSelection(model="resumed")
    first = _job.run_traces(selection, [lengths(sometimes)])
    assert (first.status, first.progress.failed, first.progress.scores) == ("FINISHED", 1, COUNT - 1)

    seen.clear()
    again = _job.Options(retry_failed=True)
    second = _job.run_traces(selection, [lengths(sometimes)], again, evaluation_id=first.evaluation_id)
    assert (second.progress.failed, second.progress.scores, seen) == (1, COUNT - 1, [given[7].question])

    is_mended.set()
    third = _job.run_traces(selection, [lengths(sometimes)], again, evaluation_id=first.evaluation_id)
    assert (third.status, third.progress.failed, third.progress.scores) == ("FINISHED", 0, COUNT)
    scores = stored(server, first.evaluation_id)
    assert len(scores) == COUNT
    assert not any(one["error"] for one in scores)
    mean = sum(len(one.question) for one in given) / COUNT
    assert third.metrics["lengths/mean"] == pytest.approx(mean)
    assert api(server, f"/v1/evaluations/{first.evaluation_id}")["progress"]["failed"] == 0


@pytest.mark.usefixtures("given")
def test_an_evaluation_goes_on_with_the_metrics_that_it_began_with() -> None:
    result = spanfold.evaluate(model="resumed", traces="", metrics=["length"])
    with pytest.raises(InvalidArgumentError, match="is of length, and goes on with these"):
        spanfold.evaluate(resume=result.evaluation_id, metrics=["token_f1"])


def test_what_was_cancelled_goes_on_though_the_tables_still_say_so(
    server: Server, given: list[recorded.Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    stop.set()
    selection, chosen = TraceSelection(model="resumed"), [resolve("length")]
    first = _job.run_traces(selection, chosen, stop=stop)
    assert first.status == "CANCELLED"
    asked = list[bool]()
    run = _job_core.Job.run

    def watched(job: _job_core.Job, tell: Any, tell_server: Any, is_cancelled: Any) -> None:
        with monkeypatch.context() as patch:  # what the server says while the event waits in the spool
            patch.setattr(_job, "_state", lambda *_: {"status": "CANCELLED"})
            asked.append(is_cancelled())
        run(job, tell, tell_server, is_cancelled)

    monkeypatch.setattr(_job_core.Job, "run", watched)
    second = _job.run_traces(selection, chosen, evaluation_id=first.evaluation_id)
    assert (second.status, second.progress.scores, asked) == ("FINISHED", len(given), [False])
    assert server.process.poll() is None


def test_a_limit_is_of_the_newest_of_all_versions_together(server: Server, otlp: str) -> None:
    names = ("limit-a", "limit-b", "limit-c")
    some = [recorded.traces(8, recorded.version(name, otlp)) for name in names]
    starts_ns = [time.time_ns() - 300 * recorded.S + place * 2_300_000 for place in range(len(names))]
    for start_ns, these in zip(starts_ns, some, strict=True):
        recorded.send(otlp, these, start_ns=start_ns)
    outcome = _job.run_traces(TraceSelection(model=names, limit=10), [resolve("length")])
    newest = sorted(
        (
            (start_ns + one.number * 1_000_000, one.trace_id)
            for start_ns, these in zip(starts_ns, some, strict=True)
            for one in these
        ),
        reverse=True,
    )[:10]
    assert {one["trace_id"] for one in stored(server, outcome.evaluation_id)} == {one for _, one in newest}


def test_a_worker_that_is_killed_within_a_line_costs_no_score(given: list[recorded.Recorded]) -> None:
    metric = resolve("token_f1")
    workers = _job_workers.Workers([metric], 1)
    columns: dict[str, list[Any]] = {
        "predictions": [one.answer for one in given],
        "targets": [one.expected for one in given],
    }
    half = 'import sys; sys.stdin.readline(); sys.stdout.write(\'{"value": {"sco\'); sys.stdout.flush()'
    with subprocess.Popen(
        [sys.executable, "-c", half], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        value = workers._elsewhere(process, metric, columns)
    assert value.scores == metric.score(columns).scores


def test_workers_that_were_killed_are_put_away() -> None:
    metric = resolve("token_f1")
    workers = _job_workers.Workers([metric], 2)
    workers._start()
    for process in workers._started:
        process.kill()
        process.wait()
    text = ["x" * 100_000]
    value = workers.score(metric, {"predictions": text, "targets": text}, 1, 1)
    for process in workers._started:
        assert process.stdin is not None
        process.stdin.write("what waits to be written")
    workers.close()
    assert list(value.scores or ()) == [1.0]


def test_a_number_too_large_for_a_score_is_none() -> None:
    assert as_number(10**400)[2] == "the metric gave int, which is no score"
