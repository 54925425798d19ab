"""A web service as its users write them, which calls the next one: run with ``python -m tests.sdk.service``.

It never mentions model versions. Which one it is comes from the environment.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import requests
import uvicorn
from fastapi import FastAPI, Request
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor

import spanfold

app = FastAPI()


@app.get("/work")
async def work(request: Request, via: str = "") -> dict[str, Any]:
    """Answer with the headers that came, and what the next services of ``via`` (CLIENT@PORT,...) answer."""
    step, _, rest = via.partition(",")
    client, _, port = step.partition("@")
    answer = None
    if client == "httpx":
        async with httpx.AsyncClient(timeout=30) as session:
            answer = (await session.get(f"http://127.0.0.1:{port}/work", params={"via": rest})).json()
    elif client == "requests":
        url = f"http://127.0.0.1:{port}/work"
        answer = (await asyncio.to_thread(requests.get, url, params={"via": rest}, timeout=30)).json()
    with spanfold.start_span("inside"):
        pass
    return {"baggage": request.headers.get("baggage"), "next": answer}


def main() -> None:
    """Listen on a free port of loopback, and print it."""
    spanfold.configure()
    HTTPXClientInstrumentor().instrument()
    RequestsInstrumentor().instrument()
    FastAPIInstrumentor.instrument_app(app)
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)  # noqa: T201 - how the test learns the port
    config = uvicorn.Config(app, log_level="warning")
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
