"""Joins OpenTelemetry's providers: the application's if it made them, else ours. Once per process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, trace
from opentelemetry._logs._internal import ProxyLoggerProvider
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider

from spanfold._internal.faults import logger, warn_once
from spanfold._internal.processors import LogRelay, SpanRelay
from spanfold._internal.sampling import KeepingErrors

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider as AnyTracerProvider


@dataclass(frozen=True, slots=True)
class Providers:
    """The providers of this process, with spanfold's relays in them."""

    tracer_provider: TracerProvider
    event_provider: LoggerProvider
    """Ours alone, without the limits that an application sets for its log records: they would cut IDs."""
    is_ours: bool
    """Whether spanfold made the tracer provider, and so has to export its spans."""
    span_relay: SpanRelay = field(default_factory=SpanRelay)
    log_relay: LogRelay = field(default_factory=LogRelay)
    ratio: float | None = None
    """The share of traces that is kept; None where OpenTelemetry or the application decides."""

    @property
    def service_name(self) -> str:
        """The service's name by the resource."""
        return str(self.tracer_provider.resource.attributes.get(SERVICE_NAME, ""))


_providers: Providers | None = None


def connect(service_name: str | None, ratio: float | None = None) -> Providers:
    """Add spanfold's relays to the providers; the first call decides, later ones return the same.

    Args:
        service_name: for a provider that spanfold makes; None leaves it to ``OTEL_SERVICE_NAME``.
        ratio: the share of traces to keep, for a provider that spanfold makes.
    """
    global _providers  # noqa: PLW0603 - a provider cannot be removed again, so neither can this
    if _providers is None:
        _providers = _join(service_name, ratio)
    elif service_name is not None and service_name != _providers.service_name:
        logger.warning("service_name=%r comes too late: the tracer provider exists already", service_name)
    elif ratio is not None and ratio != _providers.ratio:
        logger.warning("the sample ratio %s comes too late: the tracer provider exists already", ratio)
    return _providers


def _join(service_name: str | None, ratio: float | None) -> Providers:
    existing = trace.get_tracer_provider()
    is_ours = not isinstance(existing, TracerProvider)
    if isinstance(existing, TracerProvider):
        tracer_provider = existing
        if service_name is not None:
            logger.warning(
                "service_name=%r is not used: the application made the tracer provider", service_name
            )
        if ratio is not None:
            logger.warning("the sample ratio %s is not used: the application made the tracer provider", ratio)
    else:
        tracer_provider = _own_tracer_provider(existing, service_name, ratio)
    resource = tracer_provider.resource
    unlimited = LogRecordLimits(
        max_log_record_attributes=LogRecordLimits.UNSET,
        max_log_record_attribute_length=LogRecordLimits.UNSET,
    )
    providers = Providers(
        tracer_provider=tracer_provider,
        event_provider=LoggerProvider(resource, shutdown_on_exit=False, log_record_limits=unlimited),
        is_ours=is_ours,
        ratio=ratio if is_ours else None,
    )
    tracer_provider.add_span_processor(providers.span_relay)
    providers.event_provider.add_log_record_processor(providers.log_relay)
    if isinstance(_logs.get_logger_provider(), _logs.NoOpLoggerProvider | ProxyLoggerProvider):
        # So that instrumentations which emit GenAI events through the logs API reach the collector too.
        logger_provider = LoggerProvider(resource, shutdown_on_exit=False)
        logger_provider.add_log_record_processor(providers.log_relay)
        _logs.set_logger_provider(logger_provider)
    return providers


def _own_tracer_provider(
    existing: AnyTracerProvider, service_name: str | None, ratio: float | None
) -> TracerProvider:
    # Shut down by spanfold.shutdown, with a limit: OpenTelemetry's own handler would wait as it likes.
    named: dict[str, Any] = {} if service_name is None else {SERVICE_NAME: service_name}
    made = TracerProvider(
        resource=Resource.create(named),
        # None leaves the choice to OTEL_TRACES_SAMPLER.
        sampler=None if ratio is None else KeepingErrors(ratio),
        shutdown_on_exit=False,
    )
    if isinstance(existing, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        trace.set_tracer_provider(made)
    else:
        warn_once(
            "foreign-provider",
            "tracer provider %s takes no span processors: only spans made by spanfold are linked to a model",
            type(existing).__name__,
        )
    return made
