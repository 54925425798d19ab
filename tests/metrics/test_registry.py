from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold import metrics
from spanfold.errors import InvalidArgumentError
from spanfold.metrics import EvaluationMetric, MetricSpec
from spanfold.metrics._registry import NAMES, factory, from_spec, parse, resolve

if TYPE_CHECKING:
    from pathlib import Path

NEEDED: dict[str, dict[str, Any]] = {
    "regex_match": {"pattern": "^[0-9]+$"},
    "json_schema_match": {"schema": {"type": "object"}},
    "precision_at_k": {"k": 3},
    "recall_at_k": {"k": 3},
    "ndcg_at_k": {"k": 3},
}
HERE = [name for name, place in NAMES.items() if name in metrics.__all__ and ".genai:" not in place]
OF_MODELS = {"toxicity", "semantic_similarity", "bertscore", "profanity"}
WITHOUT_MODELS = [name for name in HERE if name not in OF_MODELS]


def test_every_name_leads_to_a_documented_factory() -> None:
    for name in NAMES:
        made = factory(name)
        assert callable(made), name
        assert inspect.getdoc(made), name


@pytest.mark.parametrize("name", WITHOUT_MODELS)
def test_a_spec_makes_the_same_metric_again_after_a_trip_through_json(name: str) -> None:
    made = from_spec(MetricSpec(name, NEEDED.get(name, {})))
    assert made.spec is not None
    again = from_spec(json.loads(json.dumps(made.spec.to_dict())))
    assert (again.key, again.spec, again.greater_is_better) == (made.key, made.spec, made.greater_is_better)
    assert again.arguments() == made.arguments()


@pytest.mark.parametrize("name", WITHOUT_MODELS)
def test_what_a_factory_is_given_differently_is_in_its_spec(name: str) -> None:
    choices: dict[str, dict[str, Any]] = {
        "rouge1": {"tokenizer": "unicode"},
        "bleu": {"tokenizer": "char"},
        "length": {"unit": "words"},
        "token_count": {"kind": "total"},
        "contains": {"text": "Paris", "ignore_case": True},
        "regex_match": {"pattern": "a", "ignore_case": True},
        "classifier": {"name": "f1_score", "labels": ["a", "b"], "pos_label": "a", "average": "macro"},
        "regressor": {"name": "r2_score"},
    }
    if name in choices:
        spec = from_spec({"name": name, "parameters": choices[name]}).spec
        assert spec == MetricSpec(name, choices[name])


def test_an_unknown_name_is_told_with_close_ones_and_all() -> None:
    with pytest.raises(InvalidArgumentError, match=r"did you mean .*exact_match.*There are .*token_f1"):
        from_spec({"name": "exact_mach"})


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"name": "exact_match", "parameters": {"k": 1}}, "its parameters are none"),
        ({"name": "regex_match"}, "pattern"),
        ({"name": "regex_match", "parameters": {"pattern": 12}}, 'pattern="12"'),
        ({"name": "regex_match", "parameters": {"pattern": "("}}, "no regular expression"),
        ({"name": "precision_at_k", "parameters": {"k": 0}}, "from 1"),
        ({"name": "precision_at_k", "parameters": {"k": True}}, "from 1"),
        ({"name": "rouge1", "parameters": {"tokenizer": "x"}}, "ascii, unicode"),
        ({"name": "json_schema_match", "parameters": {"schema": {"type": "thing"}}}, "no JSON schema"),
        ({"name": "length", "parameters": {"unit": "m"}}, "characters, words"),
        ({"name": "exact_match", "parameters": [1]}, "no object"),
        ({"name": "exact_match", "params": {}}, "params"),
        ({"name": ""}, "needs a name"),
        ({}, "needs a name"),
        ({"name": "mine", "local": True}, "only the process"),
    ],
)
def test_a_spec_that_cannot_be_right_says_what_to_change(spec: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidArgumentError, match=told):
        from_spec(spec)


def test_a_recorded_spec_with_what_readers_are_shown_makes_its_metric() -> None:
    recorded = {"name": "token_f1", "parameters": {}, "key": "token_f1", "greater_is_better": True}
    assert from_spec({**recorded, "resource": "cpu", "scorer": ""}).name == "token_f1"


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("token_f1", "token_f1", {}),
        ("regex_match:pattern=^[0-9]+$", "regex_match", {"pattern": "^[0-9]+$"}),
        ("regex_match:pattern=a=b:c", "regex_match", {"pattern": "a=b:c"}),
        (r"regex_match:pattern=a{1\,2}", "regex_match", {"pattern": "a{1,2}"}),
        (
            "answer_correctness:model=openai:/gpt-5-mini,temperature=0",
            "answer_correctness",
            {"model": "openai:/gpt-5-mini", "temperature": 0},
        ),
        ('regex_match:pattern="12",ignore_case=true', "regex_match", {"pattern": "12", "ignore_case": True}),
        (r"classifier:labels=[1\,2]", "classifier", {"labels": [1, 2]}),
        ("contains:text=NaN", "contains", {"text": "NaN"}),
    ],
)
def test_metrics_are_read_as_a_command_line_has_them(
    text: str, name: str, parameters: dict[str, Any]
) -> None:
    assert parse(text) == MetricSpec(name, parameters)


@pytest.mark.parametrize("text", ["", ":a=1", "x:", "x:a", "x:=1", "x:a=1,a=2", "x:a=1,,b=2"])
def test_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        parse(text)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text(max_size=20), max_size=4))
def test_any_text_can_be_said_as_quoted_json(parameters: dict[str, str]) -> None:
    said = ",".join(f"{name}={json.dumps(value)}".replace(",", "\\,") for name, value in parameters.items())
    assert parse(f"name:{said}" if said else "name").parameters == parameters


def test_at_k_can_be_said_in_the_name() -> None:
    assert resolve("precision_at_5").spec == MetricSpec("precision_at_k", {"k": 5})


def test_resolving_takes_metrics_names_specs_factories_and_functions() -> None:
    metric = metrics.exact_match()
    assert resolve(metric) is metric
    assert resolve("exact_match").key == "exact_match/v1"
    assert resolve(MetricSpec("token_f1")).name == "token_f1"
    assert resolve({"name": "token_f1"}).name == "token_f1"
    assert resolve(metrics.token_f1).name == "token_f1"

    def shouting(predictions: list[str]) -> list[bool]:
        return [text.isupper() for text in predictions]

    made = resolve(shouting)
    assert (made.name, made.spec) == ("shouting", None)
    with pytest.raises(InvalidArgumentError, match="no metric"):
        resolve(3)  # type: ignore[arg-type] # what is refused


FILE = """
from spanfold.metrics import make_metric

def shouting(predictions):
    return [text.isupper() for text in predictions]

quiet = make_metric(eval_fn=shouting, greater_is_better=False, name="quiet")

def made():
    return quiet

NUMBER = 3
"""


def test_metrics_come_from_the_callers_own_file_where_that_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "checks.py"
    file.write_text(FILE)
    for attribute, name in (("shouting", "shouting"), ("quiet", "quiet"), ("made", "quiet")):
        metric = resolve(f"{file}:{attribute}", files=True)
        assert metric.name == name
        assert list(metric.score({"predictions": ["A", "b"]}).scores or ()) == [True, False]
    with pytest.raises(InvalidArgumentError, match="cannot be used here"):
        resolve(f"{file}:shouting")


def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("1 / 0")
    for text, told in (
        (f"{file}:x", "ZeroDivisionError"),
        (f"{tmp_path}/none.py:x", "no such file"),
    ):
        with pytest.raises(InvalidArgumentError, match=told):
            resolve(text, files=True)
    other = tmp_path / "other.py"
    other.write_text(FILE)
    for attribute in ("NUMBER", "absent"):
        with pytest.raises(InvalidArgumentError, match=attribute):
            resolve(f"{other}:{attribute}", files=True)


def test_importing_the_metrics_imports_no_heavy_library() -> None:
    program = (
        "import sys, spanfold.metrics\n"
        "heavy = {'numpy', 'pandas', 'torch', 'sacrebleu', 'rapidfuzz', 'regex', 'pyphen', 'jsonschema'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_all_metrics_of_this_package_are_exported() -> None:
    assert sorted(metrics.__all__) == sorted(set(metrics.__all__))
    for name in HERE:
        assert isinstance(getattr(metrics, name), object)
    missing = [
        name
        for name, place in NAMES.items()
        if ".genai:" not in place and name not in metrics.__all__ and name not in OF_MODELS
    ]
    assert not missing
    assert isinstance(metrics.exact_match(), EvaluationMetric)
