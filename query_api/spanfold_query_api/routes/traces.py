"""Traces: searched by version and filter, or one whole."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Response

from spanfold_query_api import answers, paging, spans, trace_search
from spanfold_query_api.filter import compile_filter, parse
from spanfold_query_api.problems import invalid, not_found, responses
from spanfold_query_api.routes._parameters import Instant, Limit, PageToken, Store, unix_ns

router = APIRouter(prefix="/v1/traces", tags=["traces"])

_MAX_FILTER_CHARS = 4_000


@router.get("", response_model=answers.TracePage)
def list_traces(  # noqa: PLR0913 - one parameter each of the query string
    database: Store,
    *,
    model_id: Annotated[
        str, Query(max_length=600, description="Only traces that entered this version.")
    ] = "",
    filter: Annotated[  # noqa: A002 - the name that users write
        str | None,
        Query(max_length=_MAX_FILTER_CHARS, examples=["status = 'ERROR' AND latency_ms > 500"]),
    ] = None,
    start: Instant = None,
    end: Instant = None,
    limit: Limit = 100,
    page_token: PageToken = None,
) -> dict[str, Any]:
    """List traces, newest first."""
    query = {"traces": model_id, "filter": filter, "start": start, "end": end}
    key = paging.decode(page_token, query, (int, str, str)) if page_token else None
    start_ns, end_ns = unix_ns("start", start), unix_ns("end", end)
    if start_ns is not None and end_ns is not None and end_ns <= start_ns:
        raise invalid("end", "must be later than start")
    found, more = trace_search.search(
        database,
        trace_search.TraceQuery(
            model_id=model_id,
            condition=compile_filter(parse(filter)) if filter else trace_search.EVERY_TRACE,
            start_ns=start_ns or 0,
            end_ns=end_ns,
        ),
        before=trace_search.Key(*key) if key else None,  # type: ignore[arg-type] # decode() has checked
        limit=limit,
    )
    token = paging.encode(query, (more.unix_ns, more.trace_id, more.span_id)) if more else None
    return {"traces": found, "next_page_token": token}


@router.get("/{trace_id}", response_model=answers.TraceDetail, responses=responses(HTTPStatus.NOT_FOUND))
def get_trace(
    database: Store,
    trace_id: Annotated[str, Path(pattern="^[0-9a-fA-F]{32}$", description="32 hexadecimal digits.")],
) -> Response:
    """Tell all spans of a trace, as a tree."""
    found = spans.get_trace(database, trace_id)
    if found is None:
        raise not_found("trace", trace_id)
    # Tens of thousands of spans: written out as they are rather than validated one by one.
    return Response(orjson.dumps(found), media_type="application/json")
