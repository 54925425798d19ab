"""What an evaluation of recorded traces takes: traces a second, memory, and CPU time.

    python -m benchmarks.evaluate                      100,000 traces: some minutes
    python -m benchmarks.evaluate --traces 10_000      to see that it runs

Records traces of three spans over OTLP (a question, a retriever, a model call), with the right answer of
each, then scores all of them from a process of its own, end to end: read, mapped, scored, sent and durable.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks import _report
from benchmarks._processes import Server, run_spanfold
from spanfold.evaluation._sender import EventSender, entity_event
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Iterable

SETS: Final = {
    "two cheap metrics": ("exact_match", "token_f1"),
    "four metrics, one slow": ("exact_match", "token_f1", "rougeL", "edit_similarity"),
}
TRACES_A_REQUEST: Final = 1_000
SENTENCE: Final = "the answer to this question is in the manual under returns and refunds of parcels"
WORDS: Final = tuple(SENTENCE.split())
TIMEOUT_S: Final = 3_600
RUN: Final = """
import json, resource, sys, time
import spanfold
from spanfold.evaluation import _job
from spanfold.evaluation._selection import TraceSelection
from spanfold.metrics._registry import resolve
metrics = [resolve(name) for name in json.loads(sys.argv[1])]
started = time.monotonic()
outcome = _job.run_traces(TraceSelection(model="benchmark"), metrics, progress=False)
wall_s = time.monotonic() - started
own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({
    "status": outcome.status, "done": outcome.progress.done, "scores": outcome.progress.scores,
    "wall_s": wall_s, "peak_mib": own.ru_maxrss / 1024, "worker_peak_mib": others.ru_maxrss / 1024,
    "cpu_s": sum(one.ru_utime + one.ru_stime for one in (own, others)),
}))
"""


def record(endpoint: str, count: int) -> str:
    """Record traces; returns the ID of their model version."""
    sender = EventSender(endpoint)
    model_id = ids.derive_model_id("0", "benchmark")
    version = {"name": "benchmark", "experiment_id": "0", "status": "READY", "params": {}, "tags": {}}
    sender.send([entity_event(keys.MODEL_CREATED, model_id, version)])
    now_ns = time.time_ns() - 3_600 * 10**9
    for first in range(0, count, TRACES_A_REQUEST):
        numbers = range(first, min(first + TRACES_A_REQUEST, count))
        request = urllib.request.Request(
            f"{endpoint}/v1/traces",
            traces(numbers, model_id, now_ns),
            {"Content-Type": "application/x-protobuf"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            response.read()
        sender.send([expectation(number) for number in numbers])
    return model_id


def expectation(number: int) -> Any:
    """What a person says the answer should have been."""
    payload = {"name": "expected_response", "value": " ".join(WORDS), "source_id": None, "span_id": None}
    return entity_event(keys.TRACE_EXPECTATION_LOGGED, f"{number + 1:032x}", payload)


def traces(numbers: Iterable[int], model_id: str, now_ns: int) -> bytes:
    """A request with the spans of some traces."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "bot"
    spans = resource.scope_spans.add().spans
    for number in numbers:
        answer = " ".join((*WORDS[number % 7 :], *WORDS[: number % 5]))
        documents = json.dumps([{"id": f"d{number % 100}", "text": " ".join(WORDS * 4)}])
        told = (
            (
                "answer",
                {keys.INPUT: f'{{"question": "question {number}?"}}', keys.OUTPUT: json.dumps(answer)},
            ),
            ("find", {keys.SPAN_TYPE: "RETRIEVER", keys.OUTPUT: documents}),
            ("chat", {keys.SPAN_TYPE: "LLM", keys.INPUT: " ".join(WORDS * 8), keys.OUTPUT: answer}),
        )
        for place, (name, attributes) in enumerate(told):
            span = spans.add(name=name, trace_id=(number + 1).to_bytes(16, "big"))
            span.span_id = (3 * number + place + 1).to_bytes(8, "big")
            if place:
                span.parent_span_id = (3 * number + 1).to_bytes(8, "big")
            span.start_time_unix_nano = now_ns + number * 1_000_000 + place
            span.end_time_unix_nano = span.start_time_unix_nano + 500_000
            for key, value in {keys.MODEL_ID: model_id, **attributes}.items():
                span.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


def main() -> None:
    """Measure, and print."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--traces", type=lambda text: int(text.replace("_", "")), default=100_000)
    given = parser.parse_args()
    rows = list[dict[str, Any]]()
    with (
        tempfile.TemporaryDirectory() as folder,
        run_spanfold(Path(folder) / "data", Path(folder) / "log") as server,
    ):
        record(server.addresses["otlp_http_endpoint"], given.traces)
        for title, metrics in SETS.items():
            rows.append(measure(server, title, metrics, given.traces))
    _report.show("Evaluation of recorded traces", rows, as_json=given.json, traces=given.traces)


def measure(server: Server, title: str, metrics: tuple[str, ...], count: int) -> dict[str, Any]:
    """One evaluation."""
    before_s = server.cpu_s()
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(metrics)],
        env={
            **os.environ,
            "SPANFOLD_ENDPOINT": server.addresses["api_url"],
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.addresses["otlp_http_endpoint"],
        },
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    told = json.loads(done.stdout)
    if told["status"] != "FINISHED" or told["scores"] != count * len(metrics):
        raise RuntimeError(done.stdout)
    return {
        "metrics": title,
        "traces/s": count / told["wall_s"],
        "job CPU µs/trace": told["cpu_s"] / count * 1e6,
        "server CPU µs/trace": (server.cpu_s() - before_s) / count * 1e6,
        "peak MiB of the job": told["peak_mib"],
        "peak MiB of a worker": told["worker_peak_mib"],
    }


if __name__ == "__main__":
    main()
