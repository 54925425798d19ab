"""Configures the SDK, flushes it, shuts it down."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from spanfold._internal import environment, runtime
from spanfold._internal.faults import contained, logger
from spanfold._internal.forks import ForkedLock
from spanfold._internal.lookup import QueryApi
from spanfold._internal.settings import Settings
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Sequence

    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from spanfold._internal.privacy import Privacy
    from spanfold._internal.providers import Providers
    from spanfold._internal.runtime import Runtime

DEFAULT_ENDPOINT: Final = "http://localhost:4319"
EXIT_TIMEOUT_S: Final = 5.0
"""How long a process that ends may wait for a collector that is away."""

_lock = ForkedLock(threading.RLock)
_providers: Providers | None = None
_settings: Settings | None = None
"""The arguments that are in force; None before the first configuration and after a shutdown."""


def configure(  # noqa: PLR0913 - what an application may choose
    endpoint: str | None = None,
    otlp_endpoint: str | None = None,
    service_name: str | None = None,
    *,
    propagate_to: Sequence[str] | None = None,
    capture_content: str | int | None = None,
    redact: Sequence[str | re.Pattern[str]] | None = None,
    sample_ratio: float | None = None,
) -> None:
    """Say where traces and events go. Optional: without it, the first use takes the defaults.

    The environment is read here: ``OTEL_*`` variables keep their standard meaning, and
    ``SPANFOLD_ACTIVE_MODEL_ID`` (or ``MLFLOW_ACTIVE_MODEL_ID``) sets the active model by ID or name.
    Calling it again changes nothing; after :func:`shutdown` it starts the SDK anew.

    If the application has set up OpenTelemetry itself, spanfold joins its tracer provider: every span gets
    the active model's ID. Its spans go where the application sends them, and to ``otlp_endpoint`` as well
    only if that is given here.

    Args:
        endpoint: the query API, which knows the existing models. Default: ``SPANFOLD_ENDPOINT``, else
            ``http://localhost:4319``.
        otlp_endpoint: the collector's base address (OTLP/HTTP unless ``OTEL_EXPORTER_OTLP_PROTOCOL`` says
            ``grpc``). Default: ``OTEL_EXPORTER_OTLP_ENDPOINT``, else ``http://localhost:4318``.
        service_name: this service's name. Default: ``OTEL_SERVICE_NAME``.
        propagate_to: hosts besides loopback that are told which model version calls them, such as
            ``*.shop.internal``. Default: ``SPANFOLD_PROPAGATE_TO``.
        capture_content: ``full``, ``none``, or after how many characters prompts, completions, inputs and
            outputs are cut. Default: ``SPANFOLD_CAPTURE_CONTENT``, else ``full``.
        redact: what is replaced by a mark before anything leaves: names of detectors such as ``email``, and
            compiled patterns. Default: ``SPANFOLD_REDACT`` and ``SPANFOLD_REDACT_PATTERNS``, else keys of
            APIs and passwords in addresses.
        sample_ratio: the share of traces that is kept, from 0 to 1; traces in which something failed are
            kept in any case. Default: ``SPANFOLD_SAMPLE_RATIO``, else all.

    Raises:
        InvalidArgumentError: an address is not http(s), a rule is not known or too slow, or a variable names
            an exporter that is not there.

    Example:
        >>> configure(service_name="support-bot")  # doctest: +SKIP
    """
    for name, address in (("endpoint", endpoint), ("otlp_endpoint", otlp_endpoint)):
        if address is not None:
            _check_address(name, address)
    with _lock.current:
        _configure(
            Settings(
                endpoint=endpoint,
                otlp_endpoint=otlp_endpoint,
                service_name=service_name,
                propagate_to=None if propagate_to is None else tuple(propagate_to),
                capture_content=capture_content,
                redact=None if redact is None else tuple(redact),
                sample_ratio=sample_ratio,
            )
        )


def settings() -> Settings | None:
    """The settings in force; None before the first configuration and after a shutdown."""
    return _settings


def ready() -> Runtime:
    """The runtime, configured by defaults if nobody has configured it. Never raises: at worst it is inert."""
    configured = runtime.get()
    if configured is not None:
        return configured
    with _lock.current:
        if runtime.get() is None:
            with contained("configure itself"):
                _configure(Settings())
        if runtime.get() is None:
            runtime.replace(_inert())
        return runtime.current()


def flush(timeout_s: float = 10.0) -> bool:
    """Send what is queued, and wait for it. Returns False if ``timeout_s`` seconds were not enough.

    True says that everything was handed to the collector or given up, not that the collector took it.
    Model events that it did not take are kept and sent again.
    """
    providers = _providers
    if providers is None:
        return True
    return _within(timeout_s, providers.tracer_provider.force_flush, providers.log_relay.force_flush)


def shutdown(timeout_s: float = 10.0) -> bool:
    """Send what is queued and stop: later spans are made, but go nowhere. Returns False if out of time.

    Done at the end of the process anyway, within five seconds.
    """
    global _settings  # noqa: PLW0603 - the state of the process
    with _lock.current:
        providers = _providers
        _settings = None
    if providers is None:
        return True
    done = _within(timeout_s, providers.span_relay.shutdown, providers.log_relay.shutdown)
    with contained("undo its patches"):
        _uninstall()
    return done


@contextmanager
def captured() -> Iterator[tuple[InMemorySpanExporter, InMemoryLogRecordExporter]]:
    """In the block, spans and log records go to memory only, and nobody is asked about models."""
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415

    from spanfold._internal import carrying  # noqa: PLC0415
    from spanfold._internal import providers as joined  # noqa: PLC0415
    from spanfold._internal.sending import PrivateLogExporter, PrivateSpanExporter  # noqa: PLC0415

    providers = joined.connect(None)
    spans, logs = InMemorySpanExporter(), InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    span_relay, log_relay = providers.span_relay, providers.log_relay
    targets = (span_relay.targets, log_relay.targets)
    privacy = (_settings or Settings()).privacy()
    span_relay.targets = (SimpleSpanProcessor(PrivateSpanExporter(spans, privacy)),)
    log_relay.targets = (SimpleLogRecordProcessor(PrivateLogExporter(logs, privacy)),)
    before = runtime.replace(_runtime(providers, None))
    is_patched_here = carrying.install()
    try:
        yield spans, logs
    finally:
        runtime.replace(before)
        span_relay.targets, log_relay.targets = targets
        if is_patched_here and _settings is None:
            carrying.uninstall()


def _configure(settings: Settings) -> None:
    global _settings, _providers  # noqa: PLW0603 - the state of the process
    if _settings is not None:
        if settings not in (_settings, Settings()):
            logger.warning("spanfold is configured already: call spanfold.shutdown() first to change it")
        return
    from spanfold._internal import carrying, exits, propagation  # noqa: PLC0415 - `import spanfold` stays light
    from spanfold._internal import providers as joined  # noqa: PLC0415

    address = settings.endpoint or os.environ.get("SPANFOLD_ENDPOINT") or DEFAULT_ENDPOINT
    _check_address("SPANFOLD_ENDPOINT", address)
    allowed, privacy, ratio = settings.allow_list(), settings.privacy(), settings.ratio()
    if _providers is None:
        _shut_down_at_exit()
    providers = _providers = joined.connect(settings.service_name, ratio)
    _start_exporting(providers, settings.otlp_endpoint, privacy)
    runtime.replace(_runtime(providers, QueryApi(address.rstrip("/"))))
    _settings = settings
    with contained("carry the active model to threads and services"):
        propagation.install(allowed)
        carrying.install()
        exits.install(_drain, _drain_here, EXIT_TIMEOUT_S)
    with contained("resolve the active experiment and model of the environment"):
        environment.apply()


def _uninstall() -> None:
    from spanfold._internal import carrying, exits, propagation  # noqa: PLC0415 - loaded by _configure

    exits.uninstall()
    propagation.uninstall()
    carrying.uninstall()


def _drain() -> None:
    from spanfold._internal import queues  # noqa: PLC0415 - loaded by _configure

    # A process that holds nothing ends at once: it may be a fork of a server that is about to exec.
    if queues.pending():
        flush(EXIT_TIMEOUT_S)


def _drain_here() -> None:
    # Without a thread of Python's own: the one that was interrupted may hold the lock on starting them.
    if _providers is not None:
        _providers.tracer_provider.force_flush()
        _providers.log_relay.force_flush()


def _shut_down_at_exit() -> None:
    # Exit handlers run in reverse order. Python closes the connections of HTTP pools in one that it registers
    # with the first finalizer of the process: it has to be there before ours, which still sends over them.
    weakref.finalize(_shut_down_at_exit, int).detach()
    atexit.register(shutdown, EXIT_TIMEOUT_S)


def _start_exporting(providers: Providers, otlp_endpoint: str | None, privacy: Privacy) -> None:
    from spanfold._internal import exporters  # noqa: PLC0415
    from spanfold._internal.queues import LogQueue, SpanQueue  # noqa: PLC0415
    from spanfold._internal.retry import PersistentLogExporter  # noqa: PLC0415
    from spanfold._internal.sampling import ErrorKeeper  # noqa: PLC0415
    from spanfold._internal.sending import PrivateLogExporter, PrivateSpanExporter  # noqa: PLC0415

    # Both are built before either is put in place: a wrong setting leaves nothing half configured.
    export_spans = providers.is_ours or otlp_endpoint is not None
    for_spans = exporters.span_exporters(otlp_endpoint) if export_spans else []
    for_logs = exporters.log_exporters(otlp_endpoint)
    queues = [SpanQueue(PrivateSpanExporter(exporter, privacy)) for exporter in for_spans]
    keeps_all = providers.ratio is None
    providers.span_relay.targets = tuple(queue if keeps_all else ErrorKeeper(queue) for queue in queues)
    providers.log_relay.targets = tuple(
        LogQueue(PersistentLogExporter(PrivateLogExporter(exporter, privacy))) for exporter in for_logs
    )


def _runtime(providers: Providers, query_api: QueryApi | None) -> Runtime:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        own_version = version("spanfold")
    except PackageNotFoundError:  # run from a checkout that was never installed
        own_version = ""
    return runtime.Runtime(
        tracer=providers.tracer_provider.get_tracer("spanfold", own_version),
        event_logger=providers.event_provider.get_logger("spanfold", own_version),
        actor=providers.service_name,
        query_api=query_api,
    )


def _inert() -> Runtime:
    from opentelemetry._logs import NoOpLogger  # noqa: PLC0415 - only where all else failed
    from opentelemetry.trace import NoOpTracer  # noqa: PLC0415

    return runtime.Runtime(tracer=NoOpTracer(), event_logger=NoOpLogger("spanfold"), actor="", query_api=None)


def _check_address(name: str, address: str) -> None:
    if not address.startswith(("http://", "https://")):
        message = f"{name} must be an address such as {DEFAULT_ENDPOINT}, not {address!r}"
        raise InvalidArgumentError(message)


def _within(timeout_s: float, *actions: Callable[[], object]) -> bool:
    """Run all actions side by side; whether all of them ended in time and returned no False.

    OpenTelemetry's own timeouts are not kept by its batch processors, so the limit is set here.
    """
    from spanfold._internal import queues  # noqa: PLC0415 - `import spanfold` stays light

    outcomes = list[bool]()

    def run(action: Callable[[], object], ended: threading.Event) -> None:
        with contained("send what was queued"):
            outcomes.append(action() is not False)
        ended.set()

    deadline = time.monotonic() + timeout_s
    ends = [threading.Event() for _ in actions]
    refused: list[Callable[[], None]] = []
    for action, ended in zip(actions, ends, strict=True):
        job = partial(run, action, ended)
        try:
            threading.Thread(target=job, daemon=True).start()
        except (
            RuntimeError
        ):  # Python 3.12 starts no thread at the end of the process, not even in exit handlers
            refused.append(job)
    if refused:
        queues.run_in_workers(refused)
    for ended in ends:
        ended.wait(max(0.0, deadline - time.monotonic()))
    return len(outcomes) == len(actions) and all(outcomes)
