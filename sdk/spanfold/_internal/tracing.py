"""``@spanfold.trace`` and ``spanfold.start_span``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast, overload

from spanfold._internal.wrapping import TracedCall, name_of
from spanfold.errors import InvalidArgumentError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.util.types import AttributeValue

    from spanfold._internal.recording import Recording

P = ParamSpec("P")
R = TypeVar("R")


@overload
def trace(
    func: Callable[P, R],
    *,
    name: str | None = None,
    span_type: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Callable[P, R]: ...


@overload
def trace(
    func: None = None,
    *,
    name: str | None = None,
    span_type: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def trace(
    func: Callable[P, R] | None = None,
    *,
    name: str | None = None,
    span_type: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Record each call of a function as a span, with its arguments, its result and its exceptions.

    Works on functions, methods, coroutines, generators and asynchronous generators. A generator's span is
    open from the first item until it is exhausted or closed. Arguments and results are recorded as JSON of
    at most about 100,000 characters each, with a mark where something was cut.

    Args:
        func: the function, where the decorator stands without parentheses.
        name: the span's name; by default the function's (``Class.method`` for methods).
        span_type: what the function is, such as ``RETRIEVER`` or ``TOOL``.
        attributes: set on each span from the start.

    Raises:
        InvalidArgumentError: put on something that cannot be called.

    Example:
        >>> @trace(span_type="RETRIEVER")
        ... def find(question: str) -> list[str]:
        ...     return ["..."]
    """
    if func is None:

        def decorate(func: Callable[P, R]) -> Callable[P, R]:
            return trace(func, name=name, span_type=span_type, attributes=attributes)

        return decorate
    if isinstance(func, classmethod | staticmethod) or not callable(func):
        message = "@spanfold.trace goes on a function: put it below @classmethod, @staticmethod and @property"
        raise InvalidArgumentError(message)
    call = TracedCall(func, name or name_of(func), _start_attributes(span_type, attributes))
    return cast("Callable[P, R]", call.wrapper())


class SpanHandle:
    """An open span, inside ``with spanfold.start_span(...)``. Its methods never raise."""

    __slots__ = ("_recording",)

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def otel_span(self) -> OtelSpan:
        """OpenTelemetry's span, for all that is not here."""
        return self._recording.span

    @property
    def trace_id(self) -> str:
        """Hexadecimal, as in the query API."""
        return format(self._recording.span.get_span_context().trace_id, "032x")

    @property
    def span_id(self) -> str:
        """Hexadecimal, as in the query API."""
        return format(self._recording.span.get_span_context().span_id, "016x")

    def set_inputs(self, inputs: object) -> None:
        """Record what went in, as JSON of bounded size."""
        self._recording.set_json(keys.INPUT, inputs)

    def set_outputs(self, outputs: object) -> None:
        """Record what came out, as JSON of bounded size."""
        self._recording.set_json(keys.OUTPUT, outputs)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set one attribute."""
        self._recording.span.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set several attributes."""
        self._recording.span.set_attributes(attributes)


@contextmanager
def start_span(
    name: str = "span",
    span_type: str | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[SpanHandle]:
    """Record a block of code as a span. An exception marks it as failed, and goes on.

    Args:
        name: the span's name.
        span_type: what the block does, such as ``RETRIEVER`` or ``TOOL``.
        attributes: set from the start.

    Example:
        >>> with start_span("rerank", span_type="RERANKER") as span:  # doctest: +SKIP
        ...     span.set_outputs([3, 1, 2])
    """
    from spanfold._internal.recording import Recording  # noqa: PLC0415 - `import spanfold` stays light

    recording = Recording(name, _start_attributes(span_type, attributes), None)
    try:
        yield SpanHandle(recording)
    except BaseException as fault:
        recording.failed(fault)
        raise
    finally:
        recording.end()


def _start_attributes(
    span_type: str | None, attributes: Mapping[str, AttributeValue] | None
) -> dict[str, AttributeValue] | None:
    if span_type is None:
        return dict(attributes) if attributes else None
    return {keys.SPAN_TYPE: span_type, **(attributes or {})}
