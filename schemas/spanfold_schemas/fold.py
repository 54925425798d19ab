"""From events to state: one pure function, and the slots that make the same fold possible in SQL.

A *slot* is one key of a stream (a model version, a run, ...) that events write: ``tags.team``, ``params.k``,
``status``. Per slot the last writer wins by (event time, event ID); slots under ``created.`` go to the first
writer, so that a hundred workers that create the same version at once agree on who made it. The result
depends only on the *set* of events: order, duplication and grouping change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold_schemas import evaluation_fold, ids, keys, prompt_fold
from spanfold_schemas.evaluation_fold import (
    EvaluationState,
    Expectation,
    MonitorState,
    evaluation_from_slots,
    expectations_from_slots,
    monitor_from_slots,
)
from spanfold_schemas.events import RUN_RUNNING, UNSPECIFIED
from spanfold_schemas.prompt_fold import PromptState, PromptVersionState, prompt_from_slots
from spanfold_schemas.slots import (
    CREATED,
    DELETED_SLOT,
    ENDED_SLOT,
    EVALUATION,
    EXPERIMENT,
    MODEL,
    MONITOR,
    PROMPT,
    RUN,
    TRACE,
    Slots,
    SlotWrite,
    group,
    group_writes,
    numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spanfold_schemas.events import Event

__all__ = [
    "CREATED",
    "EVALUATION",
    "EXPERIMENT",
    "MODEL",
    "MONITOR",
    "PROMPT",
    "RUN",
    "TRACE",
    "EvaluationState",
    "Expectation",
    "ExperimentState",
    "ModelState",
    "MonitorState",
    "PromptState",
    "PromptVersionState",
    "RunState",
    "SlotWrite",
    "Slots",
    "evaluation_from_slots",
    "expectations_from_slots",
    "experiment_from_slots",
    "fold",
    "fold_evaluation",
    "fold_experiment",
    "fold_monitor",
    "fold_prompt",
    "fold_run",
    "fold_slots",
    "model_from_slots",
    "monitor_from_slots",
    "prompt_from_slots",
    "run_from_slots",
    "slot_writes",
]

_ENTRIES: Final[Mapping[str, str]] = {
    keys.MODEL_TAGS_SET: "tags",
    keys.RUN_TAGS_SET: "tags",
    keys.MODEL_PARAMS_LOGGED: "params",
    keys.RUN_PARAMS_LOGGED: "params",
    keys.MODEL_ARTIFACTS_LOGGED: "artifacts",
    keys.MODEL_METRICS_LOGGED: "metrics",
    keys.RUN_METRICS_LOGGED: "metrics",
}
"""The member of each event's payload that is written entry by entry, under its own name."""


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
    status_message: str | None = None
    """Why it has its status, such as the cause of a failure."""
    artifacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Its files by path: of each the ``sha256`` and the ``size_bytes``."""

    @property
    def model_uri(self) -> str:
        """``models:/`` and the ID, the form in which MLflow refers to a logged model."""
        return f"models:/{self.model_id}"


@dataclass(frozen=True, slots=True)
class RunState:
    """A run as its events describe it (MLflow's ``Run``)."""

    run_id: str
    run_name: str
    experiment_id: str
    parent_run_id: str | None
    user: str | None
    start_time_unix_ns: int
    end_time_unix_ns: int | None
    """None while it is not known to be over."""
    last_updated_time_unix_ns: int
    status: str
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExperimentState:
    """An experiment as its events describe it (MLflow's ``Experiment``)."""

    experiment_id: str
    name: str
    creation_time_unix_ns: int
    last_updated_time_unix_ns: int
    tags: Mapping[str, str] = field(default_factory=dict)


def _first(event: Event, *names: str) -> Iterator[SlotWrite]:
    """What the event that creates a stream says for good, and what it says like any other event."""
    for name in names:
        yield SlotWrite(CREATED + name, event.payload.get(name))
    yield SlotWrite(CREATED + "time", event.event_time_unix_ns)
    yield from group_writes("params", event.payload.get("params", {}))
    yield from group_writes("tags", event.payload.get("tags", {}))


def slot_writes(event: Event) -> Iterator[SlotWrite]:
    """What ``event`` writes, slot by slot. Event types that this version does not know write nothing."""
    payload = event.payload
    match event.event_type:
        case keys.EXPERIMENT_CREATED:
            yield from _first(event, "name")
        case keys.MODEL_CREATED:
            yield from _first(event, "name", "experiment_id", "model_type", "source_run_id")
            yield SlotWrite("status", payload["status"])
        case keys.RUN_STARTED:
            yield from _first(event, "run_name", "experiment_id", "parent_run_id", "user")
            yield SlotWrite("status", RUN_RUNNING)
            # Started once more, as MLflow resumes runs: it is not over any longer.
            yield SlotWrite(ENDED_SLOT, deleted=True)
        case keys.RUN_ENDED:
            yield SlotWrite("status", payload["status"])
            yield SlotWrite(ENDED_SLOT, event.event_time_unix_ns)
        case keys.MODEL_TAG_DELETED | keys.RUN_TAG_DELETED:
            yield SlotWrite(f"tags.{payload['key']}", deleted=True)
        case keys.MODEL_STATUS_SET:
            yield SlotWrite("status", payload["status"])
            yield SlotWrite("status_message", payload.get("status_message"))
        case keys.MODEL_DELETED:
            yield SlotWrite(DELETED_SLOT, value=True)
        case keys.MODEL_RESTORED:
            yield SlotWrite(DELETED_SLOT, deleted=True)
        case event_type if event_type in _ENTRIES:
            yield from group_writes(_ENTRIES[event_type], payload[_ENTRIES[event_type]])
        case _:
            yield from evaluation_fold.slot_writes(event)
            yield from prompt_fold.slot_writes(event)


def _groups(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "tags": group(values, "tags"),
        "params": group(values, "params"),
        "metrics": numbers(group(values, "metrics")),
    }


def model_from_slots(slots: Slots) -> ModelState:
    """Build a model version's state from the winning value of each slot."""
    values = slots.values
    return ModelState(
        model_id=slots.stream,
        # Tags can arrive before the event that creates their model: until then the ID is its name.
        name=values.get(CREATED + "name", slots.stream),
        experiment_id=values.get(CREATED + "experiment_id", ids.DEFAULT_EXPERIMENT_ID),
        model_type=values.get(CREATED + "model_type"),
        source_run_id=values.get(CREATED + "source_run_id"),
        creation_time_unix_ns=values.get(CREATED + "time", slots.last_updated_time_unix_ns),
        last_updated_time_unix_ns=slots.last_updated_time_unix_ns,
        status=values.get("status", UNSPECIFIED),
        deleted=bool(values.get(DELETED_SLOT, False)),
        **_groups(values),
        status_message=values.get("status_message"),
        artifacts=group(values, "artifacts"),
    )


def run_from_slots(slots: Slots) -> RunState:
    """Build a run's state from the winning value of each slot."""
    values = slots.values
    return RunState(
        run_id=slots.stream,
        run_name=values.get(CREATED + "run_name", slots.stream),
        experiment_id=values.get(CREATED + "experiment_id", ids.DEFAULT_EXPERIMENT_ID),
        parent_run_id=values.get(CREATED + "parent_run_id"),
        user=values.get(CREATED + "user"),
        start_time_unix_ns=values.get(CREATED + "time", slots.last_updated_time_unix_ns),
        end_time_unix_ns=values.get(ENDED_SLOT),
        last_updated_time_unix_ns=slots.last_updated_time_unix_ns,
        status=values.get("status", UNSPECIFIED),
        **_groups(values),
    )


def experiment_from_slots(slots: Slots) -> ExperimentState:
    """Build an experiment's state from the winning value of each slot."""
    return ExperimentState(
        experiment_id=slots.stream,
        name=slots.values.get(CREATED + "name", slots.stream),
        creation_time_unix_ns=slots.values.get(CREATED + "time", slots.last_updated_time_unix_ns),
        last_updated_time_unix_ns=slots.last_updated_time_unix_ns,
        tags=_groups(slots.values)["tags"],
    )


def fold_slots(events: Iterable[Event], stream_type: str) -> Slots | None:
    """The winning value of each slot; the mechanism under every fold.

    Args:
        events: events of a single stream, in any order. Those of another type of stream are left out.
        stream_type: one of :mod:`spanfold_schemas.slots`, such as :data:`MODEL`.

    Returns:
        The slots, or None when there is no event that this version understands.

    Raises:
        ValueError: the events belong to more than one stream.
    """
    winners: dict[str, tuple[tuple[int, str], SlotWrite]] = {}
    stream: str | None = None
    for event in events:
        if stream is not None and event.stream != stream:
            message = f"events of two streams cannot be folded together: {stream!r} and {event.stream!r}"
            raise ValueError(message)
        stream = event.stream
        if not event.event_type.startswith(f"spanfold.{stream_type}."):
            continue
        for write in slot_writes(event):
            current = winners.get(write.slot)
            first_wins = write.slot.startswith(CREATED)
            if current is None or (event.order < current[0] if first_wins else event.order > current[0]):
                winners[write.slot] = (event.order, write)
    if stream is None or not winners:
        return None
    values = {slot: write.value for slot, (_, write) in winners.items() if not write.deleted}
    return Slots(stream, values, max(time_unix_ns for (time_unix_ns, _), _ in winners.values()))


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
    slots = fold_slots(events, MODEL)
    return None if slots is None else model_from_slots(slots)


def fold_run(events: Iterable[Event]) -> RunState | None:
    """The state of one run; arguments, result and errors as for :func:`fold`.

    Example:
        >>> from spanfold_schemas.events import Event
        >>> started = Event("1", "spanfold.run.started", "ab", 5, {"experiment_id": "0", "run_name": "r"})
        >>> ended = Event("2", "spanfold.run.ended", "ab", 9, {"status": "FINISHED"})
        >>> fold_run([ended, started]).status, fold_run([started]).status
        ('FINISHED', 'RUNNING')
    """
    slots = fold_slots(events, RUN)
    return None if slots is None else run_from_slots(slots)


def fold_experiment(events: Iterable[Event]) -> ExperimentState | None:
    """The state of one experiment; arguments, result and errors as for :func:`fold`.

    Example:
        >>> from spanfold_schemas.events import Event
        >>> fold_experiment([Event("1", "spanfold.experiment.created", "17", 5, {"name": "support"})]).name
        'support'
    """
    slots = fold_slots(events, EXPERIMENT)
    return None if slots is None else experiment_from_slots(slots)


def fold_evaluation(events: Iterable[Event]) -> EvaluationState | None:
    """The state of one evaluation; arguments, result and errors as for :func:`fold`.

    Example:
        >>> from spanfold_schemas.events import Event
        >>> started = Event("1", "spanfold.evaluation.started", "e-1", 5, {"name": "nightly"})
        >>> failed = Event("2", "spanfold.evaluation.failed", "e-1", 9, {"reason": "no such model"})
        >>> fold_evaluation([failed, started]).status, fold_evaluation([started]).status
        ('FAILED', 'RUNNING')
    """
    slots = fold_slots(events, EVALUATION)
    return None if slots is None else evaluation_from_slots(slots)


def fold_monitor(events: Iterable[Event]) -> MonitorState | None:
    """The state of one monitor; arguments, result and errors as for :func:`fold`.

    Example:
        >>> from spanfold_schemas.events import Event
        >>> created = Event("1", "spanfold.monitor.created", "mon-1", 5, {"name": "tone"})
        >>> failed = Event("2", "spanfold.monitor.failed", "mon-1", 9, {"reason": "the judge is away"})
        >>> fold_monitor([failed, created]).status, fold_monitor([created]).status
        ('FAILING', 'ACTIVE')
    """
    slots = fold_slots(events, MONITOR)
    return None if slots is None else monitor_from_slots(slots)


def fold_prompt(events: Iterable[Event]) -> PromptState | None:
    """The state of one prompt; arguments, result and errors as for :func:`fold`.

    Example:
        >>> from spanfold_schemas.events import Event
        >>> made = Event("1", "spanfold.prompt.version_created", "hi", 5,
        ...              {"version": 1, "prompt": {"template": "Hello {{name}}"}})
        >>> named = Event("2", "spanfold.prompt.alias_set", "hi", 9, {"alias": "production", "version": 1})
        >>> fold_prompt([named, made]).aliases
        {'production': 1}
    """
    slots = fold_slots(events, PROMPT)
    return None if slots is None else prompt_from_slots(slots)
