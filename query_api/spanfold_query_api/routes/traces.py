"""Traces: listing, one or several with all their spans, and the export of any number."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Response

from spanfold_query_api import paging, spans, trace_counts, trace_order, trace_sampling
from spanfold_query_api.filter.printer import to_text
from spanfold_query_api.inputs import TraceId  # noqa: TC001 - FastAPI reads it
from spanfold_query_api.problems import invalid, not_found, responses
from spanfold_query_api.streaming import Exports
from spanfold_query_api.trace_answers import TraceCount, TraceDetail, TraceDetails, TracePage
from spanfold_query_api.trace_conditions import query_of, tree_of
from spanfold_query_api.trace_export import Export, stream
from spanfold_query_api.trace_inputs import (  # noqa: TC001 - FastAPI reads the annotations of routes
    TraceCountParameters,
    TraceDetailsParameters,
    TraceExportParameters,
    TraceListParameters,
)
from spanfold_query_api.trace_order import NEWEST_FIRST, Order
from spanfold_query_api.trace_search import Position, search

if TYPE_CHECKING:
    from spanfold_schemas.database import Database, RawFormat

_IDS: Final = re.compile(r"[0-9a-f]{32}/[0-9a-f]{16}")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_FORMATS: Final[dict[str, tuple[RawFormat, str]]] = {
    "arrow": ("ArrowStream", "application/vnd.apache.arrow.stream"),
    "jsonl": ("JSONEachRow", "application/jsonl"),
}
_EXPORTED: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {
        "description": "All rows, newest first, in pieces. An answer that ends early was broken off.",
        "content": {media_type: {} for _, media_type in _FORMATS.values()},
    }
}


def router(database: Database) -> APIRouter:
    """The routes under ``/v1/traces``."""
    routes = APIRouter(prefix="/v1/traces", tags=["traces"])
    exports = Exports()

    @routes.get("", summary="List traces, newest first", responses=responses())
    def list_traces(parameters: Annotated[TraceListParameters, Query()]) -> TracePage:
        parameters.check()
        orders = trace_order.parse(parameters.order_by)
        tree = tree_of(parameters)
        canonical = parameters.model_dump(include={"model_id", "start", "end"})
        canonical["filter"] = "" if tree is None else to_text(tree)
        canonical["order_by"] = [str(order) for order in orders]
        token = parameters.page_token
        found, more = search(
            database,
            query_of(parameters, tree, orders),
            after=None if token is None else _position(token, canonical, orders),
            limit=parameters.limit,
        )
        next_token = None if more is None else paging.encode(canonical, more)
        return TracePage.model_validate({"traces": found, "next_page_token": next_token})

    @routes.get(
        "/export",
        summary="Export any number of traces or spans",
        response_model=None,
        responses={**_EXPORTED, **responses()},
    )
    def export_traces(parameters: Annotated[TraceExportParameters, Query()]) -> Response:
        parameters.check()
        raw_format, media_type = _FORMATS[parameters.format]
        export = _export(parameters, raw_format)
        return exports.respond(lambda: stream(database, export), media_type)

    @routes.get("/count", summary="Count traces, and find what makes a sample of them", responses=responses())
    def count_traces(parameters: Annotated[TraceCountParameters, Query()]) -> TraceCount:
        parameters.check()
        return TraceCount.model_validate(trace_counts.counted(database, parameters))

    # These answers are trees of up to 50,000 spans that come straight from typed columns: to make objects of
    # a response model first would cost more than to read them. A test holds them to the models instead.
    described = {HTTPStatus.OK.value: {"model": TraceDetails}, **responses()}

    @routes.get(
        "/details", summary="Several traces with all their spans", response_model=None, responses=described
    )
    def get_traces(parameters: Annotated[TraceDetailsParameters, Query()]) -> Response:
        found = spans.get_traces(database, parameters.trace_id)
        return Response(orjson.dumps({"traces": found}), media_type="application/json")

    described = {HTTPStatus.OK.value: {"model": TraceDetail}, **responses(HTTPStatus.NOT_FOUND)}

    @routes.get("/{trace_id}", summary="A trace with all its spans", response_model=None, responses=described)
    def get_trace(trace_id: TraceId) -> Response:
        found = spans.get_trace(database, trace_id)
        if found is None:
            raise not_found("trace", trace_id)
        return Response(orjson.dumps(found), media_type="application/json")

    return routes


def _export(parameters: TraceExportParameters, raw_format: RawFormat) -> Export:
    query = query_of(parameters, tree_of(parameters, of_spans=parameters.rows == "spans"))
    return Export(
        trace_sampling.sampled(query, parameters.sample()),
        parameters.rows,
        parameters.wanted(),
        raw_format,
        before=parameters.key(),
        page_rows=parameters.page_rows,
        span_attributes=tuple(parameters.span_attributes),
    )


def _position(token: str, canonical: dict[str, object], orders: tuple[Order, ...]) -> Position:
    """Where the page before ended."""
    position = paging.decode(token, canonical, (*[int] * len(orders), str))
    ids = _IDS if orders == NEWEST_FIRST else _TRACE_ID
    if ids.fullmatch(str(position[-1])) is None:
        raise invalid("page_token", "this is no token of this listing: leave it out to start from the top")
    return position
