"""Logged models are evaluated by their URI, and judge, against a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import spanfold
from spanfold import pyfunc
from spanfold.errors import InvalidArgumentError, NotFoundError
from spanfold.metrics.genai import make_genai_metric
from spanfold.metrics.genai._budget import Budget

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.processes import Server

pytestmark = pytest.mark.usefixtures("connected")

ROWS = {"question": ["a", "b", "c"], "right": ["A", "B", "x"]}


def shout(rows: Any) -> list[str]:
    return [text.upper() for text in rows["question"]]


def first_only(rows: Any) -> dict[str, list[str]]:
    return {"candidates": [rows["question"][0].upper()]}


def strict(messages: Any) -> list[str]:
    """A judge of three words: it scores what it finds in the question."""
    text = "\n".join(one["content"] for one in messages["messages"][0])
    assert "JSON schema" in text
    return [json.dumps({"justification": "it shouts", "score": 1 if "HELLO" in text else 4})]


def logged(function: Any, name: str, example: Any = None) -> pyfunc.ModelInfo:
    return pyfunc.log_model(name, python_model=function, input_example=example)


@pytest.mark.parametrize("function", [shout, first_only])
def test_a_logged_model_is_evaluated_as_its_version(function: Any) -> None:
    info = logged(function, function.__name__, {"question": ["a"]})
    loaded = pyfunc.load_model(info.model_uri)
    for model in (info.model_uri, f"models:/{info.name}", loaded, loaded.predict):
        result = spanfold.evaluate(model, ROWS, targets="right", extra_metrics=["exact_match"])
        assert result.metrics["exact_match/v1"] == pytest.approx(2 / 3)
        assert result.model_ids == (info.model_id,)
    assert spanfold.flush()
    traces = spanfold.search_traces(model_id=info.model_id, return_type="list")
    names = {trace.info.name for trace in traces}
    assert names == {f"predict {info.name}"}
    state = spanfold.get_logged_model(info.model_id)
    assert state.metrics["exact_match/v1"] == pytest.approx(2 / 3)


def test_the_only_column_of_the_rows_is_the_only_one_of_the_model() -> None:
    info = logged(shout, "renaming", {"question": ["a"]})
    rows = {"inputs": ["a"], "right": ["A"]}
    result = spanfold.evaluate(info.model_uri, rows, targets="right", extra_metrics=["exact_match"])
    assert result.metrics["exact_match/v1"] == 1
    unclear = {"one": ["a"], "two": ["b"], "right": ["A"]}
    with pytest.raises(InvalidArgumentError, match="the model takes 'question', which the data lacks"):
        spanfold.evaluate(info.model_uri, unclear, targets="right", extra_metrics=["exact_match"])


def test_what_is_evaluated_cannot_be_two_versions_nor_none() -> None:
    info = logged(shout, "one-version", {"question": ["a"]})
    other = spanfold.create_external_model(name="another")
    with pytest.raises(InvalidArgumentError, match=f"the model that is given is {info.model_id}"):
        spanfold.evaluate(info.model_uri, ROWS, metrics=["exact_match"], model_id=other.model_id)
    with pytest.raises(NotFoundError, match="no model with files is ready"):
        spanfold.evaluate("models:/nobody-knows", ROWS, metrics=["exact_match"], targets="right")


def judge(uri: str) -> Any:
    return make_genai_metric("tone", "How formal.", "Score 1: shouts. Score 4: calm.", model=uri)


def test_a_logged_model_judges() -> None:
    info = logged(strict, "strict")
    rows = {"inputs": ["a", "b"], "outputs": ["HELLO", "hello"]}
    result = spanfold.evaluate(data=rows, predictions="outputs", extra_metrics=[judge(info.model_uri)])
    assert result.tables["eval_results_table"]["tone/v1/score"].tolist() == [1, 4]
    assert result.calls == 2


def test_a_judge_that_fails_says_so_in_the_row_and_one_that_is_not_there_ends_the_metric() -> None:
    def broken(rows: Any) -> Any:
        raise RuntimeError(f"no {len(rows)}")

    info = logged(broken, "broken")
    value = judge(info.model_uri).score({"inputs": ["a"], "predictions": ["b"]})
    assert value.scores == [None]
    assert "the model failed: RuntimeError: no 1" in value.errors[0]
    with pytest.raises(Exception, match="no model with files is ready"):
        judge("models:/nobody").score({"inputs": ["a"], "predictions": ["b"]})


def test_a_budget_in_dollars_cannot_be_kept_but_one_of_calls_can() -> None:
    info = logged(strict, "strict")
    columns = {"inputs": ["a", "b", "c"], "predictions": ["x", "y", "z"]}
    with Budget(max_cost_usd=1).in_force(), pytest.raises(InvalidArgumentError, match="use max_calls"):
        judge(info.model_uri).score(columns)
    with Budget(max_calls=2).in_force() as budget, pytest.raises(Exception, match="max_calls=2 is used up"):
        judge(info.model_uri).score(columns)
    assert budget.calls == 2


def test_a_server_runs_no_code_of_a_model_that_a_request_names(
    stack: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"

    def harm(rows: Any) -> Any:
        ran.touch()
        return ["" for _ in rows]

    info = logged(harm, "harm")
    asked = {
        "selection": {"model_id": info.model_id},
        "metrics": [{"name": "safety", "parameters": {"model": info.model_uri}}],
    }
    answer = httpx.post(f"{stack.ready['api_url']}/v1/evaluations", json=asked, timeout=20)
    assert answer.status_code == 422
    assert "runs none but its own" in answer.text
    monkeypatch.setenv("SPANFOLD_LOGGED_JUDGES", "off")  # as in the processes of the server's evaluations
    with pytest.raises(InvalidArgumentError, match="this server runs only its own"):
        judge(info.model_uri).score({"inputs": ["a"], "predictions": ["b"]})
    assert not ran.exists()
