"""The public calls about model versions."""

from __future__ import annotations

from dataclasses import fields

from spanfold._internal import active, names, resolve
from spanfold._internal.model import ActiveModel, LoggedModel
from spanfold._internal.setup import ready
from spanfold.errors import InvalidArgumentError
from spanfold_schemas import ids


def set_active_model(name: str | None = None, model_id: str | None = None) -> ActiveModel:
    """Link the traces that follow to a model version.

    As a plain call it holds for the whole process (inside a ``with`` block of another model: for the rest
    of that block). As a context manager it holds inside the block, in this task or thread and those that
    it starts, and never for others that run at the same time.

    The query API is asked for the version, once per name and process, for two seconds at most. If it knows
    no such name, or is away, the ID is derived from the name, and the version is created.

    Args:
        name: what the version is called. If there are several of this name, the newest is meant.
        model_id: the ID of an existing version. Given with a name, both must belong together.

    Returns:
        The version, which is active from now on.

    Raises:
        InvalidArgumentError: neither argument is given, or one of them cannot be right.
        ModelNotFoundError: the server has no version with this ID.

    Example:
        >>> set_active_model(name="my-agent-v1.0").name  # doctest: +SKIP
        'my-agent-v1.0'
    """
    ready()
    if model_id is not None:
        model = resolve.by_id(model_id)
        if name is not None and model.name not in (name, model_id):
            message = (
                f"model_id {model_id!r} is a version of {model.name!r}, not of {name!r}: give one of them"
            )
            raise InvalidArgumentError(message)
    elif name is not None:
        model = resolve.by_name(ids.DEFAULT_EXPERIMENT_ID, name)
    else:
        message = (
            'say which model is active: set_active_model(name="...") or set_active_model(model_id="...")'
        )
        raise InvalidArgumentError(message)
    made = ActiveModel(**{item.name: getattr(model, item.name) for item in fields(LoggedModel)})
    active.claim(made, made.model_id)
    return made


def clear_active_model() -> None:
    """Link the traces that follow to no model version: in the enclosing ``with`` block, else in the process.

    What the environment set is cleared with the process's.
    """
    ready()
    active.clear()


def get_active_model_id() -> str | None:
    """The ID that a span started here and now would get, or None."""
    ready()
    return active.current()


def create_external_model(  # noqa: PLR0913, PLR0917 - MLflow's signature
    name: str | None = None,
    source_run_id: str | None = None,
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Create a new version of an application whose code is kept elsewhere, such as in Git.

    Each call makes a version of its own, also under a name that exists. It does not become active; a later
    ``set_active_model(name=...)`` in this process means it.

    Args:
        name: what the version is called; a readable random name if None.
        source_run_id: the run that made it.
        tags: for finding and sorting versions.
        params: the version's configuration. Values must be strings.
        model_type: a classification of your own, such as ``agent``.
        experiment_id: the experiment that it belongs to; the default experiment if None.

    Returns:
        The new version, with status ``READY``.

    Raises:
        InvalidArgumentError: an argument cannot be recorded; nothing was.

    Example:
        >>> create_external_model(params={"k": 5})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        spanfold.errors.InvalidArgumentError: Parameters must be strings: params['k'] is of type int, ...
    """
    draft = LoggedModel(
        model_id=ids.new_model_id(),
        name=names.random_name() if name is None else name,
        experiment_id=ids.DEFAULT_EXPERIMENT_ID if experiment_id is None else experiment_id,
        model_type=model_type,
        source_run_id=source_run_id,
        params={} if params is None else params,
        tags={} if tags is None else tags,
    )
    ready()
    model = resolve.create(draft)
    resolve.remember(model, by_name=True)
    return model
