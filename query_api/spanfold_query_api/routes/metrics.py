"""The metrics that evaluations and monitors can name."""

from __future__ import annotations

from fastapi import APIRouter

from spanfold_query_api import metric_catalogue
from spanfold_query_api.metric_answers import MetricList
from spanfold_query_api.problems import responses


def router() -> APIRouter:
    """The route ``/v1/metrics``."""
    routes = APIRouter(prefix="/v1/metrics", tags=["evaluations"])

    @routes.get("", summary="The metrics that can be made by name", responses=responses())
    def list_metrics() -> MetricList:
        return MetricList.model_validate({"metrics": metric_catalogue.metrics()})

    return routes
