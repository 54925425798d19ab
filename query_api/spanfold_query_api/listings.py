"""Listings of model versions and runs: any condition, any order, and pages that inserts do not shift.

One statement folds what the condition and the order need of every entity, and finds the page; the states on
the page are read by their IDs. A page goes on after the sort key of the last entity of the page before, so
entities that come in between neither repeat nor hide others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import entities, paging, times
from spanfold_query_api.filter import parse
from spanfold_query_api.filter.entities import EntityCompiler, SortColumn
from spanfold_query_api.filter.errors import FilterError
from spanfold_query_api.filter.parser import parse_order
from spanfold_query_api.filter.printer import order_text, to_text
from spanfold_query_api.problems import invalid
from spanfold_query_api.statements import statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_query_api.filter.fields import FieldSpec
    from spanfold_query_api.filter.nodes import Node, Order
    from spanfold_schemas.database import Database

MAX_ORDERS: Final = 5

# Who created an entity first names it for good, so whoever may have the name can be told beforehand.
_NAMED: Final = (
    "\n    AND (Stream = {name:String} OR Stream IN (SELECT Stream FROM entity_slots"
    " WHERE StreamType = {stream_type:String} AND Slot = 'created.name'"
    " AND Value = toJSONString({name:String})))"
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a request asks for."""

    stream_type: str
    statement: str
    fields: Mapping[str, FieldSpec]
    condition: Node | None = None
    orders: tuple[Order, ...] = ()
    experiment_ids: tuple[str, ...] = ()
    name: str = ""
    """Only entities of exactly this name; empty for all."""
    include_deleted: bool = True
    as_of_ns: int = times.MAX_UNIX_NS

    def described(self) -> dict[str, object]:
        """What a page token belongs to."""
        return {
            "listing": self.statement,
            "filter": "" if self.condition is None else to_text(self.condition),
            "order_by": list(map(order_text, self.orders)),
            "experiment_ids": list(self.experiment_ids),
            "name": self.name,
            "include_deleted": self.include_deleted,
            "as_of_ns": self.as_of_ns,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """An entity on a page: its ID, and what is known of it if there is no event."""

    stream: str
    from_spans: bool
    updated_ns: int


def parse_filter(text: str) -> Node | None:
    """The tree of a filter, or None for an empty one. Raises FilterError."""
    return parse(text) if text.strip() else None


def parse_orders(texts: Sequence[str]) -> tuple[Order, ...]:
    """What to sort by.

    Raises:
        ProblemError: there are too many, or one is no order.
    """
    if len(texts) > MAX_ORDERS:
        raise invalid("order_by", f"{len(texts)} are too many: at most {MAX_ORDERS} are allowed")
    try:
        return tuple(map(parse_order, texts))
    except FilterError as error:
        raise invalid("order_by", str(error)) from None


def page(
    database: Database, listing: Listing, *, page_token: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page of a listing, and the token of the next one if there are more.

    Raises:
        FilterError: the condition names an unknown field, or compares it with what does not suit it.
        ProblemError: the order does, or the token is none of this listing.
    """
    compiler = EntityCompiler(listing.fields)
    condition = "1" if listing.condition is None else compiler.condition(listing.condition)
    try:
        columns = compiler.sort_columns(listing.orders)
    except FilterError as error:
        raise invalid("order_by", str(error)) from None
    after = "1"
    if page_token is not None:
        types = [column.python_type for column in columns]
        after = compiler.after(columns, paging.decode(page_token, listing.described(), types))
    sql = statement(
        listing.statement,
        writes=entities.writes(listing.as_of_ns) + (_NAMED if listing.name else ""),
        columns="".join(f",\n        {column}" for column in compiler.columns),
        filter=condition,
        after=after,
        sort=",\n    ".join(f"{column.sql} AS sort{number}" for number, column in enumerate(columns)),
        order=", ".join(_direction(number, column) for number, column in enumerate(columns)),
    )
    found = database.query(sql, {**_parameters(listing, limit), **compiler.parameters}).rows
    rows = [Row(stream, bool(from_spans), updated_ns) for stream, from_spans, updated_ns, *_ in found[:limit]]
    if len(found) <= limit:
        return rows, None
    return rows, paging.encode(listing.described(), found[limit - 1][3:])


def _direction(number: int, column: SortColumn) -> str:
    return f"sort{number} {'DESC' if column.descending else 'ASC'}"


def _parameters(listing: Listing, limit: int) -> dict[str, Any]:
    return {
        "stream_type": listing.stream_type,
        "as_of_ns": listing.as_of_ns,
        "name": listing.name,
        "include_deleted": listing.include_deleted,
        "experiment_ids": list(listing.experiment_ids),
        "limit": limit + 1,
    }
