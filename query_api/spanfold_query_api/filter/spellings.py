"""MLflow's spellings of trace fields, so that filters written for it find the same traces here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from spanfold_query_api.filter import nodes
from spanfold_query_api.filter.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_query_api.filter.nodes import Field, Node

_MAPS: Final[Mapping[str, str]] = {"tag": "tags", "feedback": "scores", "score": "scores"}
_NAMES: Final[Mapping[str, str]] = {
    "execution_time": "latency_ms",
    "execution_time_ms": "latency_ms",
    "timestamp": "timestamp_ms",
    "state": "status",
}
_OF_A_SPAN: Final[Mapping[str, str]] = {"type": "span_type"}


def ours(node: Node) -> Node:
    """The same tree in our own spelling. What is neither's stays as it is, for the compiler to refuse.

    Example:
        >>> from spanfold_query_api.filter.parser import parse
        >>> from spanfold_query_api.filter.printer import to_text
        >>> to_text(ours(parse("trace.execution_time_ms > 5 AND tag.tier = 'a' AND span.type = 'LLM'")))
        "latency_ms > 5 AND tags['tier'] = 'a' AND span.span_type = 'LLM'"
    """
    match node:
        case nodes.And():
            return nodes.And(tuple(map(ours, node.operands)))
        case nodes.Or():
            return nodes.Or(tuple(map(ours, node.operands)))
        case nodes.Not():
            return nodes.Not(ours(node.operand))
        case nodes.Comparison() | nodes.Membership() | nodes.Missing():
            return replace(node, field=_field(node.field))
        case _:
            assert_never(node)


def _field(field: Field) -> Field:
    if field.name == "trace" and field.key is not None and not field.any_span:
        name = field.key.lower()
        name = _NAMES.get(name, name)
        return replace(field, name=name, key=None) if name in FIELDS else field
    if field.name in FIELDS:
        return field
    names = _MAPS if field.key is not None else (_OF_A_SPAN if field.any_span else _NAMES)
    return replace(field, name=names.get(field.name, field.name))
