"""A traced program, run by ``benchmarks.sdk`` in the interpreter of each SDK: prints what it cost as JSON.

    PYTHON _sdk_program.py calls SDK COUNT      CPU of COUNT traced calls
    PYTHON _sdk_program.py queue SDK COUNT      memory of COUNT spans that wait for a sink that never answers

SDK is ``none`` (the bare function), ``opentelemetry``, ``spanfold`` or ``mlflow``. Runs where only that SDK
is installed: all but the standard library is imported where it is measured.
"""

# ruff: noqa: PLC0415 - each SDK is imported only where it is measured

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP_CALLS: Final = 2_000
PAUSE_EVERY: Final = 500
"""Calls between two pauses, so that the exporter keeps up and no queue ever overflows."""
PAUSE_S: Final = 0.1
_PAGE_BYTES: Final = 4_096

Answer = dict[str, str]


def answer(question: str, k: int) -> Answer:
    """What an application does, in as little time as can be."""
    return {"question": question, "answer": f"{k} documents were read"}


def by_opentelemetry() -> tuple[Callable[[str, int], Answer], Callable[[], object]]:
    """The plain SDK, setting what the others set: arguments, result, and a model version."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    tracer = trace.get_tracer("benchmark")

    def traced(question: str, k: int) -> Answer:
        with tracer.start_as_current_span("answer") as span:
            span.set_attribute("spanfold.model.id", "m-00000000000000000000000000000000")
            span.set_attribute("spanfold.input", json.dumps({"question": question, "k": k}))
            result = answer(question, k)
            span.set_attribute("spanfold.output", json.dumps(result))
            return result

    return traced, provider.force_flush


def by_spanfold() -> tuple[Callable[[str, int], Answer], Callable[[], object]]:
    """``@spanfold.trace`` with an active model version."""
    import spanfold

    spanfold.set_active_model(name="benchmark-v1")
    return spanfold.trace(answer), spanfold.flush


def by_mlflow() -> tuple[Callable[[str, int], Answer], Callable[[], object]]:
    """``@mlflow.trace``, exporting over OTLP too."""
    import mlflow  # type: ignore[import-not-found] # installed in an environment of its own

    def flush() -> None:
        # Its own flush waits for its own protocol's exporter only.
        mlflow.tracing.provider.provider.get().force_flush()

    return mlflow.trace(answer), flush


def by_nobody() -> tuple[Callable[[str, int], Answer], Callable[[], object]]:
    """The bare function."""
    return answer, lambda: None


SDKS: Final = {
    "none": by_nobody,
    "opentelemetry": by_opentelemetry,
    "spanfold": by_spanfold,
    "mlflow": by_mlflow,
}


def cost_of_calls(sdk: str, count: int) -> dict[str, float]:
    """CPU microseconds a call: of the calling thread, and of the whole process until all is sent."""
    call, flush = SDKS[sdk]()
    for number in range(WARM_UP_CALLS):
        call("Which version answered?", number)
        if number % PAUSE_EVERY == 0:
            time.sleep(PAUSE_S)
    flush()
    caller_s, process_s = 0.0, time.process_time()
    for _ in range(count // PAUSE_EVERY):
        started = time.thread_time()
        for number in range(PAUSE_EVERY):
            call("Which version answered?", number)
        caller_s += time.thread_time() - started
        time.sleep(PAUSE_S)
    flush()
    done = count // PAUSE_EVERY * PAUSE_EVERY
    return {"caller_us": caller_s / done * 1e6, "process_us": (time.process_time() - process_s) / done * 1e6}


def memory_of_queue(sdk: str, count: int) -> dict[str, float]:
    """Bytes of resident memory that ``count`` waiting spans take."""
    call, _ = SDKS[sdk]()
    call("Which version answered?", 0)
    before = _resident_bytes()
    for number in range(count):
        call(f"Which version answered question {number}?", number)
    return {"queued_bytes": _resident_bytes() - before}


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


if __name__ == "__main__":
    what, sdk_name, how_many = sys.argv[1:]
    measure = {"calls": cost_of_calls, "queue": memory_of_queue}[what]
    print(json.dumps(measure(sdk_name, int(how_many))), flush=True)
    import os

    os._exit(0)  # the sink never answers the queued spans: there is nothing to wait for
