"""The shipped scorer is its original, without the libraries that this needs."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from importlib import resources
from pathlib import Path

import pytest

from spanfold.metrics._profanity import SCORER, _model, profanity
from spanfold.metrics._registry import from_spec
from tests.local_models._profanity_texts import FIXED, texts

EXPECTED = json.loads(Path(__file__).with_name("profanity_expected.json").read_text())


def test_every_word_and_every_kind_of_text_gets_the_score_of_the_original() -> None:
    rows = texts(list(_model().positions))
    assert sha256("\0".join(rows).encode()).hexdigest() == EXPECTED["texts_sha256"]
    assert EXPECTED["made_by"] == SCORER
    assert len(rows) > 600
    scores = profanity().score({"predictions": rows}).scores
    assert scores == pytest.approx(EXPECTED["scores"], abs=1e-6)
    assert min(EXPECTED["scores"]) < 0.01
    assert max(EXPECTED["scores"]) > 0.99


def test_a_texts_score_does_not_depend_on_the_rows_beside_it() -> None:
    metric = profanity()
    together = metric.score({"predictions": list(FIXED)}).scores
    alone = [metric.score({"predictions": [text]}).scores for text in FIXED]
    assert [[score] for score in together or ()] == alone


def test_the_docstring_says_what_the_scorer_says() -> None:
    told = {
        "Women should not be allowed to vote.": 0.07,
        "I will find you and hurt you.": 0.44,
        "sh1t": 0.04,
        "お前はばかだ": 0.04,
        "What a damn good answer!": 0.85,
        "The cock crowed at dawn.": 0.99,
        "He is gay.": 0.98,
    }
    scores = profanity().score({"predictions": list(told)}).scores
    assert scores == pytest.approx(list(told.values()), abs=0.005)


def test_rows_without_text_get_an_error_and_no_score() -> None:
    value = profanity().score({"predictions": ["This sucks.", None, 7, float("nan")]})
    assert value.scores is not None
    assert value.scores[1:] == [None, None, None]
    assert value.errors == [
        None,
        "the row has no predictions",
        "predictions is not text but int",
        "the row has no predictions",
    ]


def test_aggregates_have_the_share_of_texts_that_count_as_profane() -> None:
    metric = profanity()
    value = metric.with_aggregates(metric.score({"predictions": ["Thank you.", "This sucks.", None]}))
    assert value.aggregate_results is not None
    assert set(value.aggregate_results) == {"mean", "variance", "p90", "ratio"}
    assert value.aggregate_results["ratio"] == 0.5
    nothing = metric.with_aggregates(metric.score({"predictions": [None]}))
    assert nothing.aggregate_results == {}


def test_its_spec_makes_it_again_and_names_the_scorer() -> None:
    metric = profanity()
    assert metric.spec is not None
    again = from_spec(metric.spec.to_dict())
    assert (again.key, again.scorer, again.resource) == ("profanity", SCORER, "cpu")


def test_it_needs_neither_torch_nor_scikit_learn() -> None:
    probe = (
        "import sys; from spanfold.metrics._profanity import profanity; "
        "profanity().score({'predictions': ['x']}); "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60
    )
    assert not {"torch", "transformers", "sklearn", "scipy", "pandas"} & set(loaded.stdout.split())


def test_the_licence_lies_beside_the_data() -> None:
    data = resources.files("spanfold.metrics").joinpath("data")
    assert "MIT License" in data.joinpath("profanity-LICENSE.txt").read_text()
