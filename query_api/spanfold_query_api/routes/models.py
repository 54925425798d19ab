"""Model versions: listing, state, events and summary."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from spanfold_query_api import entities, models
from spanfold_query_api.answers import EventPage, LoggedModel, ModelPage, ModelSummary
from spanfold_query_api.entity_inputs import (  # noqa: TC001 - FastAPI reads the annotations of routes
    ModelListParameters,
    StateParameters,
)
from spanfold_query_api.inputs import (  # noqa: TC001 - FastAPI reads the annotations of routes
    EventListParameters,
    ModelId,
    PeriodParameters,
)
from spanfold_query_api.problems import not_found, responses
from spanfold_schemas.fold import MODEL

if TYPE_CHECKING:
    from spanfold_schemas.database import Database


def router(database: Database) -> APIRouter:
    """The routes under ``/v1/models``. A model ID may hold slashes, so the longer paths come first."""
    routes = APIRouter(prefix="/v1/models", tags=["models"])
    not_there = responses(HTTPStatus.NOT_FOUND)

    @routes.get("", summary="List model versions, newest first unless ordered", responses=responses())
    def list_models(parameters: Annotated[ModelListParameters, Query()]) -> ModelPage:
        found, more = models.listing(
            database,
            parameters.asked(models.MODELS),
            page_token=parameters.page_token,
            limit=parameters.limit,
        )
        return ModelPage.model_validate({"models": found, "next_page_token": more})

    @routes.get(
        "/{model_id:path}/events", summary="The events of a version, oldest first", responses=not_there
    )
    def list_events(model_id: ModelId, parameters: Annotated[EventListParameters, Query()]) -> EventPage:
        found, more = entities.event_page(
            database, MODEL, model_id, page_token=parameters.page_token, limit=parameters.limit
        )
        if not found and not models.exists(database, model_id):
            raise not_found("model", model_id)
        return EventPage.model_validate({"events": found, "next_page_token": more})

    @routes.get("/{model_id:path}/summary", summary="How a model version did", responses=not_there)
    def summarize(model_id: ModelId, parameters: Annotated[PeriodParameters, Query()]) -> ModelSummary:
        parameters.check()
        period = models.Period(parameters.start, parameters.end)
        found = models.summary(database, model_id, period)
        if not found["span_count"] and not models.exists(database, model_id):
            raise not_found("model", model_id)
        return ModelSummary.model_validate(found)

    @routes.get("/{model_id:path}", summary="A model version as it is or was", responses=not_there)
    def get_model(model_id: ModelId, parameters: Annotated[StateParameters, Query()]) -> LoggedModel:
        found = models.get(database, model_id, parameters.as_of_ns)
        if found is None:
            raise not_found("model", model_id)
        return LoggedModel.model_validate(found)

    return routes
