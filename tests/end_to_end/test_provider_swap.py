"""The provider of a running application is swapped by editing a file; both sides are compared as versions."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import openai
import pytest

from tests.deploy.processes import COMMAND, FREE_PORTS, TIMEOUT_S, Server, environment, serving
from tests.providers import server as providers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.server import Provider

CALLS = 12
OPENAI, ANTHROPIC = "support/openai/gpt-4o-mini", "support/anthropic/claude-sonnet-4-5"
FILE = """\
endpoints:
- name: support
  endpoint_type: llm/v1/chat
  model: {provider: openai, name: gpt-4o-mini}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("swap") / "gateway.yaml"
    written.write_text(FILE, encoding="utf-8")
    return written


@pytest.fixture(scope="module")
def server(file: Path, provider: Provider) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in provider.environment.items():
            patch.setenv(name, value)
        with serving("serve", file.parent / "data", *FREE_PORTS, "--gateway-config", str(file)) as started:
            yield started


def spanfold(server: Server, *arguments: str) -> Any:
    done = subprocess.run(
        [*COMMAND, *arguments, "--json"],
        env=environment(
            SPANFOLD_ENDPOINT=server.ready["api_url"],
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
        ),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(300)  # a server, a client and four commands, on whatever else this machine does
def test_one_edited_line_makes_another_version_and_both_are_compared_and_scored(
    server: Server, file: Path, provider: Provider
) -> None:
    client = openai.OpenAI(base_url=server.ready["api_url"] + "/gateway/v1", api_key="-", max_retries=0)

    def ask(number: int) -> str:
        question: Any = [{"role": "user", "content": f"What is {number} plus one?"}]
        answer = client.chat.completions.with_raw_response.create(model="support", messages=question)
        return answer.headers["spanfold-model-id"]

    before = {ask(number) for number in range(CALLS)}
    replacement = file.with_suffix(".new")
    replacement.write_text(
        FILE.replace("provider: openai, name: gpt-4o-mini", "provider: anthropic, name: claude-sonnet-4-5"),
        encoding="utf-8",
    )
    replacement.replace(file)
    deadline = time.monotonic() + TIMEOUT_S
    while {ask(0)} == before:  # no call fails meanwhile
        assert time.monotonic() < deadline, "the changed file never came into force"
        time.sleep(0.1)
    after = {ask(number) for number in range(CALLS)}
    assert len(before) == len(after) == 1
    assert before != after
    assert {exchange.path for exchange in provider.exchanges} == {"/v1/chat/completions", "/v1/messages"}

    versions = {one["name"]: one for one in spanfold(server, "models", "list")["models"]}
    assert {versions[OPENAI]["model_id"]} == before
    assert {versions[ANTHROPIC]["model_id"]} == after
    for model_id in (*before, *after):  # the gateway sends its spans every few seconds
        while len(spanfold(server, "traces", "list", "--model", model_id)["traces"]) < CALLS:
            assert time.monotonic() < deadline + TIMEOUT_S, "the calls never became traces"
            time.sleep(0.5)
    evaluate = ("evaluate", "--model", OPENAI, "--model", ANTHROPIC, "--metrics", "length,cost")
    found = spanfold(server, *evaluate)["evaluation"]
    assert found["status"] == "FINISHED"
    assert found["progress"]["scores"] >= 4 * CALLS
    compared = spanfold(server, "evaluate", "compare", OPENAI, ANTHROPIC)
    verdicts = {one["metric"]: one["verdict"] for one in compared["metrics"]}
    assert verdicts == {"cost": "worse", "length": "no evidence"}
