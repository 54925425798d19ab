"""The gateway as a part of an application, or as one by itself, which needs no database."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import Depends, FastAPI

from spanfold_query_api import problems
from spanfold_query_api.gateway import config_file, routes
from spanfold_query_api.gateway.calls import Calls
from spanfold_query_api.gateway.ledger import Ledger
from spanfold_query_api.gateway.prompt_filling import Prompts
from spanfold_query_api.gateway.reload import POLL_S, Gateway
from spanfold_query_api.gateway.spans import Spans
from spanfold_query_api.gateway.versions import Versions
from spanfold_query_api.origins import refuse_foreign_pages
from spanfold_query_api.routes import health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from spanfold.prompts._version import PromptVersion

_DESCRIPTION: Final = """
Models of any provider behind one interface: OpenAI's. `model` is the name of an endpoint of this gateway.

Errors of calls are in OpenAI's form; other errors are problem details (RFC 9457).
"""


class Deployments:
    """A gateway with all that belongs to it: its file, its limits, its spans."""

    def __init__(
        self,
        config: Path,
        ledger: Path,
        spans: Spans | None = None,
        versions: Versions | None = None,
        *,
        poll_s: float = POLL_S,
    ) -> None:
        """Read the file; nothing is served yet.

        Args:
            config: the YAML file of the endpoints.
            ledger: the SQLite file in which limits are kept; its folder is made where it is missing.
            spans: makes the spans of calls; by default, they go where `OTEL_*` variables say.
            versions: records what answers; by default, where `OTEL_*` variables say.
            poll_s: from one look at the file to the next (s).

        Raises:
            ConfigError: the file cannot be used.
            LedgerError: the limits cannot be kept there.

        Example:
            >>> deployments = Deployments(Path("gateway.yaml"), Path("gateway.sqlite"))  # doctest: +SKIP
            >>> uvicorn.run(create_gateway_app(deployments))  # doctest: +SKIP
        """
        config_file.load(config)  # a wrong file leaves nothing behind
        ledger.parent.mkdir(parents=True, exist_ok=True)
        self._ledger: Final = Ledger(ledger)
        try:
            self.versions: Final = Versions() if versions is None else versions
            self.gateway: Final = Gateway(
                config, self._ledger, poll_s=poll_s, in_force=self.versions.announce
            )
        except BaseException:
            self._ledger.close()
            raise
        self.spans: Final = Spans() if spans is None else spans

    def include_in(self, app: FastAPI, resolve_prompt: Callable[[str], PromptVersion] | None = None) -> None:
        """Add the routes; the application's lifespan must be, or enter, :meth:`lifespan`.

        Args:
            app: to add them to.
            resolve_prompt: gives the version that a prompt's URI stands for.
        """
        fill = None if resolve_prompt is None else Prompts(resolve_prompt).fill
        app.include_router(routes.router(self.gateway, Calls(self.gateway, self.spans, fill)))

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Run the gateway for as long as the application runs."""
        await self.gateway.start()
        try:
            yield
        finally:
            await self.gateway.close()
            self._ledger.close()

    def connect(self, endpoint: str | None) -> None:
        """Send spans and versions to this collector. None: where variables say."""
        self.spans.connect(endpoint)
        self.versions.connect(endpoint)

    def close(self) -> None:
        """Send the last spans."""
        self.versions.close()
        self.spans.close()


def create_gateway_app(
    deployments: Deployments, resolve_prompt: Callable[[str], PromptVersion] | None = None
) -> FastAPI:
    """The gateway alone."""
    app = FastAPI(
        title="spanfold gateway",
        version="1",
        description=_DESCRIPTION,
        redirect_slashes=False,
        docs_url="/docs",
        redoc_url=None,
        dependencies=[Depends(refuse_foreign_pages)],
        lifespan=deployments.lifespan,
    )
    problems.install(app)
    app.include_router(health.router())
    deployments.include_in(app, resolve_prompt)
    return app
