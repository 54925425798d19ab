"""``spanfold.compare`` and ``spanfold.diff`` in an application, over a real server and its own writes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.processes import Server

TRAFFIC = """
import json, time
from datetime import UTC, datetime

import spanfold
from opentelemetry import trace
from spanfold.comparison import Change, Comparison, Difference, Estimate, ModelDiff
from spanfold.errors import InvalidArgumentError, ModelNotFoundError, ServerUnavailableError

tracer = trace.get_tracer("bot")
models = {}
for name, milliseconds in (("bot-v1", 100), ("bot,v2", 150)):
    models[name] = spanfold.create_external_model(name=name, params={"size": str(milliseconds)})
    with spanfold.set_active_model(name=name):
        for number in range(60):
            start = time.time_ns() - 10**11 + number * 10**9
            span = tracer.start_span("answer", start_time=start)
            span.set_attribute("gen_ai.operation.name", "chat")
            span.set_attribute("gen_ai.usage.input_tokens", 90 + number)
            span.end(end_time=start + (milliseconds + number) * 10**6)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("compare") / "data", *FREE_PORTS) as started:
        yield started


def application(server: Server, code: str) -> Any:  # JSON
    """Run it; what it prints last."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
            SPANFOLD_ENDPOINT=server.ready["api_url"],
        ),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_an_application_compares_versions_whose_traces_it_has_just_written(server: Server) -> None:
    found = application(
        server,
        f"""{TRAFFIC}
found = spanfold.compare([models["bot-v1"], "bot,v2"], end=datetime(2100, 1, 1, tzinfo=UTC))
assert isinstance(found, Comparison)
new = found.models[models["bot,v2"].model_id]
change = new.metrics["latency_p50"].difference
assert isinstance(change, Change) and isinstance(change.relative, Estimate)
frame = found.to_pandas()
assert len(frame) == 2 * len(new.metrics)
assert set(frame["metric"]) == set(new.metrics)
row = frame[(frame["metric"] == "latency_p50") & (frame["name"] == "bot,v2")].iloc[0]
assert (row["change"], row["relative_lower"]) == (change.absolute.value, change.relative.lower)
assert spanfold.compare(["bot-v1", "bot,v2"], baseline="bot,v2").baseline == new.model_id
assert spanfold.compare(list(models), filter_string="latency_ms > 160").models[new.model_id].trace_count == 49
print(json.dumps(found.to_dict()))
""",
    )
    base, new = found["models"].values()
    assert found["baseline"] == base["model_id"]
    assert (base["trace_count"], new["trace_count"]) == (60, 60)
    assert found["params"] == {"size": {base["model_id"]: "100", new["model_id"]: "150"}}
    latency = new["metrics"]["latency_p50"]
    assert latency["difference"]["absolute"]["value"] == 50
    assert latency["difference"]["significant"]
    assert latency["estimate"]["lower"] < latency["estimate"]["value"] < latency["estimate"]["upper"]


def test_an_application_sees_what_differs_between_versions_and_instants(server: Server) -> None:
    found = application(
        server,
        f"""{TRAFFIC}
made = datetime.now(UTC)
spanfold.set_logged_model_tags(models["bot-v1"].model_id, {{"git.commit": "abc", "team": "ml"}})
found = spanfold.diff(models["bot-v1"], models["bot,v2"])
assert isinstance(found, ModelDiff)
assert found.params == (Difference("size", "changed", "100", "150"),)
assert found.git == (Difference("git.commit", "removed", "abc", None),)
assert found.a == spanfold.get_logged_model(models["bot-v1"].model_id)
assert list(found.to_pandas()["section"]) == ["properties", "params", "tags", "git"]
then = spanfold.diff(models["bot-v1"], models["bot-v1"], as_of_a=made)
assert then.tags == (Difference("team", "added", None, "ml"),)
print(json.dumps(found.to_dict()))
""",
    )
    assert found["traffic_a"]["trace_count"] == 60
    assert found["traffic_b"]["latency_ms"]["p50"] > found["traffic_a"]["latency_ms"]["p50"]


def test_mistakes_are_told_apart_from_what_is_not_there(server: Server) -> None:
    told = application(
        server,
        """
import json
import spanfold
from spanfold.errors import SpanfoldError

spanfold.create_external_model(name="here")
told = []
for call in (
    lambda: spanfold.compare(["here"]),
    lambda: spanfold.compare("here"),
    lambda: spanfold.compare(["here", 7]),
    lambda: spanfold.compare(["here", "here"]),
    lambda: spanfold.compare(["here", "nowhere"]),
    lambda: spanfold.compare(["here", "there"], baseline="beyond"),
    lambda: spanfold.compare(["here", "there"], filter_string="stats = 1"),
    lambda: spanfold.diff("here", "nowhere"),
    lambda: spanfold.diff("nowhere", "here"),
    lambda: spanfold.diff("here", "here", as_of_b="yesterday"),
):
    try:
        call()
    except SpanfoldError as fault:
        told.append([type(fault).__name__, str(fault)])
print(json.dumps(told))
""",
    )
    kinds = [kind for kind, _ in told]
    assert kinds == 4 * ["InvalidArgumentError"] + 2 * ["ModelNotFoundError"] + [
        "InvalidArgumentError"
    ] + 2 * ["ModelNotFoundError"] + ["InvalidArgumentError"]
    for (_, text), part in zip(
        told,
        [
            "at least two",
            "at least two",
            "models",
            "same version",
            "'nowhere'",
            "there, beyond",
            "stats",
            "'nowhere'",
            "'nowhere'",
            "as_of_b",
        ],
        strict=True,
    ):
        assert part in text


def test_a_server_that_is_away_is_a_clear_error() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import spanfold; spanfold.compare(['a', 'b'])",
        ],
        env=environment(
            OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", SPANFOLD_ENDPOINT="http://127.0.0.1:9"
        ),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1
    assert "ServerUnavailableError" in done.stderr
    assert "http://127.0.0.1:9" in done.stderr
