"""Every snippet of the article on version tracking runs, in a process of its own, against a real server."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Optional, get_type_hints

import httpx
import pytest

import spanfold
from spanfold_schemas.ids import derive_model_id
from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, Server, environment, serving
from tests.end_to_end import article

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRACED = "import spanfold\nwith spanfold.start_span({name!r}): pass\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("article") / "data", *FREE_PORTS) as started:
        yield started


def ours(snippet: str) -> str:
    """The snippet with the one line changed that a reader has to change."""
    assert snippet.count(article.IMPORT) == 1
    return snippet.replace(article.IMPORT, article.OUR_IMPORT)


def run(server: Server, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment(
            SPANFOLD_ENDPOINT=server.ready["api_url"],
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
        ),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def run_python(server: Server, code: str, cwd: Path | None = None) -> str:
    done = run(server, sys.executable, "-W", "error", "-c", code, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def get(server: Server, path: str, **parameters: str) -> Any:
    response = httpx.get(f"{server.ready['api_url']}{path}", params=parameters, timeout=TIMEOUT_S)
    response.raise_for_status()
    return response.json()


def named(server: Server, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(server, "/v1/models", name=name)["models"]
    return found


def span_models(server: Server, model_id: str) -> set[str]:
    """Names of the traces that belong to a version."""
    return {trace["name"] for trace in get(server, "/v1/traces", model_id=model_id)["traces"]}


def test_an_id_that_nothing_has_is_a_clear_error_after_all_else_in_the_snippet_has_run(
    server: Server,
) -> None:
    done = run(server, sys.executable, "-c", ours(article.SET_ACTIVE_MODEL))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "ModelNotFoundError: no model version has the ID 'existing-model-id'"
    )
    assert [model["name"] for model in named(server, "my-agent-v1.0")] == ["my-agent-v1.0"]


def test_set_active_model_makes_finds_and_enters_versions_of_any_name_and_id(server: Server) -> None:
    """A span of any OpenTelemetry SDK that names a version is enough for the version to exist."""
    run_python(
        server,
        "import spanfold\n"
        "with spanfold.start_span('x', attributes={'spanfold.model.id': 'existing-model-id'}): pass",
    )
    printed = run_python(server, ours(article.SET_ACTIVE_MODEL))
    assert printed == f"Model ID: {derive_model_id('0', 'my-agent-v2.0')}\n"
    for name in ("my-agent-v1.0", "my-agent-v2.0"):
        (model,) = named(server, name)
        assert (model["model_id"], model["status"]) == (derive_model_id("0", name), "READY")


def test_create_external_model_records_all_that_is_said(server: Server) -> None:
    run_python(server, ours(article.CREATE_EXTERNAL_MODEL))
    (basic,) = named(server, "customer-support-agent-v1.0")
    assert (basic["status"], basic["params"], basic["tags"]) == ("READY", {}, {})
    (full,) = named(server, "recommendation-engine-v2.1")
    assert full["model_type"] == "rag-agent"
    assert full["params"] == {
        "llm_model": "gpt-4",
        "temperature": "0.7",
        "max_tokens": "1000",
        "retrieval_k": "5",
    }
    assert full["tags"] == {"team": "ml-platform", "environment": "staging", "git_commit": "abc123def"}
    (of_run,) = named(server, "my-agent-v3.0")
    run_state = get(server, f"/v1/runs/{of_run['source_run_id']}")
    assert run_state["status"] == "FINISHED"


def test_a_version_is_named_after_the_commit(server: Server, tmp_path: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=TIMEOUT_S)
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=tmp_path, text=True).strip()
    run_python(server, ours(article.GIT), cwd=tmp_path)
    (model,) = named(server, f"my-app-git-{head[:8]}")
    assert model["tags"] == {"git_commit": head[:8]}

    # The same as one call, which finds what the article's code made.
    run_python(server, "import spanfold; spanfold.set_active_model_from_git('my-app')", cwd=tmp_path)
    (tagged,) = named(server, f"my-app-git-{head[:8]}")
    assert tagged["model_id"] == model["model_id"]
    assert tagged["tags"]["git.commit"] == head
    assert tagged["tags"]["git.dirty"] == "false"


def test_traces_are_linked_to_the_active_version(server: Server) -> None:
    run_python(server, ours(article.LINKING_TRACES))
    assert "process_request" in span_models(server, derive_model_id("0", "my-agent-v1.0"))


def test_the_shells_variable_holds_a_name_as_the_article_has_it(server: Server, tmp_path: Path) -> None:
    program = tmp_path / "app.py"
    program.write_text(TRACED.format(name="in production"))
    script = f"{article.IN_PRODUCTION}\n{sys.executable} {program}"
    done = run(server, "bash", "-euc", script)
    assert (done.returncode, done.stderr) == (0, "")
    assert "in production" in span_models(server, derive_model_id("0", "my-agent-v1.0"))


def test_wrong_params_are_refused_in_the_articles_words_and_nothing_is_recorded(server: Server) -> None:
    wrong, _, correct = article.PARAMS.partition("# Correct:")
    use = "\nimport spanfold as mlflow\nmlflow.create_external_model(name={name!r}, params=params)\n"
    done = run(server, sys.executable, "-c", wrong + use.format(name="wrong-params"))
    assert done.returncode == 1
    assert re.search(r"Parameters must be strings: params\['temperature'\] is of type float", done.stderr)
    assert named(server, "wrong-params") == []
    run_python(server, correct + use.format(name="correct-params"))
    (model,) = named(server, "correct-params")
    assert model["params"] == {"temperature": "0.7", "max_tokens": "1000"}


def test_the_signatures_are_the_articles() -> None:
    names = {
        "Optional": Optional,
        "ActiveModel": spanfold.ActiveModel,
        "LoggedModel": spanfold.LoggedModel,
    }
    namespace = dict[str, Any](names)
    exec(article.SIGNATURES, namespace)
    for name in ("set_active_model", "create_external_model"):
        printed, built = namespace[name], getattr(spanfold, name)
        shape = [(item.name, item.default) for item in inspect.signature(printed).parameters.values()]
        assert [(item.name, item.default) for item in inspect.signature(built).parameters.values()] == shape
        assert get_type_hints(built) == get_type_hints(printed)


def test_a_version_has_all_properties_of_the_article() -> None:
    model = spanfold.LoggedModel(model_id="m-1", name="v1")
    assert [name for name in article.PROPERTIES if not hasattr(model, name)] == []
    assert issubclass(spanfold.ActiveModel, spanfold.LoggedModel)
