"""The one span processor and the one log processor that spanfold adds to OpenTelemetry's providers.

A provider keeps its processors until the process ends. So these two stay, and what they pass records on to
can be exchanged: by ``configure`` after ``shutdown``, and by tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.trace import SpanProcessor

from spanfold._internal import active
from spanfold._internal.faults import swallow
from spanfold_schemas import keys

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk.trace import ReadableSpan, Span


class SpanRelay(SpanProcessor):
    """Stamps the active model's ID on every span that starts, and passes spans on when they end."""

    def __init__(self) -> None:
        self.targets: tuple[SpanProcessor, ...] = ()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Stamp the span, unless the application already said which model it belongs to."""
        try:
            model_id = active.current()
            if model_id is not None:
                given = span.attributes
                if not given or (keys.MODEL_ID not in given and keys.MLFLOW_MODEL_ID not in given):
                    span.set_attribute(keys.MODEL_ID, model_id)
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
