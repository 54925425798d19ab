"""Runs as the server knows them. Each read is a question to the query API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, overload

from spanfold._internal import events, frames, pages, reading, resolve
from spanfold._internal.lookup import path_of
from spanfold._internal.run import Run, from_answer
from spanfold.errors import InvalidArgumentError, RunNotFoundError, ServerUnavailableError
from spanfold_schemas import ids

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS: Final = (
    *("run_id", "run_name", "experiment_id", "status", "start_time", "end_time", "parent_run_id"),
)
_TIMES: Final = ("start_time", "end_time")


def get_run(run_id: str) -> Run:
    """The run with this ID, as it is now.

    Raises:
        InvalidArgumentError: this cannot be an ID.
        RunNotFoundError: the server has no run with this ID.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> get_run("0123...").data.metrics["accuracy"]  # doctest: +SKIP
        0.93
    """
    events.check_text("run_id", run_id)
    answer = reading.query_api().get(path_of("runs", run_id))
    if answer is None:
        raise RunNotFoundError(run_id)
    return _from_answer(answer)


@overload
def search_runs(
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    *,
    max_results: int | None = None,
    order_by: list[str] | None = None,
    output_format: Literal["pandas"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
) -> pd.DataFrame: ...


@overload
def search_runs(
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    *,
    max_results: int | None = None,
    order_by: list[str] | None = None,
    output_format: Literal["list"],
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
) -> list[Run]: ...


def search_runs(  # noqa: PLR0913 - MLflow's arguments
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    *,
    max_results: int | None = None,
    order_by: list[str] | None = None,
    output_format: Literal["pandas", "list"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
) -> pd.DataFrame | list[Run]:
    """The runs that a filter describes, newest first unless another order is asked for.

    Args:
        experiment_ids: the experiments to look in; the active one if nothing is said.
        filter_string: such as ``params.k = '5' AND metrics.accuracy > 0.9 AND status = 'FINISHED'``.
        max_results: all if None.
        order_by: such as ``["metrics.accuracy DESC"]``.
        output_format: ``list`` for a list of :class:`Run`; ``pandas`` for a data frame with a column for each
            ``params.k``, ``metrics.k`` and ``tags.k``, or for a list where pandas is not installed.
        search_all_experiments: look in all of them.
        experiment_names: the experiments to look in, by name.

    Raises:
        InvalidArgumentError: the filter or another argument cannot be right; the message says where.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> search_runs(["0"], "metrics.accuracy > 0.9", output_format="list")  # doctest: +SKIP
        [Run(info=RunInfo(run_id='...', ...), data=RunData(...))]
    """
    as_frame = frames.wanted(output_format)
    query_api = reading.query_api()
    answers = pages.items(
        query_api,
        "/v1/runs",
        "runs",
        max_results,
        experiment_id=_experiments(experiment_ids, experiment_names, everywhere=search_all_experiments),
        filter=filter_string or None,
        order_by=pages.order(order_by),
    )
    found = [_from_answer(answer) for answer in answers]
    return frames.of_rows([_row(run) for run in found], _COLUMNS, _TIMES) if as_frame else found


def _experiments(
    experiment_ids: list[str] | None, names: list[str] | None, *, everywhere: bool
) -> list[str] | None:
    """Where to look; None is everywhere.

    Raises:
        InvalidArgumentError: the arguments contradict each other.
    """
    if bool(experiment_ids) + bool(names) + everywhere > 1:
        message = "give one of experiment_ids, experiment_names and search_all_experiments"
        raise InvalidArgumentError(message)
    if everywhere:
        return None
    if names:
        return [ids.derive_experiment_id(name) for name in names]
    return experiment_ids or [resolve.experiment()]


def _row(run: Run) -> dict[str, Any]:
    groups = {"params": run.data.params, "metrics": run.data.metrics, "tags": run.data.tags}
    return {
        **{column: getattr(run.info, column) for column in _COLUMNS},
        **{f"{group}.{key}": value for group, entries in groups.items() for key, value in entries.items()},
    }


def _from_answer(answer: dict[str, Any]) -> Run:
    try:
        return from_answer(answer)
    except (KeyError, TypeError) as fault:
        message = f"the query API's answer is not a run: {fault!r}"
        raise ServerUnavailableError(message) from fault
