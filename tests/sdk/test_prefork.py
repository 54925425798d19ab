"""Under gunicorn, whose master forks workers: each span arrives once, and none is lost when it is stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sdk import otlp_receiver
from tests.sdk.conftest import ROOT
from tests.sdk.otlp_receiver import attributes_of, model_json, wait_until

REQUESTS = 40


@pytest.mark.parametrize("preload", [True, False])
@pytest.mark.parametrize("worker", ["sync", "gthread"])
def test_gunicorn_loses_nothing_when_it_is_stopped(worker: str, *, preload: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    options = [
        "--workers",
        "2",
        "--worker-class",
        worker,
        "--bind",
        f"127.0.0.1:{port}",
        "--no-control-socket",
    ]
    with otlp_receiver.running() as server:
        server.models.append(model_json("m-" + "9" * 32, "v9"))
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.address,
            "OTEL_BSP_SCHEDULE_DELAY": "600000",
            "SPANFOLD_ENDPOINT": server.address,
        }
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", *options, "--log-level", "error"),
                *(["--preload"] if preload else []),
                "tests.sdk.prefork_app:application",
            ],
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        try:
            wait_until(lambda: answers(port))
            with ThreadPoolExecutor(8) as pool:
                paths = [f"/{number}" for number in range(REQUESTS)]
                assert all(pool.map(lambda path: get(port, path) == "done", paths))
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
    assert status == 0
    spans = [attributes_of(span.attributes) for span in server.spans if span.name == "request"]
    assert sorted(span["path"] for span in spans if span["path"] != "/up") == sorted(paths)
    assert {span["spanfold.model.id"] for span in spans} == {"m-" + "9" * 32}
    loading = [span for span in server.spans if span.name == "loading"]
    assert len(loading) == (1 if preload else 2), "what the master had queued, only the master sends"


def get(port: int, path: str) -> str:
    return requests.get(f"http://127.0.0.1:{port}{path}", timeout=30).text


def answers(port: int) -> bool:
    try:
        return get(port, "/up") == "done"
    except requests.ConnectionError:
        return False
