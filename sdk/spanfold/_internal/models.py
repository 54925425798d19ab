"""The public calls about model versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from spanfold._internal import active, active_run, events, git, names, resolve
from spanfold._internal.model import ActiveModel, LoggedModel, LoggedModelStatus
from spanfold._internal.setup import ready
from spanfold.errors import InvalidArgumentError
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    import os

_FINAL: Final = (LoggedModelStatus.READY, LoggedModelStatus.FAILED)
_last_id: str | None = None


def set_active_model(name: str | None = None, model_id: str | None = None) -> ActiveModel:
    """Link the traces that follow to a model version.

    As a plain call it holds for the whole process (inside a ``with`` block of another model: for the rest
    of that block). As a context manager it holds inside the block, in this task or thread and those that
    it starts, and never for others that run at the same time.

    The query API is asked for the version, once per name and process, for two seconds at most (a quarter of
    one where an event loop runs). If it knows no such name, or is away, the ID is derived from the name, and
    the version is created, in the active experiment.

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
        model = resolve.by_name(resolve.experiment(), name)
    else:
        message = (
            'say which model is active: set_active_model(name="...") or set_active_model(model_id="...")'
        )
        raise InvalidArgumentError(message)
    return _activate(model)


def set_active_model_from_git(
    application: str | None = None, directory: str | os.PathLike[str] | None = None
) -> ActiveModel:
    """Link the traces that follow to the commit that runs here: as :func:`set_active_model`, named by git.

    The version is called ``<application>-git-<first 8 digits of the commit>``, with ``-dirty`` at the end
    where tracked files were changed since. Its tags are ``git.commit``, ``git.branch``, ``git.dirty``,
    ``git.diff.files``, ``git.diff.insertions``, ``git.diff.deletions`` and ``git.remote`` (without user,
    password and query), as far as they are known. On a detached head the branch is taken from the CI
    system's variables, if these are about the same commit.

    Args:
        application: what the version's name begins with. Default: the service's name, else the repository's.
        directory: anywhere in the work tree. Default: the current directory, else the program's folder,
            else the commit that a CI or deployment platform names in its variables.

    Returns:
        The version, which is active from now on; also a context manager.

    Raises:
        GitError: git is not installed, or there is no repository with a commit, or git takes too long.
        InvalidArgumentError: nothing may have this name.

    Example:
        >>> set_active_model_from_git("my-app").name  # doctest: +SKIP
        'my-app-git-1a2b3c4d'
    """
    ready()
    return _activate(git.version(git.read(directory), application))


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
        source_run_id: the run that made it; the active run if None, if there is one.
        tags: for finding and sorting versions.
        params: the version's configuration. Values must be strings.
        model_type: a classification of your own, such as ``agent``.
        experiment_id: the experiment that it belongs to; the active one if None.

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
    return _create(LoggedModelStatus.READY, name, source_run_id, tags, params, model_type, experiment_id)


def initialize_logged_model(  # noqa: PLR0913, PLR0917 - MLflow's signature
    name: str | None = None,
    source_run_id: str | None = None,
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Create a new version that is not ready yet; :func:`finalize_logged_model` says how it came out.

    Arguments and errors are those of :func:`create_external_model`.

    Returns:
        The new version, with status ``PENDING``.

    Example:
        >>> model = initialize_logged_model(name="my-agent-v1.1")  # doctest: +SKIP
        >>> finalize_logged_model(model.model_id, "READY").status  # doctest: +SKIP
        'READY'
    """
    return _create(LoggedModelStatus.PENDING, name, source_run_id, tags, params, model_type, experiment_id)


def finalize_logged_model(
    model_id: str, status: Literal["READY", "FAILED"] | LoggedModelStatus
) -> LoggedModel:
    """Say how a version came out.

    Args:
        model_id: the version.
        status: ``READY`` or ``FAILED``.

    Returns:
        The version with its new status.

    Raises:
        InvalidArgumentError: there is no such status.
        ModelNotFoundError: the server has no version with this ID.
    """
    ready()
    if status not in _FINAL:
        message = f"status must be READY or FAILED, not {status!r}"
        raise InvalidArgumentError(message)
    model = resolve.by_id(model_id)
    final = LoggedModelStatus(status)
    now = events.record(keys.MODEL_STATUS_SET, model_id, {"status": str(final)})
    resolve.revise(model_id, now, status=str(final))
    return replace(
        model,
        status=str(final),
        last_updated_timestamp=max(model.last_updated_timestamp, now // 1_000_000),
    )


def _create(  # noqa: PLR0913, PLR0917 - the arguments of the calls above
    status: LoggedModelStatus,
    name: str | None,
    source_run_id: str | None,
    tags: dict[str, str] | None,
    params: dict[str, str] | None,
    model_type: str | None,
    experiment_id: str | None,
) -> LoggedModel:
    global _last_id  # noqa: PLW0603 - of the process
    ready()
    model = resolve.create(
        LoggedModel(
            model_id=ids.new_model_id(),
            name=names.random_name() if name is None else name,
            experiment_id=resolve.experiment() if experiment_id is None else experiment_id,
            model_type=model_type,
            source_run_id=active_run.current() if source_run_id is None else source_run_id,
            status=str(status),
            params={} if params is None else params,
            tags={} if tags is None else tags,
        )
    )
    resolve.remember(model, by_name=True)
    _last_id = model.model_id
    return model


def last_id() -> str | None:
    """The ID of the version that this process created last."""
    return _last_id


def _activate(model: LoggedModel) -> ActiveModel:
    made = ActiveModel(**vars(model))
    active.claim(made, made.model_id)
    return made
