"""From tree to SQL. The text of the condition is made of this module's own words only.

Every value of the filter, keys of attributes included, becomes a bound parameter. Conditions know two
values, not SQL's three: where there is no value, a positive comparison is false and its negation true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

from spanfold_query_api import times
from spanfold_query_api.filter import fields, nodes
from spanfold_query_api.filter.errors import FilterError
from spanfold_query_api.filter.fields import FieldSpec, FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spanfold_query_api.filter.nodes import Field, Literal, Node

RANGE_START: Final = "span_range_start_ns"
RANGE_END: Final = "span_range_end_ns"
"""Parameters (Int64, unix ns) that bound the search for ``span.`` fields: whoever runs the SQL binds them."""

_NEGATIONS: Final = {"!=": "=", "NOT LIKE": "LIKE", "NOT ILIKE": "ILIKE"}
_TRACE_ID: Final = re.compile(r"[0-9a-fA-F]{32}")
_TRAILING_BACKSLASHES: Final = re.compile(r"\\*$")

_CREATED_NAMES: Final = "FROM entity_slots WHERE StreamType = 'model' AND Slot = 'created.name'"
_FIRST_NAME: Final = "JSONExtractString(argMax(Value, Rank))"


Test: TypeAlias = "Callable[[str], str]"
"""A comparison that awaits the expression that it compares."""


@dataclass(frozen=True, slots=True)
class CompiledFilter:
    """A condition over rows of ``spans``, and the values of its parameters (named ``f0``, ``f1``, ...)."""

    sql: str
    parameters: Mapping[str, Any]
    uses_span_range: bool
    """Whether the SQL also names :data:`RANGE_START` and :data:`RANGE_END`."""


def compile_filter(node: Node) -> CompiledFilter:
    """Turn a tree into a condition.

    Raises:
        FilterError: an unknown field, or an operator or value that does not suit it.

    Example:
        >>> from spanfold_query_api.filter.parser import parse
        >>> compile_filter(parse("service_name = 'chat' AND latency_ms > 500")).sql
        '((ServiceName = {f0:String}) AND (Duration / 1000000 > {f1:Int64}))'
    """
    compiler = Compiler()
    sql = compiler.condition(node)
    return CompiledFilter(sql, compiler.parameters, compiler.uses_span_range)


class Compiler:
    """Compiles conditions over rows of ``spans``; a subclass, over something else with fields of its own."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self.uses_span_range = False

    def find(self, field: Field) -> FieldSpec:
        """What is known about a field; raises FilterError for one that there is not."""
        return fields.find(field)

    def condition(self, node: Node) -> str:
        """The SQL of a node; raises FilterError."""
        match node:
            case nodes.And():
                return f"({' AND '.join(map(self.condition, node.operands))})"
            case nodes.Or():
                return f"({' OR '.join(map(self.condition, node.operands))})"
            case nodes.Not():
                return f"(NOT {self.condition(node.operand)})"
            case nodes.Comparison():
                positive = _NEGATIONS.get(node.operator)
                check_operator(self.find(node.field), node.operator, node.position)
                sql = self._any_of(node.field, positive or node.operator, (node.literal,))
                return self._where(node.field, _negate(sql, when=positive is not None))
            case nodes.Membership():
                check_operator(self.find(node.field), "NOT IN" if node.negated else "IN", node.position)
                sql = self._any_of(node.field, "=", node.literals)
                return self._where(node.field, _negate(sql, when=node.negated))
            case nodes.Missing():
                return self._where(node.field, _negate(self.missing(node.field), when=node.negated))
            case _:
                assert_never(node)

    def _where(self, field: Field, sql: str) -> str:
        """The condition on the row itself, or for a ``span.`` field on any row of its trace."""
        if not field.any_span:
            return sql
        self.uses_span_range = True
        return (
            "(TraceId IN (SELECT TraceId FROM spans"  # noqa: S608 - only names of parameters are put in
            f" WHERE Timestamp >= fromUnixTimestamp64Nano({{{RANGE_START}:Int64}})"
            f" AND Timestamp <= fromUnixTimestamp64Nano({{{RANGE_END}:Int64}}) AND {sql}))"
        )

    def _any_of(self, field: Field, operator: str, literals: tuple[Literal, ...]) -> str:
        spec = self.find(field)
        tests = [self._test(spec, field, operator, literal) for literal in literals]

        def any_of(expression: str) -> str:
            return " OR ".join(test(expression) for test in tests)

        if spec.name == fields.SCORES:
            return self._scored(field, any_of(""))
        if spec.name != fields.MODEL_NAME:
            return f"({any_of(spec.sql)})"
        # A model that was only seen on spans has its ID for a name.
        return (
            f"(ModelId IN (SELECT Stream {_CREATED_NAMES} GROUP BY Stream HAVING {any_of(_FIRST_NAME)})"
            f" OR (({any_of(spec.sql)}) AND ModelId NOT IN (SELECT Stream {_CREATED_NAMES})))"
        )

    def _scored(self, field: Field, having: str) -> str:
        """The traces whose scores of that name meet a condition."""
        name = self.bind("String", field.key)
        return (
            "(TraceId IN (SELECT TraceId FROM evaluation_events"  # noqa: S608 - only names of parameters are put in
            f" WHERE EvaluationName = {name} AND Error = '' GROUP BY TraceId HAVING {having}))"
        )

    def _test(self, spec: FieldSpec, field: Field, operator: str, literal: Literal) -> Test:
        """One comparison, its value bound already."""
        if spec.name == fields.SCORES:
            return self._score_test(operator, literal)
        if spec.type.keyed:
            return self.map_test(spec, field, operator, literal)
        if operator == "ILIKE" and spec.name in fields.MESSAGES and str(literal.value).isascii():
            # No index knows ILIKE, and one on the text in lower case knows this (docs/storage.md).
            lowered = self._value(spec, operator, replace(literal, value=str(literal.value).lower()))
            return lambda expression: f"lower({expression}) LIKE {lowered}"
        value = self._value(spec, operator, literal)
        if spec.type is FieldType.TEXTS:
            return lambda expression: f"arrayExists(text -> text {operator} {value}, {expression})"
        if spec.nullable:
            return lambda expression: f"ifNull({expression} {operator} {value}, 0)"
        return lambda expression: f"{expression} {operator} {value}"

    def _score_test(self, operator: str, literal: Literal) -> Test:
        """A number is compared with the newest value, text with the newest label."""
        if not isinstance(literal.value, str):
            number = self.bind("Float64", float(literal.value))
            return lambda _: f"ifNull(argMax(tuple(ScoreValue), Timestamp).1 {operator} {number}, 0)"
        check_pattern(operator, literal)
        text = self.bind("String", literal.value)
        return lambda _: f"argMax(ScoreLabel, Timestamp) {operator} {text}"

    def map_test(self, spec: FieldSpec, field: Field, operator: str, literal: Literal) -> Test:
        """One comparison of a map's entry."""
        key = self.bind("String", f"{spec.key_prefix}{field.key}")
        if not isinstance(literal.value, str):
            number = self.bind("Float64", float(literal.value))
            return lambda entries: f"ifNull(toFloat64OrNull({entries}[{key}]) {operator} {number}, 0)"
        check_pattern(operator, literal)
        text = self.bind("String", literal.value)
        if operator == "=" and literal.value:
            # A missing key reads as empty text, so this needs no second look, and can use the index.
            return lambda entries: f"{entries}[{key}] = {text}"
        return lambda entries: f"(mapContains({entries}, {key}) AND {entries}[{key}] {operator} {text})"

    def missing(self, field: Field) -> str:
        """The condition that there is no value."""
        spec = self.find(field)
        if spec.name == fields.SCORES:
            return f"(NOT {self._scored(field, '1')})"
        if spec.type.keyed:
            key = self.bind("String", f"{spec.key_prefix}{field.key}")
            return f"(NOT mapContains({spec.sql}, {key}))"
        if spec.nullable:
            return f"({spec.sql} IS NULL)"
        if spec.type is FieldType.TEXT:
            return f"({spec.sql} = '')"
        if spec.type is FieldType.TEXTS:
            return f"empty({spec.sql})"
        return "0"  # every span has the others

    def _value(self, spec: FieldSpec, operator: str, literal: Literal) -> str:
        value = literal.value
        if spec.type is FieldType.NUMBER:
            if isinstance(value, str):
                raise unsuitable(spec, literal, "a number")
            return self.bind("Int64" if isinstance(value, int) else "Float64", value)
        if not isinstance(value, str):
            raise unsuitable(spec, literal, "a string in single quotes")
        if spec.type is FieldType.CHOICE:
            code = spec.choices.get(value.upper())
            if code is None:
                raise unsuitable(spec, literal, *(f"'{choice}'" for choice in spec.choices))
            return self.bind("Int8", code)
        if spec.type is FieldType.TIME:
            try:
                return f"fromUnixTimestamp64Nano({self.bind('Int64', times.parse_rfc3339(value))})"
            except ValueError as error:
                raise FilterError(str(error), position=literal.position, found=value) from None
        if spec.type is FieldType.TRACE_ID:
            if _TRACE_ID.fullmatch(value) is None:
                raise unsuitable(spec, literal, spec.type.title)
            return f"toFixedString(unhex({self.bind('String', value)}), 16)"
        check_pattern(operator, literal)
        return self.bind("String", value)

    def bind(self, sql_type: str, value: object) -> str:
        """Make ``value`` a parameter; returns what stands for it in the SQL."""
        name = f"f{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{sql_type}}}"


def check_operator(spec: FieldSpec, operator: str, position: int) -> None:
    """Refuse an operator that makes no sense for the field's type.

    Raises:
        FilterError: it makes none.
    """
    if operator not in spec.type.operators:
        message = f"{spec.name} ({spec.type.title}) cannot be compared by {operator}"
        raise FilterError(message, position=position, found=operator, expected=spec.type.operators)


def check_pattern(operator: str, literal: Literal) -> None:
    """Refuse a pattern that ends within an escape, which the engine would not run.

    Raises:
        FilterError: it does.
    """
    if "LIKE" not in operator or not isinstance(literal.value, str):
        return
    backslashes = _TRAILING_BACKSLASHES.search(literal.value)
    if backslashes is not None and len(backslashes.group()) % 2:
        raise FilterError(
            "the pattern ends with a backslash that escapes nothing",
            position=literal.position,
            found=literal.value,
            suggestion="two backslashes for a literal one",
        )


def _negate(sql: str, *, when: bool) -> str:
    return f"(NOT {sql})" if when else sql


def unsuitable(spec: FieldSpec, literal: Literal, *expected: str) -> FilterError:
    """A value of a kind that the field never has."""
    found = f"'{literal.value}'" if isinstance(literal.value, str) else str(literal.value)
    message = f"{spec.name} cannot be compared with {found}"
    return FilterError(message, position=literal.position, found=found, expected=expected)
