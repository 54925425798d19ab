"""Queues between the application's threads and the exporter: bounded, and a full one drops the newest.

What is queued first is sent first, so that the beginning of an incident survives it; what does not fit is
counted, and the application never waits. No lock is taken where spans end: a span may end in a signal
handler or in the garbage collector, in the midst of another span's end.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from contextvars import Context
from copy import copy
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from weakref import WeakSet

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.context import Context as OtelContext
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor

from spanfold._internal.faults import contained, logger, warn_once
from spanfold._internal.settings import number
from spanfold._internal.span_copies import plain
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry._logs import LogRecord
    from opentelemetry.sdk._logs import ReadWriteLogRecord
    from opentelemetry.sdk._logs.export import LogRecordExporter
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

T = TypeVar("T")

DEFAULT_MAX_BYTES: Final = 256 * 2**20
_BASE_BYTES: Final = 1_000
"""About what a span or record takes without its texts."""

_ROOMS: Final = (1, 16, 32)
"""By importance. A loop that logs metrics is faster than any collector: it needs room for a while."""
_KNOWN_BY: Final = 2
_METRICS: Final = {keys.RUN_METRICS_LOGGED, keys.MODEL_METRICS_LOGGED}

_queues: Final[WeakSet[BoundedQueue[Any]]] = WeakSet()
_held_at_fork: Final = list[threading.Lock]()
FORK_WAIT_S: Final = 0.25
_dropped: Final = {"spans": 0, "log records": 0}


def dropped(what: str) -> int:
    """How many ``spans`` or ``log records`` this process has dropped because a queue was full."""
    return _dropped[what]


def pending() -> int:
    """How many spans and log records wait to be sent."""
    return sum(len(queue) for queue in _queues)


def run_in_workers(jobs: Sequence[Callable[[], object]]) -> None:
    """Have the threads that send do something else first: for where no thread can be started any more.

    Returns at once, but where no such thread lives: there the jobs are done before it returns.
    """
    workers = [queue for queue in _queues if queue.has_worker()]
    if not workers:
        for job in jobs:
            job()
        return
    # All are handed over before any worker wakes: a job may stop another one's queue.
    for index, job in enumerate(jobs):
        workers[index % len(workers)].jobs.append(job)
    for queue in workers:
        queue.awaken()


class BoundedQueue(Generic[T]):
    """Hands items over to an exporter, in batches, in a thread of its own that starts with the first item."""

    def __init__(
        self, what: str, variables: str, export: Callable[[Sequence[T]], object], size_of: Callable[[T], int]
    ) -> None:
        """Read the limits.

        Args:
            what: ``spans`` or ``log records``.
            variables: prefix of the standard variables of the limits, such as ``OTEL_BSP``.
            export: sends a batch; may block.
            size_of: about how much memory an item takes.
        """
        self._what, self._export, self._size_of = what, export, size_of
        default_items, default_delay_ms = (8_192, 5_000) if variables == "OTEL_BSP" else (2_048, 1_000)
        self._max_items = number(f"{variables}_MAX_QUEUE_SIZE", default_items)
        batch = f"{variables}_MAX_EXPORT_BATCH_SIZE"
        self._due_items = min(number(batch, 512), self._max_items)
        # Unless told otherwise all that waits goes at once: a request costs far more than a span in it, and
        # the exporter keeps its bytes within bounds.
        self._max_batch = self._due_items if os.environ.get(batch, "").strip() else self._max_items
        self._delay_s = number(f"{variables}_SCHEDULE_DELAY", default_delay_ms) / 1_000
        self._max_bytes = number("SPANFOLD_QUEUE_MAX_BYTES", DEFAULT_MAX_BYTES)
        self._reset()
        _queues.add(self)

    def _reset(self) -> None:
        """Begin empty: at first, and in a forked child, whose parent sends what was queued."""
        self._items = deque[tuple[T, int]]()
        self._bytes = 0
        self._sending = 0
        self._stopped = False
        self._dropped = 0
        self._worker: threading.Thread | None = None
        self.jobs: deque[Callable[[], object]] = deque()
        self._exporting = threading.Lock()
        self._started = threading.Lock()
        self._wake = threading.Lock()
        self._wake.acquire()

    def __len__(self) -> int:
        """How many items are not sent yet, those in the exporter's hands included."""
        return len(self._items) + self._sending

    def put(self, item: T, rooms: int = 1) -> None:
        """Queue ``item``, or count it if there is no room.

        Args:
            item: what is to be sent.
            rooms: how many times the queue's limit on items holds for this one: what has more of them is not
                crowded out by what has fewer. Of bytes there are two times the limit at most.
        """
        size = self._size_of(item)
        max_bytes = self._max_bytes * min(rooms, 2)
        if len(self._items) >= self._max_items * rooms or self._bytes + size > max_bytes or self._stopped:
            self._drop()
            return
        self._items.append((item, size))
        self._bytes += size
        if self._started.acquire(blocking=False):
            self._start()
        elif len(self._items) >= self._due_items:
            self.awaken()

    def flush(self) -> bool:
        """Send all that is queued now; returns when that is done, however long it takes."""
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        try:
            with self._exporting:
                # Not what is put meanwhile: an application that never rests would never get out of here.
                left = len(self._items)
                while left > 0:
                    left -= self._send_batch()
        finally:
            detach(token)
        return True

    def stop(self) -> None:
        """Take nothing more, and send what is queued."""
        self._stopped = True
        self.awaken()
        self.flush()
        if self._dropped:
            logger.warning("%d %s were dropped in all: the queue was full", self._dropped, self._what)

    def _drop(self) -> None:
        if self._stopped:
            return
        self._dropped += 1
        _dropped[self._what] += 1
        warn_once(
            f"dropped-{self._what}",
            "the queue of %s is full (%d, or %d bytes): the newest are dropped and counted (logged once)",
            self._what,
            self._max_items,
            self._max_bytes,
        )

    def _send_batch(self) -> int:
        # What has rooms of its own goes all at once: it came faster than batches leave.
        count = min(max(self._max_batch, len(self._items) - self._max_items), len(self._items))
        taken = [self._items.popleft() for _ in range(count)]
        batch = [item for item, _ in taken]
        self._bytes -= sum([size for _, size in taken])
        if not self._items:
            # Threads that add at the same moment may lose one of their sums: let no such error last.
            self._bytes = 0
        if batch:
            self._sending = len(batch)
            with contained(f"send {self._what}"):
                self._export(batch)
            self._sending = 0
        return max(len(batch), 1)

    def _work(self) -> None:
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        while not self._stopped:
            self._wake.acquire(timeout=self._delay_s)
            self._do_jobs()
            with self._exporting:
                self._send_batch()
                while len(self._items) >= self._due_items:
                    self._send_batch()
        self._do_jobs()

    def _do_jobs(self) -> None:
        while self.jobs:
            self.jobs.popleft()()

    def _start(self) -> None:
        with contained("start the thread that sends"):
            worker = threading.Thread(target=self._work, name=f"spanfold-{self._what}", daemon=True)
            # In a context of its own: it belongs to no block of the application.
            Context().run(worker.start)
            self._worker = worker

    def has_worker(self) -> bool:
        """Whether a thread of this queue lives."""
        return not self._stopped and self._worker is not None and self._worker.is_alive()

    def awaken(self) -> None:
        """Have the thread that sends do so now."""
        if self._wake.locked():
            with suppress(RuntimeError):  # another thread woke it just now
                self._wake.release()


class SpanQueue(SpanProcessor):
    """OpenTelemetry's batch processor, but for what it does when it is full, forked or ended by a signal."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.queue: BoundedQueue[ReadableSpan] = BoundedQueue(
            "spans", "OTEL_BSP", exporter.export, _span_bytes
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span."""
        if span.context is not None and span.context.trace_flags.sampled:
            self.queue.put(span)

    def shutdown(self) -> None:
        """Send what is queued and stop."""
        self.queue.stop()
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - setup.flush sets the limit
        """Send what is queued."""
        return self.queue.flush()


class LogQueue(LogRecordProcessor):
    """The same for log records, model events among them, which have room of their own."""

    def __init__(self, exporter: LogRecordExporter) -> None:
        self._exporter = exporter
        self.queue: BoundedQueue[ReadableLogRecord] = BoundedQueue(
            "log records", "OTEL_BLRP", exporter.export, record_bytes
        )

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue the record."""
        # A copy without the context, which may hold on to much more than the record.
        record = copy(log_record.log_record)
        record.context = OtelContext()
        how_important = importance(record)
        self.queue.put(
            ReadableLogRecord(
                record,
                log_record.resource or Resource.get_empty(),
                log_record.instrumentation_scope,
                log_record.limits,
            ),
            _ROOMS[how_important],
        )
        if how_important == _KNOWN_BY:
            # Other processes may be told its ID at any moment: to them it should exist.
            self.queue.awaken()

    def shutdown(self) -> None:
        """Send what is queued and stop."""
        self.queue.stop()
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - as above
        """Send what is queued."""
        return self.queue.flush()


def importance(record: LogRecord) -> int:
    """How much would be lost with a log record.

    0: a line among many. 1: one measured value. 2: what a version or run is known by.
    """
    if not record.attributes or keys.EVENT_ID not in record.attributes:
        return 0
    return 1 if record.event_name in _METRICS else _KNOWN_BY


def _span_bytes(span: ReadableSpan) -> int:
    size = _BASE_BYTES + _text_bytes(span.attributes)
    if span._events:  # noqa: SLF001 - the property copies them under a lock, and nearly no span has any
        for event in span.events:
            size += _text_bytes(event.attributes)
    return size


def record_bytes(record: ReadableLogRecord) -> int:
    """About how much memory a log record takes."""
    body = record.log_record.body
    return (
        _BASE_BYTES + _text_bytes(record.log_record.attributes) + (len(body) if isinstance(body, str) else 0)
    )


def _text_bytes(attributes: Mapping[str, Any] | None) -> int:
    return sum([len(value) for value in plain(attributes).values() if type(value) is str])


def _before_fork() -> None:
    # A request under way may hold locks that nobody can renew, of a module that it imports among them: the
    # child would wait for them for ever. Requests are short; where one is not, the fork goes on without it.
    for queue in list(_queues):
        lock = queue._exporting  # noqa: SLF001 - the same module
        if lock.acquire(timeout=FORK_WAIT_S):
            _held_at_fork.append(lock)


def _after_fork_in_parent() -> None:
    while _held_at_fork:
        _held_at_fork.pop().release()


def _after_fork() -> None:
    _held_at_fork.clear()
    for queue in list(_queues):
        queue._reset()  # noqa: SLF001 - the same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork
    )
