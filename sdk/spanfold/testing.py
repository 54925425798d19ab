"""For tests: what the SDK would have sent, a clock that stands still, faults that are raised.

Example:
    >>> import spanfold
    >>> from spanfold import testing
    >>> @spanfold.trace
    ... def double(number):
    ...     return 2 * number
    >>> with testing.capture() as captured:
    ...     with spanfold.set_active_model(name="my-agent-v1.0"):
    ...         double(21)
    42
    >>> [(span.name, span.attributes["spanfold.output"]) for span in captured.spans]
    [('double', '42')]
    >>> [event.event_type for event in captured.events]
    ['spanfold.model.created']
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spanfold._internal import active, active_run, events, experiment_lookup, faults, resolve, setup
from spanfold_schemas import keys
from spanfold_schemas.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

__all__ = ["Captured", "capture", "dropped_count", "fault_count", "fixed_clock", "raise_faults"]


@dataclass(frozen=True, slots=True)
class Captured:
    """What was recorded since :func:`capture` began."""

    _spans: InMemorySpanExporter
    _logs: InMemoryLogRecordExporter

    @property
    def spans(self) -> list[ReadableSpan]:
        """Ended spans, in the order in which they ended."""
        return list(self._spans.get_finished_spans())

    @property
    def events(self) -> list[Event]:
        """Events about model versions, in the order in which they happened."""
        records = [exported.log_record for exported in self._logs.get_finished_logs()]
        return [
            Event(
                event_id=str(record.attributes[keys.EVENT_ID]),
                event_type=record.event_name or "",
                stream=str(record.attributes[keys.EVENT_STREAM]),
                event_time_unix_ns=record.timestamp or 0,
                payload=json.loads(str(record.body)),
                actor=str(record.attributes[keys.EVENT_ACTOR]),
                source=str(record.attributes[keys.EVENT_SOURCE]),
            )
            for record in records
            if record.attributes and keys.EVENT_ID in record.attributes
        ]


@contextmanager
def capture() -> Iterator[Captured]:
    """Record spans and events in memory instead of sending them; no server is asked about models.

    In the block no model version, run or experiment is known or active at first. Afterwards all is as it was
    before.
    """
    with setup.captured() as (spans, logs), _no_models():
        yield Captured(spans, logs)


@contextmanager
def fixed_clock(time_unix_ns: int) -> Iterator[None]:
    """In the block, events and new model versions have this time: nanoseconds since 1970."""
    before, events.now_unix_ns = events.now_unix_ns, lambda: time_unix_ns
    try:
        yield
    finally:
        events.now_unix_ns = before


@contextmanager
def raise_faults() -> Iterator[None]:
    """In the block, faults of the SDK are raised instead of logged."""
    before = faults.set_raising(True)
    try:
        yield
    finally:
        faults.set_raising(before)


def fault_count() -> int:
    """How many faults the SDK has kept from the application in this process."""
    return faults.count()


def dropped_count() -> int:
    """How many spans this process has dropped because the queue to the collector was full."""
    from spanfold._internal import queues  # noqa: PLC0415 - loads OpenTelemetry's SDK

    return queues.dropped("spans")


@contextmanager
def _no_models() -> Iterator[None]:
    memory = resolve.replace_memory()
    noted = active.resume(active.NOTHING)
    process, run_process = active.swap_process(), active_run.swap_process()
    known = experiment_lookup.replace_known()
    try:
        yield
    finally:
        experiment_lookup.replace_known(known)
        active_run.swap_process(run_process)
        active.swap_process(*process)
        active.suspend(noted)
        resolve.replace_memory(memory)
