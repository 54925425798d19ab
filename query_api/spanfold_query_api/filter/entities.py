"""Filters and orders of model versions and runs: a list of fields each, over one row an entity.

The rows are those of ``models.sql`` and ``runs.sql``. What stands in a map (params, tags, metrics) is no
column of theirs: for each key that is named, the compiler asks for one more, the JSON text of its value.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.filter import fields
from spanfold_query_api.filter.compiler import Compiler, check_pattern, unsuitable
from spanfold_query_api.filter.errors import FilterError
from spanfold_query_api.filter.fields import FieldSpec, FieldType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_query_api.filter.compiler import Test
    from spanfold_query_api.filter.nodes import Field, Literal, Order

SORTED_CHARS: Final = 64
"""Characters of a text that an order looks at: they travel in page tokens."""

_TEXT, _NUMBER = FieldType.TEXT, FieldType.NUMBER
_MAPS: Final = (
    FieldSpec("params", FieldType.MAP, "params.", "Its parameters"),
    FieldSpec("tags", FieldType.MAP, "tags.", "Its tags"),
    FieldSpec("metrics", FieldType.NUMBER_MAP, "metrics.", "Its metrics, each by its last value"),
)


def _by_name(*specs: FieldSpec) -> Mapping[str, FieldSpec]:
    return {spec.name: spec for spec in specs}


MODEL_FIELDS: Final = _by_name(
    FieldSpec("name", _TEXT, "name", "Name of the version"),
    FieldSpec("model_id", _TEXT, "stream", "Its ID"),
    FieldSpec("model_type", _TEXT, "model_type", "What its maker called its type"),
    FieldSpec("status", _TEXT, "status", "READY, PENDING, FAILED or UNSPECIFIED"),
    FieldSpec("source_run_id", _TEXT, "source_run_id", "Run that made it"),
    FieldSpec("experiment_id", _TEXT, "experiment_id", "Experiment that it belongs to"),
    FieldSpec(
        "creation_timestamp",
        _NUMBER,
        "intDiv(created_unix_ns, 1000000)",
        "When it was made, in ms since 1970",
    ),
    FieldSpec(
        "last_updated_timestamp",
        _NUMBER,
        "intDiv(updated_unix_ns, 1000000)",
        "When it was last changed, in ms since 1970",
    ),
    *_MAPS,
)
RUN_FIELDS: Final = _by_name(
    FieldSpec("run_name", _TEXT, "run_name", "Name of the run"),
    FieldSpec("run_id", _TEXT, "stream", "Its ID"),
    FieldSpec("parent_run_id", _TEXT, "parent_run_id", "Run that it was nested in"),
    FieldSpec("status", _TEXT, "status", "RUNNING, FINISHED, FAILED, KILLED or UNSPECIFIED"),
    FieldSpec("user", _TEXT, "user", "Who ran it"),
    FieldSpec("experiment_id", _TEXT, "experiment_id", "Experiment that it belongs to"),
    FieldSpec(
        "start_timestamp", _NUMBER, "intDiv(created_unix_ns, 1000000)", "When it started, in ms since 1970"
    ),
    FieldSpec(
        "end_timestamp",
        _NUMBER,
        "intDiv(ended_unix_ns, 1000000)",
        "When it ended, in ms since 1970",
        nullable=True,
    ),
    *_MAPS,
)
PROMPT_FIELDS: Final = _by_name(
    FieldSpec("name", _TEXT, "stream", "Name of the prompt"),
    FieldSpec(
        "creation_timestamp",
        _NUMBER,
        "intDiv(created_unix_ns, 1000000)",
        "When its first version was registered, in ms since 1970",
    ),
    FieldSpec(
        "last_updated_timestamp",
        _NUMBER,
        "intDiv(updated_unix_ns, 1000000)",
        "When it was last changed, in ms since 1970",
    ),
    FieldSpec("tags", FieldType.MAP, "tags.", "Its tags"),
)
_CREATION: Final = ("creation_timestamp", "start_timestamp")

_PREFIXES: Final = ("attributes", "attribute", "attr")
_ALIASES: Final[Mapping[str, str]] = {
    "creation_time": "creation_timestamp",
    "last_updated_time": "last_updated_timestamp",
    "start_time": "start_timestamp",
    "end_time": "end_timestamp",
    "param": "params",
    "parameter": "params",
    "parameters": "params",
    "tag": "tags",
    "metric": "metrics",
}
"""MLflow's other spellings."""


@dataclass(frozen=True, slots=True)
class SortColumn:
    """One column that a listing is sorted by; never NULL."""

    sql: str
    sql_type: str
    descending: bool

    @property
    def python_type(self) -> type[int | float | str]:
        """What its values are in Python."""
        return {"String": str, "Float64": float}.get(self.sql_type, int)


class EntityCompiler(Compiler):
    """Compiles the conditions and the order of one listing."""

    def __init__(self, known: Mapping[str, FieldSpec]) -> None:
        super().__init__()
        self._known = known
        self._entries: dict[str, int] = {}
        self.columns: list[str] = []
        """Aggregates over the writes of an entity, to be had beside the statement's own columns."""

    def find(self, field: Field) -> FieldSpec:
        """What is known about a field; raises FilterError for one that there is not."""
        return fields.find(self._canonical(field), self._known)

    def _canonical(self, field: Field) -> Field:
        if field.any_span:
            message = "span. is for filters of traces"
            raise FilterError(message, position=field.position, found="span", suggestion=field.name)
        name, key = field.name, field.key
        if name in _PREFIXES and key is not None:
            name, key = key.lower(), None
        name = name if name in self._known else _ALIASES.get(name, name)
        return dataclasses.replace(field, name=name, key=key)

    def _entry(self, spec: FieldSpec, field: Field) -> tuple[str, str]:
        """The value of a map's entry, and whether there is one."""
        slot = f"{spec.sql}{field.key}"
        number = self._entries.get(slot)
        if number is None:
            number = self._entries[slot] = len(self._entries)
            name = self.bind("String", slot)
            self.columns.append(f"argMaxIf(Value, Rank, Slot = {name}) AS entry{number}")
        read = "JSONExtractFloat" if spec.type is FieldType.NUMBER_MAP else "JSONExtractString"
        return f"{read}(entry{number})", f"entry{number} != ''"

    def map_test(self, spec: FieldSpec, field: Field, operator: str, literal: Literal) -> Test:
        """One comparison of a map's entry."""
        value, exists = self._entry(spec, field)
        if isinstance(literal.value, str):
            if spec.type is FieldType.NUMBER_MAP:
                raise unsuitable(spec, literal, "a number")
            check_pattern(operator, literal)
            text = self.bind("String", literal.value)
            return lambda _: f"({exists} AND {value} {operator} {text})"
        number = self.bind("Float64", float(literal.value))
        if spec.type is FieldType.NUMBER_MAP:
            return lambda _: f"({exists} AND {value} {operator} {number})"
        return lambda _: f"({exists} AND ifNull(toFloat64OrNull({value}) {operator} {number}, 0))"

    def missing(self, field: Field) -> str:
        """The condition that there is no value."""
        spec = self.find(field)
        if not spec.type.keyed:
            return super().missing(field)
        return f"(NOT ({self._entry(spec, field)[1]}))"

    def sort_columns(self, orders: Sequence[Order]) -> list[SortColumn]:
        """What to sort by: entities without a value come last, ties by creation (newest first) and ID."""
        columns: list[SortColumn] = []
        newest_first = True
        for order in orders:
            spec = self.find(order.field)
            if spec.name in _CREATION:
                newest_first = order.descending
            missing, value, sql_type = self._sorted(spec, order.field)
            if missing:
                columns.append(SortColumn(f"toInt64({missing})", "Int64", descending=False))
            columns.append(SortColumn(value, sql_type, order.descending))
        return [
            *columns,
            SortColumn("created_unix_ns", "Int64", newest_first),
            SortColumn("stream", "String", newest_first),
        ]

    def _sorted(self, spec: FieldSpec, field: Field) -> tuple[str, str, str]:
        """Whether the value is missing ('' if it never is), the value, and its type."""
        if spec.type.keyed:
            value, exists = self._entry(spec, self._canonical(field))
            if spec.type is FieldType.NUMBER_MAP:
                return f"NOT ({exists})", value, "Float64"
            return f"NOT ({exists})", f"substringUTF8({value}, 1, {SORTED_CHARS})", "String"
        if spec.type is FieldType.TEXT:
            return f"{spec.sql} = ''", f"substringUTF8({spec.sql}, 1, {SORTED_CHARS})", "String"
        if spec.nullable:
            return f"{spec.sql} IS NULL", f"ifNull({spec.sql}, 0)", "Int64"
        return "", spec.sql, "Int64"

    def after(self, columns: Sequence[SortColumn], values: Sequence[Any]) -> str:
        """The condition that an entity comes after the one with these values."""
        bound = [self.bind(column.sql_type, value) for column, value in zip(columns, values, strict=True)]
        terms = []
        for number, column in enumerate(columns):
            equal = [f"sort{before} = {bound[before]}" for before in range(number)]
            step = f"sort{number} {'<' if column.descending else '>'} {bound[number]}"
            terms.append(f"({' AND '.join([*equal, step])})")
        return f"({' OR '.join(terms)})"
