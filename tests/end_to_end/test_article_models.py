"""Every snippet on logging and deployments of the article on language models runs, in a process of its own.

The server is real; the provider is a local one that speaks OpenAI's protocol.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest

from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, Server, environment, serving
from tests.end_to_end import models_article as article
from tests.local_models import _models
from tests.providers import server as providers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.server import Provider

USE_OPENAI = """
import json
model = mlflow.pyfunc.load_model(logged_model_info.model_uri)
answers = model.predict([{"question": "What is a span?"}, {"question": "What is a trace?"}])
results = mlflow.evaluate(
    logged_model_info.model_uri,
    [{"question": "What is a span?", "right": "One timed operation."}],
    targets="right",
    model_type="question-answering",
    extra_metrics=["token_f1"],
)
mlflow.flush()
print(json.dumps({"id": logged_model_info.model_id, "run": run.info.run_id, "answers": answers,
                  "metrics": results.metrics}))
"""
USE_MPT = """
import json, os
info = mlflow.pyfunc.log_model(
    name="mpt", python_model=MPT(), artifacts={"snapshot": os.environ["SNAPSHOT"]},
    input_example={"prompt": ["What is a span?"]},
)
model = mlflow.pyfunc.load_model(info.model_uri)
answer = model.predict({"prompt": ["What is a span?"]}, params={"max_tokens": 4, "temperature": 0.5})
mlflow.flush()
print(json.dumps({"id": info.model_id, "answer": answer}))
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("models")
    config = folder / "endpoints.yaml"
    config.write_text(article.ENDPOINTS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in provider.environment.items():
            patch.setenv(name, value)
        with serving("serve", folder / "data", *FREE_PORTS, "--gateway-config", str(config)) as started:
            yield started


def run(server: Server, code: str, **more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(
            SPANFOLD_ENDPOINT=server.ready["api_url"],
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
            **{"NO_PROXY": "127.0.0.1", **more},
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


def test_gpt_4_is_logged_as_a_model_whose_input_is_the_question(server: Server, provider: Provider) -> None:
    before = len(provider.exchanges)
    printed = run(server, article.IMPORTS + article.LOG_OPENAI + USE_OPENAI, **provider.environment)
    assert len(printed["answers"]) == 2
    asked = [exchange.body["messages"] for exchange in provider.exchanges[before:]]
    assert (
        asked[:2]
        == [
            [
                {"role": "system", "content": "Answer the following question in two sentences"},
                {"role": "user", "content": question},
            ]
            for question in ("What is a span?", "What is a trace?")
        ]
        or asked[1::-1]
    )  # they are asked at the same time, in any order
    assert "token_f1/v1/mean" in printed["metrics"] or "token_f1/mean" in printed["metrics"]

    model = get(server, f"/v1/models/{printed['id']}")
    assert (model["status"], model["source_run_id"]) == ("READY", printed["run"])
    files = {one["path"] for one in get(server, f"/v1/models/{printed['id']}/artifacts")["artifacts"]}
    assert "MLmodel" in files
    written = httpx.get(
        f"{server.ready['api_url']}/v1/models/{printed['id']}/artifacts/MLmodel", timeout=TIMEOUT_S
    )
    assert "openai" in written.text
    assert provider.environment["OPENAI_API_KEY"] not in written.text
    traces = get(server, "/v1/traces", model_id=printed["id"])["traces"]
    assert traces, "predictions are traced under the version"


def test_a_local_model_is_logged_and_generates_from_its_snapshot(server: Server, tmp_path: Path) -> None:
    snapshot = _models.causal(tmp_path / "snapshot", [("What is a span?", "One operation.")])
    printed = run(server, article.MPT_IMPORTS + article.MPT + USE_MPT, SNAPSHOT=os.fspath(snapshot))
    (answer,) = printed["answer"]["candidates"]
    assert isinstance(answer, str)
    model = get(server, f"/v1/models/{printed['id']}")
    assert model["status"] == "READY"
    assert get(server, "/v1/traces", model_id=printed["id"])["traces"]


def test_the_articles_endpoint_answers_the_official_client(server: Server, provider: Provider) -> None:
    client = openai.OpenAI(base_url=server.ready["api_url"] + "/gateway/v1", api_key="none")
    assert [model.id for model in client.models.list()] == ["completions"]
    before = len(provider.exchanges)
    answer = client.chat.completions.create(
        model="completions", messages=[{"role": "user", "content": "What is a span?"}]
    )
    assert answer.choices[0].message.content
    (exchange,) = provider.exchanges[before:]
    assert exchange.body["model"] == "gpt-3.5-turbo"
    assert exchange.headers["authorization"] == f"Bearer {provider.environment['OPENAI_API_KEY']}"
