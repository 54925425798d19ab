"""For finding one's way among traces: histogram, facets, scatter, fields of filters; logs of a trace."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from spanfold_query_api.inputs import TraceId  # noqa: TC001 - FastAPI reads it
from spanfold_query_api.problems import not_found, responses
from spanfold_query_api.trace_conditions import query_of, tree_of
from spanfold_query_api.trace_exploration_answers import (
    TraceFacets,
    TraceFields,
    TraceHistogram,
    TraceLogs,
    TraceScatter,
)
from spanfold_query_api.trace_exploration_inputs import (  # noqa: TC001 - FastAPI reads the annotations of routes
    TraceFacetsParameters,
    TraceFieldsParameters,
    TraceHistogramParameters,
    TraceLogsParameters,
    TraceScatterParameters,
)
from spanfold_query_api.trace_facets import Wanted, facets
from spanfold_query_api.trace_fields import fields
from spanfold_query_api.trace_histogram import histogram
from spanfold_query_api.trace_logs import logs
from spanfold_query_api.trace_scatter import scatter
from spanfold_query_api.trace_search import TraceQuery

if TYPE_CHECKING:
    from spanfold_schemas.database import Database


def router(database: Database) -> APIRouter:
    """More routes under ``/v1/traces``; they come before the one of a single trace."""
    routes = APIRouter(prefix="/v1/traces", tags=["traces"])

    @routes.get("/histogram", summary="Traces over time", responses=responses())
    def get_histogram(parameters: Annotated[TraceHistogramParameters, Query()]) -> TraceHistogram:
        parameters.check()
        query = query_of(parameters, tree_of(parameters))
        return TraceHistogram.model_validate(histogram(database, query, parameters.buckets))

    @routes.get("/facets", summary="The most frequent values of fields", responses=responses())
    def get_facets(parameters: Annotated[TraceFacetsParameters, Query()]) -> TraceFacets:
        parameters.check()
        query = query_of(parameters, tree_of(parameters))
        wanted = Wanted(parameters.field, parameters.limit, parameters.contains)
        return TraceFacets.model_validate(facets(database, query, wanted))

    @routes.get("/scatter", summary="Latencies over time", responses=responses())
    def get_scatter(parameters: Annotated[TraceScatterParameters, Query()]) -> TraceScatter:
        parameters.check()
        query = query_of(parameters, tree_of(parameters))
        return TraceScatter.model_validate(scatter(database, query, parameters.points))

    @routes.get("/fields", summary="What filters can say", responses=responses())
    def get_fields(parameters: Annotated[TraceFieldsParameters, Query()]) -> TraceFields:
        parameters.check()
        query = TraceQuery(start_ns=parameters.start or 0, end_ns=parameters.end)
        return TraceFields.model_validate(fields(database, query))

    @routes.get(
        "/{trace_id}/logs", summary="The log records of a trace", responses=responses(HTTPStatus.NOT_FOUND)
    )
    def get_logs(trace_id: TraceId, parameters: Annotated[TraceLogsParameters, Query()]) -> TraceLogs:
        found = logs(database, trace_id, parameters.limit)
        if found is None:
            raise not_found("trace", trace_id)
        return TraceLogs.model_validate(found)

    return routes
