"""An app that knows nothing of spanfold, run under it: its traces are found by its version."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from spanfold_schemas import ids
from tests.deploy.processes import FREE_PORTS, environment, run, serving
from tests.instrumentation import _serving
from tests.instrumentation.conftest import APPS
from tests.providers import server as providers

if TYPE_CHECKING:
    from pathlib import Path

DEADLINE_S = 40


def test_the_traces_of_an_unchanged_fastapi_app_are_found_by_its_version(tmp_path: Path) -> None:
    with providers.running() as provider, serving("serve", tmp_path, *FREE_PORTS) as server:
        addresses = {
            "SPANFOLD_ENDPOINT": server.ready["api_url"],
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.ready["otlp_http_endpoint"],
        }
        for version, questions in (("shop-v1", ["hello"]), ("shop-v2", ["hello", "fail:500"])):
            _deploy_and_ask(version, questions, environment(**provider.environment, **addresses))
        first = _traces(server.ready["api_url"], "shop-v1", 1)
        second = _traces(server.ready["api_url"], "shop-v2", 2)
        listing = ("traces", "list", "--model", "shop-v1", "--filter", "name = 'GET /ask'", "--json")
        shown = run(*listing, **addresses)
    assert [trace["status"] for trace in first] == ["UNSET"]
    assert sorted(trace["status"] for trace in second) == ["ERROR", "UNSET"]
    assert {trace["name"] for trace in (*first, *second)} == {"GET /ask"}
    (listed,) = json.loads(shown.stdout)["traces"]
    assert listed["trace_id"] == first[0]["trace_id"]
    assert provider.headers_named("baggage") == []


def _deploy_and_ask(version: str, questions: list[str], variables: dict[str, str]) -> None:
    port = _serving.free_port()
    options = ("--model", version, "--service-name", "shop")
    command = (sys.executable, "-m", "spanfold", "run", *options, "uvicorn", "shop:app", "--port", str(port))
    path = f"{sys.prefix}/bin:{variables['PATH']}"
    with _serving.serving(*command, port=port, environment={**variables, "PATH": path}, cwd=APPS) as service:
        for question in questions:
            with suppress(urllib.error.HTTPError):  # the app answers 502 where the provider fails
                service.get(f"/ask?{urlencode({'question': question})}")


def _traces(api_url: str, version: str, count: int) -> list[dict[str, Any]]:
    query = urlencode({"model_id": ids.derive_model_id("0", version), "filter": "name = 'GET /ask'"})
    deadline = time.monotonic() + DEADLINE_S
    while True:
        with urllib.request.urlopen(f"{api_url}/v1/traces?{query}", timeout=10) as response:
            found: list[dict[str, Any]] = json.loads(response.read())["traces"]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.2)
