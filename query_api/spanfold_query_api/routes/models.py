"""Model versions: their state now or at any past instant, their events, and how they did."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query

from spanfold_query_api import answers, models, paging, times
from spanfold_query_api.problems import invalid, not_found, responses
from spanfold_query_api.routes._parameters import Instant, Limit, ModelId, PageToken, Store, unix_ns

router = APIRouter(prefix="/v1/models", tags=["models"], responses=responses(HTTPStatus.NOT_FOUND))


@router.get("", response_model=answers.ModelPage)
def list_models(
    database: Store,
    name: Annotated[str, Query(max_length=500, description="Only versions of exactly this name.")] = "",
    as_of: Instant = None,
    limit: Limit = 100,
    page_token: PageToken = None,
) -> dict[str, Any]:
    """List model versions, newest first."""
    query = {"models": name, "as_of": as_of}
    before = paging.decode(page_token, query, (int, str)) if page_token else None
    as_of_ns = unix_ns("as_of", as_of)
    found, more = models.listing(
        database,
        name=name,
        as_of_ns=times.MAX_UNIX_NS if as_of_ns is None else as_of_ns,
        before=before,  # type: ignore[arg-type] # decode() has checked the types
        limit=limit,
    )
    return {"models": found, "next_page_token": paging.encode(query, more) if more else None}


@router.get("/{model_id}", response_model=answers.LoggedModel)
def get_model(database: Store, model_id: ModelId, as_of: Instant = None) -> dict[str, Any]:
    """Tell the state of a model version, now or at the instant ``as_of``."""
    as_of_ns = unix_ns("as_of", as_of)
    found = models.get(database, model_id, times.MAX_UNIX_NS if as_of_ns is None else as_of_ns)
    if found is None:
        raise not_found("model", model_id)
    return found


@router.get("/{model_id}/events", response_model=answers.EventPage)
def list_events(
    database: Store, model_id: ModelId, limit: Limit = 100, page_token: PageToken = None
) -> dict[str, Any]:
    """List what happened to a model version, oldest first."""
    query = {"events": model_id}
    after = paging.decode(page_token, query, (int, str)) if page_token else None
    found, more = models.events(
        database,
        model_id,
        after=after,  # type: ignore[arg-type] # decode() has checked the types
        limit=limit,
    )
    if not found and not models.exists(database, model_id):
        raise not_found("model", model_id)
    return {"events": found, "next_page_token": paging.encode(query, more) if more else None}


@router.get("/{model_id}/summary", response_model=answers.ModelSummary)
def summarise_model(
    database: Store, model_id: ModelId, start: Instant = None, end: Instant = None
) -> dict[str, Any]:
    """Sum up how a model version did: traffic, errors, latency, tokens, cost."""
    period = models.Period(unix_ns("start", start), unix_ns("end", end))
    if period.start_ns is not None and period.end_ns is not None and period.end_ns <= period.start_ns:
        raise invalid("end", "must be later than start")
    found = models.summary(database, model_id, period)
    if not found["span_count"] and not models.exists(database, model_id):
        raise not_found("model", model_id)
    return found
