"""Keeps a share of all traces, whole, and every trace in which something failed.

Which traces are kept is decided by their IDs, so services that never talk to each other agree. Spans of the
others are recorded all the same, and held until their part of the trace in this process ends: if one of them
fails, they are sent. The share is written on the kept spans, so that counts can be corrected.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, StatusCode, TraceState, get_current_span

from spanfold._internal.faults import warn_once
from spanfold._internal.span_copies import with_attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span
    from opentelemetry.trace import Link
    from opentelemetry.util.types import Attributes

    from spanfold._internal.queues import SpanQueue

RATIO: Final = "spanfold.sample.ratio"
"""On spans of a trace that was kept by its ID: the share of traces that are. Each stands for 1 / ratio."""
RESCUED: Final = "spanfold.sample.rescued"
"""True on spans that were kept only because something in their trace failed."""

MAX_HELD_SPANS: Final = 4_096
MAX_TRACES: Final = 4_096
_RANDOM_BITS: Final = 56
"""OpenTelemetry's consistent probability sampling decides by the last 56 bits of a trace ID."""
_SPACE: Final = 1 << _RANDOM_BITS
_MEMBER: Final = "ot"
_NO_STATE: Final = TraceState()


class KeepingErrors(Sampler):
    """Follows the caller's decision; at the root of a trace, keeps ``ratio`` of all IDs."""

    def __init__(self, ratio: float) -> None:
        self._threshold = round((1 - ratio) * _SPACE)
        # OpenTelemetry's own way to tell the share to the services downstream.
        threshold = f"{self._threshold:014x}".rstrip("0") or "0"
        self._state = TraceState([(_MEMBER, f"th:{threshold}")]) if ratio else _NO_STATE
        self._ratio = ratio

    def should_sample(  # noqa: PLR0913, PLR0917 - OpenTelemetry's signature
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,  # noqa: ARG002
        kind: SpanKind | None = None,  # noqa: ARG002
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,  # noqa: ARG002
    ) -> SamplingResult:
        """Sampled, or recorded only: what is not sampled may still turn out to fail."""
        parent = get_current_span(parent_context).get_span_context()
        if parent.is_valid:
            is_kept, state = parent.trace_flags.sampled, parent.trace_state
        else:
            is_kept = trace_id % _SPACE >= self._threshold
            state = self._state if is_kept else _NO_STATE
        if not is_kept:
            return SamplingResult(Decision.RECORD_ONLY, attributes, state)
        ratio = _ratio_in(state.get(_MEMBER))
        if ratio is not None:
            attributes = {**(attributes or {}), RATIO: ratio}
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, state)

    def get_description(self) -> str:
        """For people."""
        return f"KeepingErrors{{{self._ratio}}}"


@lru_cache(256)
def _ratio_in(member: str | None) -> float | None:
    """The share that a member ``ot`` of a trace state names. It may come from anywhere.

    Example:
        >>> _ratio_in("th:c"), _ratio_in("rv:1;th:8"), _ratio_in("th:xyz"), _ratio_in(None)
        (0.25, 0.5, None, None)
    """
    for entry in (member or "").split(";"):
        key, _, text = entry.partition(":")
        if key == "th" and 0 < len(text) <= _RANDOM_BITS // 4 and set(text) <= set("0123456789abcdef"):
            return 1 - int(text.ljust(_RANDOM_BITS // 4, "0"), 16) / _SPACE
    return None


@dataclass(slots=True)
class _Trace:
    """A trace that is not sampled, as long as a part of it is open in this process."""

    open_roots: int = 0
    failed: bool = False
    spans: list[ReadableSpan] = field(default_factory=list)


_keepers: Final[WeakSet[ErrorKeeper]] = WeakSet()


class ErrorKeeper(SpanProcessor):
    """Stands before the queue: lets sampled spans through, and holds the others until their trace fails."""

    def __init__(self, queue: SpanQueue) -> None:
        self._queue = queue
        self._reset()
        _keepers.add(self)

    def _reset(self) -> None:
        self._traces = dict[int, _Trace]()
        self._failed = dict[int, None]()
        """Traces that are over: what still ends in them is sent, too."""
        self._held = 0
        self._renew_lock()

    def _renew_lock(self) -> None:
        # Reentrant: a span may end in the garbage collector, in the midst of another one's end.
        self._lock = threading.RLock()

    def let_go(self) -> None:
        """In a forked child: what its parent holds is the parent's to send. The open traces go on in both."""
        self._renew_lock()
        self._held = 0
        for trace in self._traces.values():
            trace.spans = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        """Note the parts of traces that begin here."""
        context = span.get_span_context()
        if not context.trace_flags.sampled and _is_local_root(span):
            with self._lock:
                if len(self._traces) >= MAX_TRACES:
                    self._give_up_oldest()
                self._traces.setdefault(context.trace_id, _Trace()).open_roots += 1

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span, hold it, or let it go."""
        if span.context is None or span.context.trace_flags.sampled:
            self._queue.on_end(span)
            return
        with self._lock:
            for rescued in self._take(span, span.context.trace_id):
                self._queue.queue.put(with_attributes(rescued, {RESCUED: True}))

    def shutdown(self) -> None:
        """Let go of what is held, and shut the queue down."""
        self._reset()
        self._queue.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is queued; what is held stays."""
        return self._queue.force_flush(timeout_millis)

    def _take(self, span: ReadableSpan, trace_id: int) -> list[ReadableSpan]:
        """What is to be sent now that ``span`` has ended."""
        trace = self._traces.get(trace_id)
        failed = span.status.status_code is StatusCode.ERROR
        if trace is None:
            # Its part of the trace is over, or was given up.
            return [span] if failed or trace_id in self._failed else []
        rescued: list[ReadableSpan] = []
        if failed or trace.failed:
            trace.failed = True
            rescued = [*trace.spans, span]
            self._held -= len(trace.spans)
            trace.spans = []
        else:
            trace.spans.append(span)
            self._held += 1
            if self._held > MAX_HELD_SPANS:
                self._give_up_oldest()
        if _is_local_root(span):
            trace.open_roots -= 1
            if trace.open_roots <= 0:
                self._forget(trace_id)
        return rescued

    def _forget(self, trace_id: int) -> None:
        trace = self._traces.pop(trace_id, None)
        if trace is not None:
            self._held -= len(trace.spans)
            if trace.failed:
                if len(self._failed) >= MAX_TRACES:
                    del self._failed[next(iter(self._failed))]
                self._failed[trace_id] = None

    def _give_up_oldest(self) -> None:
        warn_once(
            "held",
            "more than %d spans or %d traces are held by SPANFOLD_SAMPLE_RATIO: of the oldest, only spans "
            "that fail themselves are kept (logged once)",
            MAX_HELD_SPANS,
            MAX_TRACES,
        )
        self._forget(next(iter(self._traces)))


def _is_local_root(span: ReadableSpan) -> bool:
    return span.parent is None or span.parent.is_remote


def _after_fork() -> None:
    for keeper in list(_keepers):
        keeper.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
