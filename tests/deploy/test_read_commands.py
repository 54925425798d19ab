"""``models`` and ``traces`` show what a real server holds of a real application's traffic."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, Server, environment, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = """
import spanfold

spanfold.create_external_model(name="bot", params={"top_k": "1"})
model = spanfold.create_external_model(name="bot", params={"top_k": "3"})
spanfold.set_active_model(model_id=model.model_id)

@spanfold.trace
def lookup(word):
    if word == "unknown":
        raise LookupError("no such word")
    return word.upper()

@spanfold.trace
def answer(question):
    return " ".join(lookup(word) for word in question.split())

answer("two words")
try:
    answer("unknown")
except LookupError:
    pass
assert spanfold.flush()
print(model.model_id)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("read") / "data", *FREE_PORTS) as started:
        yield started


@pytest.fixture(scope="module")
def model_id(server: Server) -> str:
    """The newer of two versions of ``bot``, with one trace that succeeded and one that failed."""
    done = subprocess.run(
        [sys.executable, "-c", APPLICATION],
        env=environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
            SPANFOLD_ENDPOINT=server.ready["api_url"],
        ),
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return done.stdout.strip()


def spanfold(server: Server, *arguments: str) -> str:
    done = run(*arguments, SPANFOLD_ENDPOINT=server.ready["api_url"], COLUMNS="160")
    assert done.returncode == 0, done.stderr
    return done.stdout


def spanfold_json(server: Server, *arguments: str) -> Any:  # JSON
    return json.loads(spanfold(server, *arguments, "--json"))


def test_models_list_shows_every_version_with_its_parameters(server: Server, model_id: str) -> None:
    models = spanfold_json(server, "models", "list", "--name", "bot")["models"]
    assert [model["params"]["top_k"] for model in models if model["model_id"] == model_id] == ["3"]
    assert len(models) == 2
    printed = spanfold(server, "models", "list")
    assert all(model["model_id"] in printed for model in models)
    assert "top_k=3" in printed


def test_a_limit_holds_and_pages_go_together(server: Server, model_id: str) -> None:
    assert len(spanfold_json(server, "models", "list", "--limit", "1")["models"]) == 1
    assert len(spanfold_json(server, "traces", "list", "--model", model_id, "--limit", "1")["traces"]) == 1


def test_models_show_takes_a_name_for_its_newest_version_and_sums_its_traces_up(
    server: Server, model_id: str
) -> None:
    shown = spanfold_json(server, "models", "show", "bot")
    assert shown["model"]["model_id"] == model_id
    assert (shown["summary"]["trace_count"], shown["summary"]["error_count"]) == (2, 1)
    printed = spanfold(server, "models", "show", model_id)
    assert "1 (50.0%)" in printed
    assert "top_k=3" in printed


def test_models_history_tells_how_the_version_came_to_be(server: Server, model_id: str) -> None:
    events = spanfold_json(server, "models", "history", model_id)["events"]
    assert events[0]["event_type"] == "spanfold.model.created"
    assert "created" in spanfold(server, "models", "history", model_id)


def test_traces_list_filters_by_version_condition_and_age(server: Server, model_id: str) -> None:
    both = spanfold_json(server, "traces", "list", "--model", "bot", "--since", "1h")["traces"]
    assert {trace["status"] for trace in both} >= {"ERROR"}
    assert len(both) == 2
    (failed,) = spanfold_json(server, "traces", "list", "--model", model_id, "--filter", "status = 'ERROR'")[
        "traces"
    ]
    printed = spanfold(server, "traces", "list", "--filter", "status = 'ERROR'")
    assert failed["trace_id"] in printed
    assert "bot" in printed


def test_traces_show_draws_the_tree_with_the_error_and_what_went_in(server: Server, model_id: str) -> None:
    (failed,) = spanfold_json(server, "traces", "list", "--model", model_id, "--filter", "status = 'ERROR'")[
        "traces"
    ]
    printed = spanfold(server, "traces", "show", failed["trace_id"])
    lines = {line.split()[0]: line for line in printed.splitlines() if line}
    assert "█" in lines["answer"]
    assert "ERROR" in lines["└"]
    assert "no such word" in printed
    assert f"version of {failed['service_name']}: bot  {model_id}" in printed
    assert "unknown" in printed
    tree = spanfold_json(server, "traces", "show", failed["trace_id"])
    assert tree["spans"][0]["children"][0]["name"] == "lookup"


@pytest.mark.usefixtures("model_id")
def test_a_bad_filter_is_shown_with_the_place_where_it_went_wrong(server: Server) -> None:
    done = run("traces", "list", "--filter", "status = = 'x'", "--endpoint", server.ready["api_url"])
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[-2].strip() == "status = = 'x'"
    assert lines[-1].index("^") == lines[-2].index("= 'x'")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("models", "show", "nobody"), "there is no model named nobody"),
        (("models", "diff", "nobody", "nowhere"), "spanfold models list"),
        (("models", "show", "m-" + "0" * 32), "m-" + "0" * 32),
        (("traces", "show", "0" * 31 + "1"), "0" * 31 + "1"),
        (("traces", "list", "--since", "soon"), "--since soon is not a period"),
    ],
)
def test_what_is_not_there_is_named(server: Server, arguments: tuple[str, ...], expected: str) -> None:
    done = run(*arguments, "--endpoint", server.ready["api_url"])
    assert done.returncode != 0
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_an_endpoint_that_is_no_query_api_is_called_so(server: Server) -> None:
    done = run("models", "list", "--endpoint", server.ready["otlp_http_endpoint"])
    assert done.returncode == 1
    assert httpx.URL(server.ready["otlp_http_endpoint"]).netloc.decode() in done.stderr
    assert "Traceback" not in done.stderr


def test_traces_list_takes_an_order_and_shows_tokens_cost_and_scores(server: Server, model_id: str) -> None:
    listed = spanfold_json(server, "traces", "list", "--model", model_id, "--order-by", "latency_ms")[
        "traces"
    ]
    latencies = [trace["latency_ms"] for trace in listed]
    assert latencies == sorted(latencies)
    shown = spanfold(server, "traces", "list", "--model", "bot", "--order-by", "start_time ASC")
    assert {"tokens", "cost", "scores"} <= set(shown.split())
    refused = run("traces", "list", "--order-by", "name", SPANFOLD_ENDPOINT=server.ready["api_url"])
    assert (refused.returncode, "start_time" in refused.stderr) == (1, True)


def test_traces_export_writes_every_row_in_each_format(server: Server, model_id: str, tmp_path: Path) -> None:
    export = ("traces", "export", "--model", model_id, "--rows", "spans")
    spanfold(server, *export, "-o", str(tmp_path / "spans.parquet"))
    spanfold(server, *export, "-o", str(tmp_path / "spans.arrow"), "--format", "arrow")
    spanfold(server, *export, "-o", str(tmp_path / "spans.jsonl"), "--format", "jsonl")
    spans = [json.loads(line) for line in (tmp_path / "spans.jsonl").read_text().splitlines()]
    assert [span["name"] for span in spans] == ["lookup", "answer", "lookup", "lookup", "answer"]
    parquet = pq.read_table(tmp_path / "spans.parquet")
    assert parquet.column("span_id").to_pylist() == [span["span_id"] for span in spans]
    assert pa.ipc.open_stream(tmp_path / "spans.arrow").read_all().equals(parquet)
    lines = spanfold(
        *(server, "traces", "export", "--format", "jsonl", "-o", "-", "--column", "status"),
        *("--filter", "status = 'ERROR'"),
    )
    assert lines == '{"status":"ERROR"}\n'
    assert not list(tmp_path.glob("*.part"))


def test_an_export_that_fails_leaves_the_file_as_it_was(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "traces.parquet"
    file.write_text("before")
    address = {"SPANFOLD_ENDPOINT": server.ready["api_url"]}
    refused = run("traces", "export", "-o", str(file), "--column", "nothing", **address)
    assert (refused.returncode, "no column 'nothing'" in refused.stderr) == (1, True)
    assert file.read_text() == "before"
    nowhere = run("traces", "export", "-o", str(tmp_path / "none" / "x.parquet"), **address)
    assert (nowhere.returncode, "no directory" in nowhere.stderr) == (2, True)
    stream = run("traces", "export", "-o", "-", **address)
    assert (stream.returncode, "--format arrow" in stream.stderr) == (2, True)
    away = run("traces", "export", "-o", str(file), "--endpoint", "http://127.0.0.1:9")
    assert (away.returncode, "nothing answers" in away.stderr) == (1, True)
