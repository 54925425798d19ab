"""Calls to judges do not look like traffic of the version that they judge."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import context
from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    _SUPPRESS_INSTRUMENTATION_KEY,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from spanfold._internal.active import no_model

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUPPRESS: Final = (
    _SUPPRESS_INSTRUMENTATION_KEY,
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    "suppress_instrumentation",  # older instrumentations
)
_UNSAMPLED: Final = NonRecordingSpan(SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(0)))


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that this thread does in the block is recorded, or counted for a model version.

    The instrumentations of client libraries do not all ask whether they should be silent. So the spans that
    they make are children of one that is not sampled, and carry no model.
    """
    within = set_span_in_context(_UNSAMPLED)
    for key in _SUPPRESS:
        within = context.set_value(key, value=True, context=within)
    token = context.attach(within)
    try:
        with no_model():
            yield
    finally:
        context.detach(token)
