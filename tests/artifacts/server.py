"""The routes of artifacts as a process of their own, to be killed: no database, so it starts at once.

``python -m tests.artifacts.server --place DIR [--port N] [--max-file-bytes N]`` prints its port once it
serves, and ends with its standard input (so that it never outlives its test).
"""

from __future__ import annotations

import argparse
import os
import resource
import socket
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from fastapi import Depends, FastAPI

from spanfold_query_api import problems
from spanfold_query_api.artifact_uploads import Artifacts, ArtifactSettings
from spanfold_query_api.origins import refuse_foreign_pages
from spanfold_query_api.routes import artifacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold_schemas.database import Database

START_TIMEOUT_S = 20


def app_of(settings: ArtifactSettings) -> FastAPI:
    """Blobs only: what asks the database is not asked here."""
    app = FastAPI(dependencies=[Depends(refuse_foreign_pages)])
    problems.install(app)
    app.include_router(artifacts.router(cast("Database", None), Artifacts(settings)))
    return app


@contextmanager
def running(settings: ArtifactSettings) -> Iterator[str]:
    """The address of a server in a thread of this process."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app_of(settings), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)
    assert not thread.is_alive(), "the server did not stop"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--place", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--max-file-bytes", type=int)
    options = parser.parse_args()
    if options.max_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options.max_file_bytes, options.max_file_bytes))
    listener = socket.create_server(("127.0.0.1", options.port))
    settings: Any = uvicorn.Config(
        app_of(ArtifactSettings(place=options.place)), log_level="warning", lifespan="off"
    )
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
    uvicorn.Server(settings).run(sockets=[listener])


if __name__ == "__main__":
    main()
