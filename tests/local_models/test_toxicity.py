"""Toxicity equals transformers' own pipeline on the same model, in batches."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from transformers import pipeline

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._registry import from_spec
from spanfold.metrics._toxicity import toxicity
from tests.local_models._models import HATEFUL, KIND, causal_classifier, encoder

if TYPE_CHECKING:
    from pathlib import Path

ODD = ["", " ", "。、「」", "お前はばかだ", "\0", "x" * 2_000, "those people " * 60, "🔥 vermin 🔥"]


def texts() -> list[str]:
    """Varied in length, and some of them equal."""
    order = random.Random(7)
    words = " ".join(HATEFUL + KIND).split()
    mixed = [" ".join(order.choices(words, k=order.randint(1, 70))) for _ in range(60)]
    return [*HATEFUL, *KIND, *ODD, *mixed, *HATEFUL]


def by_pipeline(folder: Path, rows: list[str], label: str, **options: Any) -> list[float]:
    """One text after the other, as transformers scores them."""
    classify: Any = pipeline("text-classification", model=str(folder), device="cpu", top_k=None, **options)
    limit = {"truncation": True, "max_length": 62}
    return [
        next(one["score"] for one in classify([row], **limit)[0] if one["label"] == label) for row in rows
    ]


def test_scores_equal_those_of_the_plain_pipeline(classifier: Path) -> None:
    rows = texts()
    value = toxicity(str(classifier)).score({"predictions": rows})
    assert value.scores == pytest.approx(by_pipeline(classifier, rows, "hate"), abs=1e-6)
    assert value.errors is None


def test_the_model_that_was_trained_tells_hateful_from_kind_texts(classifier: Path) -> None:
    metric = toxicity(str(classifier))
    value = metric.with_aggregates(metric.score({"predictions": [*HATEFUL, *KIND[:2]]}))
    assert value.scores is not None
    assert [float(score or 0) > 0.5 for score in value.scores] == [True] * 6 + [False] * 2
    assert value.aggregate_results is not None
    assert set(value.aggregate_results) == {"mean", "variance", "p90", "ratio"}
    assert value.aggregate_results["ratio"] == 0.75
    assert (metric.key, metric.resource, metric.greater_is_better) == ("toxicity/v1", "torch", False)


def test_a_text_that_is_cut_says_so_and_others_say_nothing(classifier: Path) -> None:
    value = toxicity(str(classifier)).score({"predictions": ["short", "I hate " * 100]})
    assert value.justifications is not None
    assert value.justifications[0] is None
    assert str(value.justifications[1]).startswith("only the first 62 of ")


def test_rows_without_text_have_an_error_and_no_score(classifier: Path) -> None:
    value = toxicity(str(classifier)).score({"predictions": [None, "I hate those people", 3]})
    assert value.scores is not None
    assert [score is None for score in value.scores] == [True, False, True]
    assert value.errors == ["the row has no predictions", None, "predictions is not text but int"]
    assert toxicity(str(classifier)).score({"predictions": []}).scores == []


def test_the_variable_names_the_model_and_the_spec_makes_it_elsewhere(
    classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(classifier.parent)
    monkeypatch.setenv("SPANFOLD_TOXICITY_MODEL", f"./{classifier.name}")
    metric = toxicity()
    assert metric.scorer == str(classifier)
    assert metric.spec is not None
    monkeypatch.delenv("SPANFOLD_TOXICITY_MODEL")
    monkeypatch.chdir("/")
    again = from_spec(json.loads(json.dumps(metric.spec.to_dict())))
    assert again.score({"predictions": HATEFUL}).scores == metric.score({"predictions": HATEFUL}).scores


def relabelled(classifier: Path, folder: Path, **config: Any) -> Path:
    """The same model, with another config."""
    for file in classifier.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    known = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(known | config))
    return folder


def test_the_label_can_be_named_and_an_unknown_one_lists_those_there_are(
    classifier: Path, tmp_path: Path
) -> None:
    labels = {"0": "fine", "1": "abusive"}
    folder = relabelled(classifier, tmp_path, id2label=labels, label2id={"fine": 0, "abusive": 1})
    rows = [*HATEFUL, *KIND]
    named = toxicity(str(folder), label="Abusive").score({"predictions": rows}).scores
    assert named == toxicity(str(classifier)).score({"predictions": rows}).scores
    with pytest.raises(InvalidArgumentError, match=r"it has fine, abusive"):
        toxicity(str(folder)).score({"predictions": rows})


def test_a_model_of_several_labels_at_once_scores_as_its_pipeline(classifier: Path, tmp_path: Path) -> None:
    folder = relabelled(classifier, tmp_path, problem_type="multi_label_classification")
    rows = [*HATEFUL, *KIND]
    scores = toxicity(str(folder)).score({"predictions": rows}).scores
    assert scores == pytest.approx(by_pipeline(folder, rows, "hate"), abs=1e-6)
    assert scores != toxicity(str(classifier)).score({"predictions": rows}).scores


@pytest.mark.parametrize("pad_token_id", [None, 0])
def test_classifiers_that_read_the_last_token_score_as_their_pipeline(
    tmp_path: Path, pad_token_id: int | None
) -> None:
    """Padding must not be taken for the last token, with or without an ID for it."""
    folder = causal_classifier(tmp_path, pad_token_id)
    rows = [text for text in texts() if text]  # without a mark of its end, an empty text has no token at all
    value = toxicity(str(folder)).score({"predictions": rows})
    wanted = by_pipeline(folder, rows, "hate")
    assert value.scores == pytest.approx(wanted, abs=1e-6)
    assert max(wanted) - min(wanted) > 0.1


def test_a_text_without_any_token_has_an_error(tmp_path: Path) -> None:
    value = toxicity(str(causal_classifier(tmp_path, 0))).score({"predictions": ["", "I hate"]})
    assert value.scores is not None
    assert [score is None for score in value.scores] == [True, False]
    assert value.errors == ["the model finds no token in the text", None]


def test_a_regression_is_refused(classifier: Path, tmp_path: Path) -> None:
    folder = relabelled(classifier, tmp_path, problem_type="regression")
    with pytest.raises(InvalidArgumentError, match="gives no probabilities"):
        toxicity(str(folder)).score({"predictions": ["x"]})


def test_a_model_without_a_trained_head_is_refused_rather_than_scored_at_random(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"weights .*which would be random"):
        toxicity(str(encoder(tmp_path))).score({"predictions": ["x"]})
