"""The OpenAPI document that the page's client is made from: ``python -m spanfold_query_api.web.openapi``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, cast

from spanfold_query_api.app import create_app
from spanfold_query_api.gateway import routes

if TYPE_CHECKING:
    from spanfold_query_api.gateway.calls import Calls
    from spanfold_query_api.gateway.reload import Gateway
    from spanfold_schemas.database import Database


def document() -> dict[str, Any]:
    """What ``/openapi.json`` answers on a server with a gateway. Nothing of it is called."""
    app = create_app(cast("Database", None))
    app.include_router(routes.router(cast("Gateway", None), cast("Calls", None)))
    return app.openapi()


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
