"""Whether the process is up."""

from __future__ import annotations

from fastapi import APIRouter

from spanfold_query_api.answers import Health


def router() -> APIRouter:
    """The route; it asks nothing of the database, whose absence no restart of this process mends."""
    routes = APIRouter(tags=["health"])

    @routes.get("/health", summary="Is the process up?")
    def health() -> Health:
        return Health()

    return routes
