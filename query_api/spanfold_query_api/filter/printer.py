"""From tree to text: the canonical spelling of a filter, which parses to an equal tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from spanfold_query_api.filter import nodes

if TYPE_CHECKING:
    from spanfold_query_api.filter.nodes import Field, Literal, Node, Order


def to_text(node: Node) -> str:
    """Spell ``node`` out, with parentheses only where the tree needs them.

    Example:
        >>> from spanfold_query_api.filter.parser import parse
        >>> to_text(parse("not(name like 'a%')and status<>'OK'"))
        "NOT (name LIKE 'a%') AND status != 'OK'"
    """
    match node:
        case nodes.Comparison():
            return f"{_field(node.field)} {node.operator} {_literal(node.literal)}"
        case nodes.Membership():
            operator = "NOT IN" if node.negated else "IN"
            return f"{_field(node.field)} {operator} ({', '.join(map(_literal, node.literals))})"
        case nodes.Missing():
            return f"{_field(node.field)} {'IS NOT NULL' if node.negated else 'IS NULL'}"
        case nodes.Not():
            return f"NOT ({to_text(node.operand)})"
        case nodes.And():
            return " AND ".join(_grouped(operand) for operand in node.operands)
        case nodes.Or():
            return " OR ".join(_grouped(operand) for operand in node.operands)
        case _:
            assert_never(node)


def order_text(order: Order) -> str:
    """Spell an order out.

    Example:
        >>> from spanfold_query_api.filter.parser import parse_order
        >>> order_text(parse_order("Metrics.f1 desc"))
        "metrics['f1'] DESC"
    """
    return f"{_field(order.field)} {'DESC' if order.descending else 'ASC'}"


def _grouped(operand: Node) -> str:
    text = to_text(operand)
    return f"({text})" if isinstance(operand, nodes.And | nodes.Or) else text


def _field(field: Field) -> str:
    prefix = "span." if field.any_span else ""
    key = "" if field.key is None else f"[{_quote(field.key)}]"
    return f"{prefix}{field.name}{key}"


def _literal(literal: Literal) -> str:
    return _quote(literal.value) if isinstance(literal.value, str) else repr(literal.value)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
