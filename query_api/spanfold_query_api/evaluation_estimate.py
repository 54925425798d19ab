"""What an evaluation of traces would do, and about what its judges would cost, before it is started.

Traces are counted as the evaluation itself would count them. Of the newest of them the questions to the
judges are made, and their size is taken for that of all; no judge is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from spanfold.errors import InvalidArgumentError, ModelNotFoundError
from spanfold.evaluation._mapping import EXPORTED, map_trace, mapping_of, missing, reason_for
from spanfold.evaluation._scoring import needed_columns
from spanfold.evaluation._selection import TraceSelection
from spanfold.evaluation._settling import settle
from spanfold.metrics._registry import from_spec
from spanfold.metrics.genai import _prices
from spanfold.metrics.genai._judge import Judge
from spanfold.metrics.genai._providers import provider_of
from spanfold_query_api import evaluation_requests, trace_sampling
from spanfold_query_api.in_process import InProcess
from spanfold_query_api.problems import invalid, not_found
from spanfold_query_api.trace_conditions import query_of, tree_of
from spanfold_query_api.trace_export import Export, stream
from spanfold_query_api.trace_inputs import TraceExportParameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold._internal.lookup import QueryApi
    from spanfold.evaluation._mapping import Row, TraceMapping
    from spanfold.evaluation._settling import Resolved
    from spanfold.metrics import EvaluationMetric
    from spanfold_query_api.evaluation_inputs import NewEvaluation
    from spanfold_schemas.database import Database

SAMPLE_TRACES: Final = 20
"""Whose questions are made."""
_MAX_QUESTIONS: Final = 5
"""Versions that the sample is of."""
LOW_OUTPUT_TOKENS: Final = 64
"""Of a reply at least: two or three sentences."""
LOW_INPUT_SHARE: Final = 2 / 3
"""Of the tokens that are guessed from bytes: 4.5 bytes a token, as in English, instead of 3."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What one judge would be asked."""

    call_count: int
    low_usd: float | None
    high_usd: float | None
    """None: the price list does not know its model."""


def estimate(database: Database, asked: NewEvaluation) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.metric_answers.EvaluationEstimate` says.

    Raises:
        ProblemError: it could not be evaluated; as the evaluation itself would be refused.
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    metrics = [from_spec(_spec(one)) for one in evaluation_requests.metrics(asked.metrics)]
    selection = TraceSelection.from_dict(evaluation_requests.selection(asked.selection))
    mapping = _mapping(asked)
    whole, chosen = _counted(database, selection)
    trace_count, selected_count = whole.total or 0, chosen.total or 0
    rows = (
        [map_trace(trace, mapping) for trace in _sample(database, chosen, mapping)] if selected_count else []
    )
    judged = {metric.key: _judged(metric, rows, selected_count) for metric in metrics if _is_paid(metric)}
    call_count = sum(one.call_count for one in judged.values())
    notes = [*_lacking(metrics, rows, mapping), *_unpriced(metrics, judged), *_budgets(asked, call_count)]
    return {
        "trace_count": trace_count,
        "selected_count": selected_count,
        "call_count": call_count,
        "cost_usd": _cost(judged),
        "basis": _basis(len(rows), has_judges=bool(judged)),
        "notes": notes,
    }


def _spec(described: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": described["name"], "parameters": described["parameters"]}


def _mapping(asked: NewEvaluation) -> TraceMapping:
    try:
        return mapping_of(asked.options.mapping)
    except InvalidArgumentError as error:
        raise invalid("options.mapping", str(error)) from None


def _counted(database: Database, selection: TraceSelection) -> tuple[Resolved, Resolved]:
    """All traces that meet the condition, and those of them that would be scored."""
    query_api = cast("QueryApi", InProcess(database))
    try:
        chosen = settle(selection, query_api)
        if selection.sample is None and selection.limit is None:
            return chosen, chosen
        everything = replace(selection, sample=None, stratify_by=None, limit=None)
        return settle(everything, query_api, now_ns=chosen.end_ns), chosen
    except ModelNotFoundError as error:
        raise not_found("model", error.model_id) from None
    except InvalidArgumentError as error:
        raise invalid("selection", str(error)) from None


def _sample(database: Database, resolved: Resolved, mapping: TraceMapping) -> list[Mapping[str, Any]]:
    """The newest of the chosen traces, of each of the first versions as many."""
    if not resolved.total:
        return []
    questions = resolved.questions()[:_MAX_QUESTIONS]
    found: list[Mapping[str, Any]] = []
    for question in questions:
        given = {name: value for name, value in question.items() if value is not None}
        rows = -(-SAMPLE_TRACES // len(questions))
        parameters = TraceExportParameters.model_validate(
            {**given, "format": "jsonl", "columns": list(EXPORTED), "page_rows": rows}
        )
        export = Export(
            trace_sampling.sampled(query_of(parameters, tree_of(parameters)), parameters.sample()),
            "traces",
            parameters.wanted(),
            "JSONEachRow",
            page_rows=rows,
            span_attributes=mapping.attributes,
        )
        lines = b"".join(stream(database, export)).splitlines()
        found += [orjson.loads(line) for line in lines[:rows]]
    return found[: min(SAMPLE_TRACES, resolved.total)]


def _is_paid(metric: EvaluationMetric) -> bool:
    return metric.resource == "judge" and isinstance(metric.eval_fn, Judge)


def _judged(metric: EvaluationMetric, rows: Sequence[Row], selected_count: int) -> _Judged:
    judge = cast("Judge", metric.eval_fn)
    usable = [row for row in rows if not missing(row, needed_columns(metric))]
    requests = judge.requests({name: [row.get(name) for row in usable] for name in judge.columns})
    if not requests:
        return _Judged(0, 0.0, 0.0)
    call_count = round(selected_count * len(requests) / len(rows))
    provider = provider_of(judge.model, judge.limits, judge.connection)
    input_tokens = sum(map(_prices.guessed_tokens, requests)) / len(requests)
    most = next(
        (
            value
            for name in ("max_completion_tokens", "max_tokens")
            if isinstance(value := judge.parameters.get(name), int)
        ),
        _prices.GUESSED_OUTPUT_TOKENS,
    )
    low, high = (
        _prices.cost_usd(provider.price_provider, provider.model, usage) if provider.has_price else None
        for usage in (
            _prices.Usage(round(LOW_INPUT_SHARE * input_tokens), min(LOW_OUTPUT_TOKENS, most)),
            _prices.Usage(round(input_tokens), most),
        )
    )
    if low is None or high is None:
        return _Judged(call_count, None, None)
    return _Judged(call_count, call_count * low, call_count * high)


def _cost(judged: Mapping[str, _Judged]) -> dict[str, float] | None:
    """Of all judges together; None where a price is not known."""
    low = high = 0.0
    for one in judged.values():
        if one.low_usd is None or one.high_usd is None:
            return None
        low, high = low + one.low_usd, high + one.high_usd
    return {"low": low, "high": high}


def _basis(row_count: int, *, has_judges: bool) -> str:
    if not has_judges:
        return "No metric asks a judge that is paid: nothing is charged."
    if not row_count:
        return "No trace is selected, so no judge is asked."
    return (
        f"The questions about the newest {row_count} selected traces were made, not asked. Low: 4.5 bytes a "
        f"token and {LOW_OUTPUT_TOKENS} tokens a reply; high: 3 bytes a token and as many tokens a reply as "
        f"the metric allows, else {_prices.GUESSED_OUTPUT_TOKENS}. By the published price list, without the "
        "cache of replies; a model that reasons may use more."
    )


def _lacking(metrics: Sequence[EvaluationMetric], rows: Sequence[Row], mapping: TraceMapping) -> list[str]:
    """Why rows of the sample could not be scored."""
    notes = []
    for metric in metrics:
        absent = [lacks for row in rows if (lacks := missing(row, needed_columns(metric)))]
        if absent:
            why = reason_for(absent[0][0], mapping)
            notes.append(f"{metric.name}: {len(absent)} of {len(rows)} traces cannot be scored ({why})")
    return notes


def _unpriced(metrics: Sequence[EvaluationMetric], judged: Mapping[str, _Judged]) -> list[str]:
    return [
        f"{metric.name}: the price of {metric.scorer} is not known"
        for metric in metrics
        if metric.key in judged and judged[metric.key].high_usd is None
    ]


def _budgets(asked: NewEvaluation, call_count: int) -> list[str]:
    options = asked.options
    notes = []
    if options.max_calls is not None and options.max_calls < call_count:
        notes.append(f"max_calls={options.max_calls} ends it before all of about {call_count} calls are made")
    if options.max_cost_usd is not None:
        notes.append(f"max_cost_usd={options.max_cost_usd:g} ends it before it costs more")
    return notes
