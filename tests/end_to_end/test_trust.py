"""Feedback, agreement and the comparison of evaluations over a real server, as people and CI use them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, environment, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.processes import Server

TRAFFIC = """
import json, time

import spanfold
from spanfold.evaluation._mapping import input_hash
from spanfold.evaluation._sender import EventSender, entity_event, score_event
from spanfold_schemas import ids, keys

@spanfold.trace
def answer(question):
    return "answer to " + question * (1 + int(question.split()[-1]) % 7)

traces = {}
models = {name: spanfold.create_external_model(name=name).model_id for name in ("bot-v1", "bot-v2")}
for name, model_id in models.items():
    with spanfold.set_active_model(model_id=model_id):
        for number in range(60):
            with spanfold.start_span("ask") as span:
                span.set_inputs({"question": f"question {number}"})
                answer(f"question {number}")
                span.set_outputs("answer " * (number + 1))
                if name == "bot-v1":
                    spanfold.log_feedback(name="inside", value=number)
            traces[name, number] = (span.trace_id, span.span_id)
assert spanfold.flush()

def evaluate(label, names, scores, metrics=("token_f1", "tone", "professionalism")):
    evaluation_id = "e-" + label * 32
    events = [entity_event(keys.EVALUATION_STARTED, evaluation_id, {
        "name": "nightly " + label, "experiment_id": "0", "source": "traces", "runner": "client",
        "metrics": [{"name": name, "key": name, "greater_is_better": None if name == "tone" else True}
                    for name in metrics],
        "selection": {}, "options": {}, "model_ids": [models[name] for name in names],
    })]
    for name in names:
        for number in range(60):
            trace_id, span_id = traces[name, number]
            given = dict(trace_id=trace_id, span_id=span_id, model_id=models[name],
                         evaluation_id=evaluation_id, input_hash=hashes[number])
            for metric, value in scores(name, number).items():
                if value is None:
                    events.append(score_event(name=metric, error="JudgeError", **given))
                else:
                    events.append(score_event(name=metric, value=value, explanation="because", **given))
    events.append(entity_event(keys.EVALUATION_FINISHED, evaluation_id, {"metrics": {}}))
    sender = EventSender()
    sender.send(events)
    return evaluation_id

def scores(name, number):
    worse = 0.1 + (number % 5) / 50 if name == "bot-v2" else 0.0
    return {"token_f1": None if number == 59 else 0.5 + (number % 10) / 20 - worse,
            "tone": "polite" if number % 3 or name == "bot-v1" else "rude",
            "professionalism": 1 + number % 5}

hashes = [input_hash(json.dumps({"question": f"question {number}"})) for number in range(60)]
both = evaluate("a", ("bot-v1", "bot-v2"), scores)
older = evaluate("b", ("bot-v1",), lambda name, number: {"token_f1": 0.5 + number % 2 / 10})
evaluate("c", ("bot-v1",), lambda name, number: {"brevity": number % 3}, ["brevity"])
evaluate("d", ("bot-v2",), lambda name, number: {"brevity": number % 3 + 1}, ["brevity"])
evaluate("f", ("bot-v2",), lambda name, number: {"warmth": 1}, ["warmth"])
print(json.dumps({"models": models, "traces": {f"{name} {number}": found for (name, number), found in
                  traces.items()}, "both": both, "older": older}))
"""


class World:
    """A server, and what an application has sent to it."""

    def __init__(self, server: Server, told: dict[str, Any]) -> None:
        self.url = server.ready["api_url"]
        self.otlp = server.ready["otlp_http_endpoint"]
        self.models: dict[str, str] = told["models"]
        self.traces: dict[str, tuple[str, str]] = {key: tuple(value) for key, value in told["traces"].items()}
        self.both: str = told["both"]
        self.older: str = told["older"]

    def python(self, code: str) -> Any:  # JSON
        """What code prints last."""
        return application(self.url, self.otlp, code)

    def command(self, *arguments: str, status: int = 0) -> str:
        """What a command prints."""
        done = run(*arguments, SPANFOLD_ENDPOINT=self.url)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def trace_id(self, model: str, number: int) -> str:
        return self.traces[f"{model} {number}"][0]


def application(url: str, otlp: str, code: str) -> Any:  # JSON
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment(OTEL_EXPORTER_OTLP_ENDPOINT=otlp, SPANFOLD_ENDPOINT=url),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving("serve", tmp_path_factory.mktemp("trust") / "data", *FREE_PORTS) as server:
        ready = server.ready
        yield World(server, application(ready["api_url"], ready["otlp_http_endpoint"], TRAFFIC))


def get(world: World, path: str, **parameters: Any) -> httpx.Response:
    return httpx.get(world.url + path, params=parameters, timeout=30)


def test_two_versions_of_one_evaluation_are_compared_by_pairs_of_the_same_input(world: World) -> None:
    found = world.python("""
import json, spanfold
found = spanfold.compare_evaluations("bot-v1", "bot-v2")
rows = found.rows("token_f1", 3)
assert found.rows("token_f1", 0) == []
frame = found.to_pandas()
assert list(frame["metric"]) == list(found.metrics)
print(json.dumps([found.to_dict(), [[one.inputs, one.trace_id_a, one.trace_id_b, one.change, one.outputs_b]
                                    for one in rows], repr(found)]))
""")
    compared, rows, shown = found
    metrics = {metric["metric"]: metric for metric in compared["metrics"]}
    assert compared["a"]["evaluation_id"] == compared["b"]["evaluation_id"] == world.both
    assert compared["a"]["model_id"] == world.models["bot-v1"]
    f1 = metrics["token_f1"]
    assert (f1["verdict"], f1["paired"], f1["count_a"], f1["errors_a"]) == ("worse", True, 59, 1)
    assert f1["difference"] == pytest.approx(-sum(0.1 + n % 5 / 50 for n in range(59)) / 59)
    assert f1["lower"] < f1["difference"] < f1["upper"] < 0
    assert metrics["tone/rude"]["verdict"] == "higher"
    assert metrics["professionalism"]["verdict"] == "no evidence"
    assert metrics["professionalism"]["difference"] == 0
    assert [row[3] for row in rows] == pytest.approx(3 * [-0.18])
    inputs, trace_a, trace_b, _, output = rows[0]
    number = int(inputs.split()[-1])
    assert (trace_a, trace_b) == (world.trace_id("bot-v1", number), world.trace_id("bot-v2", number))
    assert output == "answer " * (number + 1)
    assert "token_f1: worse" in shown
    assert any("scoring them failed" in note for note in compared["notes"])


def test_evaluations_are_compared_by_their_ids_and_with_tables(world: World) -> None:
    told = world.python(f"""
import json, spanfold
by_id = spanfold.compare_evaluations("{world.older}", "{world.both}", metrics=["token_f1"])
rows = [{{"inputs": json.dumps({{"question": f"question {{n}}"}}), "token_f1/score": 0.9}} for n in range(60)]
with_table = spanfold.compare_evaluations("{world.older}", rows)
print(json.dumps([by_id.to_dict(), with_table.to_dict(), [vars_[0] for vars_ in
      [(one.inputs,) for one in with_table.rows("token_f1", 1)]]]))
""")
    by_id, with_table, rows = told
    (metric,) = by_id["metrics"]
    assert metric["paired"]
    assert metric["repeats"]
    assert metric["count_a"] == 59
    (metric,) = with_table["metrics"]
    assert (metric["verdict"], metric["count_a"], metric["greater_is_better"]) == ("higher", 60, None)
    assert "question" in rows[0]


def test_versions_without_a_common_evaluation_that_has_the_metric_are_compared_by_one_each(
    world: World,
) -> None:
    compared = world.python("""
import json, spanfold
print(json.dumps(spanfold.compare_evaluations("bot-v1", "bot-v2", metrics=["brevity"]).to_dict()))
""")
    assert (compared["a"]["evaluation_id"], compared["b"]["evaluation_id"]) == (
        "e-" + 32 * "c",
        "e-" + 32 * "d",
    )
    (metric,) = compared["metrics"]
    assert (metric["verdict"], metric["difference"]) == ("better", 1)


def test_the_route_and_the_application_say_the_same(world: World) -> None:
    local = world.python(
        "import json, spanfold; print(json.dumps(spanfold.compare_evaluations('bot-v1', 'bot-v2').to_dict()))"
    )
    answer = get(world, "/v1/evaluations/compare", a="bot-v1", b="bot-v2", rows=2).json()
    rows = answer.pop("rows")
    assert answer == local
    assert [len(pairs) for pairs in rows.values()] == 4 * [2]


@pytest.mark.parametrize(
    ("parameters", "status", "part"),
    [
        ({"a": "bot-v1", "b": "nowhere"}, 404, "'nowhere'"),
        ({"a": "e-" + "0" * 32, "b": "bot-v1"}, 404, "e-000"),
        ({"a": "bot-v1", "b": "bot-v1"}, 422, "same version"),
        ({"a": "bot-v1", "b": "bot-v2", "metric": "bleu"}, 422, "professionalism, token_f1, tone/polite"),
        ({"a": "bot-v1", "b": "bot-v2", "confidence": 2}, 422, "confidence"),
    ],
)
def test_what_cannot_be_compared_is_told(
    world: World, parameters: dict[str, Any], status: int, part: str
) -> None:
    answer = get(world, "/v1/evaluations/compare", **parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert part in answer.json()["detail"]


def test_ci_stops_a_version_that_is_worse(world: World) -> None:
    compare = ("evaluate", "compare", "bot-v1", "bot-v2")
    shown = world.command(
        *compare, "--rows", "2", "--fail-if", "token_f1 worse", "--fail-if", "token_f1 < -0.2", status=1
    )
    assert "FAILED token_f1 worse: worse, -0.1" in shown
    assert "ok     token_f1 < -0.2" in shown
    assert "the inputs that changed most" in shown
    assert any(world.trace_id("bot-v2", number) in shown for number in range(4, 60, 5))
    world.command(*compare, "--metric", "tone", "--fail-if", "tone/rude worse")
    told = json.loads(world.command(*compare, "--json", "--fail-if", "professionalism better"))
    assert [one["failed"] for one in told["conditions"]] == [False]


@pytest.mark.parametrize(
    ("condition", "part"),
    [("token_f1", "no condition"), ("bleu worse", "token_f1"), ("token_f1 < 0.5", "no condition")],
)
def test_a_condition_that_is_none_is_a_mistake_of_its_own(world: World, condition: str, part: str) -> None:
    told = world.command("evaluate", "compare", "bot-v1", "bot-v2", "--fail-if", condition, status=2)
    assert part in told


def test_a_metric_that_is_not_there_is_a_mistake_that_lists_those_that_are(world: World) -> None:
    told = world.command("evaluate", "compare", "bot-v1", "bot-v2", "--metric", "bleu", status=2)
    assert "'bleu' is not compared; there are professionalism, token_f1, tone/polite, tone/rude" in told


def test_feedback_over_rest_belongs_to_the_entry_span_and_its_version(world: World) -> None:
    trace_id, span_id = world.traces["bot-v2 7"]
    url = f"{world.url}/v1/traces/{trace_id}"
    answer = httpx.post(
        f"{url}/feedback",
        json={"name": "helpful", "value": True, "rationale": "right page", "source_id": "ann"},
        timeout=30,
    )
    assert answer.status_code == 201
    assert answer.json() == {
        "trace_id": trace_id,
        "span_id": span_id,
        "model_id": world.models["bot-v2"],
        "name": "helpful",
    }
    answer = httpx.post(
        f"{url}/expectations", json={"value": ["d1"], "name": "expected_documents"}, timeout=30
    )
    assert answer.status_code == 201
    told = world.python(f"""
import json, spanfold
trace = spanfold.get_trace("{trace_id}")
(score,) = [one for one in trace.info.scores if one.name == "helpful"]
print(json.dumps([score.value, score.explanation, score.span_id]))
""")
    assert told == [1.0, "right page", span_id]
    (score,) = [
        one for one in get(world, f"/v1/traces/{trace_id}").json()["scores"] if one["name"] == "helpful"
    ]
    assert (score["source"], score["scorer"]) == ("HUMAN", "ann")


@pytest.mark.parametrize(
    ("path", "body", "status", "part"),
    [
        ("{}/feedback", {"name": "", "value": 1}, 422, "name"),
        ("{}/feedback", {"name": "n"}, 422, "value"),
        ("{}/feedback", {"name": "n", "value": [1]}, 422, "value"),
        ("{}/feedback", {"name": "n", "value": 1, "extra": 1}, 422, "extra"),
        ("{}/feedback", {"name": "n", "value": 1, "span_id": "0" * 15 + "1"}, 404, "span"),
        ("{}/expectations", {"value": None}, 422, "value"),
        ("0" * 31 + "1/feedback", {"name": "n", "value": 1}, 404, "trace"),
        ("0" * 31 + "1/expectations", {"value": 1}, 404, "trace"),
    ],
)
def test_what_cannot_be_feedback_is_refused(
    world: World, path: str, body: dict[str, Any], status: int, part: str
) -> None:
    where = path.format(world.trace_id("bot-v1", 1))
    answer = httpx.post(f"{world.url}/v1/traces/{where}", json=body, timeout=30)
    assert answer.status_code == status, answer.text
    assert part in answer.json()["detail"]


def test_feedback_of_an_application_is_beside_the_scores_of_evaluations(world: World) -> None:
    scores = get(world, f"/v1/traces/{world.trace_id('bot-v1', 5)}").json()["scores"]
    assert {"inside": 5.0, "professionalism": 1.0}.items() <= {
        one["name"]: one["value"] for one in scores
    }.items()


def test_people_and_a_judge_are_held_against_each_other(world: World, tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["trace_id", "name", "value", "rationale", "kind"])
        for number in range(60):
            # The judge is one grade too kind to the last third, whose answers are the longest.
            said = max(1, 1 + number % 5 - (number >= 40))
            writer.writerow([world.trace_id("bot-v1", number), "professionalism", said, "read it", ""])
        writer.writerow([world.trace_id("bot-v1", 3), "", "Paris", "", "expectation"])
    assert "61 of 61 recorded" in world.command("feedback", "import", str(file), "--by", "ann")
    found = world.python("""
import json, spanfold
found = spanfold.agreement("professionalism", model="bot-v1", limit=4)
assert found.disagreements[0].trace_id and found.kappa.value is not None
print(json.dumps(found.to_dict()))
""")
    assert (found["count"], found["kind"], found["classes"]) == (60, "grades", [1, 2, 3, 4, 5])
    assert found["bias"]["value"] == pytest.approx(16 / 60)
    assert found["bias"]["lower"] > 0
    assert [round(group["bias"]["value"], 3) for group in found["by_length"]] == [0, 0, 0.8]
    assert found["bias_and_length"]["lower"] > 0
    assert 0 < found["kappa"]["value"] < found["weighted_kappa"]["value"] < 1
    assert [(one["judge"] - one["human"], one["justification"]) for one in found["disagreements"]] == 4 * [
        (1, "because")
    ]
    shown = world.command("feedback", "agreement", "professionalism", "--model", "bot-v1")
    assert "60 traces" in shown
    assert "weighted_kappa" in shown
    assert json.loads(world.command("feedback", "agreement", "professionalism", "--json"))["count"] == 60


def test_an_agreement_without_feedback_says_what_to_do(world: World) -> None:
    answer = get(world, "/v1/agreement", judge="token_f1")
    assert answer.status_code == 422
    assert "log_feedback" in answer.json()["detail"]


def test_one_row_of_feedback_is_recorded_by_a_command(world: World) -> None:
    trace_id = world.trace_id("bot-v2", 11)
    world.command("feedback", "add", trace_id, "tone", "polite", "--by", "ann")
    world.command("feedback", "expect", trace_id, '["d1"]', "--name", "expected_documents", "--as-json")
    scores = get(world, f"/v1/traces/{trace_id}").json()["scores"]
    (score,) = [one for one in scores if one["name"] == "tone" and one["source"] == "HUMAN"]
    assert (score["label"], score["value"], score["scorer"]) == ("polite", None, "ann")
    told = world.command("feedback", "add", "0" * 31 + "1", "tone", "polite", status=1)
    assert "there is no trace" in told


def test_a_file_with_a_mistake_is_refused_before_anything_is_sent(world: World, tmp_path: Path) -> None:
    file = tmp_path / "reviews.jsonl"
    good = {"trace_id": world.trace_id("bot-v1", 2), "name": "mistaken", "value": 1}
    file.write_text(json.dumps(good) + "\n" + json.dumps({**good, "value": None}) + "\n")
    assert "row 2: it has no value" in world.command("feedback", "import", str(file), status=2)
    scores = get(world, f"/v1/traces/{good['trace_id']}").json()["scores"]
    assert "mistaken" not in {one["name"] for one in scores}
    file.write_text(json.dumps(good) + "\n" + json.dumps({**good, "trace_id": "0" * 31 + "1"}) + "\n")
    told = world.command("feedback", "import", str(file), status=1)
    assert "row 2: there is no trace" in told
    assert "1 of 2 recorded" in told
