"""From what the user calls a model version to its ID.

The query API is asked. Where it knows no such name, or does not answer, the ID is derived from experiment
and name: every process derives the same one, so they need not agree on who creates it. A deleted version
stays deleted: its name then means a new version, with the next ID that can be derived from it.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spanfold._internal import active_run, events, runtime
from spanfold._internal.faults import warn_once
from spanfold._internal.forks import ForkedLock
from spanfold._internal.model import LoggedModel
from spanfold.errors import InvalidArgumentError, ModelNotFoundError, ServerUnavailableError
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold._internal.lookup import QueryApi

_Value = TypeVar("_Value")
MAX_REMEMBERED: Final = 10_000
"""Names and IDs. An application that makes up a name per request must not grow for ever."""
MAX_GENERATIONS: Final = 100
"""How often a name can be deleted and used again."""


@dataclass(slots=True)
class _Memory:
    """What this process already knows, so that it asks and announces once."""

    by_name: dict[tuple[str, str], LoggedModel] = field(default_factory=dict)
    by_id: dict[str, LoggedModel] = field(default_factory=dict)
    """Includes what was created here and may not have reached the server yet."""
    deleted: dict[str, None] = field(default_factory=dict)
    """IDs of what was deleted here, which the server may not have heard of yet."""
    lock: ForkedLock = field(default_factory=lambda: ForkedLock(threading.RLock))


_memory = _Memory()


def replace_memory(memory: _Memory | None = None) -> _Memory:
    """Start with an empty memory, or put one back; returns the one before."""
    global _memory
    before, _memory = _memory, memory or _Memory()
    return before


def by_name(experiment_id: str, name: str, tags: Mapping[str, str] | None = None) -> LoggedModel:
    """The newest version called ``name``; it is created, with ``tags``, if there is none.

    Raises:
        InvalidArgumentError: nothing may have this name.
    """
    if isinstance(name, Hashable):  # users need not check types: a list is told to be no name below
        known = _memory.by_name.get((experiment_id, name))
        if known is not None:  # and was checked before
            return known
    events.check_text("name", name)
    query_api = runtime.current().query_api
    try:
        found = None if query_api is None else _ask(query_api, experiment_id, name)
    except ServerUnavailableError as fault:
        warn_away(fault)
        # Not remembered by name: once the server is back, it may know a newer version of this name.
        return _derived(experiment_id, name, tags)
    model = found or _derived(experiment_id, name, tags)
    remember(model, by_name=True)
    return model


def by_id(model_id: str) -> LoggedModel:
    """The version with this ID; one of which only the ID is known, if the server does not answer.

    Raises:
        InvalidArgumentError: this cannot be an ID.
        ModelNotFoundError: the server has no such version, or it was deleted.
    """
    events.check_text("model_id", model_id)
    memory = _memory
    if model_id in memory.deleted:
        raise ModelNotFoundError(model_id, deleted=True)
    known = memory.by_id.get(model_id)
    if known is not None:
        return known
    query_api = runtime.current().query_api
    try:
        found = None if query_api is None else query_api.get_model(model_id)
    except ServerUnavailableError as fault:
        warn_away(fault)
        found = None
    if found is None:
        return LoggedModel(model_id=model_id, name=model_id, status="UNSPECIFIED")
    remember(found)
    return found


def create(draft: LoggedModel) -> LoggedModel:
    """Record a new version.

    Returns:
        The draft with its times.

    Raises:
        InvalidArgumentError: the draft says something that cannot be recorded; nothing was.
    """
    recorded = ("name", "experiment_id", "model_type", "source_run_id", "status", "params", "tags")
    now = events.record(keys.MODEL_CREATED, draft.model_id, {key: getattr(draft, key) for key in recorded})
    milliseconds = now // 1_000_000
    model = replace(
        draft,
        params=dict(draft.params),
        tags=dict(draft.tags),
        creation_timestamp=milliseconds,
        last_updated_timestamp=milliseconds,
    )
    remember(model)
    return model


def experiment() -> str:
    """The experiment that versions belong to if nothing else is said."""
    return active_run.current_experiment() or ids.DEFAULT_EXPERIMENT_ID


def _ask(query_api: QueryApi, experiment_id: str, name: str) -> LoggedModel | None:
    """The version that the name means; None if it is the one that :func:`_derived` would make.

    Raises:
        ServerUnavailableError: no usable answer.
    """
    namesakes = query_api.find_models(experiment_id, name)
    for found in namesakes.alive:
        if found.model_id not in _memory.deleted:
            return found
    for model_id in namesakes.deleted:
        forget(model_id)
    while not namesakes.are_all:
        derived = _derive(experiment_id, name)
        try:
            found = query_api.get_model(derived)
        except ModelNotFoundError as fault:
            if not fault.deleted:
                break
            forget(derived)
        else:
            # If only spans and tags tell of it so far, it is still to be created.
            return found if found.name == name else None
    return None


def _derive(experiment_id: str, name: str) -> str:
    """The first ID of the name's that was not deleted, as far as this process knows.

    Raises:
        InvalidArgumentError: all of them were.
    """
    for generation in range(MAX_GENERATIONS):
        # No name has a control character: so no other name has these IDs.
        model_id = ids.derive_model_id(experiment_id, f"{name}\x00{generation}" if generation else name)
        if model_id not in _memory.deleted:
            return model_id
    message = f"name {name!r} was deleted {MAX_GENERATIONS} times: choose another"
    raise InvalidArgumentError(message)


def _derived(experiment_id: str, name: str, tags: Mapping[str, str] | None) -> LoggedModel:
    draft = LoggedModel(_derive(experiment_id, name), name, experiment_id, tags=tags or {})
    with _memory.lock.current:
        return _memory.by_id.get(draft.model_id) or create(draft)


def remember(model: LoggedModel, *, by_name: bool = False) -> None:
    """Do not ask the server about this version again; with ``by_name``, nor which one its name means."""
    memory, model = _memory, replace(model)  # a copy: the caller's may be changed by its owner
    with memory.lock.current:
        _bound(memory.by_id)
        memory.by_id[model.model_id] = model
        if by_name:
            _bound(memory.by_name)
            memory.by_name[model.experiment_id, model.name] = model


def revise(  # noqa: PLR0913 - one for each thing that can change
    model_id: str,
    time_unix_ns: int,
    *,
    status: str | None = None,
    tags: Mapping[str, str | None] | None = None,
    params: Mapping[str, str] | None = None,
    metrics: Mapping[str, float] | None = None,
) -> None:
    """Keep what is remembered of a version true after a change that was made here.

    Args:
        model_id: the version.
        time_unix_ns: when it was changed.
        status: the new one.
        tags: those that were set; None removes one.
        params: those that were logged.
        metrics: those that were logged.
    """
    memory = _memory
    with memory.lock.current:
        known = memory.by_id.get(model_id)
        if known is None:
            return
        every = {**known.tags, **(tags or {})}
        revised = replace(
            known,
            last_updated_timestamp=max(known.last_updated_timestamp, time_unix_ns // 1_000_000),
            status=status or known.status,
            tags={key: value for key, value in every.items() if value is not None},
            params={**known.params, **(params or {})},
            metrics={**known.metrics, **(metrics or {})},
        )
        memory.by_id[model_id] = revised
        meant = memory.by_name.get((known.experiment_id, known.name))
        if meant is not None and meant.model_id == model_id:
            memory.by_name[known.experiment_id, known.name] = revised


def forget(model_id: str) -> None:
    """The version was deleted here."""
    with _memory.lock.current:
        _forget(_memory, model_id)


def restored(model_id: str) -> None:
    """The version was restored here."""
    with _memory.lock.current:
        _memory.deleted.pop(model_id, None)


def _forget(memory: _Memory, model_id: str) -> None:
    _bound(memory.deleted)
    memory.deleted[model_id] = None
    known = memory.by_id.pop(model_id, None)
    if known is not None:
        meant = memory.by_name.get((known.experiment_id, known.name))
        if meant is not None and meant.model_id == model_id:
            del memory.by_name[known.experiment_id, known.name]


def _bound(entries: dict[Any, _Value]) -> None:
    while len(entries) >= MAX_REMEMBERED:
        del entries[next(iter(entries))]


def warn_away(fault: ServerUnavailableError) -> None:
    """Say once that the application goes on without the server."""
    warn_once(
        "server-away",
        "%s. Until it is back, IDs are derived from names and not checked (logged once)",
        fault,
    )
