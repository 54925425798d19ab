"""From events to the state of evaluations, of monitors, and of what people expect of traces.

The mechanism is that of :mod:`spanfold_schemas.fold`; here is which event writes which slot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold_schemas import ids, keys
from spanfold_schemas.evaluation_events import COUNTERS, EVALUATION_CANCELLING, EVALUATION_RUNNING
from spanfold_schemas.slots import (
    CREATED,
    DELETED_SLOT,
    ENDED_SLOT,
    Slots,
    SlotWrite,
    group,
    group_writes,
    numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold_schemas.events import Event

UNSPECIFIED: Final = "UNSPECIFIED"
MONITOR_ACTIVE: Final = "ACTIVE"
MONITOR_PAUSED: Final = "PAUSED"
MONITOR_FAILING: Final = "FAILING"
"""Active, but the last attempt failed; it is tried again."""

CANCEL_SLOT: Final = "cancel"
REASON_SLOT: Final = "reason"
UNMAPPED_SLOT: Final = "unmapped_reasons"
UNTIL_SLOT: Final = "until"
SINCE_SLOT: Final = "since"
_CONFIGURATION: Final = ("experiment_id", "metrics", "selection", "options")
_FIRST: Final = (
    "name",
    "experiment_id",
    "source",
    "runner",
    "metrics",
    "run_id",
    "monitor_id",
    "user",
)
_SETTLED: Final = ("selection", "options", "model_ids")
"""What the process that runs an evaluation settles, and what a resumed one may be told anew."""
_END_STATUSES: Final[Mapping[str, str]] = {
    keys.EVALUATION_FINISHED: "FINISHED",
    keys.EVALUATION_FAILED: "FAILED",
    keys.EVALUATION_CANCELLED: "CANCELLED",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation, or a monitor, is."""

    done: int = 0
    """Traces, or rows, that have been looked at."""
    total: int | None = None
    """Of how many; None while that is not known."""
    failed: int = 0
    """Those of which at least one metric failed."""
    unmapped: int = 0
    """Those that lack what a metric needs."""
    calls: int = 0
    """Calls to judges that were paid for."""
    cost_usd: float = 0.0
    scores: int = 0


@dataclass(frozen=True, slots=True)
class EvaluationState:
    """An evaluation as its events describe it."""

    evaluation_id: str
    name: str
    experiment_id: str
    source: str
    """``traces`` or ``rows``."""
    runner: str
    """``client`` or ``server``."""
    metrics: Sequence[Mapping[str, Any]]
    selection: Mapping[str, Any] | None
    options: Mapping[str, Any]
    run_id: str | None
    model_ids: Sequence[str]
    monitor_id: str | None
    user: str | None
    start_time_unix_ns: int
    end_time_unix_ns: int | None
    """None while it is not known to be over."""
    last_updated_time_unix_ns: int
    status: str
    """``RUNNING``, ``CANCELLING``, ``FINISHED``, ``FAILED``, ``CANCELLED``; ``UNSPECIFIED`` where no start
    is known."""
    reason: str | None
    """Why it failed."""
    aggregates: Mapping[str, float] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    unmapped_reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonitorState:
    """A monitor, which scores what comes in, as its events describe it."""

    monitor_id: str
    name: str
    experiment_id: str
    metrics: Sequence[Mapping[str, Any]]
    selection: Mapping[str, Any]
    options: Mapping[str, Any]
    creation_time_unix_ns: int
    last_updated_time_unix_ns: int
    status: str
    """``ACTIVE``, ``PAUSED``, ``FAILING``, or ``UNSPECIFIED`` where its creation is not known."""
    reason: str | None
    """Why its last attempt failed; None once one has succeeded."""
    since_unix_ns: int
    """No trace that started before is scored."""
    until_unix_ns: int
    """Every trace up to this instant has been looked at."""
    deleted: bool
    progress: Progress = field(default_factory=Progress)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A person's right answer for a trace."""

    name: str
    value: Any
    source_id: str | None = None
    """Who gave it."""
    span_id: str | None = None


def _deletions(*slots: str) -> Iterator[SlotWrite]:
    for slot in slots:
        yield SlotWrite(slot, deleted=True)


def _counters(event: Event) -> Iterator[SlotWrite]:
    yield from group_writes(
        "progress", {name: event.payload[name] for name in COUNTERS if name in event.payload}
    )


def _evaluation_writes(event: Event) -> Iterator[SlotWrite]:
    payload = event.payload
    if event.event_type == keys.EVALUATION_CANCEL_REQUESTED:
        yield SlotWrite(CANCEL_SLOT, value=True)
        return
    yield from _counters(event)
    if event.event_type == keys.EVALUATION_STARTED:
        for name in _FIRST:
            yield SlotWrite(CREATED + name, payload.get(name))
        yield SlotWrite(CREATED + "time", event.event_time_unix_ns)
        for name in _SETTLED:
            yield SlotWrite(name, payload.get(name))
        yield SlotWrite("status", EVALUATION_RUNNING)
        # Started once more, to be resumed: nothing that ended it holds any longer.
        yield from _deletions(ENDED_SLOT, REASON_SLOT, CANCEL_SLOT)
    elif event.event_type in _END_STATUSES:
        yield SlotWrite("status", _END_STATUSES[event.event_type])
        yield SlotWrite(ENDED_SLOT, event.event_time_unix_ns)
        yield SlotWrite(REASON_SLOT, payload.get("reason"))
        yield from group_writes("metrics", payload.get("metrics", {}))
        if "unmapped_reasons" in payload:
            yield SlotWrite(UNMAPPED_SLOT, payload["unmapped_reasons"])


def _monitor_writes(event: Event) -> Iterator[SlotWrite]:
    payload = event.payload
    match event.event_type:
        case keys.MONITOR_CREATED:
            yield SlotWrite(CREATED + "name", payload["name"])
            yield SlotWrite(CREATED + "time", event.event_time_unix_ns)
            for name in _CONFIGURATION:
                yield SlotWrite(name, payload.get(name))
            yield SlotWrite("status", MONITOR_ACTIVE)
            yield from _deletions(REASON_SLOT, DELETED_SLOT)
        case keys.MONITOR_PAUSED:
            yield SlotWrite("status", MONITOR_PAUSED)
        case keys.MONITOR_RESUMED:
            yield SlotWrite("status", MONITOR_ACTIVE)
            yield from _deletions(REASON_SLOT)
        case keys.MONITOR_ADVANCED:
            yield SlotWrite(UNTIL_SLOT, payload["until_unix_ns"])
            yield from _counters(event)
            yield from _deletions(REASON_SLOT)
        case keys.MONITOR_FAILED:
            yield SlotWrite(REASON_SLOT, payload["reason"])
        case keys.MONITOR_DELETED:
            yield SlotWrite(DELETED_SLOT, value=True)
            # Created again, it begins there: what passed in between was not its business.
            yield SlotWrite(SINCE_SLOT, event.event_time_unix_ns)


def _expectation_writes(event: Event) -> Iterator[SlotWrite]:
    name = event.payload["name"]
    if event.event_type == keys.TRACE_EXPECTATION_DELETED:
        yield from _deletions(
            f"expectations.{name}", f"expectation_sources.{name}", f"expectation_spans.{name}"
        )
        return
    yield SlotWrite(f"expectations.{name}", event.payload["value"])
    yield SlotWrite(f"expectation_sources.{name}", event.payload.get("source_id"))
    yield SlotWrite(f"expectation_spans.{name}", event.payload.get("span_id"))


def slot_writes(event: Event) -> Iterator[SlotWrite]:
    """What ``event`` writes, slot by slot. Events of other streams write nothing."""
    if event.event_type.startswith("spanfold.evaluation."):
        yield from _evaluation_writes(event)
    elif event.event_type.startswith("spanfold.monitor."):
        yield from _monitor_writes(event)
    elif event.event_type in {keys.TRACE_EXPECTATION_LOGGED, keys.TRACE_EXPECTATION_DELETED}:
        yield from _expectation_writes(event)


def _progress(values: Mapping[str, Any]) -> Progress:
    known = group(values, "progress")
    counts = {name: int(known[name]) for name in known if name in COUNTERS and known[name] is not None}
    if "cost_usd" in counts:
        counts.pop("cost_usd")
    return Progress(**counts, cost_usd=float(known.get("cost_usd") or 0))


def evaluation_from_slots(slots: Slots) -> EvaluationState:
    """Build an evaluation's state from the winning value of each slot."""
    values = slots.values
    status = values.get("status", UNSPECIFIED)
    return EvaluationState(
        evaluation_id=slots.stream,
        name=values.get(CREATED + "name", slots.stream),
        experiment_id=values.get(CREATED + "experiment_id", ids.DEFAULT_EXPERIMENT_ID),
        source=values.get(CREATED + "source", "traces"),
        runner=values.get(CREATED + "runner", "client"),
        metrics=values.get(CREATED + "metrics") or [],
        selection=values.get("selection"),
        options=values.get("options") or {},
        run_id=values.get(CREATED + "run_id"),
        model_ids=values.get("model_ids") or [],
        monitor_id=values.get(CREATED + "monitor_id"),
        user=values.get(CREATED + "user"),
        start_time_unix_ns=values.get(CREATED + "time", slots.last_updated_time_unix_ns),
        end_time_unix_ns=values.get(ENDED_SLOT),
        last_updated_time_unix_ns=slots.last_updated_time_unix_ns,
        status=EVALUATION_CANCELLING if status == EVALUATION_RUNNING and CANCEL_SLOT in values else status,
        reason=values.get(REASON_SLOT),
        aggregates=numbers(group(values, "metrics")),
        progress=_progress(values),
        unmapped_reasons={name: int(count) for name, count in (values.get(UNMAPPED_SLOT) or {}).items()},
    )


def monitor_from_slots(slots: Slots) -> MonitorState:
    """Build a monitor's state from the winning value of each slot."""
    values = slots.values
    created_ns = values.get(CREATED + "time", slots.last_updated_time_unix_ns)
    since_ns = max(created_ns, values.get(SINCE_SLOT, 0))
    status = values.get("status", UNSPECIFIED)
    reason = values.get(REASON_SLOT)
    return MonitorState(
        monitor_id=slots.stream,
        name=values.get(CREATED + "name", slots.stream),
        experiment_id=values.get("experiment_id", ids.DEFAULT_EXPERIMENT_ID),
        metrics=values.get("metrics") or [],
        selection=values.get("selection") or {},
        options=values.get("options") or {},
        creation_time_unix_ns=created_ns,
        last_updated_time_unix_ns=slots.last_updated_time_unix_ns,
        status=MONITOR_FAILING if status == MONITOR_ACTIVE and reason is not None else status,
        reason=reason,
        since_unix_ns=since_ns,
        until_unix_ns=max(since_ns, values.get(UNTIL_SLOT, 0)),
        deleted=DELETED_SLOT in values,
        progress=_progress(values),
    )


def expectations_from_slots(slots: Slots) -> dict[str, Expectation]:
    """What people expect of a trace, by name, from the winning value of each slot."""
    sources = group(slots.values, "expectation_sources")
    spans = group(slots.values, "expectation_spans")
    return {
        name: Expectation(name, value, sources.get(name), spans.get(name))
        for name, value in group(slots.values, "expectations").items()
    }
