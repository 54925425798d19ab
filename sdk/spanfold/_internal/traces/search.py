"""``spanfold.search_traces`` and ``spanfold.get_trace``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, overload

from spanfold._internal import events, frames, pages, reading
from spanfold._internal.lookup import path_of
from spanfold._internal.traces import conditions
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from spanfold._internal.instants import Instant
    from spanfold._internal.lookup import Parameter, QueryApi
    from spanfold.entities import Trace, TraceInfo

DEFAULT_MAX_RESULTS: Final = 100
_DETAILS: Final = 50
"""Traces that are asked for at once with all their spans."""
_COLUMNS: Final = (
    *("trace_id", "trace", "name", "model_id", "experiment_id", "run_id", "state", "request_time"),
    *(
        "execution_duration",
        "request",
        "response",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "tags",
        "spans",
    ),
)


def get_trace(trace_id: str) -> Trace | None:
    """The trace with this ID and all its spans, as far as they have come in; None if there is none.

    Args:
        trace_id: 32 hexadecimal digits.

    Raises:
        InvalidArgumentError: this cannot be an ID.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> trace = get_trace("4bf92f3577b34da6a3ce929d0e0e4736")  # doctest: +SKIP
        >>> trace.info.model_id, [span.name for span in trace.data.spans]  # doctest: +SKIP
        ('m-0123...', ['answer', 'find', 'chat gpt-large'])
    """
    events.check_text("trace_id", trace_id)
    return _whole(reading.query_api(), trace_id)


@overload
def search_traces(
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    max_results: int | None = DEFAULT_MAX_RESULTS,
    order_by: list[str] | None = None,
    *,
    run_id: str | None = None,
    return_type: Literal["pandas"] | None = None,
    model_id: str | None = None,
    include_spans: bool = True,
    caller_model_id: str | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
) -> pd.DataFrame: ...


@overload
def search_traces(
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    max_results: int | None = DEFAULT_MAX_RESULTS,
    order_by: list[str] | None = None,
    *,
    run_id: str | None = None,
    return_type: Literal["list"],
    model_id: str | None = None,
    include_spans: bool = True,
    caller_model_id: str | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
) -> list[Trace]: ...


def search_traces(  # noqa: PLR0913 - MLflow's arguments
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    max_results: int | None = DEFAULT_MAX_RESULTS,
    order_by: list[str] | None = None,
    *,
    run_id: str | None = None,
    return_type: Literal["pandas", "list"] | None = None,
    model_id: str | None = None,
    include_spans: bool = True,
    caller_model_id: str | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
) -> pd.DataFrame | list[Trace]:
    """The traces that a filter describes, newest first unless another order is asked for.

    What this process has recorded is sent first, so that it finds its own traces.

    Args:
        experiment_ids: the experiments to look in; by default the active one, or with ``model_id`` or
            ``run_id`` all of them.
        filter_string: such as ``status = 'ERROR' AND latency_ms > 500``; ``docs/filter.md`` is the guide.
        max_results: traces at most. :func:`iter_traces` reads any number of them.
        order_by: of ``start_time``, ``latency_ms``, ``cost_usd``, ``input_tokens``, ``output_tokens`` and
            ``total_tokens``, such as ``["latency_ms DESC"]``.
        run_id: only traces that were recorded under this run.
        return_type: ``list`` for a list of :class:`~spanfold.entities.Trace`; ``pandas``, the default, for a
            data frame with a row a trace, or for a list where pandas is not installed.
        model_id: only traces that entered this version.
        include_spans: whether each trace comes with its spans and its whole input and output. Without them
            a search is several times as fast.
        caller_model_id: only traces in which this version called another service.
        start: only traces that started at this instant or later: a date and time with a zone, milliseconds
            since 1970, or RFC 3339 text.
        end: only traces that started before this instant.

    Raises:
        InvalidArgumentError: the filter or another argument cannot be right; the message says where.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> slow = search_traces(model_id="m-0123...", filter_string="latency_ms > 500")  # doctest: +SKIP
        >>> slow[["trace_id", "execution_duration", "request"]]  # doctest: +SKIP
    """
    if return_type not in {None, "pandas", "list"}:
        message = f"return_type: 'pandas' or 'list', not {return_type!r}"
        raise InvalidArgumentError(message)
    as_frame = frames.wanted(return_type or "pandas")
    asked = conditions.parameters(
        experiment_ids=conditions.experiments_or_active(experiment_ids, model_id, run_id),
        filter_string=filter_string,
        run_id=run_id,
        model_id=model_id,
        caller_model_id=caller_model_id,
        start=start,
        end=end,
    )
    traces = _found(asked, max_results, pages.order(order_by), include_spans=include_spans)
    if not as_frame:
        return traces
    return frames.of_rows([_row(trace) for trace in traces], _COLUMNS, ("request_time",))


def _found(
    asked: dict[str, Parameter], max_results: int | None, order: list[str] | None, *, include_spans: bool
) -> list[Trace]:
    from spanfold._internal.traces import answers  # noqa: PLC0415 - `import spanfold` stays light
    from spanfold.entities import Trace  # noqa: PLC0415

    query_api = reading.query_api()
    # MLflow's None is its default, not "all".
    limit = DEFAULT_MAX_RESULTS if max_results is None else max_results
    with answers.understood():
        items = pages.items(query_api, "/v1/traces", "traces", limit, order_by=order, **asked)
        found = [answers.info_of(item) for item in items]
    return list(_with_spans(query_api, found)) if include_spans else [Trace(info) for info in found]


def _with_spans(query_api: QueryApi, found: list[TraceInfo]) -> Iterator[Trace]:
    from spanfold._internal.traces import answers  # noqa: PLC0415

    for first in range(0, len(found), _DETAILS):
        some = found[first : first + _DETAILS]
        answer = query_api.get("/v1/traces/details", trace_id=[info.trace_id for info in some])
        with answers.understood():
            whole = {item["trace_id"]: item for item in (answer or {})["traces"]}
        for info in some:
            item = whole.get(info.trace_id)
            if item is None:
                continue  # dropped by retention since it was found
            with answers.understood():
                # Several share one answer's room: on its own, a large trace has all of it.
                trace = _whole(query_api, info.trace_id) if item["truncated"] else answers.trace_of(item)
            if trace is not None:
                yield answers.with_spans(info, trace)


def _whole(query_api: QueryApi, trace_id: str) -> Trace | None:
    from spanfold._internal.traces import answers  # noqa: PLC0415

    answer = query_api.get(path_of("traces", trace_id))
    if answer is None:
        return None
    with answers.understood():
        return answers.trace_of(answer)


def _row(trace: Trace) -> dict[str, Any]:
    info = trace.info
    scores = {
        f"scores.{score.name}": score.label if score.value is None else score.value
        for score in reversed(info.scores)  # the newest of each name wins
    }
    return {
        "trace": trace,
        **{name: getattr(info, name) for name in _COLUMNS if hasattr(info, name)},
        "request": info.inputs,
        "response": info.outputs,
        "tags": dict(info.tags),
        "spans": list(trace.data.spans),
        **scores,
    }
