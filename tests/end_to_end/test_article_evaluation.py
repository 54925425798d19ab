"""Every snippet on evaluation of the article on language models runs, in a process of its own.

The server is real; the judge is a local one that speaks OpenAI's protocol and grades what it is sent.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, Server, environment, serving
from tests.end_to_end import evaluation_article as article
from tests.local_models import _models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTPUT = re.compile(r"\[begin output (\w+)\]\n(.*?)\n\[end output \1\]", re.DOTALL | re.IGNORECASE)
"""How the judge is shown what it grades."""
CASUAL = "It's like, a super easy thing!"
FORMAL = "A span is one timed operation."
SETUP = f"""\
import json
eval_data = [
    {{"inputs": "What is a span?", "ground_truth": {FORMAL!r}}},
    {{"inputs": "What is a trace?", "ground_truth": "All spans of a request."}},
    {{"inputs": "Yes or no?", "ground_truth": "yes"}},
]
def model(rows):
    answers = {{
        "What is a span?": {FORMAL!r},
        "What is a trace?": {CASUAL!r},
        "Yes or no?": "no",
    }}
    return [answers[question] for question in rows["inputs"]]
"""
PRINT = "\nprint(json.dumps({'metrics': results.metrics, 'rows': list(results.iter_rows()),"
PRINT += " 'run_id': results.run_id, 'id': results.evaluation_id, 'errors': dict(results.errors)}))\n"


class Judge(BaseHTTPRequestHandler):
    """Marks exclamation marks down, in the form that it is asked for."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        question = body["messages"][-1]["content"]
        found = OUTPUT.search(question)
        assert found is not None, question
        score, why = (2, "It uses slang.") if "!" in found[2] else (4, "It is formal.")
        content = json.dumps({"justification": why, "score": score})
        answer = json.dumps(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": content},
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 500, "completion_tokens": 20, "total_tokens": 520},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def judging() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A judge on a free port: its address, and what it was asked."""
    asked = list[dict[str, Any]]()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Judge,), {"asked": asked})) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}/v1", asked
        finally:
            http.shutdown()
            thread.join(TIMEOUT_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("evaluation") / "data", *FREE_PORTS) as started:
        yield started


@pytest.fixture(scope="module")
def toxicity_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny real classifier: the article's own is a download."""
    return _models.classifier(tmp_path_factory.mktemp("toxicity"))


def run(server: Server, code: str, **more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", article.OUR_IMPORT + article.OUR_METRICS + SETUP + code + PRINT],
        env=environment(
            SPANFOLD_ENDPOINT=server.ready["api_url"],
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
            NO_PROXY="127.0.0.1",
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


def test_the_usual_metrics_of_question_answering_are_computed_and_logged(
    server: Server, toxicity_model: Path
) -> None:
    printed = run(server, article.USUAL, SPANFOLD_TOXICITY_MODEL=str(toxicity_model), SPANFOLD_DEVICE="cpu")
    assert printed["errors"] == {}
    for name in article.USUAL_METRICS:
        assert any(key.startswith(f"{name}/v1") for key in printed["metrics"]), name
    assert printed["metrics"]["exact_match/v1"] == pytest.approx(1 / 3)
    rows = printed["rows"]
    assert [row["outputs"] for row in rows] == [FORMAL, CASUAL, "no"]
    assert all(isinstance(row["ari_grade_level/v1/score"], float) for row in rows)
    response = httpx.get(f"{server.ready['api_url']}/v1/runs/{printed['run_id']}", timeout=TIMEOUT_S)
    state = response.raise_for_status().json()
    assert state["status"] == "FINISHED"
    assert state["metrics"] == pytest.approx(printed["metrics"])
    response = httpx.get(f"{server.ready['api_url']}/v1/evaluations/{printed['id']}", timeout=TIMEOUT_S)
    listed = response.raise_for_status().json()
    assert (listed["source"], listed["status"], listed["run_id"]) == ("rows", "FINISHED", printed["run_id"])
    assert listed["aggregates"] == pytest.approx(printed["metrics"])
    assert [metric["name"] for metric in listed["metrics"]] == list(article.USUAL_METRICS)


def test_a_metric_of_ones_own_gets_its_arguments_by_their_names(server: Server) -> None:
    assert article.CUSTOM.count(article.LEFT_OPEN) == 1
    printed = run(server, article.CUSTOM.replace(article.LEFT_OPEN, article.FILLED_IN))
    assert [row["over_10_chars/score"] for row in printed["rows"]] == ["yes", "yes", "no"]
    assert printed["metrics"]["over_10_chars/yes/ratio"] == pytest.approx(2 / 3)
    assert printed["metrics"]["over_10_chars/no/ratio"] == pytest.approx(1 / 3)


def test_the_articles_judge_grades_professionalism_with_its_examples(server: Server, tmp_path: Path) -> None:
    use = article.USUAL.replace(")\n", "    extra_metrics=[professionalism],\n)\n")
    with judging() as (address, asked):
        keys = {"OPENAI_BASE_URL": address, "OPENAI_API_KEY": "none-is-needed"}
        cache = {"SPANFOLD_CACHE_DIR": str(tmp_path)}
        printed = run(server, article.JUDGE + use, **keys, **cache)
        again = run(server, article.JUDGE + use, **keys, **cache)
    assert [row["professionalism/v1/score"] for row in printed["rows"]] == [4, 2, 4]
    assert printed["rows"][1]["professionalism/v1/justification"] == "It uses slang."
    judged = {key: value for key, value in printed["metrics"].items() if key.startswith("professionalism")}
    assert judged == pytest.approx({"professionalism/v1/mean": 10 / 3, "professionalism/v1/variance": 8 / 9})
    assert again["metrics"] == pytest.approx(printed["metrics"])
    assert len(asked) == 3, "an answer that was paid for is not asked for again"
    assert {body["model"] for body in asked} == {"gpt-3.5-turbo-16k"}
    assert {body["temperature"] for body in asked} == {0.0}
    system = asked[0]["messages"][0]["content"]
    assert "friendly neighborhood toolkit" in system
    assert "end-to-end machine learning (ML) lifecycle" in system, "the comma after the text does no harm"
