"""Judges score rows of a real provider, and say why where they do not."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from spanfold.errors import InvalidArgumentError
from spanfold.metrics import genai
from spanfold.metrics._registry import from_spec, resolve
from spanfold.metrics.genai import EvaluationExample, JudgeError, make_genai_metric
from tests.providers import script

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold.metrics import EvaluationMetric
    from tests.providers.server import Provider

MODELS = ["openai:/gpt-5-mini", "anthropic:/claude-sonnet-5", "endpoints:/chat"]
QUICK = {"timeout_s": 1.0, "max_retries": 2, "total_timeout_s": 8.0}


def article_metric(model: str = "openai:/gpt-3.5-turbo-16k") -> EvaluationMetric:
    """The article's judge, with the comma that makes a tuple of a text."""
    casual = EvaluationExample(
        input="What is MLflow?",
        output="MLflow is like your friendly neighborhood toolkit!",
        score=2,
        justification="The response is written in a casual tone. ",
    )
    formal = EvaluationExample(
        input="What is MLflow?",
        output=("MLflow is an open-source platform ", "for managing the lifecycle."),  # type: ignore[arg-type]
        score=4,
        justification="The response is written in a formal language. ",
    )
    return make_genai_metric(
        name="professionalism",
        definition="Professionalism refers to the use of a formal style.",
        grading_prompt="- Score 0: extremely casual.- Score 1: casual.- Score 2: mixed.- Score 4: formal.",
        examples=[casual, formal],
        model=model,
        parameters={"temperature": 0.0},
        aggregations=["mean", "variance"],
        greater_is_better=True,
    )


def test_the_articles_judge_has_mlflows_keys_and_sends_its_examples(provider: Provider) -> None:
    metric = article_metric()
    columns = {"inputs": ["What?", "Why?"], "predictions": ["a [judge:score:2]", "b [judge:score:4]"]}
    value = metric.with_aggregates(metric.score(columns))
    assert metric.key == "professionalism/v1"
    assert value.scores == [2, 4]
    assert value.justifications == [script.JUSTIFICATION] * 2
    assert value.aggregate_results == {"mean": 3.0, "variance": 1.0}
    body = provider.exchanges[0].body
    assert (body["model"], body["temperature"]) == ("gpt-3.5-turbo-16k", 0.0)
    assert "MLflow is an open-source platform for managing the lifecycle." in body["messages"][0]["content"]
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["score"]["enum"] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("model", MODELS)
def test_each_row_has_a_score_or_an_error_and_its_cost(provider: Provider, model: str) -> None:
    cases = {
        "a [judge:score:3]": (3, None, 1),
        "b [judge:garbage]": (None, "not one JSON object", 2),
        "c [judge:garbage_once:2]": (2, None, 2),
        "d [judge:fail:429:2:0.01]": (0, None, 1),
        "e [judge:refuse]": (None, "refused to answer", 1),
        "f [judge:cut_off]": (None, "cut off", 1),
        "g [judge:outside]": (None, "from 0 to 4, and it is 99", 2),
        "h [judge:fail:500]": (None, "answered 500", 0),
        "i [judge:broken]": (None, "not the provider's protocol", 3),
        "j [judge:drop]": (None, "no connection", 3),
        "k [judge:hang]": (None, "no answer in 1 s", 3),
        "l [judge:fail:400]": (None, "refused the request", 0),
    }
    value = genai.professionalism(model, limits=QUICK).score({"predictions": [*cases, None]})
    assert value.scores is not None
    assert value.errors is not None
    assert value.calls is not None
    assert value.costs_usd is not None
    for at, (score, error, calls) in enumerate(cases.values()):
        assert (value.scores[at], value.calls[at]) == (score, calls), value.errors[at]
        assert (value.errors[at] is None) is (error is None)
        assert error is None or error in str(value.errors[at])
    assert "no value in 'predictions'" in str(value.errors[-1])
    assert value.scores[-1] is None
    known = [cost for cost in value.costs_usd[:3] if cost]
    assert len(known) == (0 if model.startswith("endpoints") else 3)
    assert sum(value.calls) == sum(calls for _, _, calls in cases.values())
    assert provider.exchanges


@pytest.mark.parametrize("model", MODELS)
def test_a_model_without_schemas_is_asked_in_words(provider: Provider, model: str) -> None:
    value = genai.safety(model).score({"inputs": ["?"] * 2, "predictions": ["a [judge:no_schema]", "b"]})
    assert value.errors == [None, None]
    assert [one.status for one in provider.exchanges].count(400) >= 1


@pytest.mark.parametrize("model", MODELS[:2])
def test_a_refused_parameter_ends_the_metric_and_is_named(provider: Provider, model: str) -> None:
    metric = genai.professionalism(model, temperature=0.5, max_workers=1)
    with pytest.raises(JudgeError, match="refused the parameter 'temperature'"):
        metric.score({"predictions": ["a [judge:no_temperature]", "b", "c"]})
    assert len(provider.exchanges) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_ends_the_metric_at_once(provider: Provider, status: int) -> None:
    metric = genai.professionalism(max_workers=4)
    with pytest.raises(JudgeError, match=str(status)):
        metric.score({"predictions": [f"{number} [judge:fail:{status}]" for number in range(500)]})
    assert len(provider.exchanges) <= 4


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch, provider: Provider) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(JudgeError, match="set ANTHROPIC_API_KEY"):
        genai.professionalism("anthropic:/claude-sonnet-5").score({"predictions": ["a"]})
    assert not provider.exchanges


def test_failures_that_are_all_alike_end_the_metric(provider: Provider) -> None:
    metric = genai.professionalism(limits={"max_retries": 0}, max_workers=4)
    with pytest.raises(JudgeError, match="20 requests in a row failed"):
        metric.score({"predictions": [f"{number} [judge:fail:500]" for number in range(500)]})
    assert len(provider.exchanges) <= 24


def test_no_error_shows_a_key(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "unusual-secret-value")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:unusual-secret-value@127.0.0.1:9/v1")
    headers = {"X-Team-Token": "another-secret-value"}
    metric = genai.professionalism(limits={"max_retries": 0}, extra_headers=headers)
    value = metric.score({"predictions": ["a", "b"]})
    shown = repr(value) + repr(metric)
    assert "secret-value" not in shown
    assert metric.spec is None
    assert not provider.exchanges


def test_headers_and_an_idempotency_key_are_sent(provider: Provider) -> None:
    genai.professionalism(extra_headers={"X-Team": "blue"}).score({"predictions": ["a", "b"]})
    assert provider.headers_named("X-Team") == ["blue", "blue"]
    assert len(set(provider.headers_named("Idempotency-Key"))) == 2


def test_a_gateway_never_gets_a_providers_key(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFOLD_API_KEY", "of-the-gateway")
    genai.professionalism("endpoints:/chat").score({"predictions": ["a"]})
    assert provider.headers_named("Authorization") == ["Bearer of-the-gateway"]


def test_a_judge_works_inside_a_running_event_loop(provider: Provider) -> None:
    async def score() -> object:
        return genai.professionalism().score({"predictions": ["a [judge:score:3]"]}).scores

    assert asyncio.run(score()) == [3]
    assert provider.exchanges


def test_every_judge_can_be_made_again_from_its_spec(provider: Provider) -> None:
    own = genai.make_genai_metric_from_prompt("mood", "Is {output} as cheerful as {tone}? From 1 to 7.")
    ready = [
        genai.answer_similarity(), genai.answer_correctness(), genai.answer_relevance(), genai.relevance(),
        genai.faithfulness(), genai.professionalism(examples=[EvaluationExample("Hi!", 0)]), genai.safety(),
        genai.guidelines(["Be brief.", "Be kind."], name="house_rules"),
    ]  # fmt: skip
    for metric in (article_metric(), own, *ready):
        assert metric.spec is not None
        again = from_spec(json.loads(json.dumps(metric.spec.to_dict())))
        assert (again.spec, again.eval_fn, again.key) == (metric.spec, metric.eval_fn, metric.key)
        assert (again.resource, again.scorer) == ("judge", metric.scorer)
    columns = {"predictions": ["a [judge:score:6]"], "tone": ["a party"]}
    assert own.score(columns).scores == [6]
    assert "a party" in provider.exchanges[-1].body["messages"][1]["content"]


def test_a_judge_is_named_on_a_command_line() -> None:
    metric = resolve("answer_correctness:model=openai:/gpt-5-mini,temperature=0")
    assert metric.scorer == "openai:/gpt-5-mini"
    assert metric.spec is not None
    assert metric.spec.parameters["parameters"] == {"temperature": 0}


def test_a_local_model_goes_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    metric = genai.safety("transformers:model")
    assert metric.scorer == f"transformers:{tmp_path.resolve()}/model"
    assert (metric.resource, metric.batch_rows) == ("torch", 32)


def test_the_environment_names_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFOLD_JUDGE_MODEL", "anthropic:/claude-haiku-4-5")
    assert genai.safety().scorer == "anthropic:/claude-haiku-4-5"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "gpt-4"}, "names no judge"),
        ({"model": "models:"}, "names no judge: write .*models:/<name or ID>"),
        ({"parameters": {"messages": []}}, "set by the judge itself"),
        ({"aggregations": ["sum"]}, "'sum' is none of"),
        ({"examples": [{"output": 3, "score": 1}]}, "output=3 is no text"),
        ({"examples": [{"outputs": "x", "score": 1}]}, "is no EvaluationExample"),
        ({"score_range": (5, 1)}, "write \\(lowest, highest\\)"),
        ({"limits": {"speed": 3}}, "there are concurrency"),
        ({"max_workers": 0}, "above 0"),
        ({"name": "a/b"}, "without a slash"),
    ],
)
def test_an_argument_that_makes_no_sense_is_named(arguments: dict[str, object], message: str) -> None:
    usual: dict[str, object] = {"name": "n", "definition": "d", "grading_prompt": "Score 1: a. Score 2: b."}
    with pytest.raises(InvalidArgumentError, match=message):
        make_genai_metric(**{**usual, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize("model", MODELS)
def test_half_of_a_character_keeps_no_row_from_its_score(provider: Provider, model: str) -> None:
    metric = make_genai_metric(
        name="odd", definition="\ud800", grading_prompt="Score 0: bad. Score 4: good.", model=model
    )
    marked = ["half \udfff [judge:score:3]", "halves \ud83d\ude00 [judge:score:2]"]
    value = metric.score({"inputs": ["\ud800", "?"], "predictions": marked})
    assert (value.scores, value.calls) == ([3, 2], [1, 1])
    sent = "".join(str(one.body) for one in provider.exchanges)
    assert "half \ufffd" in sent
    assert "halves \U0001f600" in sent


def test_a_row_without_an_output_is_not_asked_about_however_it_says_so(provider: Provider) -> None:
    value = genai.professionalism().score({"predictions": [None, float("nan"), pd.NA, pd.NaT]})
    assert value.errors == ["the row has no value in 'predictions'"] * 4
    assert not provider.exchanges
