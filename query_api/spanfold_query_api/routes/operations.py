"""How the server itself is doing."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from fastapi import APIRouter

from spanfold_query_api import operations
from spanfold_query_api.operations_answers import Operations
from spanfold_query_api.problems import responses

if TYPE_CHECKING:
    from spanfold_query_api.gateway.app import Deployments
    from spanfold_query_api.operations import Installation
    from spanfold_query_api.outgoing import Outgoing
    from spanfold_query_api.workers import Workers
    from spanfold_schemas.database import Database


def router(
    database: Database,
    outgoing: Outgoing,
    workers: Workers,
    installation: Installation,
    deployments: Deployments | None,
) -> APIRouter:
    """The route ``/v1/operations``."""
    routes = APIRouter(prefix="/v1/operations", tags=["health"])

    @routes.get("", summary="How the server is doing", responses=responses())
    def get_operations() -> Operations:
        gateway = None if deployments is None else deployments.gateway
        table = None if gateway is None else gateway.table
        return Operations.model_validate(
            {
                "version": metadata.version("spanfold"),
                "database": operations.database_status(database, installation),
                "ingest": operations.ingest_status(database),
                "collector": operations.collector_status(outgoing),
                "evaluations": operations.evaluations_status(database, workers),
                "access": operations.access_status(installation, table),
                "gateway": None if gateway is None else gateway.status(),
            }
        )

    return routes
