"""The query API: reads what the collector wrote, and never writes. Its own events go to the collector."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI

from spanfold_query_api import problems
from spanfold_query_api.artifact_uploads import Artifacts, ArtifactSettings
from spanfold_query_api.operations import Installation
from spanfold_query_api.origins import refuse_foreign_pages
from spanfold_query_api.outgoing import Outgoing
from spanfold_query_api.prompts import resolve
from spanfold_query_api.routes import (
    agreement,
    compare,
    evaluation_compare,
    evaluation_estimate,
    evaluations,
    feedback,
    health,
    metrics,
    models,
    monitors,
    operations,
    prompts,
    runs,
    trace_exploration,
    traces,
    versions,
)
from spanfold_query_api.routes import artifacts as artifact_routes
from spanfold_query_api.web import routes as web_routes
from spanfold_query_api.workers import NO_WORKERS, Workers

if TYPE_CHECKING:
    from spanfold_query_api.gateway.app import Deployments
    from spanfold_schemas.database import Database

_DESCRIPTION = """
Traces and model versions of GenAI applications, as recorded over OpenTelemetry.

Times are RFC 3339 text beside integers of nanoseconds since 1970; IDs are hexadecimal. Listings are paged:
pass `next_page_token` as `page_token` and repeat all other parameters. Errors are problem details (RFC 9457).
Programs may write; a web page of another server is refused with 403.
"""


def create_app(  # noqa: PLR0913 - the parts that a server is put together from
    database: Database,
    *,
    outgoing: Outgoing | None = None,
    workers: Workers | None = None,
    artifacts: Artifacts | None = None,
    deployments: Deployments | None = None,
    installation: Installation | None = None,
) -> FastAPI:
    """Build the application.

    Args:
        database: to read from.
        outgoing: sends events to the collector; by default, where the environment says it is.
        workers: run evaluations and monitors; by default, none are run here.
        artifacts: files of logged models; by default, in the folder ``spanfold-artifacts``.
        deployments: the gateway's endpoints; by default, there is no gateway here.
        installation: what ``/v1/operations`` tells of how the server was put together.

    Routes are plain functions, which the framework runs in its pool of threads: a query holds up none but
    its own caller. The database stays the caller's, to close after the server has stopped.

    Example:
        >>> app = create_app(open_database("chdb:///var/lib/spanfold"))  # doctest: +SKIP
        >>> uvicorn.run(app, port=4319)  # doctest: +SKIP
    """
    app = FastAPI(
        title="spanfold query API",
        version="1",
        description=_DESCRIPTION,
        redirect_slashes=False,
        docs_url="/docs",
        redoc_url=None,
        dependencies=[Depends(refuse_foreign_pages)],
        lifespan=None if deployments is None else deployments.lifespan,
    )
    problems.install(app)
    if outgoing is None:
        outgoing = Outgoing()
    if workers is None:
        workers = Workers(database, outgoing, NO_WORKERS)
    app.include_router(health.router())
    app.include_router(compare.router(database))
    app.include_router(evaluation_compare.router(database))
    app.include_router(evaluation_estimate.router(database))
    app.include_router(evaluations.router(database, outgoing, workers))
    app.include_router(agreement.router(database))
    app.include_router(feedback.router(database, outgoing))
    app.include_router(metrics.router())
    app.include_router(
        operations.router(database, outgoing, workers, installation or Installation(), deployments)
    )
    # Before the models, whose IDs may be any text.
    app.include_router(versions.router(database))
    # Before the models: a file may be called "events".
    app.include_router(artifact_routes.router(database, artifacts or Artifacts(ArtifactSettings())))
    app.include_router(models.router(database))
    app.include_router(monitors.router(database, outgoing, workers))
    app.include_router(prompts.router(database, outgoing))
    app.add_middleware(prompts.WholeSegments)
    app.include_router(runs.router(database))
    # Before the traces: /v1/traces/{trace_id} would take theirs.
    app.include_router(trace_exploration.router(database))
    app.include_router(traces.router(database))
    app.include_router(web_routes.router())
    if deployments is not None:
        deployments.include_in(app, partial(resolve, database))
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Put the schema of problem details, which every route refers to, into the OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = problems.Problem.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend the document
