"""What ``spanfold doctor`` finds out by asking: who answers, and whether a trace comes through."""

from __future__ import annotations

import logging
import os
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from spanfold._internal.lookup import QueryApi
from spanfold._internal.setup import DEFAULT_ENDPOINT
from spanfold.errors import InvalidArgumentError, ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

ANSWER_LIMIT_S: Final = 3.0
READ_BACK_LIMIT_S: Final = 20.0
_POLL_S: Final = 0.1
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
SERVICE_NAME: Final = "spanfold-doctor"
"""The test trace's service, so that it does not mix with the application's."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question and its outcome."""

    what: str
    ok: bool
    ms: float | None = None
    detail: str = ""


def query_api_address() -> str:
    """Where the SDK asks about models."""
    return (os.environ.get("SPANFOLD_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")


def collector_address() -> str:
    """Where the SDK sends traces."""
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL"
    )
    return (
        os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        or ("http://localhost:4317" if protocol == "grpc" else "http://localhost:4318")
    ).rstrip("/")


def ask_query_api() -> Probe:
    """Whether the query API answers."""
    address = query_api_address()
    what = f"query API {address}"
    started = time.perf_counter()
    try:
        QueryApi(address).get("/health", timeout_s=ANSWER_LIMIT_S)
    except (ServerUnavailableError, InvalidArgumentError, ValueError) as fault:
        return Probe(what, ok=False, detail=str(fault))
    return Probe(what, ok=True, ms=_ms_since(started))


def reach_collector() -> Probe:
    """Whether something listens where traces are sent."""
    address = collector_address()
    what = f"collector {address}"
    parts = urlsplit(address if "//" in address else f"//{address}")
    started = time.perf_counter()
    try:
        target = (parts.hostname or "localhost", parts.port or _DEFAULT_PORTS.get(parts.scheme, 4317))
        with socket.create_connection(target, ANSWER_LIMIT_S):
            return Probe(what, ok=True, ms=_ms_since(started))
    except (OSError, ValueError) as fault:
        fix = "start it with `spanfold serve`, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it listens"
        return Probe(what, ok=False, detail=f"{fault}: {fix}")


def send_test_trace() -> Iterator[Probe]:
    """Send a trace as the application would, and read it back through the query API."""
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

    from spanfold._internal import exporters  # noqa: PLC0415

    try:
        made = exporters.span_exporters(None)
    except InvalidArgumentError as fault:
        yield Probe("test trace sent", ok=False, detail=str(fault))
        return
    if not made:
        setting = os.environ.get("OTEL_TRACES_EXPORTER", "")
        yield Probe("test trace sent", ok=False, detail=f"OTEL_TRACES_EXPORTER={setting}: nothing is sent")
        return
    span = _test_span()
    started = time.perf_counter()
    with _messages() as said:
        results = [exporter.export([span]) for exporter in made]
    for exporter in made:
        exporter.shutdown()
    if any(result is not SpanExportResult.SUCCESS for result in results):
        yield Probe("test trace sent", ok=False, ms=_ms_since(started), detail="; ".join(said) or "refused")
        return
    yield Probe("test trace sent", ok=True, ms=_ms_since(started))
    yield _read_back(format(span.context.trace_id, "032x"))


def _read_back(trace_id: str) -> Probe:
    api = QueryApi(query_api_address())
    what = f"test trace {trace_id} read back"
    started = time.perf_counter()
    deadline = time.monotonic() + READ_BACK_LIMIT_S
    try:
        while api.get(f"/v1/traces/{trace_id}", timeout_s=ANSWER_LIMIT_S) is None:
            if time.monotonic() > deadline:
                why = (
                    f"not there after {READ_BACK_LIMIT_S:.0f} s: do collector and query API share a database?"
                )
                return Probe(what, ok=False, ms=_ms_since(started), detail=why)
            time.sleep(_POLL_S)
    except (ServerUnavailableError, InvalidArgumentError, ValueError) as fault:
        return Probe(what, ok=False, ms=_ms_since(started), detail=str(fault))
    return Probe(what, ok=True, ms=_ms_since(started))


def _test_span() -> ReadableSpan:
    """A span of a provider of its own: neither sampling nor the active model touch it."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415

    resource = Resource.create({"service.name": SERVICE_NAME})
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    span = provider.get_tracer("spanfold").start_span("spanfold doctor")
    span.end()
    if not isinstance(span, ReadableSpan):
        message = "OTEL_SDK_DISABLED is set: no span can be made"
        raise InvalidArgumentError(message)
    return span


@contextmanager
def _messages() -> Iterator[list[str]]:
    """What the exporters log: they return no reason for a failure."""
    said = list[str]()

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    keeper, source = Keeper(logging.WARNING), logging.getLogger("opentelemetry")
    propagate, source.propagate = source.propagate, False
    source.addHandler(keeper)
    try:
        yield said
    finally:
        source.removeHandler(keeper)
        source.propagate = propagate


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
