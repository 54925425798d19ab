"""Starting and ending runs, and what is recorded under them."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import active_run as scopes
from spanfold._internal import events, exits, names, resolve, run, runtime
from spanfold._internal.faults import contained
from spanfold._internal.forks import ForkedLock
from spanfold._internal.lookup import path_of
from spanfold._internal.run import ActiveRun, Run, RunData, RunInfo
from spanfold._internal.setup import flush, ready
from spanfold.errors import InvalidArgumentError, RunNotFoundError, ServerUnavailableError
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_ID: Final = ("SPANFOLD_RUN_ID", "MLFLOW_RUN_ID")
"""The run that the first ``start_run()`` of a process continues."""
DESCRIPTION: Final = "mlflow.note.content"
MAX_REMEMBERED: Final = 10_000
FLUSH_TIMEOUT_S: Final = 5.0

_known = dict[str, ActiveRun]()
"""Runs that this process started or continued."""
_lock = ForkedLock()


def start_run(  # noqa: PLR0913, PLR0917 - MLflow's signature
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,  # noqa: FBT001, FBT002 - MLflow's signature
    parent_run_id: str | None = None,
    tags: dict[str, Any] | None = None,
    description: str | None = None,
) -> ActiveRun:
    """Start a run, and make it active: until ``end_run()``, or in a ``with`` block until its end.

    Outside a ``with`` block it is active for the whole process; in a block, in this task or thread and in
    those that it starts. Spans, and model versions made meanwhile, belong to it.

    Args:
        run_id: a run to continue, instead of a new one. Default: ``SPANFOLD_RUN_ID`` or ``MLFLOW_RUN_ID``,
            for the first run of the process.
        experiment_id: the experiment of a new run; the active one if None.
        run_name: a readable random name if None.
        nested: whether it may start inside an active run, whose child it then is.
        parent_run_id: the parent of a new run; the active run if None.
        tags: set on the run; values are recorded by their ``str``.
        description: what the run is about; recorded as the tag ``mlflow.note.content``.

    Returns:
        The run, also a context manager.

    Raises:
        InvalidArgumentError: a run is active already and this one is not ``nested``, or an argument cannot
            be recorded.
        RunNotFoundError: the server has no run with this ID.

    Example:
        >>> with start_run(run_name="trial") as started:  # doctest: +SKIP
        ...     started.info.run_id
    """
    ready()
    outer = scopes.scope() if nested else scopes.own_scope()
    if outer is not None and not nested:
        message = (
            f"run {outer.run_id} is already active: end it with end_run(), "
            "or start this one inside it with start_run(nested=True)"
        )
        raise InvalidArgumentError(message)
    if run_id is None and outer is None:
        run_id = next((found for variable in RUN_ID if (found := os.environ.pop(variable, "").strip())), None)
    texts = _texts({**(tags or {}), **({} if description is None else {DESCRIPTION: description})})
    started = (
        _new(experiment_id, run_name, parent_run_id or (outer.run_id if outer else None), texts)
        if run_id is None
        else _continued(run_id, run_name, texts)
    )
    with _lock.current:
        if not _known:
            atexit.register(_end_all)
            exits.before_sigterm(_kill_all)
        while len(_known) >= MAX_REMEMBERED:
            del _known[next(iter(_known))]
        _known[started.info.run_id] = started
    scopes.open_run(started.scope)
    return started


def end_run(status: str = "FINISHED") -> None:
    """End the active run, if there is one.

    Args:
        status: ``FINISHED``, ``FAILED`` or ``KILLED``.

    Raises:
        InvalidArgumentError: there is no such status.
    """
    ready()
    scope = scopes.scope()
    if scope is not None:
        run.end(scope, str(getattr(status, "value", status)))


def active_run() -> ActiveRun | None:
    """The run that is active here and now, as it was when it started; None if there is none."""
    scope = scopes.scope()
    return None if scope is None else _known.get(scope.run_id)


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:  # noqa: FBT001 - MLflow's
    """Record what the active run is made with. If no run is active, one is started.

    Args:
        key: the parameter's name.
        value: recorded by its ``str``. Of several values of one name, the last counts.
        synchronous: True waits until it is sent, for five seconds at most.

    Returns:
        The value.

    Raises:
        InvalidArgumentError: it cannot be recorded.
    """
    log_params({key: value}, synchronous)
    return value


def log_params(
    params: dict[str, Any],
    synchronous: bool | None = None,  # noqa: FBT001 - MLflow's signature
    run_id: str | None = None,
) -> None:
    """As :func:`log_param`, for several, and for any run by its ID.

    Raises:
        InvalidArgumentError: one cannot be recorded; none was.
        RunNotFoundError: the server has no run with this ID.
    """
    record(run_id, keys.RUN_PARAMS_LOGGED, {"params": _texts(params)}, synchronous=synchronous)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> None:  # noqa: FBT001 - MLflow's
    """Tag the active run. If no run is active, one is started.

    Args:
        key: the tag's name.
        value: recorded by its ``str``.
        synchronous: True waits until it is sent, for five seconds at most.

    Raises:
        InvalidArgumentError: it cannot be recorded.
    """
    set_tags({key: value}, synchronous)


def set_tags(tags: dict[str, Any], synchronous: bool | None = None) -> None:  # noqa: FBT001 - MLflow's
    """As :func:`set_tag`, for several.

    Raises:
        InvalidArgumentError: one cannot be recorded; none was.
    """
    record(None, keys.RUN_TAGS_SET, {"tags": _texts(tags)}, synchronous=synchronous)


def delete_tag(key: str) -> None:
    """Remove a tag from the active run.

    Raises:
        InvalidArgumentError: nothing can have this name.
    """
    record(None, keys.RUN_TAG_DELETED, {"key": key})


def record(
    run_id: str | None,
    event_type: str,
    payload: Mapping[str, Any],
    time_unix_ns: int | None = None,
    *,
    synchronous: bool | None = None,
) -> str:
    """Record an event of a run: of the active one, which is started if need be, or of the one with this ID.

    Returns:
        The run's ID.

    Raises:
        InvalidArgumentError: the payload cannot be recorded; nothing was.
        RunNotFoundError: the server has no run with this ID.
    """
    ready()
    events.check(event_type, payload)
    if run_id is None:
        run_id = scopes.current() or start_run().info.run_id
    else:
        known(run_id)
    events.record(event_type, run_id, payload, time_unix_ns)
    if synchronous:
        flush(FLUSH_TIMEOUT_S)
    return run_id


def known(run_id: str) -> Run:
    """A run that exists, as far as can be told; one of which only the ID is known, if nobody answers.

    Raises:
        InvalidArgumentError: this cannot be an ID.
        RunNotFoundError: the server has no run with this ID.
    """
    events.check_text("run_id", run_id)
    found = _known.get(run_id)
    if found is not None:
        return found
    unknown = Run(RunInfo(run_id, run_id, resolve.experiment()))
    query_api = runtime.current().query_api
    try:
        answer = {} if query_api is None else query_api.look_up(path_of("runs", run_id))
    except ServerUnavailableError as fault:
        resolve.warn_away(fault)
        return unknown
    if answer is None:
        raise RunNotFoundError(run_id)
    return run.from_answer(answer) if answer else unknown


def _new(
    experiment_id: str | None, run_name: str | None, parent_run_id: str | None, tags: dict[str, str]
) -> ActiveRun:
    scope = scopes.Scope(ids.new_run_id(), resolve.experiment() if experiment_id is None else experiment_id)
    info = RunInfo(
        scope.run_id,
        names.random_name() if run_name is None else run_name,
        scope.experiment_id,
        parent_run_id=parent_run_id,
    )
    return _started(info, tags, scope)


def _continued(run_id: str, run_name: str | None, tags: dict[str, str]) -> ActiveRun:
    before = known(run_id)
    scope = scopes.Scope(run_id, before.info.experiment_id)
    # First writer wins: what the run was started with stays, and only its state changes.
    info = RunInfo(
        run_id,
        run_name or before.info.run_name,
        scope.experiment_id,
        parent_run_id=before.info.parent_run_id,
    )
    return _started(info, tags, scope, before.data)


def _started(
    info: RunInfo, tags: dict[str, str], scope: scopes.Scope, before: RunData | None = None
) -> ActiveRun:
    payload = {
        "experiment_id": info.experiment_id,
        "run_name": info.run_name,
        "parent_run_id": info.parent_run_id,
        "user": _user(),
        "tags": tags,
    }
    now = events.record(keys.RUN_STARTED, info.run_id, payload)
    data = before or RunData()
    return ActiveRun(
        RunInfo(
            info.run_id,
            info.run_name,
            info.experiment_id,
            start_time=now // 1_000_000,
            parent_run_id=info.parent_run_id,
        ),
        RunData(data.params, data.metrics, {**data.tags, **tags}),
        scope=scope,
    )


def _texts(entries: Mapping[str, Any]) -> dict[str, str]:
    """MLflow records parameters and tags of runs by their ``str``.

    Raises:
        InvalidArgumentError: this is no mapping.
    """
    try:
        return {key: str(value) for key, value in entries.items()}
    except AttributeError:
        message = f"params and tags are mappings from names to values, not {type(entries).__name__}"
        raise InvalidArgumentError(message) from None


def _user() -> str | None:
    import getpass  # noqa: PLC0415 - `import spanfold` stays light

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user need not have a name
        return None


def _end_all() -> None:
    """At the end of the process: what it started and nobody ended is over."""
    with contained("end the active runs"):
        for started in list(_known.values()):
            if started.scope.pid == os.getpid():
                run.end(started.scope, "FINISHED")


def _kill_all() -> None:
    """At SIGTERM: as above, but without the locks that the interrupted code may hold."""
    for scope in [started.scope for started in list(_known.values())]:
        if scope.pid == os.getpid() and not scope.ended:
            scope.ended = True
            events.record(keys.RUN_ENDED, scope.run_id, {"status": "KILLED"})
