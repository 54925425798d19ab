"""Model versions: listing, state, events and summary."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import APIRouter, Query

from spanfold_query_api import entities, models, paging, times
from spanfold_query_api.answers import EventPage, LoggedModel, ModelPage, ModelSummary
from spanfold_query_api.inputs import (  # noqa: TC001 - FastAPI reads the annotations of routes
    EventListParameters,
    ModelId,
    ModelListParameters,
    ModelParameters,
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

    @routes.get("", summary="List model versions, newest first", responses=responses())
    def list_models(parameters: Annotated[ModelListParameters, Query()]) -> ModelPage:
        query = {"listing": "models", "name": parameters.name, "as_of": parameters.as_of}
        before = _key(parameters.page_token, query)
        found, more = models.listing(
            database,
            name=parameters.name,
            as_of_ns=_instant(parameters.as_of),
            before=before,
            limit=parameters.limit,
        )
        return ModelPage.model_validate({"models": found, "next_page_token": _token(query, more)})

    @routes.get(
        "/{model_id:path}/events", summary="The events of a version, oldest first", responses=not_there
    )
    def list_events(model_id: ModelId, parameters: Annotated[EventListParameters, Query()]) -> EventPage:
        query = {"listing": "events", "model_id": model_id}
        after = _key(parameters.page_token, query)
        found, more = entities.events(database, MODEL, model_id, after=after, limit=parameters.limit)
        if not found and not models.exists(database, model_id):
            raise not_found("model", model_id)
        return EventPage.model_validate({"events": found, "next_page_token": _token(query, more)})

    @routes.get("/{model_id:path}/summary", summary="How a model version did", responses=not_there)
    def summarize(model_id: ModelId, parameters: Annotated[PeriodParameters, Query()]) -> ModelSummary:
        parameters.check()
        period = models.Period(parameters.start, parameters.end)
        found = models.summary(database, model_id, period)
        if not found["span_count"] and not models.exists(database, model_id):
            raise not_found("model", model_id)
        return ModelSummary.model_validate(found)

    @routes.get("/{model_id:path}", summary="A model version as it is or was", responses=not_there)
    def get_model(model_id: ModelId, parameters: Annotated[ModelParameters, Query()]) -> LoggedModel:
        found = models.get(database, model_id, _instant(parameters.as_of))
        if found is None:
            raise not_found("model", model_id)
        return LoggedModel.model_validate(found)

    return routes


def _instant(as_of: int | None) -> int:
    return times.MAX_UNIX_NS if as_of is None else as_of


def _key(token: str | None, query: dict[str, Any]) -> tuple[int, str] | None:
    return None if token is None else cast("tuple[int, str]", paging.decode(token, query, (int, str)))


def _token(query: dict[str, Any], key: tuple[int, str] | None) -> str | None:
    return None if key is None else paging.encode(query, key)
