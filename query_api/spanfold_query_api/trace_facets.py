"""What traces have in common: the most frequent values of fields, and the scores by name.

At most the newest :data:`MAX_ENTRIES` entry spans are looked at: where there are more, the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import models
from spanfold_query_api.filter.compiler import Compiler
from spanfold_query_api.filter.errors import FilterError
from spanfold_query_api.filter.fields import MESSAGES, MODEL_NAME, SCORES, FieldType
from spanfold_query_api.filter.parser import parse_order
from spanfold_query_api.problems import invalid
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import SPAN_MARGIN_NS, WINDOW_GROWTH, extent, range_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_query_api.trace_search import Extent, TraceQuery
    from spanfold_schemas.database import Database

MAX_ENTRIES: Final = 100_000
VALUE_CHARS: Final = 1_000
MAX_SCORES: Final = 100
"""Names of scores in one answer."""
_FIRST_WINDOW_SPANS: Final = 8 * MAX_ENTRIES
_MODEL_ID: Final = "model_id"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked about the traces."""

    fields: Sequence[str]
    limit: int
    """Most values of each field, and most labels of each score."""
    contains: str = ""


@dataclass(frozen=True, slots=True)
class _Newest:
    """Where the newest entry spans are."""

    since_ns: int
    sampled: bool


def facets(database: Database, query: TraceQuery, wanted: Wanted) -> dict[str, Any]:
    """The members of :class:`~spanfold_query_api.trace_exploration_answers.TraceFacets`.

    Raises:
        ProblemError: a field has no values to count.
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    parameters: dict[str, Any] = {}
    values = [_value_sql(name, parameters) for name in wanted.fields]
    within = extent(database, query)
    if not within:
        nothing = [{"field": name, "values": [], "distinct_count": 0} for name in wanted.fields]
        return {"trace_count": 0, "sampled": False, "facets": nothing, "scores": []}
    newest = _newest(database, query, within)
    parameters |= {
        **query.condition.parameters,
        **range_parameters(query.condition, newest.since_ns, within.end_ns),
        "model_id": query.model_id,
        "start_ns": newest.since_ns,
        "end_ns": within.end_ns,
        "limit": wanted.limit,
        "contains": wanted.contains,
        "value_chars": VALUE_CHARS,
    }
    is_named = "0"
    if wanted.contains and _MODEL_ID in wanted.fields:
        is_named = statement("facets_named")
        parameters["named"] = [number for number, name in enumerate(wanted.fields, 2) if name == _MODEL_ID]
    values_sql = ", ".join(["''", *values])
    sql = statement("facets", filter=query.condition.sql, values=values_sql, is_named=is_named)
    counted: list[dict[str, Any]] = [
        {"field": name, "values": [], "distinct_count": 0} for name in ("", *wanted.fields)
    ]
    for number, value, count, distinct_count in database.query(sql, parameters):
        facet = counted[number - 1]
        facet["distinct_count"] = distinct_count
        facet["values"].append({"value": value, "label": value, "count": count})
    everything, *of_fields = counted
    _label(database, of_fields)
    return {
        "trace_count": sum(value["count"] for value in everything["values"]),
        "sampled": newest.sampled,
        "facets": of_fields,
        "scores": _scores(database, query, newest, within, wanted.limit),
    }


def _newest(database: Database, query: TraceQuery, within: Extent) -> _Newest:
    """Walk back through time, as the search does, until there are enough entry spans."""
    end_ns, width_ns, left = within.end_ns, within.window_ns(_FIRST_WINDOW_SPANS), MAX_ENTRIES
    sql = statement("newest_entries", filter=query.condition.sql)
    while end_ns > within.start_ns:
        start_ns = max(within.start_ns, end_ns - width_ns)
        parameters = {
            **query.condition.parameters,
            **range_parameters(query.condition, start_ns, end_ns),
            "model_id": query.model_id,
            "start_ns": start_ns,
            "end_ns": end_ns,
            "limit": left + 1,
        }
        ((found, earliest_ns),) = database.query(sql, parameters)
        if found > left:
            return _Newest(earliest_ns, sampled=True)
        left -= found
        end_ns = start_ns
        width_ns *= WINDOW_GROWTH
    return _Newest(within.start_ns, sampled=False)


def _label(database: Database, of_fields: Sequence[dict[str, Any]]) -> None:
    """Give the values of ``model_id`` the names of the versions for labels."""
    values = [value for facet in of_fields if facet["field"] == _MODEL_ID for value in facet["values"]]
    names = models.names(database, sorted({value["value"] for value in values} - {""}))
    for value in values:
        value["label"] = names.get(value["value"], value["value"])


def _scores(
    database: Database, query: TraceQuery, newest: _Newest, within: Extent, limit: int
) -> list[dict[str, Any]]:
    """The newest score of each name that each trace has, by name."""
    parameters = {
        **query.condition.parameters,
        **range_parameters(query.condition, newest.since_ns, within.end_ns),
        "model_id": query.model_id,
        "start_ns": newest.since_ns,
        "end_ns": within.end_ns,
        "scored_since_ns": max(0, newest.since_ns - SPAN_MARGIN_NS),
        "limit": limit,
        "max_scores": MAX_SCORES,
    }
    rows = database.query(statement("facets_scores", filter=query.condition.sql), parameters)
    return [
        {**row, "labels": [{"value": label, "count": count} for count, label in row["labels"]]}
        for row in rows.dicts()
    ]


def _value_sql(name: str, parameters: dict[str, Any]) -> str:
    """The value of a field as text.

    Raises:
        ProblemError: it has none that can be counted.
    """
    try:
        order = parse_order(name)
        named = order.field
        spec = Compiler().find(named)
    except FilterError as error:
        raise invalid("field", str(error)) from None
    if spec.name == MODEL_NAME:
        raise invalid("field", "model_name: ask for model_id, whose values have the names for labels")
    countable = spec.type in (FieldType.TEXT, FieldType.CHOICE, FieldType.MAP)
    if not countable or order.descending or named.any_span or spec.name in {SCORES, *MESSAGES}:
        raise invalid("field", f"{name} has no facet: use a text field of the trace, or an entry of a map")
    number = len(parameters)
    if spec.type.keyed:
        parameters[f"facet{number}"] = f"{spec.key_prefix}{named.key}"
        return f"{spec.sql}[{{facet{number}:String}}]"
    if spec.type is FieldType.CHOICE:
        parameters[f"facet{number}"] = list(spec.choices.values())
        parameters[f"facet{number + 1}"] = list(spec.choices)
        codes, words = f"{{facet{number}:Array(Int8)}}", f"{{facet{number + 1}:Array(String)}}"
        return f"transform({spec.sql}, {codes}, {words}, '')"
    return f"toString({spec.sql})"
