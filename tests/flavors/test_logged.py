"""Every flavor against a real server: logged, ready, loaded by URI, called, traced under its version."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.deploy.processes import FREE_PORTS, Server, environment, serving
from tests.providers import script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.clouds import Clouds
    from tests.providers.server import Provider

TIMEOUT_S = 110
"""Four client libraries are imported, which takes long where many tests run at once."""

LOG = """
import json
import spanfold
messages = [{"role": "user", "content": "{question}"}]
logged = [
    spanfold.openai.log_model("gpt-4o", "chat.completions", name="o", messages=messages, temperature=0.5),
    spanfold.anthropic.log_model("claude-haiku-4-5", name="a", messages=messages),
    spanfold.google.log_model("gemini-2.5-flash", name="g", messages=messages),
    spanfold.bedrock.log_model("amazon.nova-lite-v1:0", name="b", messages=messages),
]
found = {}
for info in logged:
    model = spanfold.pyfunc.load_model(info.model_uri)
    found[info.model_id] = model.predict({"question": ["Why?", "How?"]})
spanfold.flush()
print(json.dumps(found))
"""
LOG_CHAIN = """
import json, sys
from langchain_core.runnables import RunnableLambda
import spanfold
info = spanfold.langchain.log_model(RunnableLambda(lambda text: text.upper()), name="shout")
found = {info.model_id: spanfold.pyfunc.load_model("models:/shout").predict(["why?"])}
key = "sk-test-0123456789"
try:
    spanfold.langchain.log_model(RunnableLambda(lambda text: key), name="leaky")
except spanfold.errors.ModelError as fault:
    found["fault"] = str(fault)
found["failed"] = spanfold.last_logged_model().model_id
spanfold.flush()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("server") / "data", *FREE_PORTS) as started:
        yield started


def run(server: Server, code: str, **more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(
            SPANFOLD_ENDPOINT=server.ready["api_url"],
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
            **more,
        ),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


def get(server: Server, path: str, **parameters: Any) -> Any:
    answer = httpx.get(server.ready["api_url"] + path, params=parameters, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer.json()


def test_providers_models_are_ready_and_traced_under_their_versions(
    server: Server, the_provider: Provider, the_clouds: Clouds
) -> None:
    answers = run(server, LOG, **{**the_provider.environment, **the_clouds.environment})
    assert list(answers.values()) == [[script.ANSWER, script.ANSWER]] * 4
    found = [get(server, f"/v1/models/{model_id}") for model_id in answers]
    assert [model["status"] for model in found] == ["READY"] * 4
    assert [model["tags"]["spanfold.flavor"] for model in found] == [
        "openai",
        "anthropic",
        "google",
        "bedrock",
    ]
    assert found[0]["params"] == {"model": "gpt-4o", "task": "chat.completions", "temperature": "0.5"}
    for model_id in answers:
        (trace,) = get(server, "/v1/traces", model_id=model_id)["traces"]
        (root,) = get(server, f"/v1/traces/{trace['trace_id']}")["spans"]
        assert {span["model_id"] for span in (root, *root["children"])} == {model_id}
        assert [span["operation"] for span in root["children"]] == ["chat", "chat"]
        assert trace["output_tokens"] == 2 * script.OUTPUT_TOKENS


def test_a_chain_that_cannot_be_kept_is_failed_with_its_cause(server: Server, the_provider: Provider) -> None:
    found = run(server, LOG_CHAIN, **the_provider.environment)
    assert next(iter(found.values())) == ["WHY?"]
    assert "the value of OPENAI_API_KEY" in found["fault"]
    failed = get(server, f"/v1/models/{found['failed']}")
    assert failed["status"] == "FAILED"
    assert "the value of OPENAI_API_KEY" in failed["status_message"]
