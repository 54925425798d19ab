"""From what the user calls a model version to its ID.

The query API is asked. Where it knows no such name, or does not answer, the ID is derived from experiment
and name: every process derives the same one, so they need not agree on who creates it.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from spanfold._internal import active, events, runtime
from spanfold._internal.faults import warn_once
from spanfold._internal.model import LoggedModel
from spanfold.errors import InvalidArgumentError, ServerUnavailableError
from spanfold_schemas import ids, keys
from spanfold_schemas.events import InvalidEventError, check_name, validate_payload

if TYPE_CHECKING:
    from collections.abc import Mapping

_Key = TypeVar("_Key")
ENVIRONMENT: Final = ("SPANFOLD_ACTIVE_MODEL_ID", "MLFLOW_ACTIVE_MODEL_ID")
MAX_REMEMBERED: Final = 10_000
"""Names and IDs. An application that makes up a name per request must not grow for ever."""


@dataclass(slots=True)
class _Memory:
    """What this process already knows, so that it asks and announces once."""

    by_name: dict[tuple[str, str], LoggedModel] = field(default_factory=dict)
    by_id: dict[str, LoggedModel] = field(default_factory=dict)
    """Includes what was created here and may not have reached the server yet."""
    lock: threading.RLock = field(default_factory=threading.RLock)


_memory = _Memory()


def replace_memory(memory: _Memory | None = None) -> _Memory:
    """Start with an empty memory, or put one back; returns the one before."""
    global _memory
    before, _memory = _memory, memory or _Memory()
    return before


def _renew_lock() -> None:
    # Another thread of the parent may have held it at the fork; that thread does not exist in the child.
    _memory.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def by_name(experiment_id: str, name: str) -> LoggedModel:
    """The newest version called ``name``; it is created if there is none.

    Raises:
        InvalidArgumentError: nothing may have this name.
    """
    _check_text("name", name)
    memory = _memory
    known = memory.by_name.get((experiment_id, name))
    if known is not None:
        return known
    query_api = runtime.current().query_api
    try:
        found = None if query_api is None else query_api.find_model(experiment_id, name)
    except ServerUnavailableError as fault:
        _warn_away(fault)
        # Not remembered by name: once the server is back, it may know a newer version of this name.
        return _derived(experiment_id, name)
    model = found or _derived(experiment_id, name)
    remember(model, by_name=True)
    return model


def by_id(model_id: str) -> LoggedModel:
    """The version with this ID; one of which only the ID is known, if the server does not answer.

    Raises:
        InvalidArgumentError: this cannot be an ID.
        ModelNotFoundError: the server has no such version.
    """
    _check_text("model_id", model_id)
    memory = _memory
    known = memory.by_id.get(model_id)
    if known is not None:
        return known
    query_api = runtime.current().query_api
    try:
        found = None if query_api is None else query_api.get_model(model_id)
    except ServerUnavailableError as fault:
        _warn_away(fault)
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
    payload = {key: getattr(draft, key) for key in recorded}
    _check_payload(payload)
    now = events.now_unix_ns()
    events.emit(keys.MODEL_CREATED, draft.model_id, payload, now)
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


def _check_payload(payload: Mapping[str, object]) -> None:
    """Check what a new version is to be created with.

    Raises:
        InvalidArgumentError: naming the argument and, for a mapping, the key.
    """
    for group in ("params", "tags"):
        entries = payload[group]
        for key, value in entries.items() if isinstance(entries, dict) else ():
            if not isinstance(value, str):
                message = (
                    f"{group.capitalize() if group == 'tags' else 'Parameters'} must be strings: "
                    f"{group}[{key!r}] is of type {type(value).__name__}, write {str(value)!r}"
                )
                raise InvalidArgumentError(message)
    try:
        validate_payload(keys.MODEL_CREATED, payload)
        json.dumps(payload, ensure_ascii=False).encode()
    except InvalidEventError as fault:
        raise InvalidArgumentError(str(fault)) from None
    except UnicodeEncodeError:
        message = "name, params and tags must be valid text: a character in them cannot be written as UTF-8"
        raise InvalidArgumentError(message) from None


def set_default_from_environment() -> None:
    """Make the environment's model (an ID or a name) the one that holds where nothing else was set."""
    given = next((value for variable in ENVIRONMENT if (value := os.environ.get(variable, "").strip())), None)
    if given is None:
        active.set_default(None)
    elif ids.is_model_id(given):
        active.set_default(given)
    else:
        active.set_default(by_name(ids.DEFAULT_EXPERIMENT_ID, given).model_id)


def _derived(experiment_id: str, name: str) -> LoggedModel:
    draft = LoggedModel(ids.derive_model_id(experiment_id, name), name, experiment_id)
    with _memory.lock:
        return _memory.by_id.get(draft.model_id) or create(draft)


def remember(model: LoggedModel, *, by_name: bool = False) -> None:
    """Do not ask the server about this version again; with ``by_name``, nor which one its name means."""
    memory = _memory
    with memory.lock:
        _bound(memory.by_id)
        memory.by_id[model.model_id] = model
        if by_name:
            _bound(memory.by_name)
            memory.by_name[model.experiment_id, model.name] = model


def _bound(entries: dict[_Key, LoggedModel]) -> None:
    while len(entries) >= MAX_REMEMBERED:
        del entries[next(iter(entries))]


def _warn_away(fault: ServerUnavailableError) -> None:
    warn_once(
        "server-away", "%s. Model IDs are derived from their names until it is back (logged once)", fault
    )


def _check_text(field_name: str, text: object) -> None:
    try:
        check_name(field_name, text).encode()
    except InvalidEventError as fault:
        raise InvalidArgumentError(str(fault)) from None
    except UnicodeEncodeError:
        message = f"{field_name}: must be valid text: a character in it cannot be written as UTF-8"
        raise InvalidArgumentError(message) from None
