"""One traced call: a span that is current while the call runs, with what went in and what came out."""

from __future__ import annotations

from contextlib import suppress
from contextvars import Token
from typing import TYPE_CHECKING, Any

from opentelemetry.context import attach, detach, get_current
from opentelemetry.trace import INVALID_SPAN, Span, Status, StatusCode, set_span_in_context

from spanfold._internal import active, content, runtime
from spanfold._internal.faults import contained, swallow
from spanfold._internal.setup import ready
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.util.types import AttributeValue

CLOSED_EARLY = "spanfold.closed_early"
"""True on a span whose result nobody wanted any more: of a closed generator, of a cancelled task."""


class Recording:
    """A span and its place in the context. No method raises: the application's result comes first."""

    __slots__ = ("_token", "span")

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, AttributeValue] | None,
        given: Mapping[str, object] | None,
        parent: Context | None = None,
    ) -> None:
        """Start the span and make it current.

        Args:
            name: the span's name.
            attributes: what else is known at the start.
            given: the call's arguments, recorded as JSON.
            parent: the context whose span is the parent; None means the current one.
        """
        self.span: Span = INVALID_SPAN
        self._token: Token[Context] | None = None
        try:
            # Attributes that a span starts with cost less than those that are set later.
            attributes = _complete(attributes, given)
            self.span = (runtime.get() or ready()).tracer.start_span(name, parent, attributes=attributes)
            self._token = attach(set_span_in_context(self.span, parent))
        except Exception as fault:
            if not swallow("start a span", fault):
                raise

    def set_json(self, key: str, value: object) -> None:
        """Record ``value`` as JSON text of bounded size."""
        try:
            if self.span.is_recording():
                self.span.set_attribute(key, content.to_json(value))
        except Exception as fault:
            if not swallow("record an input or output", fault):
                raise

    def failed(self, fault: BaseException) -> None:
        """Mark the span as failed by ``fault``, with its traceback.

        What is no ``Exception``, such as asyncio's CancelledError, only says that nobody waits for the result
        any more: as in OpenTelemetry's own ``start_as_current_span``, the span has not failed.
        """
        with contained("record an exception"):
            if not isinstance(fault, Exception):
                self.span.set_attribute(CLOSED_EARLY, value=True)
                return
            try:
                told = f"{type(fault).__name__}: {fault}"
            except Exception:  # noqa: BLE001 - the exception's own code: it may raise anything
                self.span.set_status(Status(StatusCode.ERROR, type(fault).__name__))
                return
            self.span.record_exception(fault)
            self.span.set_status(Status(StatusCode.ERROR, told))

    def pause(self) -> None:
        """The span is not current any more, but still open."""
        token, self._token = self._token, None
        if token is not None:
            _leave(token)

    def end(self) -> None:
        """The call is over."""
        try:
            self.pause()
            self.span.end()
        except Exception as fault:
            if not swallow("end a span", fault):
                raise


def _leave(token: Token[Context]) -> None:
    """What :func:`detach` does, but for its error in the log where a span ends in another context.

    Generators that a framework resumes in worker threads do so, FastAPI's dependencies among them: that other
    context never was the span's, so there is nothing to put back.
    """
    if isinstance(token, Token):
        with suppress(ValueError):
            token.var.reset(token)
    else:  # an application may have chosen another kind of context
        detach(token)


def _complete(
    attributes: Mapping[str, AttributeValue] | None, given: Mapping[str, object] | None
) -> Mapping[str, AttributeValue]:
    """The attributes that a span starts with: those given, its model and its inputs."""
    complete: dict[str, AttributeValue] = dict(attributes) if attributes else {}
    model_id = active.current()
    if model_id is not None and keys.MODEL_ID not in complete and keys.MLFLOW_MODEL_ID not in complete:
        complete[keys.MODEL_ID] = model_id
    if given is not None:
        try:
            complete[keys.INPUT] = content.to_json(given)
        except Exception as fault:
            if not swallow("record an input or output", fault):
                raise
    return complete


class StreamRecording:
    """A traced generator: its body runs in the context of the call that made it, its consumer's does not.

    So spans of the body are children of this span, and belong to the model that was active at the call,
    however late and wherever the items are consumed. The span starts with the first item.
    """

    __slots__ = ("_attributes", "_blocks", "_context", "_given", "_items", "_name", "_recording", "_step")

    def __init__(
        self, name: str, attributes: Mapping[str, AttributeValue] | None, given: Mapping[str, object]
    ) -> None:
        self._name, self._attributes, self._given = name, attributes, given
        self._context = get_current()
        self._blocks = active.snapshot()
        self._items = content.Collector()
        self._recording: Recording | None = None
        self._step: tuple[Any, Any] | None = None

    def __enter__(self) -> None:
        """Enter the body for one step."""
        with contained("resume a generator's span"):
            blocks = active.resume(self._blocks)
            if self._recording is None:
                self._recording = Recording(self._name, self._attributes, self._given, self._context)
                self._recording.pause()
            inside = set_span_in_context(self._recording.span, self._context)
            self._step = (attach(inside), blocks)

    def __exit__(self, *_: object) -> None:
        """Return to the consumer."""
        with contained("leave a generator's span"):
            if self._step is not None:
                (token, blocks), self._step = self._step, None
                detach(token)
                active.suspend(blocks)

    def add(self, item: object) -> None:
        """Note an item that was yielded."""
        with contained("record an item"):
            self._items.add(item)

    def end(self, fault: BaseException | None = None, *, early: bool = False) -> None:
        """The generator is exhausted, has failed, or was closed early."""
        if self._recording is None:
            return
        with contained("record the items"):
            self._recording.span.set_attribute(keys.OUTPUT, self._items.to_json())
            if early:
                self._recording.span.set_attribute(CLOSED_EARLY, value=True)
        if fault is not None:
            self._recording.failed(fault)
        self._recording.end()
