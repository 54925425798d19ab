"""From what a request for traces says to the query that finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spanfold_query_api.filter import compile_filter, nodes, parse, spellings
from spanfold_query_api.trace_inputs import ChosenTraceParameters, TraceParameters
from spanfold_query_api.trace_order import NEWEST_FIRST, Order
from spanfold_query_api.trace_search import EVERY_TRACE, TraceQuery

if TYPE_CHECKING:
    from collections.abc import Sequence


def tree_of(parameters: TraceParameters, *, of_spans: bool = False) -> nodes.Node | None:
    """The filter, and what the other parameters ask for as conditions of the same kind.

    Raises:
        FilterError: the filter is none.
    """
    conditions: list[nodes.Node] = []
    # The root of a trace has no caller, as a rule: it is a service further down that was called. Which one
    # is meant, model_id says.
    caller = nodes.Field("caller_model_id", any_span=not (of_spans or parameters.model_id))
    for field, value in ((caller, parameters.caller_model_id), (nodes.Field("run_id"), parameters.run_id)):
        if value:
            conditions.append(nodes.Comparison(field, "=", nodes.Literal(value)))
    if isinstance(parameters, ChosenTraceParameters) and parameters.trace_id:
        conditions.append(_one_of("trace_id", parameters.trace_id))
    if parameters.experiment_id:
        conditions.append(_one_of("experiment_id", parameters.experiment_id))
    if parameters.filter.strip():
        conditions.append(spellings.ours(parse(parameters.filter)))
    return nodes.And(tuple(conditions)) if len(conditions) > 1 else next(iter(conditions), None)


def query_of(
    parameters: TraceParameters, tree: nodes.Node | None, orders: tuple[Order, ...] = NEWEST_FIRST
) -> TraceQuery:
    """The query of a request whose tree is made already.

    Raises:
        FilterError: a field that does not exist, or an operator or value that does not suit it.
    """
    condition = EVERY_TRACE if tree is None else compile_filter(tree)
    return TraceQuery(parameters.model_id, condition, parameters.start or 0, parameters.end, orders)


def _one_of(field: str, values: Sequence[str]) -> nodes.Node:
    literals = tuple(nodes.Literal(value) for value in values)
    return nodes.Membership(nodes.Field(field), literals, negated=False)
