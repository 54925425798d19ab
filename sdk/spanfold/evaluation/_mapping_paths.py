"""Paths into a recorded trace: ``$.input.question``, ``span[type=RETRIEVER].output[*].text``.

A path begins with ``$``, the trace, or with ``span``, its spans; conditions in brackets say which spans.
Then come ``.key``, ``['any key']``, ``[0]``, ``[-1]`` (the last) and ``[*]`` (each). JSON text is read.
A path finds any number of values; what is not there is not found, and no error.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_VALUES: Final = 1_000
"""Values that one path finds in one trace at most."""
MAX_PATH_CHARS: Final = 500
SPAN_FIELDS: Final = (
    *("type", "name", "operation", "service_name", "status"),
    *("input", "output", "attributes", "duration_ms"),
)
TRACE_FIELDS: Final = (
    *("input", "output", "name", "status", "tags", "expectations", "model_id", "model_name", "run_id"),
    *("experiment_id", "latency_ms", "input_tokens", "output_tokens", "cost_usd"),
)
_CONDITION_FIELDS: Final = frozenset({"type", "name", "operation", "service_name", "status"})
_STEP: Final = re.compile(r"\.(?P<key>[\w-]+)|\[(?:'(?P<quoted>[^']*)'|(?P<index>-?\d{1,6})|(?P<each>\*))\]")
_CONDITIONS: Final = re.compile(r"\[(?P<all>\s*\w+\s*=[^\[\]]*)\]")
_CONDITION: Final = re.compile(r"\s*(?P<field>\w+)\s*=\s*(?:'(?P<quoted>[^']*)'|(?P<plain>[^',]*))\s*(?:,|$)")

EACH: Final = object()


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path."""

    text: str
    of_spans: bool
    conditions: tuple[tuple[str, str], ...]
    steps: tuple[Any, ...]
    """Keys (text), indexes (numbers), and :data:`EACH`."""

    @property
    def finds_many(self) -> bool:
        """Whether it is about several values by its own words."""
        return EACH in self.steps

    def attribute(self) -> str | None:
        """The attribute that it looks at, if it does."""
        if self.of_spans and len(self.steps) > 1 and self.steps[0] == "attributes":
            return str(self.steps[1])
        return None

    def find(self, trace: Mapping[str, Any]) -> list[Any]:
        """The values, in order of time where they are of several spans.

        Args:
            trace: ``input``, ``output``, ``tags``, ..., and ``spans``, each with the fields of a span.
        """
        found: Iterable[Any] = (trace,)
        if self.of_spans:
            found = [span for span in trace["spans"] if self._meets(span)]
        for step in self.steps:
            found = list(_walk(found, step))[:MAX_VALUES]
        return [value for value in found if value is not None]

    def _meets(self, span: Mapping[str, Any]) -> bool:
        return all(str(span.get(field, "")) == wanted for field, wanted in self.conditions)


def parse(text: str) -> Path:
    """Read a path.

    Raises:
        InvalidArgumentError: the text is none; the message says where it stops to be.

    Example:
        >>> parse("span[type=RETRIEVER].output[*].text").conditions
        (('type', 'RETRIEVER'),)
        >>> parse("$.input.question").find({"input": '{"question": "why?"}'})
        ['why?']
    """
    if len(text := str(text)) > MAX_PATH_CHARS:
        raise _wrong(text, f"a path is text of at most {MAX_PATH_CHARS} characters")
    conditions: tuple[tuple[str, str], ...] = ()
    if of_spans := text.startswith("span"):
        position = len("span")
        if (bracket := _CONDITIONS.match(text, position)) is not None:
            conditions = _conditions(text, bracket["all"])
            position = bracket.end()
    elif text.startswith("$"):
        position = 1
    else:
        raise _wrong(text, "it begins with $ or with span")
    steps = list[Any]()
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise _wrong(text, f"{text[position:]!r} is no .key, ['key'], [0] or [*]")
        if step["each"]:
            steps.append(EACH)
        elif step["index"] is not None:
            steps.append(int(step["index"]))
        else:
            steps.append(step["key"] if step["quoted"] is None else step["quoted"])
        position = step.end()
    known = SPAN_FIELDS if of_spans else TRACE_FIELDS
    if not steps or steps[0] not in known:
        raise _wrong(text, f"after {'span' if of_spans else '$'} comes one of {', '.join(known)}")
    return Path(text, of_spans, conditions, tuple(steps))


def _conditions(text: str, inside: str) -> tuple[tuple[str, str], ...]:
    found = list[tuple[str, str]]()
    position = 0
    while position < len(inside):
        one = _CONDITION.match(inside, position)
        if one is None or one["field"] not in _CONDITION_FIELDS:
            raise _wrong(text, f"spans are chosen by {', '.join(sorted(_CONDITION_FIELDS))}")
        found.append((one["field"], one["quoted"] if one["quoted"] is not None else one["plain"].strip()))
        position = one.end()
    return tuple(found)


def _walk(values: Iterable[Any], step: Any) -> Iterator[Any]:
    for given in values:
        value = opened(given)
        if step is EACH:
            yield from value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        elif isinstance(step, int):
            if isinstance(value, list) and -len(value) <= step < len(value):
                yield value[step]
        elif isinstance(value, dict) and step in value:
            yield value[step]


def opened(value: Any) -> Any:
    """What JSON text says; anything else as it is."""
    if isinstance(value, str) and value[:1] in {"{", "[", '"'}:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _wrong(text: object, why: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"mapping: {text!r} is no path: {why}")
