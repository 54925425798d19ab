"""``models``, ``runs`` and ``experiments`` over a real server that holds what a real application recorded."""

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
import json
import time

import spanfold

spanfold.set_experiment("support bot")
made = {}
with spanfold.start_run(run_name="calm-otter") as run:
    spanfold.log_params({"lr": "0.1"})
    spanfold.log_metric("loss", 0.5)
    made["run"] = run.info.run_id
for number in range(3):
    model = spanfold.create_external_model(name="bot", params={"top_k": str(number)}, tags={"team": "ml"})
    spanfold.log_metrics({"f1": number / 10}, model_id=model.model_id)
    made[str(number)] = model.model_id
time.sleep(0.01)
made["before"] = time.time_ns()
time.sleep(0.01)
spanfold.set_logged_model_tags(made["0"], {"team": "search"})
spanfold.delete_logged_model(made["1"])
assert spanfold.flush()
print(json.dumps(made))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("entities") / "data", *FREE_PORTS) as started:
        yield started


@pytest.fixture(scope="module")
def made(server: Server) -> dict[str, Any]:
    """IDs of three versions and a run, and an instant (unix ns) before the last changes."""
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
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def spanfold(server: Server, *arguments: str) -> str:
    done = run(*arguments, SPANFOLD_ENDPOINT=server.ready["api_url"], COLUMNS="160")
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(server: Server, *arguments: str) -> list[str]:
    """Values of ``top_k``, which tell the versions apart."""
    models = json.loads(spanfold(server, "models", "list", *arguments, "--json"))["models"]
    return [model["params"]["top_k"] for model in models]


def instant(unix_ns: int) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415 - used here alone

    return datetime.fromtimestamp(unix_ns / 1e9, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.usefixtures("made")
def test_models_are_listed_by_condition_order_and_experiment(server: Server) -> None:
    assert listed(server) == ["2", "0"]
    assert listed(server, "--include-deleted", "--order-by", "metrics.f1 ASC") == ["0", "1", "2"]
    assert listed(server, "--filter", "params.top_k = '2' AND metrics.f1 > 0.1") == ["2"]
    assert listed(server, "--experiment", "support bot", "--filter", "tags.team = 'ml'") == ["2"]
    assert listed(server, "--experiment", "Default") == []
    assert "f1=0.2" in spanfold(server, "models", "list")
    assert "No model version is like that" in spanfold(server, "models", "list", "--name", "nobody")


def test_models_are_shown_and_listed_as_they_were(server: Server, made: dict[str, Any]) -> None:
    before = instant(made["before"])
    shown = json.loads(spanfold(server, "models", "show", made["0"], "--as-of", before, "--json"))["model"]
    assert shown["tags"] == {"team": "ml"}
    assert listed(server, "--as-of", before) == ["2", "1", "0"]
    assert "team=search" in spanfold(server, "models", "show", made["0"])


def test_a_deleted_version_keeps_its_history(server: Server, made: dict[str, Any]) -> None:
    events = json.loads(spanfold(server, "models", "history", made["1"], "--json"))["events"]
    kinds = [event["event_type"].rpartition(".")[2] for event in events]
    assert kinds == ["created", "metrics_logged", "deleted"]


def test_runs_are_listed_and_shown(server: Server, made: dict[str, Any]) -> None:
    found = json.loads(spanfold(server, "runs", "list", "--filter", "params.lr = 0.1", "--json"))["runs"]
    assert [one["run_id"] for one in found] == [made["run"]]
    assert made["run"] in spanfold(server, "runs", "list", "--experiment", "support bot")
    assert "No run is like that" in spanfold(server, "runs", "list", "--filter", "status = 'FAILED'")
    shown = json.loads(spanfold(server, "runs", "show", made["run"], "--json"))["run"]
    assert (shown["run_name"], shown["status"], shown["metrics"]) == ("calm-otter", "FINISHED", {"loss": 0.5})
    printed = spanfold(server, "runs", "show", made["run"])
    assert "loss=0.5" in printed
    assert "FINISHED" in printed


@pytest.mark.usefixtures("made")
def test_experiments_are_listed_with_the_default_one(server: Server) -> None:
    found = json.loads(spanfold(server, "experiments", "list", "--json"))["experiments"]
    assert [one["name"] for one in found] == ["support bot", "Default"]
    assert found[0]["experiment_id"] in spanfold(server, "experiments", "list")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("runs", "show", "nope"), "there is no run 'nope'"),
        (("models", "list", "--order-by", "colour"), "there is no field 'colour'"),
        (("runs", "list", "--filter", "metrics.loss = 'low'"), "expected a number"),
        (("models", "list", "--as-of", "yesterday"), "RFC 3339"),
    ],
)
def test_what_is_wrong_is_named(server: Server, arguments: tuple[str, ...], expected: str) -> None:
    done = run(*arguments, "--endpoint", server.ready["api_url"])
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [("models", "list"), ("models", "show"), ("models", "history"), ("runs", "list"), ("runs", "show")],
)
def test_help_shows_an_example(command: tuple[str, ...]) -> None:
    assert f"spanfold {' '.join(command)}" in run(*command, "--help").stdout
