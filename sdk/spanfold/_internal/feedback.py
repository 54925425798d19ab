"""What people think of a trace: a score (feedback), or the right answer (an expectation)."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from spanfold._internal import active, events, runtime
from spanfold._internal.faults import contained
from spanfold._internal.setup import ready
from spanfold.errors import InvalidArgumentError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE_TYPES: Final = ("HUMAN", "LLM_JUDGE", "CODE")
MAX_RATIONALE_CHARS: Final = 8_000
MAX_METADATA: Final = 20
_TRACE_ID: Final = re.compile("[0-9a-fA-F]{32}")
_SPAN_ID: Final = re.compile("[0-9a-fA-F]{16}")
Value = bool | int | float | str


class _Place(NamedTuple):
    """What is judged."""

    trace_id: str
    span_id: str
    """Empty for the trace as a whole."""
    model_id: str
    """Empty where this process does not know it."""


def log_feedback(  # noqa: PLR0913 - MLflow's arguments
    trace_id: str | None = None,
    name: str = "feedback",
    value: Value | None = None,
    *,
    rationale: str | None = None,
    source: object = None,
    source_id: str | None = None,
    span_id: str | None = None,
    metadata: Mapping[str, Value] | None = None,
) -> None:
    """Record what a person thinks of a trace. It returns at once; the score is sent in the background.

    It stands beside all other scores of the trace, with the source ``HUMAN``.

    Args:
        trace_id: 32 hexadecimal digits; the current trace, inside a traced function, if None.
        name: what is judged, such as ``helpful``.
        value: a number, True or False (they count as 1 and 0), or text: a label such as ``"polite"``.
        rationale: why; at most 8,000 characters are kept.
        source: who judges and of what kind that is, as MLflow's ``AssessmentSource``: anything with
            ``source_type`` (``HUMAN``, ``LLM_JUDGE`` or ``CODE``) and ``source_id``.
        source_id: who judges, if only that is to be said; the user of this process by default.
        span_id: a span of the trace, if only that one is judged: 16 hexadecimal digits.
        metadata: up to 20 further facts, kept as attributes of the event.

    Raises:
        InvalidArgumentError: an argument cannot be right; the message says which. Nothing was recorded.

    Example:
        >>> import spanfold
        >>> from spanfold import testing
        >>> with testing.capture(), spanfold.start_span("answer"):
        ...     spanfold.log_feedback(name="helpful", value=True, rationale="named the right page")
    """
    events.check_text("name", name)
    number, label = _judgement(value)
    source_type, giver = _source(source, source_id)
    facts = _metadata(metadata)
    _check_optional_text("rationale", rationale)
    ready()
    place = _place(trace_id, span_id)
    given: dict[str, Value | None] = {
        keys.SCORE_NAME: name,
        keys.SCORE_VALUE: number,
        keys.SCORE_LABEL: label,
        keys.SCORE_EXPLANATION: rationale[:MAX_RATIONALE_CHARS] if rationale else None,
        keys.MODEL_ID: place.model_id or None,
        keys.SCORE_SCORER: giver,
        keys.SCORE_SOURCE: source_type,
        **facts,
    }
    _emit(place, {key: value for key, value in given.items() if value is not None})


def log_expectation(  # noqa: PLR0913 - MLflow's arguments
    trace_id: str | None = None,
    name: str = "expected_response",
    value: Any = None,
    *,
    source: object = None,
    source_id: str | None = None,
    span_id: str | None = None,
) -> None:
    """Record what would have been right. It returns at once; the last value of a name counts.

    Metrics of recorded traces take ``expected_response`` as the target, and ``expected_documents`` (a list of
    IDs) for what a retriever should have found.

    Args:
        trace_id: 32 hexadecimal digits; the current trace, inside a traced function, if None.
        name: of the expectation.
        value: anything that JSON can say, up to 64 KiB.
        source: who says so, as MLflow's ``AssessmentSource``: a human, since judges have scores.
        source_id: who says so, if only that is to be said; the user of this process by default.
        span_id: a span of the trace, if the expectation is about that one.

    Raises:
        InvalidArgumentError: an argument cannot be right; the message says which. Nothing was recorded.

    Example:
        >>> log_expectation("4bf92f3577b34da6a3ce929d0e0e4736", value="Paris")  # doctest: +SKIP
    """
    if value is None:
        raise InvalidArgumentError("value: say what would have been right")
    source_type, giver = _source(source, source_id)
    if source_type != "HUMAN":
        message = f"source: an expectation is what a person knows, so HUMAN, not {source_type!r}"
        raise InvalidArgumentError(message)
    payload: dict[str, Any] = {"name": name, "value": value, "source_id": giver, "span_id": span_id}
    events.check(keys.TRACE_EXPECTATION_LOGGED, payload)
    ready()
    place = _place(trace_id, span_id)
    if span_id is not None:
        payload["span_id"] = place.span_id
    events.record(keys.TRACE_EXPECTATION_LOGGED, place.trace_id, payload)


def _judgement(value: object) -> tuple[float | None, str | None]:
    """The number, or the label.

    Raises:
        InvalidArgumentError: it is neither.
    """
    if isinstance(value, str):
        events.check_text("value", value)
        return None, value
    number = math.nan
    with suppress(TypeError, ValueError, OverflowError):
        if value is not None and not isinstance(value, bytes):
            number = float(value)  # type: ignore[arg-type] # NumPy's scalars convert too
    if not math.isfinite(number):
        message = f"value: a finite number, True, False or text, not {value!r}"
        raise InvalidArgumentError(message)
    return number, None


def _source(source: object, source_id: str | None) -> tuple[str, str]:
    """Of what kind the source is, and who it is.

    Raises:
        InvalidArgumentError: it cannot be a source.
    """
    source_type: object = "HUMAN"
    if source is not None:
        source_type = getattr(source, "source_type", None)
        source_id = source_id if source_id is not None else getattr(source, "source_id", None)
        source_type = getattr(source_type, "value", source_type)
    if source_type not in SOURCE_TYPES:
        message = (
            f"source: an object with source_type ({', '.join(SOURCE_TYPES)}) and source_id, not {source!r}; "
            "source_id='ann' names a person"
        )
        raise InvalidArgumentError(message)
    if source_id is None:
        return str(source_type), _user()
    events.check_text("source_id", source_id)
    return str(source_type), source_id


def _user() -> str:
    """Who runs this process, as far as the system knows."""
    from getpass import getuser  # noqa: PLC0415 - `import spanfold` stays light

    with suppress(OSError, KeyError, ImportError):  # a container may have no name for its user
        return getuser()
    return "unknown"


def _metadata(given: Mapping[str, Value] | None) -> dict[str, Value]:
    """Further facts, as attributes.

    Raises:
        InvalidArgumentError: there are too many, or one is no plain value.
    """
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_METADATA:
        message = f"metadata: a mapping of up to {MAX_METADATA} names to numbers or text"
        raise InvalidArgumentError(message)
    for key, value in given.items():
        events.check_text("metadata", key)
        if not isinstance(value, bool | int | float | str):
            message = f"metadata[{key!r}]: a number, True, False or text, not {type(value).__name__}"
            raise InvalidArgumentError(message)
    return {keys.SCORE_METADATA_PREFIX + key: value for key, value in given.items()}


def _check_optional_text(name: str, text: object) -> None:
    if text is not None and not isinstance(text, str):
        message = f"{name}: text, not {type(text).__name__}"
        raise InvalidArgumentError(message)


def _place(trace_id: str | None, span_id: str | None) -> _Place:
    """What is judged: what was named, else the current span.

    Raises:
        InvalidArgumentError: an ID is none, or nothing is named and no span is current.
    """
    from opentelemetry.trace import get_current_span  # noqa: PLC0415 - `import spanfold` stays light

    if span_id is not None and not _SPAN_ID.fullmatch(str(span_id)):
        message = f"span_id: 16 hexadecimal digits, not {span_id!r}"
        raise InvalidArgumentError(message)
    current = get_current_span().get_span_context()
    own = format(current.trace_id, "032x") if current.is_valid else None
    if trace_id is None:
        if own is None:
            raise InvalidArgumentError(
                "trace_id: name the trace, or call this inside a traced function, whose trace is then meant"
            )
        return _Place(own, (span_id or format(current.span_id, "016x")).lower(), active.current() or "")
    if not _TRACE_ID.fullmatch(str(trace_id)):
        message = f"trace_id: 32 hexadecimal digits, not {trace_id!r}"
        raise InvalidArgumentError(message)
    model_id = active.current() if trace_id.lower() == own else None
    return _Place(trace_id.lower(), (span_id or "").lower(), model_id or "")


def _emit(place: _Place, attributes: Mapping[str, Value]) -> None:
    with contained("record feedback"):
        from opentelemetry._logs import SeverityNumber  # noqa: PLC0415 - `import spanfold` stays light
        from opentelemetry.context import Context  # noqa: PLC0415
        from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context  # noqa: PLC0415

        judged = SpanContext(int(place.trace_id, 16), int(place.span_id or "0", 16), is_remote=True)
        runtime.current().event_logger.emit(
            timestamp=events.now_unix_ns(),
            context=set_span_in_context(NonRecordingSpan(judged), Context()),
            severity_number=SeverityNumber.INFO,
            event_name=keys.EVALUATION_RESULT,
            attributes=dict(attributes),
        )
