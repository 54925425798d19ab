"""What a filter over traces can say: fields, their types and operators, and the keys of recent spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.filter.fields import FIELDS, SCORES, FieldType
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import WINDOW_GROWTH, extent
from spanfold_schemas.keys import TRACE_TAG_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_query_api.trace_search import Extent, TraceQuery
    from spanfold_schemas.database import Database

KEY_SPANS: Final = 10_000
"""The newest spans, whose attributes' keys are listed."""
MAX_KEYS: Final = 200
"""Of each map, the most frequent ones."""
_NAMES: Final[Mapping[FieldType, str]] = {
    FieldType.TEXT: "text",
    FieldType.TEXTS: "texts",
    FieldType.NUMBER: "number",
    FieldType.CHOICE: "choice",
    FieldType.TIME: "time",
    FieldType.TRACE_ID: "id",
    FieldType.MAP: "map",
}
_OF_ALL: Final = ("IS NULL", "IS NOT NULL")


def fields(database: Database, query: TraceQuery) -> dict[str, Any]:
    """The members of :class:`~spanfold_query_api.trace_exploration_answers.TraceFields`.

    Args:
        database: where to read.
        query: the range of time whose newest spans are looked at.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    keys: dict[str, list[str]] = {SCORES: []}
    within = extent(database, query)
    if within:
        parameters = {
            "start_ns": _since(database, within),
            "end_ns": within.end_ns,
            "spans": KEY_SPANS,
            "max_keys": MAX_KEYS,
            "tag_prefix": TRACE_TAG_PREFIX,
        }
        for field, key in database.query(statement("span_keys"), parameters):
            keys.setdefault(field, []).append(key)
    keys[SCORES] = [name for (name,) in database.query(statement("score_names"), {"max_keys": MAX_KEYS})]
    listed = [
        {
            "name": spec.name,
            "type": _NAMES[spec.type],
            "description": spec.description,
            "choices": list(spec.choices),
            "keys": sorted(keys.get(spec.name, [])),
        }
        for spec in FIELDS.values()
    ]
    return {
        "fields": listed,
        "operators": {name: [*kind.operators, *_OF_ALL] for kind, name in _NAMES.items()},
    }


def _since(database: Database, within: Extent) -> int:
    """Unix ns from which on there are enough spans, or all there are."""
    start_ns, width_ns = within.end_ns, within.window_ns(2 * KEY_SPANS)
    while start_ns > within.start_ns:
        start_ns = max(within.start_ns, within.end_ns - width_ns)
        parameters = {"start_ns": start_ns, "end_ns": within.end_ns}
        ((spans,),) = database.query(statement("span_count"), parameters)
        if spans >= KEY_SPANS:
            break
        width_ns *= WINDOW_GROWTH
    return start_ns
