"""Lists traces, newest first unless another order is asked for.

The table is sorted by model and then by time, so "the newest traces" has no cheap answer of its own. The
search walks back through time in windows: the first is sized by how dense the spans are, each that does
not fill the page is followed by one eight times as wide. Each row is read once, whatever the filter.
Any other order looks at every entry span of the range (:mod:`.trace_order`).

A trace can have several entry spans (one a service). It is listed once, at its best one (a root before the
entry of a service, then the earliest): whatever else the search finds is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import models, scores, spans, times, trace_order
from spanfold_query_api.filter.compiler import RANGE_END, RANGE_START, CompiledFilter
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_order import NEWEST_FIRST, Order
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spanfold_schemas.database import Database

FIRST_WINDOW_SPANS: Final = 30_000
"""Spans that the first window is meant to hold: a millisecond's work for the engine."""
WINDOW_GROWTH: Final = 8
SPAN_MARGIN_NS: Final = 3_600 * times.NS_PER_S
"""How far from the entry span a ``span.`` condition looks, before and after."""
TRACE_MARGIN_NS: Final = 24 * SPAN_MARGIN_NS
"""How far from the entry span the spans of a listed trace are counted."""
TEXT_CHARS: Final = 1_000
EVERY_TRACE: Final = CompiledFilter("1", {}, uses_span_range=False)

Position = tuple[int | str, ...]
"""Where an item stands in a listing, for the token of the next page."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Where a span stands in time; larger is newer. IDs are hexadecimal."""

    unix_ns: int
    trace_id: str = "0" * 32
    span_id: str = "0" * 16


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """Which traces are meant."""

    model_id: str = ""
    """Only traces that entered this model version; empty for all."""
    condition: CompiledFilter = EVERY_TRACE
    start_ns: int = 0
    end_ns: int | None = None
    """First unix ns that is too late; None for no end."""
    orders: tuple[Order, ...] = NEWEST_FIRST


@dataclass(frozen=True, slots=True)
class Extent:
    """The time that there are spans of, within the range of a query."""

    start_ns: int
    end_ns: int
    """First instant after it."""
    ns_per_span: float

    def __bool__(self) -> bool:
        """Whether it holds any time at all."""
        return self.start_ns < self.end_ns

    def window_ns(self, span_count: int) -> int:
        """How long it takes for about so many spans to come in; a second at least."""
        return max(times.NS_PER_S, int(self.ns_per_span * span_count))


@dataclass(frozen=True, slots=True)
class _Candidate:
    key: Key
    best: tuple[int, int, bytes]
    """(Entry, -unix ns, span ID): the larger, the better an entry of its trace."""
    position: Position


def extent(database: Database, query: TraceQuery) -> Extent:
    """Where to look; empty if there is nothing."""
    first_ns, last_ns, span_count = next(iter(database.query(statement("span_extent"))))
    if not span_count:
        return Extent(0, 0, 0)
    end_ns = last_ns + 1 if query.end_ns is None else min(query.end_ns, last_ns + 1)
    return Extent(max(query.start_ns, first_ns), end_ns, (last_ns - first_ns) / span_count)


def search(
    database: Database, query: TraceQuery, *, after: Position | None, limit: int
) -> tuple[list[dict[str, Any]], Position | None]:
    """A page of traces, and the position of its last one if there are more.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`; a shorter time range may help.
    """
    within = extent(database, query)
    if not within:
        return [], None
    find = _newest if query.orders == NEWEST_FIRST else _ranked
    found: list[tuple[_Candidate, dict[str, Any]]] = []
    for candidates in find(database, query, within, after, limit + 1):
        totals = _totals(database, query, candidates)
        found += [
            (candidate, totals[candidate.key.trace_id])
            for candidate in candidates
            if totals.get(candidate.key.trace_id, {}).get("best") == candidate.best
        ]
        if len(found) > limit:
            break
    page = found[:limit]
    return _describe(database, page), page[-1][0].position if len(found) > limit else None


def position_of(key: Key) -> Position:
    """A key as the position in the listing that is newest first."""
    return (key.unix_ns, f"{key.trace_id}/{key.span_id}")


def range_parameters(condition: CompiledFilter, start_ns: int, end_ns: int) -> dict[str, object]:
    """The bounds that a condition on any span of a trace needs, around those of the entry spans."""
    if not condition.uses_span_range:
        return {}
    latest_ns = min(end_ns + SPAN_MARGIN_NS, times.MAX_UNIX_NS)
    return {RANGE_START: start_ns - SPAN_MARGIN_NS, RANGE_END: latest_ns}


def _newest(
    database: Database, query: TraceQuery, within: Extent, after: Position | None, limit: int
) -> Iterator[list[_Candidate]]:
    """Entry spans that match, one a trace and window, newest first; at most ``limit`` at a time."""
    upper = Key(within.end_ns)
    if after is not None:
        unix_ns, ids = after
        upper = min(upper, Key(int(unix_ns), *str(ids).split("/")))
    width_ns = within.window_ns(FIRST_WINDOW_SPANS)
    while upper > Key(within.start_ns):
        window_start_ns = max(within.start_ns, upper.unix_ns - width_ns)
        parameters: dict[str, object] = {
            **query.condition.parameters,
            **range_parameters(query.condition, window_start_ns, upper.unix_ns),
            "model_id": query.model_id,
            "window_start_ns": window_start_ns,
            "before_ns": upper.unix_ns,
            "before_trace_id": upper.trace_id,
            "before_span_id": upper.span_id,
            "limit": limit,
        }
        rows = database.query(statement("entries_in_window", filter=query.condition.sql), parameters)
        keys_found = [(Key(-best[1], trace_id.hex(), best[2].hex()), best) for trace_id, best in rows]
        candidates = [_Candidate(key, best, position_of(key)) for key, best in keys_found]
        if candidates:
            yield candidates
        if len(candidates) == limit:
            upper = candidates[-1].key
        else:
            upper = Key(window_start_ns)
            width_ns *= WINDOW_GROWTH


def _ranked(
    database: Database, query: TraceQuery, within: Extent, after: Position | None, limit: int
) -> Iterator[list[_Candidate]]:
    """Entry spans that match, one a trace, in the order asked for; at most ``limit`` at a time."""
    parameters: dict[str, object] = {
        **query.condition.parameters,
        **range_parameters(query.condition, within.start_ns, within.end_ns),
        "model_id": query.model_id,
        "start_ns": within.start_ns,
        "last_ns": within.end_ns - 1,
        "limit": limit,
    }
    usage = ""
    if trace_order.sums_spans(query.orders):
        usage = statement("usage_by_trace")
        parameters["usage_start_ns"] = within.start_ns - TRACE_MARGIN_NS
        parameters["usage_last_ns"] = min(within.end_ns + TRACE_MARGIN_NS, times.MAX_UNIX_NS)
    while True:
        after_sql = "1"
        if after is not None:
            after_sql = trace_order.after_sql(query.orders)
            parameters["after_trace_id"] = after[-1]
            parameters |= {f"rank{number}": rank for number, rank in enumerate(after[:-1])}
        sql = statement(
            "entries_ranked",
            filter=query.condition.sql,
            rank=trace_order.rank_sql(query.orders),
            usage=usage,
            after=after_sql,
        )
        candidates = [
            _Candidate(Key(-best[1], trace_id.hex(), best[2].hex()), best, (*rank, trace_id.hex()))
            for trace_id, best, rank in database.query(sql, parameters)
        ]
        if candidates:
            yield candidates
        if len(candidates) < limit:
            return
        after = candidates[-1].position


def _totals(
    database: Database, query: TraceQuery, candidates: Sequence[_Candidate]
) -> dict[str, dict[str, Any]]:
    """What the spans of each candidate's trace add up to, by trace ID."""
    starts_ns = [candidate.key.unix_ns for candidate in candidates]
    result = database.query(
        statement("trace_totals"),
        {
            "trace_ids": [candidate.key.trace_id for candidate in candidates],
            "model_id": query.model_id,
            "earliest_ns": min(starts_ns) - TRACE_MARGIN_NS,
            "latest_ns": min(max(starts_ns) + TRACE_MARGIN_NS, times.MAX_UNIX_NS),
        },
    )
    rows = result.dicts()
    return {row.pop("TraceId").hex(): row for row in rows}


def _describe(database: Database, page: Sequence[tuple[_Candidate, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The page in the members of :class:`~spanfold_query_api.trace_answers.TraceItem`."""
    if not page:
        return []
    trace_ids = [candidate.key.trace_id for candidate, _ in page]
    result = database.query(
        statement("trace_entries"),
        {
            "start_times_unix_ns": [candidate.key.unix_ns for candidate, _ in page],
            "trace_ids": trace_ids,
            "span_ids": [candidate.key.span_id for candidate, _ in page],
            "text_chars": TEXT_CHARS,
            "tag_prefix": keys.TRACE_TAG_PREFIX,
        },
    )
    entries = {(row.pop("TraceId").hex(), row.pop("SpanId").hex()): row for row in result.dicts()}
    names = models.names(database, sorted({row["model_id"] for row in entries.values()} - {""}))
    judged = scores.of_traces(database, trace_ids)
    items = []
    for candidate, totals in page:
        key = candidate.key
        entry = entries.get((key.trace_id, key.span_id))
        if entry is None:
            continue  # dropped by retention since it was found
        items.append(
            {
                "trace_id": key.trace_id,
                "name": entry["name"],
                "service_name": entry["service_name"],
                "model_id": entry["model_id"],
                "model_name": names.get(entry["model_id"], entry["model_id"]),
                **{name: entry[name] for name in spans.ENTRY_MEMBERS},
                "status": spans.status_name(entry["status_code"]),
                "status_message": entry["status_message"],
                "start_time": times.format_rfc3339(key.unix_ns),
                "start_time_unix_ns": key.unix_ns,
                "latency_ms": entry["duration_ns"] / spans.NS_PER_MS,
                **{name: value for name, value in totals.items() if name != "best"},
                "input": entry["input"] or None,
                "output": entry["output"] or None,
                "tags": spans.tags_of(entry["tags"]),
                "scores": scores.newest_of_each(judged.get(key.trace_id, [])),
            }
        )
    return items
