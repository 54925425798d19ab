"""What an evaluation would cost, before it is started."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter

from spanfold_query_api import bodies
from spanfold_query_api.bodies import JsonBody  # noqa: TC001 - FastAPI reads the annotations of routes
from spanfold_query_api.evaluation_estimate import estimate
from spanfold_query_api.evaluation_inputs import NewEvaluation
from spanfold_query_api.metric_answers import EvaluationEstimate
from spanfold_query_api.problems import responses

if TYPE_CHECKING:
    from spanfold_schemas.database import Database


def router(database: Database) -> APIRouter:
    """The route ``/v1/evaluations/estimate``; before ``/v1/evaluations/{evaluation_id}``."""
    routes = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])

    @routes.post(
        "/estimate",
        summary="What an evaluation would do and cost",
        responses=responses(HTTPStatus.NOT_FOUND, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        openapi_extra=bodies.described(NewEvaluation),
    )
    def get_estimate(body: JsonBody) -> EvaluationEstimate:
        return EvaluationEstimate.model_validate(estimate(database, bodies.checked(NewEvaluation, body)))

    return routes
