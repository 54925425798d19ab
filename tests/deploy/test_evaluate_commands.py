"""``spanfold evaluate`` and ``spanfold monitors`` over a real server that holds real traces."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.processes import COMMAND, FREE_PORTS, TIMEOUT_S, Server, environment, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = """
import spanfold

@spanfold.trace
def answer(question):
    words = question.split()
    return " ".join(words[: len(words) // shorter])

for name, shorter in (("cut-v1", 1), ("cut-v2", 2)):
    spanfold.create_external_model(name=name, params={"shorter": str(shorter)})
    with spanfold.set_active_model(name=name):
        for number in range(20):
            answer(f"one two three number{number}")
assert spanfold.flush()
"""
V1, V2 = "cut-v1", "cut-v2"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("evaluate") / "data", *FREE_PORTS) as started:
        done = subprocess.run(
            [sys.executable, "-c", APPLICATION],
            env=variables(started),
            timeout=TIMEOUT_S,
            check=True,
        )
        assert done.returncode == 0
        yield started


def variables(server: Server) -> dict[str, str]:
    return environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
        SPANFOLD_ENDPOINT=server.ready["api_url"],
        COLUMNS="200",
    )


def spanfold(server: Server, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=variables(server),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def evaluated(server: Server, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(spanfold(server, "evaluate", *arguments, "--json"))
    return found


@pytest.fixture(scope="module")
def lengths(server: Server) -> dict[str, Any]:
    """An evaluation of both versions by the number of words of their answers."""
    return evaluated(
        server, "--model", V1, "--model", V2, "--metrics", "length:unit=words,latency", "--name", "words"
    )


def test_each_version_has_its_mean_by_each_metric(lengths: dict[str, Any]) -> None:
    assert lengths["evaluation"]["status"] == "FINISHED"
    lines = {(line["metric"], line["model_name"]): line for line in lengths["summary"]}
    assert lines["length_words", V1]["mean"] == 4
    assert lines["length_words", V2]["mean"] == 2
    assert lines["latency", V2]["scores"] == 20
    assert not lines["length_words", V1]["errors"]


def test_what_is_printed_has_a_line_a_version_and_the_next_commands(server: Server) -> None:
    printed = spanfold(
        server, "evaluate", "--model", V1, "--model", V2, "--metrics", "length:unit=words", "--sample", "50%"
    )
    lines = [line.split() for line in printed.splitlines()]
    assert next(line for line in lines if line[:2] == ["length_words", V1])[-1] == "4"
    assert f"spanfold evaluate compare {V1} {V2}" in printed
    assert "spanfold evaluate rows e-" in printed


def test_an_evaluation_is_found_by_name_and_by_id(server: Server, lengths: dict[str, Any]) -> None:
    evaluation_id = lengths["evaluation"]["evaluation_id"]
    listed = spanfold(server, "evaluate", "list")
    assert evaluation_id in listed
    shown = spanfold(server, "evaluate", "show", "words")
    assert evaluation_id in shown
    assert "FINISHED" in shown
    by_model = json.loads(spanfold(server, "evaluate", "list", "--model", V1, "--json"))["evaluations"]
    assert evaluation_id in {one["evaluation_id"] for one in by_model}
    assert "No evaluation is like that" in spanfold(server, "evaluate", "list", "--status", "FAILED")


def test_the_worst_rows_come_with_what_was_asked_and_answered(
    server: Server, lengths: dict[str, Any]
) -> None:
    evaluation_id = lengths["evaluation"]["evaluation_id"]
    rows = json.loads(
        spanfold(server, "evaluate", "rows", evaluation_id, "--metric", "latency", "--limit", "3", "--json")
    )["rows"]
    values = [row["value"] for row in rows]
    assert len(values) == 3
    assert values == sorted(values, reverse=True)  # of latency more is worse
    assert all("number" in row["input"] for row in rows)
    printed = spanfold(server, "evaluate", "rows", evaluation_id, "--model", V2, "--limit", "2")
    assert "one two" in printed
    assert "spanfold traces show" in printed


def test_a_metric_without_targets_scores_nothing_and_says_what_to_do(server: Server) -> None:
    printed = spanfold(server, "evaluate", "--model", V1, "--metrics", "token_f1")
    assert "not scored by all: 20 x no expectation" in printed
    assert "no trace says what would have been right" in printed
    assert "spanfold evaluate compare" not in printed


def test_rows_of_a_file_are_evaluated_and_written(server: Server, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    rows = [{"answer": "red green", "expected": "red blue"}, {"answer": "blue", "expected": "blue"}]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    outputs = [tmp_path / f"out.{kind}" for kind in ("jsonl", "csv", "html", "parquet")]
    arguments = ("--data", str(data), "--predictions", "answer", "--targets", "expected")
    told = spanfold(
        server,
        *("evaluate", *arguments, "--metrics", "token_f1"),
        *(part for output in outputs for part in ("-o", str(output))),
    )
    assert [line.split() for line in told.splitlines() if "token_f1/mean" in line] == [
        ["token_f1/mean", "0.75"]
    ]
    written = [json.loads(line) for line in outputs[0].read_text().splitlines()]
    assert [row["token_f1/score"] for row in written] == [0.5, 1.0]
    assert "token_f1/score" in outputs[1].read_text().splitlines()[0]
    assert "<html" in outputs[2].read_text()[:200]
    assert outputs[3].read_bytes()[:4] == b"PAR1"


def test_a_column_that_is_missing_is_told_in_the_words_of_the_command(server: Server, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text('{"answer": "red"}\n')
    arguments = ("--data", str(data), "--predictions", "answer", "--metrics", "token_f1")
    told = spanfold(server, "evaluate", *arguments, code=2)
    assert "needs the column 'targets'" in told
    assert "Fix: --targets COLUMN" in told


def test_traces_are_written_to_files_with_their_scores(server: Server, tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    spanfold(server, "evaluate", "--model", V2, "--metrics", "length:unit=words", "-o", str(output))
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(rows) == 20
    assert {row["length_words/score"] for row in rows} == {2}
    assert all(row["trace_id"] and row["inputs"] and row["outputs"] == "one two" for row in rows)


def test_a_metric_of_a_file_of_ones_own_is_used(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "checks.py"
    file.write_text("def starts(predictions):\n    return [text.startswith('one') for text in predictions]\n")
    found = evaluated(server, "--model", V1, "--metrics", f"{file}:starts")
    assert [(line["metric"], line["mean"]) for line in found["summary"]] == [("starts", 1.0)]


def test_the_server_evaluates_alike(server: Server) -> None:
    found = evaluated(server, "--model", V1, "--metrics", "length:unit=words", "--on-server")
    assert found["evaluation"]["runner"] == "server"
    assert [(line["metric"], line["mean"]) for line in found["summary"]] == [("length_words", 4.0)]


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        (("--model", "nobody", "--metrics", "length"), "nobody", 1),
        (("--model", V1, "--metrics", "lenght"), "did you mean length", 2),
        (("--model", V1, "--metrics", "length", "--where", "stats = 1"), "stats", 2),
        (("--model", V1, "--metrics", "length", "--sample", "much"), "sample", 2),
        (("--model", V1, "--metrics", "length", "--since", "soon"), "since", 2),
        (("show", "e-0"), "e-0", 1),
        (("rows", "words", "--metric", "nope"), "this evaluation has no metric nope", 2),
    ],
)
@pytest.mark.usefixtures("lengths")
def test_a_mistake_is_told_with_the_way_out(
    server: Server, arguments: tuple[str, ...], told: str, code: int
) -> None:
    assert told in spanfold(server, "evaluate", *arguments, code=code)


def test_ctrl_c_ends_an_evaluation_in_order_and_it_goes_on_when_resumed(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "checks.py"
    file.write_text(
        "import pathlib, time\n"
        f"FOLDER = pathlib.Path({str(tmp_path)!r})\n"
        "def slow(predictions):\n"
        "    if not (FOLDER / 'go').exists():\n"
        "        (FOLDER / 'begun').touch()\n"
        "        time.sleep(0.2)\n"
        "    return [1.0] * len(predictions)\n"
    )
    metric = f"{file}:slow"
    arguments = ("evaluate", "--model", V1, "--model", V2, "--metrics", metric, "--name", "interrupted")
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=variables(server),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            waiting = subprocess.run(
                [sys.executable, "-c", _WAIT, str(tmp_path / "begun")], timeout=TIMEOUT_S, check=True
            )
            assert waiting.returncode == 0
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=TIMEOUT_S)
        finally:
            process.kill()
    (tmp_path / "go").touch()
    if process.returncode == 0:  # it was done before the signal came
        assert json.loads(spanfold(server, "evaluate", "show", "interrupted", "--json"))
        return
    assert process.returncode == 1
    assert "spanfold evaluate resume" in told
    resumed = evaluated(server, "resume", "interrupted", "--metrics", metric)
    assert resumed["evaluation"]["status"] == "FINISHED"
    assert sum(line["scores"] for line in resumed["summary"]) == 40


_WAIT = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.01)
"""


def test_a_monitor_is_added_paused_resumed_and_deleted(server: Server) -> None:
    added = json.loads(
        spanfold(
            server,
            *("monitors", "add", "words", "--model", V1, "--metrics", "length:unit=words", "--sample", "50%"),
            "--json",
        )
    )
    assert added["status"] == "ACTIVE"
    assert added["options"]["sample"] == 0.5
    listed = spanfold(server, "monitors", "list")
    assert "words" in listed
    assert "ACTIVE" in listed
    spanfold(server, "monitors", "pause", "words")
    assert "PAUSED" in spanfold(server, "monitors", "show", "words")
    spanfold(server, "monitors", "resume", added["monitor_id"])
    assert "ACTIVE" in spanfold(server, "monitors", "show", added["monitor_id"])
    spanfold(server, "monitors", "delete", "words")
    assert "there is no monitor words" in spanfold(server, "monitors", "show", "words", code=1)


def test_metrics_that_can_be_named_are_listed_with_what_they_need() -> None:
    done = run("evaluate", "metrics", "--json")
    assert done.returncode == 0, done.stderr
    found = {one["name"]: one for one in json.loads(done.stdout)["metrics"]}
    assert found["token_f1"]["columns"] == ["predictions", "targets"]
    assert found["latency"]["greater_is_better"] is False
    assert "pattern (needed)" in found["regex_match"]["parameters"]


def test_a_server_that_is_away_is_told_in_one_sentence() -> None:
    done = run("evaluate", "--model", "x", "--metrics", "length", "--endpoint", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
