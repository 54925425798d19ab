"""``spanfold demo``, as a new user runs it: what it shows is what a real application did."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from spanfold_deploy.demo.corpus import Document, cut_passages, load_documents
from spanfold_deploy.demo.questions import ask
from spanfold_deploy.demo.ranking import Index, tokenize
from spanfold_deploy.demo.versions import VERSIONS
from tests.deploy.processes import COMMAND, FREE_PORTS, TIMEOUT_S, Server, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUESTIONS = 22
"""Enough of the fixed sequence to hold a pasted page, a question in Japanese, and an empty one."""


def demo(directory: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end, in a directory of its own."""
    return subprocess.run(
        [*COMMAND, "demo", "--no-keep", *arguments],
        cwd=directory,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("server") / "data", *FREE_PORTS) as started:
        yield started


@pytest.fixture(scope="module")
def reports(server: Server, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the demo tells after sending its traffic to a server that runs already."""
    done = demo(
        tmp_path_factory.mktemp("demo"),
        *("--questions", str(QUESTIONS), "--json", "--endpoint", server.ready["api_url"]),
        OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
    )
    read: list[dict[str, Any]] = json.loads(done.stdout)
    return read


def get(server: Server, path: str, **parameters: str) -> Any:
    response = httpx.get(f"{server.ready['api_url']}{path}", params=parameters, timeout=TIMEOUT_S)
    response.raise_for_status()
    return response.json()


def test_every_question_to_every_version_is_one_trace_of_that_version(
    server: Server, reports: list[dict[str, Any]]
) -> None:
    assert [report["model"]["name"] for report in reports] == list(VERSIONS)
    for report in reports:
        assert report["summary"]["trace_count"] == QUESTIONS
        model = get(server, f"/v1/models/{report['model']['model_id']}")
        assert model["params"] == VERSIONS[report["model"]["name"]].params()


def test_the_versions_fail_for_the_reasons_that_their_code_has(reports: list[dict[str, Any]]) -> None:
    statuses = {report["model"]["name"]: report["statuses"] for report in reports}
    unknown = sum(question.text.isascii() is False for question in ask(QUESTIONS))
    empty = sum(not question.text.strip() for question in ask(QUESTIONS))
    assert statuses["docs-qa-v1"]["500"] == unknown  # it takes the first of no passages
    assert statuses["docs-qa-v2"]["404"] == statuses["docs-qa-v3"]["404"] == unknown
    assert all(seen["422"] == empty for seen in statuses.values())
    assert reports[0]["summary"]["error_count"] >= unknown


def test_the_second_version_finds_the_right_documentation_more_often(reports: list[dict[str, Any]]) -> None:
    first, second, _ = (report["hit_rate"] for report in reports)
    assert 0 < first < second <= 1


def test_traces_of_questions_with_a_right_answer_tell_it(
    server: Server, reports: list[dict[str, Any]]
) -> None:
    model_id = reports[1]["model"]["model_id"]
    exported = httpx.get(
        f"{server.ready['api_url']}/v1/traces/export",
        params={"format": "jsonl", "model_id": model_id, "columns": ["input", "scores", "expectations"]},
        timeout=TIMEOUT_S,
    )
    traces = [json.loads(line) for line in exported.text.splitlines()]
    with_answer = [trace for trace in traces if trace["expectations"]]
    assert 0 < len(with_answer) < QUESTIONS
    assert with_answer == [trace for trace in traces if trace["scores"]]
    answers = [json.loads(trace["expectations"]["expected_response"]) for trace in with_answer]
    openings = {document.name: document.opening for document in load_documents()}
    assert set(answers) <= set(openings.values())
    by_name = {trace["input"]: answer for trace, answer in zip(with_answer, answers, strict=True)}
    assert by_name["What does os.mknod do?"] == openings["os.mknod"]


def test_a_trace_goes_through_both_services(server: Server, reports: list[dict[str, Any]]) -> None:
    model_id = reports[-1]["model"]["model_id"]
    listed = get(server, "/v1/traces", model_id=model_id, filter="status != 'ERROR'", limit="50")["traces"]
    longest = max(listed, key=lambda trace: trace["span_count"])
    trace = get(server, f"/v1/traces/{longest['trace_id']}")
    assert trace["missing_parent_span_ids"] == []
    (root,) = trace["spans"]
    spans = list(flat(root))
    assert {span["service_name"] for span in spans} == {"docs-answer", "docs-retriever"}
    names = [span["name"] for span in spans]
    assert names[:2] == ["POST /answer", "answer_question"]
    assert names.count("rank_passages") == 2  # the question, and the names in it
    ranked = next(span for span in spans if span["name"] == "rank_passages")
    assert ranked["operation"] == "retrieval"


def flat(span: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield span
    for child in span["children"]:
        yield from flat(child)


@contextmanager
def kept_demo(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that keeps serving."""
    with subprocess.Popen(
        [*COMMAND, "demo", "--keep", "--questions", "2"],
        cwd=directory,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.timeout(400)  # two whole demos, on whatever else this machine does
def test_on_its_own_it_starts_a_server_keeps_it_and_can_run_again(tmp_path: Path) -> None:
    with kept_demo(tmp_path) as process:
        assert process.stdout is not None
        told = list(itertools.takewhile(lambda line: "spanfold traces list" not in line, process.stdout))
        home, failures, compared, _ = [line.strip() for line in told if line.strip().startswith("http://")]
        assert len(httpx.get(f"{home}v1/models", timeout=TIMEOUT_S).json()["models"]) == 3
        for address in (home, failures, compared):
            assert "<title>spanfold</title>" in httpx.get(address, timeout=TIMEOUT_S).text
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 0

    again = demo(tmp_path, "--questions", "2")
    assert "docs-qa-v3" in again.stdout
    assert "right answers" in again.stdout
    models = subprocess.run(
        [*COMMAND, "migrate", "--json", "--data", str(tmp_path / "spanfold-demo" / "database")],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    assert json.loads(models.stdout) == {"applied": []}  # the server let go of the directory


def test_the_ranking_finds_the_passage_that_has_the_rarest_words() -> None:
    documents = [
        Document("a.common", "open a file"),
        Document("b.rare", "open a zeppelin"),
        Document("c", "file"),
    ]
    index = Index(cut_passages(documents, 10), title_boost=0)
    (hit,) = index.search(tokenize("open the zeppelin"), top_k=1, k1=1.2, b=0.75)
    assert hit.passage.name == "b.rare"
    assert index.search(tokenize("明日"), top_k=1, k1=1.2, b=0.75) == []


def test_a_name_counts_as_often_as_it_is_boosted() -> None:
    passages = cut_passages([Document("os.path.join", "concatenate parts"), Document("x", "join join")], 10)
    best = [
        Index(passages, title_boost=boost).search(["join", "path"], top_k=1, k1=1.2, b=0.75)[0].passage.name
        for boost in (0, 3)
    ]
    assert best == ["x", "os.path.join"]


def test_the_corpus_is_the_documentation_of_this_python() -> None:
    documents = {document.name: document for document in load_documents()}
    assert len(documents) > 1000
    assert documents["os.path.join"].summary.startswith("Join two or more pathname components")


def test_the_questions_are_the_same_each_time_and_a_longer_run_only_adds_to_them() -> None:
    assert ask(30)[:20] == ask(20)
