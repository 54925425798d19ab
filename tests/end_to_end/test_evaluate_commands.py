"""The README's commands on the demo's traffic: which version answers worse, and by which rows one sees it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.deploy.processes import COMMAND, FREE_PORTS, TIMEOUT_S, environment, serving
from tests.repository._files import ROOT
from tests.repository._snippets import snippets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.processes import Server

QUESTIONS = 60
"""Enough of the fixed sequence for the difference of the answers to be no chance."""
V2, V3 = "docs-qa-v2", "docs-qa-v3"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has the demo's traffic."""
    with serving("serve", tmp_path_factory.mktemp("server") / "data", *FREE_PORTS) as started:
        subprocess.run(
            [
                *(*COMMAND, "demo", "--no-keep", "--questions", str(QUESTIONS)),
                *("--endpoint", started.ready["api_url"]),
            ],
            cwd=tmp_path_factory.mktemp("demo"),
            env=variables(started),
            capture_output=True,
            timeout=240,
            check=True,
        )
        yield started


def variables(server: Server) -> dict[str, str]:
    return environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
        SPANFOLD_ENDPOINT=server.ready["api_url"],
        COLUMNS="180",
    )


def spanfold(server: Server, *arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=variables(server),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commands_of_the_readme() -> list[list[str]]:
    """The block that evaluates the demo's traffic, command by command, without ``spanfold``."""
    (block,) = [
        block.code
        for block in snippets(ROOT / "README.md")
        if "spanfold evaluate --model docs-qa-v2" in block.code
    ]
    return [shlex.split(line, comments=True)[1:] for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def evaluated(server: Server) -> str:
    """What the first of the README's commands prints."""
    return spanfold(server, *commands_of_the_readme()[0])


@pytest.mark.timeout(300)  # the demo with its server, on whatever else this machine does
def test_the_answers_are_scored_by_version(evaluated: str) -> None:
    means = {
        line.split()[1]: float(line.split()[-1])
        for line in evaluated.splitlines()
        if line.split()[:1] == ["token_f1"] and len(line.split()) > 3
    }
    assert set(means) == {V2, V3}
    assert means[V3] < means[V2]
    assert "no output" in evaluated  # what failed has no answer, and no made-up score
    assert re.search(r"rows +120, \d+ lack what some metric needs", evaluated), evaluated


@pytest.mark.usefixtures("evaluated")
def test_the_third_version_answers_worse_and_here_are_the_rows(server: Server) -> None:
    _, compare, show = commands_of_the_readme()
    printed = spanfold(server, *compare)
    table = [line.split() for line in printed.splitlines() if line.endswith(" pairs") or " pairs " in line]
    verdicts = {cells[0]: cells for cells in table if not cells[0].endswith(":")}
    assert set(verdicts) == {"token_f1", "latency"}
    assert verdicts["token_f1"][3] == "worse"
    trace_ids = re.findall(r"\b[0-9a-f]{32}\b", printed)
    assert len(trace_ids) >= 4  # two rows, both sides
    shown = spanfold(server, *(trace_ids[0] if part == "TRACE_ID" else part for part in show))
    assert "score token_f1" in shown


@pytest.mark.usefixtures("evaluated")
def test_the_comparison_is_right_about_what_the_traces_say(server: Server) -> None:
    found = json.loads(spanfold(server, *commands_of_the_readme()[1], "--json"))
    by_name: dict[str, Any] = {metric["metric"]: metric for metric in found["metrics"]}
    f1 = by_name["token_f1"]
    assert f1["paired"]
    assert f1["upper"] < 0
    worst = found["rows"]["token_f1"][0]
    assert worst["score_a"] > worst["score_b"]
    for side in "ab":
        trace = httpx.get(
            f"{server.ready['api_url']}/v1/traces/{worst[f'trace_id_{side}']}", timeout=TIMEOUT_S
        ).json()
        scores = {score["name"]: score["value"] for score in trace["scores"]}
        assert scores["token_f1"] == pytest.approx(worst[f"score_{side}"])
        assert trace["spans"][0]["input"] == worst["inputs"]


@pytest.mark.usefixtures("evaluated")
def test_a_worse_version_fails_the_pipeline(server: Server) -> None:
    done = subprocess.run(
        [*COMMAND, "evaluate", "compare", V2, V3, "--fail-if", "token_f1 worse"],
        env=variables(server),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1
    assert "FAILED token_f1 worse" in " ".join(done.stdout.split())
