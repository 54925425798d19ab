"""Slots: the keys of a stream that events write; they make the same fold possible in Python and in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CREATED: Final = "created."
"""Prefix of the slots that belong to the first writer."""
DELETED_SLOT: Final = "deleted"
ENDED_SLOT: Final = "ended"

MODEL: Final = "model"
RUN: Final = "run"
EXPERIMENT: Final = "experiment"
EVALUATION: Final = "evaluation"
MONITOR: Final = "monitor"
PROMPT: Final = "prompt"
TRACE: Final = "trace"
"""Types of streams, as they stand in the events' types: ``spanfold.<stream type>.<what happened>``."""


@dataclass(frozen=True, slots=True)
class SlotWrite:
    """One event's write to one slot. ``deleted`` removes the slot's value (a tombstone)."""

    slot: str
    value: Any = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Slots:
    """The winning value of each slot of one stream: what its state is made of."""

    stream: str
    values: Mapping[str, Any]
    """By slot; those whose last write was a deletion are left out."""
    last_updated_time_unix_ns: int
    """When the latest of the winning writes, deletions included, was made."""


def group_writes(prefix: str, entries: Mapping[str, Any]) -> Iterator[SlotWrite]:
    """A write an entry, each under its own name."""
    for key, value in entries.items():
        yield SlotWrite(f"{prefix}.{key}", value)


def group(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The entries that were written under a prefix, by name.

    Example:
        >>> group({"tags.b": "2", "tags.a": "1", "status": "READY"}, "tags")
        {'a': '1', 'b': '2'}
    """
    start = f"{prefix}."
    return {slot.removeprefix(start): values[slot] for slot in sorted(values) if slot.startswith(start)}


def numbers(entries: Mapping[str, Any]) -> dict[str, float]:
    """Entries as floats: JSON writes 1.0 and 1e20 as integers at times."""
    return {name: float(value) for name, value in entries.items()}
