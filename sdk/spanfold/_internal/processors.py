"""The one span processor and the one log processor that spanfold adds to OpenTelemetry's providers.

A provider keeps its processors until the process ends. So these two stay, and what they pass records on to
can be exchanged: by ``configure`` after ``shutdown``, and by tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.trace import Span, SpanProcessor
from opentelemetry.trace import get_current_span

from spanfold._internal import active, active_run, ancestors, caller, used_prompts
from spanfold._internal.faults import swallow
from spanfold._internal.span_copies import plain
from spanfold_schemas import keys

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk.trace import ReadableSpan


class SpanRelay(SpanProcessor):
    """Stamps on every span that starts where it belongs, and passes spans on when they end."""

    def __init__(self) -> None:
        self.targets: tuple[SpanProcessor, ...] = ()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Stamp the span with the active model, run and experiment, and with its caller's model."""
        try:
            _stamp(span, parent_context)
        except Exception as fault:
            if not swallow("stamp the active model on a span", fault):
                raise
        for target in self.targets:
            target.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Pass the span on."""
        for target in self.targets:
            target.on_end(span)

    def shutdown(self) -> None:
        """Shut the targets down; later spans go nowhere."""
        targets, self.targets = self.targets, ()
        for target in targets:
            target.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what the targets hold."""
        return all(target.force_flush(timeout_millis) for target in self.targets)


def _stamp(span: Span, parent_context: Context | None) -> None:
    model_id = active.current()
    if model_id is not None:
        # The application may have said itself which model the span belongs to. A copy is a plain dictionary:
        # asking that costs a fraction of asking the span's own mapping twice.
        given = plain(span.attributes)
        if keys.MODEL_ID not in given and keys.MLFLOW_MODEL_ID not in given:
            span.set_attribute(keys.MODEL_ID, model_id)
    run_id = active_run.current()
    if run_id is not None:
        span.set_attribute(keys.RUN_ID, run_id)
    experiment_id = active_run.current_experiment()
    if experiment_id is not None:
        span.set_attribute(keys.EXPERIMENT_ID, experiment_id)
    caller_id = caller.of(parent_context)
    if caller_id is not None:
        span.set_attribute(keys.CALLER_MODEL_ID, caller_id)
    if span.parent is not None:
        around = get_current_span(parent_context)
        if isinstance(around, Span):
            # For the propagator, which must know whether a call to a model is under way.
            ancestors.link(span, around)
            if used_prompts.in_use:
                used_prompts.inherit(span, around)


class LogRelay(LogRecordProcessor):
    """Passes log records on, model events among them."""

    def __init__(self) -> None:
        self.targets: tuple[LogRecordProcessor, ...] = ()

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Pass the record on."""
        for target in self.targets:
            target.on_emit(log_record)

    def shutdown(self) -> None:
        """Shut the targets down; later records go nowhere."""
        targets, self.targets = self.targets, ()
        for target in targets:
            target.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what the targets hold."""
        return all(target.force_flush(timeout_millis) for target in self.targets)
