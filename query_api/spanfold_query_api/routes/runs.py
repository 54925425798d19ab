"""Runs and experiments: listing, state and events."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query

from spanfold_query_api import entities, runs
from spanfold_query_api.answers import EventPage
from spanfold_query_api.entity_answers import Experiment, ExperimentPage, Run, RunPage
from spanfold_query_api.entity_inputs import (  # noqa: TC001 - FastAPI reads the annotations of routes
    ExperimentId,
    ExperimentListParameters,
    RunId,
    RunListParameters,
    StateParameters,
)
from spanfold_query_api.inputs import EventListParameters  # noqa: TC001 - FastAPI reads it
from spanfold_query_api.problems import not_found, responses
from spanfold_schemas.fold import RUN

if TYPE_CHECKING:
    from spanfold_schemas.database import Database


def router(database: Database) -> APIRouter:
    """The routes under ``/v1/runs`` and ``/v1/experiments``."""
    routes = APIRouter(tags=["runs"])
    not_there = responses(HTTPStatus.NOT_FOUND)

    @routes.get("/v1/runs", summary="List runs, newest first unless ordered", responses=responses())
    def list_runs(parameters: Annotated[RunListParameters, Query()]) -> RunPage:
        found, more = runs.listing(
            database,
            parameters.asked(runs.RUNS),
            page_token=parameters.page_token,
            limit=parameters.limit,
        )
        return RunPage.model_validate({"runs": found, "next_page_token": more})

    @routes.get("/v1/runs/{run_id}/events", summary="The events of a run, oldest first", responses=not_there)
    def list_events(
        run_id: Annotated[RunId, Path()], parameters: Annotated[EventListParameters, Query()]
    ) -> EventPage:
        found, more = entities.event_page(
            database, RUN, run_id, page_token=parameters.page_token, limit=parameters.limit
        )
        if not found:
            raise not_found("run", run_id)
        return EventPage.model_validate({"events": found, "next_page_token": more})

    @routes.get("/v1/runs/{run_id}", summary="A run as it is or was", responses=not_there)
    def get_run(run_id: Annotated[RunId, Path()], parameters: Annotated[StateParameters, Query()]) -> Run:
        found = runs.get(database, run_id, parameters.as_of_ns)
        if found is None:
            raise not_found("run", run_id)
        return Run.model_validate(found)

    @routes.get("/v1/experiments", summary="List experiments, newest first", responses=responses())
    def list_experiments(parameters: Annotated[ExperimentListParameters, Query()]) -> ExperimentPage:
        found, more = runs.experiments(database, page_token=parameters.page_token, limit=parameters.limit)
        return ExperimentPage.model_validate({"experiments": found, "next_page_token": more})

    @routes.get("/v1/experiments/{experiment_id}", summary="One experiment", responses=not_there)
    def get_experiment(experiment_id: Annotated[ExperimentId, Path()]) -> Experiment:
        found = runs.get_experiment(database, experiment_id)
        if found is None:
            raise not_found("experiment", experiment_id)
        return Experiment.model_validate(found)

    return routes
