"""Model versions as the server knows them. Each read is a question to the query API."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from spanfold._internal import events, frames, instants, models, pages, reading, resolve
from spanfold._internal.lookup import path_of
from spanfold._internal.model import LoggedModel, from_answer
from spanfold.errors import InvalidArgumentError, ModelNotFoundError, ServerUnavailableError
from spanfold_schemas.events import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from spanfold._internal.instants import Instant

_COLUMNS: Final = ("model_id", "name", "experiment_id", "status", "model_type", "source_run_id")


def get_logged_model(model_id: str, as_of: Instant | None = None) -> LoggedModel:
    """The version with this ID, as it is or as it was.

    Args:
        model_id: the version.
        as_of: an instant in the past: a date and time with a zone, milliseconds since 1970, or RFC 3339 text.

    Raises:
        InvalidArgumentError: an argument cannot be right.
        ModelNotFoundError: the server has (or had) no version with this ID, or it was deleted.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> get_logged_model("m-0123...", as_of="2026-11-20T12:00:00Z").tags  # doctest: +SKIP
        {'environment': 'staging'}
    """
    events.check_text("model_id", model_id)
    instant = None if as_of is None else instants.to_rfc3339("as_of", as_of)
    query_api = reading.query_api()
    answer = query_api.get(path_of("models", model_id), as_of=instant)
    if answer is None:
        raise ModelNotFoundError(model_id)
    if answer.get("deleted"):
        raise ModelNotFoundError(model_id, deleted=True)
    found = _from_answer(answer)
    if instant is None:
        resolve.remember(found)
    return found


def last_logged_model() -> LoggedModel | None:
    """The version that this process created last, as it is now; None if it created none.

    Raises:
        ModelNotFoundError: it was deleted.
        ServerUnavailableError: the query API gave no usable answer.
    """
    model_id = models.last_id()
    return None if model_id is None else get_logged_model(model_id)


@overload
def search_logged_models(
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    datasets: list[dict[str, str]] | None = None,
    max_results: int | None = None,
    order_by: Sequence[dict[str, Any] | str] | None = None,
    output_format: Literal["pandas"] = "pandas",
) -> pd.DataFrame: ...


@overload
def search_logged_models(
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    datasets: list[dict[str, str]] | None = None,
    max_results: int | None = None,
    order_by: Sequence[dict[str, Any] | str] | None = None,
    *,
    output_format: Literal["list"],
) -> list[LoggedModel]: ...


def search_logged_models(  # noqa: PLR0913, PLR0917 - MLflow's signature
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    datasets: list[dict[str, str]] | None = None,
    max_results: int | None = None,
    order_by: Sequence[dict[str, Any] | str] | None = None,
    output_format: Literal["pandas", "list"] = "pandas",
) -> pd.DataFrame | list[LoggedModel]:
    """The versions that a filter describes, newest first unless another order is asked for.

    Args:
        experiment_ids: the experiments to look in; the active one if None.
        filter_string: such as ``name LIKE 'support-%' AND params.temperature = '0.7' AND metrics.f1 > 0.8``.
            Fields: ``name``, ``model_id``, ``model_type``, ``status``, ``source_run_id``,
            ``creation_timestamp``, ``last_updated_timestamp``, ``params.k``, ``tags.k``, ``metrics.k``.
        datasets: must be None: metrics of versions are not kept by data set here.
        max_results: all if None.
        order_by: such as ``["metrics.f1 DESC"]`` or ``[{"field_name": "metrics.f1", "ascending": False}]``.
        output_format: ``list`` for a list of :class:`LoggedModel`; ``pandas`` for a data frame, or for a list
            where pandas is not installed.

    Raises:
        InvalidArgumentError: the filter or another argument cannot be right; the message says where.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> search_logged_models(filter_string="tags.team = 'ml'", output_format="list")  # doctest: +SKIP
        [LoggedModel(model_id='m-...', name='support-v2', ...)]
    """
    if datasets is not None:
        message = "datasets: metrics of versions are not kept by data set here; use filter_string"
        raise InvalidArgumentError(message)
    as_frame = frames.wanted(output_format)
    order = pages.order(order_by)
    query_api = reading.query_api()
    answers = pages.items(
        query_api,
        "/v1/models",
        "models",
        max_results,
        experiment_id=experiment_ids or [resolve.experiment()],
        filter=filter_string or None,
        order_by=order,
    )
    found = [_from_answer(answer) for answer in answers]
    if not as_frame:
        return found
    names = [item.name for item in fields(LoggedModel)]
    columns = [*_COLUMNS, *(name for name in names if name not in _COLUMNS), "model_uri"]
    return frames.of_rows([{**asdict(model), "model_uri": model.model_uri} for model in found], columns)


def history(model_id: str) -> list[Event]:
    """All that happened to a version, oldest first: when, what, by whom, and from where.

    Args:
        model_id: the version; it may have been deleted.

    Raises:
        InvalidArgumentError: this cannot be an ID.
        ModelNotFoundError: the server has no version with this ID.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> [(event.event_type, event.actor) for event in history("m-0123...")]  # doctest: +SKIP
        [('spanfold.model.created', 'support-bot'), ('spanfold.model.tags_set', 'alice')]
    """
    events.check_text("model_id", model_id)
    query_api = reading.query_api()
    path = path_of("models", model_id, "events")
    if query_api.get(path, limit=1) is None:
        raise ModelNotFoundError(model_id)
    return [
        Event(
            event_id=answer["event_id"],
            event_type=answer["event_type"],
            stream=model_id,
            event_time_unix_ns=int(answer["event_time_unix_ns"]),
            payload=answer["payload"],
            schema_version=answer["schema_version"],
            actor=answer["actor"],
            source=answer["source"],
        )
        for answer in pages.items(query_api, path, "events")
    ]


def _from_answer(answer: dict[str, Any]) -> LoggedModel:
    try:
        return from_answer(answer)
    except (KeyError, TypeError) as fault:
        message = f"the query API's answer is not a model: {fault!r}"
        raise ServerUnavailableError(message) from fault
