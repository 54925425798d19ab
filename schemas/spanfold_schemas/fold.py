"""From events to state: one pure function, and the slots that make the same fold possible in SQL.

A *slot* is one key of a model that events write: ``tags.team``, ``params.k``, ``status``. Per slot the
last writer wins by (event time, event ID); slots under ``created.`` go to the first writer, so that a
hundred workers that create the same version at once agree on who made it. The result depends only on
the *set* of events: order, duplication and grouping change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spanfold_schemas.events import Event

CREATED: Final = "created."
"""Prefix of the slots that belong to the first writer."""
DELETED_SLOT: Final = "deleted"


@dataclass(frozen=True, slots=True)
class SlotWrite:
    """One event's write to one slot. ``deleted`` removes the slot's value (a tombstone)."""

    slot: str
    value: Any = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model version as its events describe it (MLflow's ``LoggedModel``)."""

    model_id: str
    name: str
    experiment_id: str
    model_type: str | None
    source_run_id: str | None
    creation_time_unix_ns: int
    last_updated_time_unix_ns: int
    status: str
    deleted: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def model_uri(self) -> str:
        """``models:/`` and the ID, the form in which MLflow refers to a logged model."""
        return f"models:/{self.model_id}"


def _group(prefix: str, entries: Mapping[str, Any]) -> Iterator[SlotWrite]:
    for key, value in entries.items():
        yield SlotWrite(f"{prefix}.{key}", value)


def slot_writes(event: Event) -> Iterator[SlotWrite]:
    """What ``event`` writes, slot by slot. Event types that this version does not know write nothing."""
    payload = event.payload
    match event.event_type:
        case keys.MODEL_CREATED:
            for name in ("name", "experiment_id", "model_type", "source_run_id"):
                yield SlotWrite(CREATED + name, payload.get(name))
            yield SlotWrite(CREATED + "time", event.event_time_unix_ns)
            yield SlotWrite("status", payload["status"])
            yield from _group("params", payload.get("params", {}))
            yield from _group("tags", payload.get("tags", {}))
        case keys.MODEL_TAGS_SET:
            yield from _group("tags", payload["tags"])
        case keys.MODEL_TAG_DELETED:
            yield SlotWrite(f"tags.{payload['key']}", deleted=True)
        case keys.MODEL_PARAMS_LOGGED:
            yield from _group("params", payload["params"])
        case keys.MODEL_METRICS_LOGGED:
            yield from _group("metrics", payload["metrics"])
        case keys.MODEL_STATUS_SET:
            yield SlotWrite("status", payload["status"])
        case keys.MODEL_DELETED:
            yield SlotWrite(DELETED_SLOT, value=True)
        case keys.MODEL_RESTORED:
            yield SlotWrite(DELETED_SLOT, deleted=True)


def state_from_slots(model_id: str, slots: Mapping[str, Any], last_updated_time_unix_ns: int) -> ModelState:
    """Build the state from the winning value of each slot (tombstoned slots left out)."""
    groups: dict[str, dict[str, Any]] = {"tags": {}, "params": {}, "metrics": {}}
    for slot in sorted(slots):
        prefix, _, key = slot.partition(".")
        if prefix in groups:
            groups[prefix][key] = slots[slot]
    return ModelState(
        model_id=model_id,
        # Tags can arrive before the event that creates their model: until then the ID is its name.
        name=slots.get(CREATED + "name", model_id),
        experiment_id=slots.get(CREATED + "experiment_id", "0"),
        model_type=slots.get(CREATED + "model_type"),
        source_run_id=slots.get(CREATED + "source_run_id"),
        creation_time_unix_ns=slots.get(CREATED + "time", last_updated_time_unix_ns),
        last_updated_time_unix_ns=last_updated_time_unix_ns,
        status=slots.get("status", "UNSPECIFIED"),
        deleted=bool(slots.get(DELETED_SLOT, False)),
        **groups,
    )


def fold(events: Iterable[Event]) -> ModelState | None:
    """The state of one model after all of ``events``, in whatever order and however often they come.

    Args:
        events: events of a single stream. For a state as of an instant, pass those up to it.

    Returns:
        The state, or None when there is no event that this version understands.

    Raises:
        ValueError: the events belong to more than one stream.

    Example:
        >>> from spanfold_schemas.events import Event
        >>> made = Event("1", "spanfold.model.created", "m-1", 5,
        ...              {"name": "support", "experiment_id": "0", "status": "READY"})
        >>> tagged = Event("2", "spanfold.model.tags_set", "m-1", 9, {"tags": {"team": "ml"}})
        >>> fold([tagged, made, tagged]).tags
        {'team': 'ml'}
    """
    winners: dict[str, tuple[tuple[int, str], SlotWrite]] = {}
    stream: str | None = None
    last_updated = 0
    for event in events:
        if stream is not None and event.stream != stream:
            message = f"events of two streams cannot be folded together: {stream!r} and {event.stream!r}"
            raise ValueError(message)
        stream = event.stream
        for write in slot_writes(event):
            last_updated = max(last_updated, event.event_time_unix_ns)
            current = winners.get(write.slot)
            first_wins = write.slot.startswith(CREATED)
            if current is None or (event.order < current[0] if first_wins else event.order > current[0]):
                winners[write.slot] = (event.order, write)
    if stream is None or not winners:
        return None
    slots = {slot: write.value for slot, (_, write) in winners.items() if not write.deleted}
    return state_from_slots(stream, slots, last_updated)
