"""``spanfold deployments``, and the gateway inside ``spanfold serve``: as a person runs them."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from spanfold_schemas import keys
from tests.deploy.processes import COMMAND, FREE_PORTS, TIMEOUT_S, environment, run
from tests.end_to_end import models_article
from tests.gateway import served
from tests.providers import script, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHAT = {"messages": [{"role": "user", "content": "What is the capital of France?"}]}


@contextmanager
def started(*arguments: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A command that says when it is ready."""
    with subprocess.Popen(
        [*COMMAND, *arguments, "--json"], env=environment(**more), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()
            assert process.wait(TIMEOUT_S) == 0


def test_a_file_is_checked(tmp_path: Path) -> None:
    file = served.written(tmp_path, models_article.ENDPOINTS)
    good = run("deployments", "check", str(file), OPENAI_API_KEY=served.KEY)
    assert (good.returncode, "1 endpoints (completions)" in good.stdout) == (0, True)
    bad = run("deployments", "check", str(file), "--json", OPENAI_API_KEY="")
    (fault,) = json.loads(bad.stdout)["faults"]
    assert (bad.returncode, fault["line"], fault["column"]) == (2, 8, 23)
    assert "OPENAI_API_KEY is not set" in fault["message"]


def test_a_gateway_does_not_start_on_a_wrong_file(tmp_path: Path) -> None:
    file = served.written(tmp_path, models_article.ENDPOINTS.replace("llm/v1/chat", "chat"))
    data = tmp_path / "counts"
    arguments = ("deployments", "start", "--config", str(file), "--port", "0", "--data", str(data))
    ended = run(*arguments, OPENAI_API_KEY=served.KEY)
    assert ended.returncode == 2
    assert "gateway.yaml:3:18: endpoints[0].endpoint_type: must be one of" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not data.exists()


def test_the_articles_file_starts_a_gateway(tmp_path: Path) -> None:
    file = served.written(tmp_path, models_article.ENDPOINTS)
    arguments = ("deployments", "start", "--config", str(file), "--port", "0", "--data", str(tmp_path / "d"))
    with server.running() as provider, started(*arguments, **provider.environment) as (_, ready):
        url = ready["gateway_url"]
        answer = httpx.post(f"{url}/endpoints/completions/invocations", json=CHAT, timeout=30).json()
        listed = run("deployments", "list", "--target", url)
    assert answer["choices"][0]["message"]["content"] == script.ANSWER
    assert "openai gpt-3.5-turbo" in listed.stdout


@pytest.mark.timeout(240)
def test_calls_through_a_server_are_found_in_it_by_endpoint(tmp_path: Path) -> None:
    file = served.written(tmp_path, models_article.ENDPOINTS)
    with server.running() as provider:
        variables = {**provider.environment, "SPANFOLD_GATEWAY_CONFIG": str(file)}
        arguments = ("serve", *FREE_PORTS, "--data", str(tmp_path / "data"))
        with (
            started(*arguments, **variables, OTEL_BSP_SCHEDULE_DELAY="100") as (_, ready),
            httpx.Client(base_url=ready["api_url"], timeout=30) as client,
        ):
            body = {**CHAT, "model": "completions"}
            answer = client.post("/gateway/v1/chat/completions", json=body)
            assert answer.json()["choices"][0]["message"]["content"] == script.ANSWER
            condition = f"attributes.`{keys.ENDPOINT}` = 'completions'"
            deadline = time.monotonic() + TIMEOUT_S
            while not (found := client.get("/v1/traces", params={"filter": condition}).json())["traces"]:
                assert time.monotonic() < deadline, found
                time.sleep(0.1)
    (trace,) = found["traces"]
    assert trace["input_tokens"] == script.INPUT_TOKENS
