"""Monitors: what scores traces as they come in."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from spanfold_query_api import bodies, evaluation_requests, monitors
from spanfold_query_api.bodies import JsonBody  # noqa: TC001 - FastAPI reads the annotations of routes
from spanfold_query_api.evaluation_answers import Monitor, MonitorPage
from spanfold_query_api.evaluation_inputs import MonitorId, MonitorListParameters, NewMonitor
from spanfold_query_api.outgoing import await_visible
from spanfold_query_api.problems import ProblemError, not_found, responses
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_query_api.outgoing import Outgoing
    from spanfold_query_api.workers import Workers
    from spanfold_schemas.database import Database
    from spanfold_schemas.fold import MonitorState

MAX_MONITORS: Final = 100


def router(database: Database, outgoing: Outgoing, workers: Workers) -> APIRouter:
    """The routes under ``/v1/monitors``."""
    routes = APIRouter(prefix="/v1/monitors", tags=["monitors"])
    _add_reads(routes, database)
    _add_commands(routes, database, outgoing, workers)
    return routes


def _add_reads(routes: APIRouter, database: Database) -> None:
    @routes.get("", summary="List monitors, newest first", responses=responses())
    def list_monitors(parameters: Annotated[MonitorListParameters, Query()]) -> MonitorPage:
        states, more = monitors.listing(database, page_token=parameters.page_token, limit=parameters.limit)
        described = list(map(monitors.describe, states))
        return MonitorPage.model_validate({"monitors": described, "next_page_token": more})

    @routes.get("/{monitor_id}", summary="One monitor", responses=responses(HTTPStatus.NOT_FOUND))
    def get_monitor(monitor_id: MonitorId) -> Monitor:
        return _answer(_found(database, monitor_id))


def _add_commands(routes: APIRouter, database: Database, outgoing: Outgoing, workers: Workers) -> None:
    not_there = responses(HTTPStatus.NOT_FOUND)

    def told(event_type: str, monitor_id: str, payload: Mapping[str, Any]) -> MonitorState:
        sent_ns = outgoing.send_fact(event_type, monitor_id, payload)
        state = await_visible(lambda: monitors.get(database, monitor_id, deleted=True), sent_ns)
        workers.wake()
        return state

    @routes.post(
        "",
        summary="Score traces from now on as they come in",
        status_code=HTTPStatus.CREATED,
        responses=responses(HTTPStatus.CONFLICT, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        openapi_extra=bodies.described(NewMonitor),
    )
    def create(body: JsonBody) -> Monitor:
        asked = bodies.checked(NewMonitor, body)
        payload = evaluation_requests.monitor(asked)
        monitor_id = ids.derive_monitor_id(asked.name)
        known, _ = monitors.listing(database, limit=MAX_MONITORS)
        if len(known) >= MAX_MONITORS and monitor_id not in {state.monitor_id for state in known}:
            detail = f"there are {MAX_MONITORS} monitors: delete one first"
            raise ProblemError(HTTPStatus.CONFLICT, "too-many-monitors", detail)
        return _answer(told(keys.MONITOR_CREATED, monitor_id, payload))

    @routes.post("/{monitor_id}/pause", summary="Score no more, for now", responses=not_there)
    def pause(monitor_id: MonitorId) -> Monitor:
        _found(database, monitor_id)
        return _answer(told(keys.MONITOR_PAUSED, monitor_id, {}))

    @routes.post(
        "/{monitor_id}/resume", summary="Go on, with what came in meanwhile first", responses=not_there
    )
    def resume(monitor_id: MonitorId) -> Monitor:
        _found(database, monitor_id)
        return _answer(told(keys.MONITOR_RESUMED, monitor_id, {}))

    @routes.delete(
        "/{monitor_id}",
        summary="Delete a monitor; its scores stay",
        status_code=HTTPStatus.NO_CONTENT,
        responses=not_there,
    )
    def delete(monitor_id: MonitorId) -> Response:
        _found(database, monitor_id)
        told(keys.MONITOR_DELETED, monitor_id, {})
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _found(database: Database, monitor_id: str) -> MonitorState:
    state = monitors.get(database, monitor_id)
    if state is None:
        raise not_found("monitor", monitor_id)
    return state


def _answer(state: MonitorState) -> Monitor:
    return Monitor.model_validate(monitors.describe(state))
