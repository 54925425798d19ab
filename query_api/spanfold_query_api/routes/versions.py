"""How versions develop: trends, changes since the period before, regressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from spanfold_query_api import changes, model_trends, regressions
from spanfold_query_api.problems import responses
from spanfold_query_api.version_answers import Changes, Regressions, Trends
from spanfold_query_api.version_figures import Asked
from spanfold_query_api.version_inputs import (  # noqa: TC001 - FastAPI reads the annotations of routes
    ChangeParameters,
    RegressionParameters,
    TrendParameters,
)

if TYPE_CHECKING:
    from spanfold_schemas.database import Database


def router(database: Database) -> APIRouter:
    """``/v1/models/trends``, ``/v1/changes`` and ``/v1/regressions``; before ``/v1/models/{model_id}``."""
    routes = APIRouter(prefix="/v1")

    @routes.get(
        "/models/trends", tags=["models"], summary="How versions did over time", responses=responses()
    )
    def get_trends(parameters: Annotated[TrendParameters, Query()]) -> Trends:
        parameters.check()
        asked = Asked(
            model_ids=tuple(dict.fromkeys(parameters.model_id)),
            experiment_ids=tuple(parameters.experiment_id),
            service_name=parameters.service_name,
        )
        found = model_trends.trends(
            database,
            asked,
            model_trends.period_of(database, parameters.start, parameters.end),
            buckets=parameters.buckets,
            limit=parameters.limit,
        )
        return Trends.model_validate(found)

    @routes.get(
        "/changes", tags=["compare"], summary="A period against the one before it", responses=responses()
    )
    def get_changes(parameters: Annotated[ChangeParameters, Query()]) -> Changes:
        found = changes.changes(database, parameters.period(), parameters.experiment_id)
        return Changes.model_validate(found)

    @routes.get(
        "/regressions",
        tags=["compare"],
        summary="What got worse from one version to the next",
        responses=responses(),
    )
    def get_regressions(parameters: Annotated[RegressionParameters, Query()]) -> Regressions:
        found = regressions.regressions(
            database, parameters.period(), parameters.experiment_id, parameters.limit
        )
        return Regressions.model_validate(found)

    return routes
