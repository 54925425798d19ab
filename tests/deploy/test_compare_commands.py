"""``models diff`` and ``models compare`` over a real server that holds a real application's traffic."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, Server, environment, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION = """
import time

import spanfold
from opentelemetry import trace

spanfold.configure(service_name="bot")
tracer = trace.get_tracer("bot")
begun = time.time_ns() - 10**12

for name, milliseconds, every in (("bot-v1", 100, 50), ("bot, v2", 140, 5)):
    spanfold.create_external_model(
        name=name, params={"size": str(milliseconds)}, tags={"git_commit": name[-1], "team": "ml"}
    )

for name, milliseconds, every in (("bot-v1", 100, 50), ("bot, v2", 140, 5)):
    with spanfold.set_active_model(name=name):
        for number in range(100):
            start = begun + number * 10**9
            root = tracer.start_span("answer", start_time=start)
            with trace.use_span(root):
                call = tracer.start_span("chat", start_time=start)
                call.set_attributes({
                    "gen_ai.operation.name": "chat",
                    "gen_ai.usage.input_tokens": 100 + number % 7,
                    "gen_ai.usage.output_tokens": 10,
                    "gen_ai.usage.cache_read.input_tokens": 0,
                })
                call.end(end_time=start + 1000)
            if number % every == 0:
                root.set_status(trace.StatusCode.ERROR)
            root.end(end_time=start + (milliseconds + number % 20) * 10**6)
assert spanfold.flush()
"""
V1, V2 = "bot-v1", "bot, v2"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("compare") / "data", *FREE_PORTS) as started:
        subprocess.run(
            [sys.executable, "-c", APPLICATION],
            env=environment(
                OTEL_EXPORTER_OTLP_ENDPOINT=started.ready["otlp_http_endpoint"],
                SPANFOLD_ENDPOINT=started.ready["api_url"],
            ),
            timeout=TIMEOUT_S,
            check=True,
        )
        yield started


def spanfold(server: Server, *arguments: str, code: int = 0) -> str:
    done = run(*arguments, SPANFOLD_ENDPOINT=server.ready["api_url"], COLUMNS="160")
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def line_of(printed: str, start: str) -> str:
    return next(line for line in printed.splitlines() if line.strip().startswith(start))


def test_compare_shows_each_metric_with_its_change_interval_and_traces(server: Server) -> None:
    printed = spanfold(server, "models", "compare", V1, V2)
    assert "params.size" in printed
    slower = line_of(printed, "latency_p50")
    assert "▲ *" in slower
    assert "100 / 100" in slower
    assert "+36" in slower
    assert line_of(printed, "error_rate").split()[1:3] == ["2.0%", "20.0%"]
    assert "▲ *" not in line_of(printed, "input_tokens")
    assert line_of(printed, "cached_input_tokens").split()[1:5] == ["0.0", "0.0", "=", "?"]


def test_compare_prints_the_answer_of_the_query_api_as_json(server: Server) -> None:
    found = json.loads(spanfold(server, "models", "compare", V1, V2, "--baseline", V2, "--json"))
    assert [model["name"] for model in found["models"]] == [V1, V2]
    assert found["baseline"] == found["models"][1]["model_id"]
    assert found["conditions"] == []


def test_a_condition_that_is_surely_met_fails_the_command_and_says_by_how_much(server: Server) -> None:
    conditions = ("--fail-if", "latency_p95 > +10%", "--fail-if", "input_tokens > +10%")
    printed = spanfold(server, "models", "compare", V1, V2, *conditions, code=1)
    failed = line_of(printed, "FAILED")
    assert "bot, v2: latency_p95 > +10%: +3" in failed
    assert "100 traces against 100 traces" in failed
    assert line_of(printed, "ok").endswith("100 traces against 100 traces)")


def test_conditions_that_are_not_met_pass(server: Server) -> None:
    conditions = ("--fail-if", "latency_p95 > +90%", "--fail-if", "traces < 100", "--strict")
    printed = spanfold(server, "models", "compare", V1, V2, *conditions)
    assert "FAILED" not in printed


def test_verdicts_are_in_the_json_and_in_the_exit_status(server: Server) -> None:
    arguments = ("models", "compare", V1, V2, "--fail-if", "cost > +5%", "--json")
    found = json.loads(spanfold(server, *arguments, code=1))
    (verdict,) = found["conditions"]
    assert verdict["failed"]
    assert verdict["reason"] == "no trace of bot, v2 tells cost"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((V1,), "at least two versions"),
        ((V1, V2, "--fail-if", "speed > +10%"), "there is no metric 'speed'"),
        ((V1, V2, "--since", "soon"), "--since soon is not a period"),
    ],
)
def test_a_mistake_in_the_command_has_an_exit_status_of_its_own(
    server: Server, arguments: tuple[str, ...], told: str
) -> None:
    done = run("models", "compare", *arguments, "--endpoint", server.ready["api_url"])
    assert done.returncode == 2
    assert told in done.stderr


def test_only_traffic_of_the_period_and_the_filter_counts(server: Server) -> None:
    def counts(*arguments: str) -> list[Any]:
        found = json.loads(spanfold(server, "models", "compare", V1, V2, *arguments, "--json"))
        return [model["trace_count"] for model in found["models"]]

    assert counts("--since", "1h") == [100, 100]
    assert counts("--since", "1m") == [0, 0]
    assert counts("--until", "2020-01-01T00:00:00Z") == [0, 0]
    assert counts("--filter", "status = 'ERROR'") == [2, 20]


def test_diff_shows_what_changed_and_the_traffic_side_by_side(server: Server) -> None:
    printed = spanfold(server, "models", "diff", V1, V2)
    assert line_of(printed, "~").split()[1:] == ["name", *f"{V1} {V2}".split()]
    assert ["~", "params.size", "100", "140"] in [line.split() for line in printed.splitlines()]
    assert "git.git_commit" in printed
    assert line_of(printed, "trace count").split()[2:4] == ["100", "100"]
    found = json.loads(spanfold(server, "models", "diff", V1, V2, "--json"))
    assert found["params"] == [{"key": "size", "change": "changed", "a": "100", "b": "140"}]


def test_diff_says_that_nothing_differs(server: Server) -> None:
    assert "No difference" in spanfold(server, "models", "diff", V1, V1)
