"""The query API as an ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from spanfold_query_api import problems
from spanfold_query_api.routes import health, models, traces

if TYPE_CHECKING:
    from spanfold_schemas.database import Database


def create_app(database: Database) -> FastAPI:
    """Make the application; it reads ``database`` and never writes to it.

    Example:
        >>> app = create_app(database)  # doctest: +SKIP
        >>> uvicorn.run(app, port=4319)  # doctest: +SKIP
    """
    app = FastAPI(
        title="spanfold query API",
        summary="Model versions, folded from their events, and the traces that they made.",
        version="1",
        responses=problems.responses(),
    )
    app.state.database = database
    problems.install(app)
    for module in (health, models, traces):
        app.include_router(module.router)
    return app
