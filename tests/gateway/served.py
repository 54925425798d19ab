"""A gateway on a real socket: its file, its client, and what it tells the collector."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
import openai
import uvicorn

from spanfold_query_api.gateway.app import Deployments, create_gateway_app
from spanfold_query_api.gateway.spans import Spans
from spanfold_query_api.gateway.versions import Versions
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from spanfold.prompts._version import PromptVersion
    from tests.providers.server import Provider
    from tests.sdk.otlp_receiver import Server

START_TIMEOUT_S: Final = 20.0
DEADLINE_S: Final = 20.0
POLL_S: Final = 0.02
KEY: Final = "gateway-key-0123456789abcdef"
"""Of no provider's form: only who knows it recognises it."""
ALL: Final = """\
endpoints:
- name: chat
  endpoint_type: llm/v1/chat
  model: &openai
    provider: openai
    name: gpt-4o
    config:
      openai_api_key: $GATEWAY_TEST_KEY
      openai_api_base: {base}/v1
- name: claude
  endpoint_type: llm/v1/chat
  model:
    provider: anthropic
    name: claude-sonnet-4-5
    config:
      anthropic_api_key: $GATEWAY_TEST_KEY
      anthropic_api_base: {base}
- name: vectors
  endpoint_type: llm/v1/embeddings
  model: *openai
"""


@dataclass
class Served:
    """A running gateway."""

    url: str
    file: Path
    deployments: Deployments
    http: httpx.Client

    @property
    def openai(self) -> openai.OpenAI:
        """The official client."""
        return openai.OpenAI(base_url=f"{self.url}/gateway/v1", api_key="not-needed", max_retries=0)

    def status(self) -> dict[str, Any]:
        """What it tells of itself."""
        found: dict[str, Any] = self.http.get("/gateway/v1/status").json()
        return found

    def wait_for(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Its status once it is so; fails if it never is."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            status = self.status()
            if is_so(status):
                return status
            assert time.monotonic() < deadline, status
            time.sleep(POLL_S)


@contextmanager
def served(
    file: Path,
    collector: Server | None = None,
    resolve_prompt: Callable[[str], PromptVersion] | None = None,
) -> Iterator[Served]:
    """A gateway of this file, on a free port of loopback."""
    spans = Spans(None if collector is None else collector.address, later=collector is None)
    versions = Versions(later=True)
    versions.connect(None if collector is None else collector.address)
    deployments = Deployments(file, file.parent / "ledger" / "limits.sqlite", spans, versions, poll_s=POLL_S)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    app = create_gateway_app(deployments, resolve_prompt)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started:
            assert thread.is_alive(), "the gateway did not start"
            assert time.monotonic() < deadline, "the gateway did not start in time"
            time.sleep(0.01)
        with httpx.Client(base_url=url, timeout=30) as http:
            yield Served(url, file, deployments, http)
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)
        deployments.close()
    assert not thread.is_alive(), "the gateway did not stop"


def written(folder: Path, text: str) -> Path:
    """A file of endpoints."""
    file = folder / "gateway.yaml"
    file.write_text(text)
    return file


def all_kinds(folder: Path, provider: Provider) -> Path:
    """A file with endpoints of each type."""
    return written(folder, ALL.replace("{base}", provider.address))


def the_span(collector: Server) -> tuple[Any, dict[str, Any]]:
    """The one span that the gateway has sent, and its attributes."""
    collector.wait_for(lambda: bool(collector.spans))
    (span,) = collector.spans
    return span, attributes_of(span.attributes)
