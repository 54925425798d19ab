"""Changes to a model version that exists. Each is an event: with its time, its author, and for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spanfold._internal import active, events, resolve
from spanfold._internal.setup import ready
from spanfold.errors import InvalidArgumentError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def set_logged_model_tags(model_id: str, tags: dict[str, str]) -> None:
    """Set tags of a version; other tags stay.

    Args:
        model_id: the version.
        tags: values must be strings.

    Raises:
        InvalidArgumentError: one of them cannot be recorded; none was.
        ModelNotFoundError: the server has no version with this ID.
    """
    now = _record(keys.MODEL_TAGS_SET, model_id, {"tags": tags})
    resolve.revise(model_id, now, tags=tags)


def delete_logged_model_tag(model_id: str, key: str) -> None:
    """Remove a tag of a version. One that is not there is no error.

    Raises:
        InvalidArgumentError: nothing can have this name.
        ModelNotFoundError: the server has no version with this ID.
    """
    now = _record(keys.MODEL_TAG_DELETED, model_id, {"key": key})
    resolve.revise(model_id, now, tags={key: None})


def log_model_params(params: dict[str, str], model_id: str | None = None) -> None:
    """Add parameters to a version.

    Args:
        params: values must be strings. Of several values of one name, the last counts.
        model_id: the version; the active one if None.

    Raises:
        InvalidArgumentError: one of them cannot be recorded (none was), or no version is given or active.
        ModelNotFoundError: the server has no version with this ID.

    Example:
        >>> log_model_params({"temperature": 0.7}, "m-0123...")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        spanfold.errors.InvalidArgumentError: Parameters must be strings: params['temperature'] is of type ...
    """
    ready()
    events.check(keys.MODEL_PARAMS_LOGGED, {"params": params})
    model_id = active.current() if model_id is None else model_id
    if model_id is None:
        message = "no version is active: call set_active_model() first, or give model_id"
        raise InvalidArgumentError(message)
    now = _record(keys.MODEL_PARAMS_LOGGED, model_id, {"params": params})
    resolve.revise(model_id, now, params=params)


def delete_logged_model(model_id: str) -> None:
    """Delete a version: it is not listed or found any more, and its name means a new version from then on.

    Its traces and its history stay, and :func:`restore_logged_model` brings it back. A process in which it
    is active goes on with it.

    Raises:
        InvalidArgumentError: this cannot be an ID.
        ModelNotFoundError: the server has no version with this ID, or it was deleted before.
    """
    _record(keys.MODEL_DELETED, model_id, {})
    resolve.forget(model_id)


def restore_logged_model(model_id: str) -> None:
    """Bring back a version that was deleted, with all that was recorded about it.

    Raises:
        InvalidArgumentError: this cannot be an ID.
    """
    ready()
    events.check_text("model_id", model_id)
    events.record(keys.MODEL_RESTORED, model_id, {})
    resolve.restored(model_id)


def _record(event_type: str, model_id: str, payload: Mapping[str, Any]) -> int:
    """Record a change of a version that exists, as far as can be told.

    Raises:
        InvalidArgumentError: the change cannot be recorded.
        ModelNotFoundError: the server has no version with this ID, or it was deleted.
    """
    ready()
    events.check(event_type, payload)
    resolve.by_id(model_id)
    return events.record(event_type, model_id, payload)
