"""Carries the active model from service to service, in W3C baggage, and only to services that may know it.

The propagator wraps the application's own, so that whatever format that writes stays. It looks at the span
of the outgoing call, on which instrumentations name the host before they inject.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from opentelemetry.baggage import get_baggage, remove_baggage, set_baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, get_current
from opentelemetry.propagate import get_global_textmap, set_global_textmap
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.sdk.trace import Span
from opentelemetry.trace import SpanKind, get_current_span

from spanfold._internal import active, ancestors, caller, redirects
from spanfold._internal.faults import contained, swallow
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold._internal.hosts import AllowList, Kind

ENTRY: Final = keys.MODEL_ID
"""The key in the baggage."""
_HEADER: Final = "baggage"
_HOST_KEYS: Final = ("server.address", "net.peer.name")
_URL_KEYS: Final = ("url.full", "http.url")
_QUEUE_KEYS: Final = ("messaging.destination.name", "messaging.destination")
_OWN_STEPS: Final = {"invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "agent", "tool"}
"""GenAI operations whose calls go to the application's own services."""
_MODEL_KINDS: Final = {"LLM", "EMBEDDING", "RERANKER"}


class ModelPropagator(TextMapPropagator):
    """The application's propagator, and the active model's ID beside what it writes."""

    def __init__(self, inner: TextMapPropagator, allowed: AllowList) -> None:
        self.inner = inner
        self.allowed = allowed
        # The application may have chosen another format, such as B3: then the entry travels by itself.
        self._own = None if _HEADER in inner.fields else W3CBaggagePropagator()

    @property
    def fields(self) -> set[str]:
        """The headers that are written."""
        return {*self.inner.fields, _HEADER}

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """Write the application's headers; the model's ID if this call may tell it."""
        model_id: str | None = None
        given = get_current() if context is None else context
        try:
            if get_baggage(ENTRY, given) is not None:
                given = remove_baggage(ENTRY, given)
            _forget(carrier)
            model_id = active.current() or caller.of(given)
            if model_id is not None and not self._may_go(given):
                model_id = None
            if model_id is not None:
                redirects.watch(_redirected)
        except Exception as fault:
            if not swallow("decide whom to tell the active model", fault):
                raise
            model_id = None
        if model_id is not None and self._own is None:
            given = set_baggage(ENTRY, model_id, given)
        self.inner.inject(carrier, given, setter)
        if model_id is not None and self._own is not None:
            self._own.inject(carrier, set_baggage(ENTRY, model_id, Context()), setter)

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """Read the application's headers. The caller's ID goes beside the baggage, not into it."""
        extracted = self.inner.extract(carrier, context, getter)
        with contained("read the caller's model"):
            baggage = extracted if self._own is None else self._own.extract(carrier, Context(), getter)
            model_id = get_baggage(ENTRY, baggage)
            if get_baggage(ENTRY, extracted) is not None:
                # Left in the baggage, it would go on to whatever host this service calls next.
                extracted = remove_baggage(ENTRY, extracted)
            if isinstance(model_id, str):
                extracted = caller.accepted(extracted, model_id)
        return extracted

    def _may_go(self, context: Context) -> bool:
        span = get_current_span(context)
        if not isinstance(span, Span) or span.kind not in {SpanKind.CLIENT, SpanKind.PRODUCER}:
            return False
        peer = _peer(span.attributes or {}, span.kind)
        return peer is not None and self.allowed.allows(*peer) and not _is_for_a_model(span)


def install(allowed: AllowList) -> None:
    """Wrap the global propagator, unless the application wants none at all."""
    present = get_global_textmap()
    if isinstance(present, ModelPropagator):
        present.allowed = allowed
    elif os.environ.get("OTEL_PROPAGATORS", "").strip().lower() != "none":
        set_global_textmap(ModelPropagator(present, allowed))


def uninstall() -> None:
    """Put the application's propagator back, if ours is still in front of it."""
    redirects.leave()
    present = get_global_textmap()
    if isinstance(present, ModelPropagator):
        set_global_textmap(present.inner)


def _peer(attributes: Mapping[str, Any], kind: SpanKind) -> tuple[Kind, str] | None:
    """Where a call goes, by the attributes of its span."""
    if kind is SpanKind.PRODUCER:
        found = _first(attributes, _QUEUE_KEYS)
        return None if found is None else ("queue", found)
    url = _first(attributes, _URL_KEYS)
    host = (urlsplit(url).hostname if url else None) or _first(attributes, _HOST_KEYS)
    if host:
        return "host", host
    # The gRPC instrumentation names the service, never the host.
    service = _first(attributes, ("rpc.service",))
    return None if service is None else ("grpc", service)


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if isinstance(found := attributes.get(name), str)), None)


def _is_for_a_model(span: Span) -> bool:
    """Whether a call to a model is under way: the nearest GenAI span around ``span`` decides."""
    for around in ancestors.outwards(span):
        attributes = around.attributes or {}
        operation = attributes.get("gen_ai.operation.name")
        if operation is not None:
            return operation not in _OWN_STEPS
        kind = attributes.get("openinference.span.kind")
        if kind is not None:
            return kind in _MODEL_KINDS
        if any(key in attributes for key in ("gen_ai.provider.name", "gen_ai.system", "llm.request.type")):
            return True
        if attributes.get("traceloop.span.kind") is not None:
            return False
    return False


def _redirected(url: str, headers: object) -> None:
    """Take the entry away from a request that goes on to a host that is not on the list."""
    present = get_global_textmap()
    host = urlsplit(url).hostname
    if not (isinstance(present, ModelPropagator) and host and present.allowed.allows("host", host)):
        _forget(headers)


def _forget(carrier: object) -> None:
    """Remove the entry that an earlier hop left on the headers: a redirect is sent with a copy of them."""
    if not isinstance(carrier, MutableMapping):
        return
    header = carrier.get(_HEADER)
    if isinstance(header, str) and ENTRY in header:
        kept = [entry for entry in header.split(",") if entry.partition("=")[0].strip() != ENTRY]
        if kept:
            carrier[_HEADER] = ",".join(kept)
        else:
            del carrier[_HEADER]
