"""What leaves the process: content as far as it is wanted, without what the rules redact, of bounded size.

Works on finished spans and log records, whoever made them, in the thread that sends them.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from operator import is_
from typing import TYPE_CHECKING, Any, Final, TypeVar

from opentelemetry.sdk.trace import Event
from opentelemetry.trace import Link, Status

from spanfold._internal.content_keys import is_content, is_content_event
from spanfold._internal.cutting import cut, cut_each, encodable, size_bytes
from spanfold._internal.redaction import Redactor
from spanfold._internal.span_copies import copied, plain
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import ReadableSpan

MAX_ATTRIBUTE_CHARS: Final = 256 * 1_024
"""Longer than any prompt that a person reads; an image in a message is not."""
MAX_SPAN_BYTES: Final = 1_024 * 1_024
_LEAST_CHARS: Final = 256
_MAX_READ_CHARS: Final = 8 * 2**20
"""Of what is longer, the rest is not even looked at."""
CUT: Final = "spanfold.cut"
"""On a span that was too large: what was left out of it."""

_IDS: Final = {keys.MODEL_ID, keys.MLFLOW_MODEL_ID, keys.CALLER_MODEL_ID, keys.RUN_ID, keys.EXPERIMENT_ID}
"""Made by us, and nothing if they are changed."""
_BASE_BYTES: Final = 200

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Privacy:
    """The rules of this process."""

    max_content_chars: int | None = None
    """How much of each content text is kept; 0: none of it, not even the attribute. None: all."""
    redactor: Redactor = field(default_factory=Redactor)

    def span(self, span: ReadableSpan, max_bytes: int = MAX_SPAN_BYTES) -> tuple[ReadableSpan, int]:
        """The span as it may leave, and about how many bytes it takes. Unchanged spans are not copied."""
        text = self._text
        given = plain(span.attributes)
        attributes = self._attributes(given)
        their_events, their_links = span.events, span.links
        events = [self._event(event) for event in their_events]
        links = [self._link(link) for link in their_links]
        name, description = text(span.name), span.status.description
        described = description if description is None else text(description)
        if (
            attributes is not given
            or name is not span.name
            or described is not description
            or not all(map(is_, events, their_events))
            or not all(map(is_, links, their_links))
        ):
            status = span.status if described is description else Status(span.status.status_code, described)
            span = copied(span, name, attributes, events, links, status)
        size = _bytes_of(span.name, attributes, events, links, described)
        return (span, size) if size <= max_bytes else _fitted(span, max_bytes)

    def record(self, record: ReadableLogRecord) -> ReadableLogRecord:
        """The log record as it may leave. The SDK's own events are not anybody's content: they stay."""
        given = record.log_record
        if given.attributes and keys.EVENT_ID in given.attributes:
            return record
        attributes = self._attributes(given.attributes)
        body = given.body
        if self.max_content_chars is not None and is_content_event(given.event_name):
            body = None if self.max_content_chars == 0 else _mapped(body, self._cut_content)
        body = _mapped(body, self._text)
        if attributes is given.attributes and body is given.body:
            return record
        changed = copy(given)
        changed.attributes, changed.body = dict(attributes or {}), body
        return replace(record, log_record=changed)

    def _attributes(self, attributes: _Value) -> _Value:
        """The same object if nothing changes."""
        changed: dict[str, Any] = {}
        left_out: set[str] = set()
        given = plain(attributes)  # type: ignore[arg-type]
        for key, value in given.items():
            kind = type(value)
            if kind is int or kind is float or kind is bool:
                continue
            kept = value
            if self.max_content_chars is not None and is_content(key):
                if self.max_content_chars == 0:
                    left_out.add(key)
                    continue
                kept = _mapped(kept, self._cut_content)
            if key not in _IDS:
                kept = _mapped(kept, self._text)
            if kept is not value:
                changed[key] = kept
        if not changed and not left_out:
            return attributes
        return {  # type: ignore[return-value]
            key: changed.get(key, value) for key, value in given.items() if key not in left_out
        }

    def _text(self, text: str) -> str:
        """Redacted first, then cut: the start of a secret that was cut is no longer recognised."""
        if len(text) > _MAX_READ_CHARS:
            text = cut(text, _MAX_READ_CHARS)
        text = encodable(text)
        return cut(self.redactor(text), MAX_ATTRIBUTE_CHARS)

    def _cut_content(self, text: str) -> str:
        limit = self.max_content_chars or 0
        return cut_each(self._text(text) if len(text) > limit else text, limit)

    def _event(self, event: Event) -> Event:
        name, attributes = self._text(event.name), self._attributes(event.attributes)
        is_same = name is event.name and attributes is event.attributes
        return event if is_same else Event(name, attributes, event.timestamp)

    def _link(self, link: Link) -> Link:
        attributes = self._attributes(link.attributes)
        return link if attributes is link.attributes else Link(link.context, attributes)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """An attribute's value with all its texts changed; the same object if none is."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple | list):
        items = [_mapped(item, change) for item in value]
        return (
            value if all(ours is theirs for ours, theirs in zip(items, value, strict=True)) else tuple(items)
        )
    if isinstance(value, dict):
        entries = {key: _mapped(item, change) for key, item in value.items()}
        return value if all(entries[key] is item for key, item in value.items()) else entries
    return value


def _fitted(span: ReadableSpan, max_bytes: int) -> tuple[ReadableSpan, int]:
    """A span that is too large: its longest texts are cut shorter and shorter, at last its events go."""
    limit = min(MAX_ATTRIBUTE_CHARS, max_bytes)
    cut_span, size = span, max_bytes + 1
    while size > max_bytes and limit > _LEAST_CHARS:
        limit //= 2
        cut_span = _shortened(span, limit, f"texts of more than {limit} characters", list(span.events))
        size = _span_bytes(cut_span)
    if size > max_bytes:
        cut_span = _shortened(span, limit, f"texts of more than {limit} characters, events, links", [])
        size = _span_bytes(cut_span)
    return cut_span, size


def _shortened(span: ReadableSpan, limit: int, mark: str, events: list[Event]) -> ReadableSpan:
    def shorten(text: str) -> str:
        return cut(text, limit)

    attributes = {key: _mapped(value, shorten) for key, value in (span.attributes or {}).items()}
    attributes[CUT] = mark
    shorter = [
        _event_with(event, {key: _mapped(value, shorten) for key, value in (event.attributes or {}).items()})
        for event in events
    ]
    description = span.status.description
    status = span.status if description is None else Status(span.status.status_code, shorten(description))
    return copied(span, shorten(span.name), attributes, shorter, list(span.links) if events else [], status)


def _event_with(event: Event, attributes: Any) -> Event:
    return Event(event.name, attributes, event.timestamp)


def _span_bytes(span: ReadableSpan) -> int:
    return _bytes_of(span.name, span.attributes, span.events, span.links, span.status.description)


def _bytes_of(
    name: str,
    attributes: Mapping[str, Any] | None,
    events: Sequence[Event],
    links: Sequence[Link],
    description: str | None,
) -> int:
    size = _BASE_BYTES + size_bytes(name) + _attributes_bytes(attributes) + size_bytes(description or "")
    for event in events:
        size += _BASE_BYTES + _attributes_bytes(event.attributes)
    for link in links:
        size += _BASE_BYTES + _attributes_bytes(link.attributes)
    return size


def _attributes_bytes(attributes: Mapping[str, Any] | None) -> int:
    return sum([len(key) + 8 + _value_bytes(value) for key, value in plain(attributes).items()])


def _value_bytes(value: Any) -> int:
    if isinstance(value, str):
        return size_bytes(value)
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, tuple | list):
        return sum([4 + _value_bytes(item) for item in value])
    if isinstance(value, dict):
        return sum([len(str(key)) + 8 + _value_bytes(item) for key, item in value.items()])
    return 8
