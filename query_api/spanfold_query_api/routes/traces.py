"""Traces: listing, and one with all its spans."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final, cast

import orjson
from fastapi import APIRouter, Query, Response

from spanfold_query_api import paging, spans
from spanfold_query_api.answers import TraceDetail, TracePage
from spanfold_query_api.filter import compile_filter, parse
from spanfold_query_api.filter.printer import to_text
from spanfold_query_api.inputs import TraceId, TraceListParameters  # noqa: TC001 - FastAPI reads them
from spanfold_query_api.problems import invalid, not_found, responses
from spanfold_query_api.trace_search import EVERY_TRACE, Key, TraceQuery, search

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

_IDS: Final = re.compile(r"[0-9a-f]{32}/[0-9a-f]{16}")


def router(database: Database) -> APIRouter:
    """The routes under ``/v1/traces``."""
    routes = APIRouter(prefix="/v1/traces", tags=["traces"])

    @routes.get("", summary="List traces, newest first", responses=responses())
    def list_traces(parameters: Annotated[TraceListParameters, Query()]) -> TracePage:
        parameters.check()
        tree = parse(parameters.filter) if parameters.filter.strip() else None
        condition = EVERY_TRACE if tree is None else compile_filter(tree)
        query = parameters.model_dump(include={"model_id", "start", "end"})
        query["filter"] = "" if tree is None else to_text(tree)
        before = None if parameters.page_token is None else _key(parameters.page_token, query)
        found, more = search(
            database,
            TraceQuery(parameters.model_id, condition, parameters.start or 0, parameters.end),
            before=before,
            limit=parameters.limit,
        )
        token = None
        if more is not None:
            token = paging.encode(query, (more.unix_ns, f"{more.trace_id}/{more.span_id}"))
        return TracePage.model_validate({"traces": found, "next_page_token": token})

    described = {HTTPStatus.OK.value: {"model": TraceDetail}, **responses(HTTPStatus.NOT_FOUND)}

    # The answer is a tree of up to 50,000 spans that come straight from typed columns: to make objects of a
    # response model first would cost more than to read them. A test holds the answer to the model instead.
    @routes.get("/{trace_id}", summary="A trace with all its spans", response_model=None, responses=described)
    def get_trace(trace_id: TraceId) -> Response:
        found = spans.get_trace(database, trace_id)
        if found is None:
            raise not_found("trace", trace_id)
        return Response(orjson.dumps(found), media_type="application/json")

    return routes


def _key(token: str, query: dict[str, object]) -> Key:
    unix_ns, ids = cast("tuple[int, str]", paging.decode(token, query, (int, str)))
    if _IDS.fullmatch(ids) is None:
        raise invalid("page_token", "this is no token of this listing: leave it out to start from the top")
    return Key(unix_ns, *ids.split("/"))
