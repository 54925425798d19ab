"""Similarity and BERTScore equal plain computations, pair by pair, without padding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._embeddings import bertscore, semantic_similarity
from spanfold.metrics._registry import from_spec
from tests.local_models._models import ALIKE

if TYPE_CHECKING:
    from pathlib import Path

PREDICTIONS = [
    *(one for one, _ in ALIKE),
    "the parcel is late",
    "zebra quartz",
    " your money ",
    "日本の領収書",
    "x",
    "the shop opens at nine and the parcel is late",
]
TARGETS = [
    *(other for _, other in ALIKE),
    "it is open from nine o'clock",
    "the parcel is late, and late again",
    "password",
    "your money",
    "x",
    "late",
]


class Plain:
    """The model as anybody would call it: a text at a time."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder))
        self.model: Any = AutoModel.from_pretrained(str(folder)).eval()

    def states(self, text: str, layer: int = -1) -> Any:
        encoded = self.tokenizer(text.strip(), return_tensors="pt", truncation=True, max_length=48)
        with torch.no_grad():
            return self.model(**encoded, output_hidden_states=True).hidden_states[layer][0]

    def similarity(self, one: str, other: str) -> float:
        return float(torch.cosine_similarity(self.states(one).mean(0), self.states(other).mean(0), dim=0))

    def match(self, one: str, other: str, layer: int = -1) -> tuple[float, float, float]:
        """Precision, recall and F1, by the definition of the paper."""
        ours, theirs = self.states(one, layer), self.states(other, layer)

        def mean_of_best(rows: Any, others: Any) -> float:
            best = [max(float(torch.cosine_similarity(row, one, dim=0)) for one in others) for row in rows]
            return sum(best[1:-1]) / len(best[1:-1])  # without the marks of the text's ends

        precision, recall = mean_of_best(ours, theirs), mean_of_best(theirs, ours)
        return precision, recall, 2 * precision * recall / (precision + recall)


@pytest.fixture(scope="module")
def plain(encoder: Path) -> Plain:
    return Plain(encoder)


def test_similarity_is_the_cosine_of_mean_token_states(encoder: Path, plain: Plain) -> None:
    value = semantic_similarity(str(encoder)).score({"predictions": PREDICTIONS, "targets": TARGETS})
    wanted = [plain.similarity(one, other) for one, other in zip(PREDICTIONS, TARGETS, strict=True)]
    assert value.scores == pytest.approx(wanted, abs=2e-6)
    assert value.errors is None


def test_sentences_that_say_the_same_are_closer_than_others(encoder: Path) -> None:
    metric = semantic_similarity(str(encoder))
    said = [one for one, _ in ALIKE]
    same = metric.score({"predictions": said, "targets": [other for _, other in ALIKE]}).scores
    mixed = metric.score({"predictions": said, "targets": [ALIKE[at - 1][1] for at in range(4)]}).scores
    assert [isinstance(score, float) and score > 0.7 for score in same or ()] == [True] * 4
    assert [isinstance(score, float) and score < 0.5 for score in mixed or ()] == [True] * 4


@pytest.mark.parametrize("layer", [None, 1, 2])
def test_bertscore_is_the_f1_of_greedy_matches(encoder: Path, plain: Plain, layer: int | None) -> None:
    value = bertscore(str(encoder), layer=layer).score({"predictions": PREDICTIONS, "targets": TARGETS})
    wanted = [plain.match(one, other, layer or -1) for one, other in zip(PREDICTIONS, TARGETS, strict=True)]
    assert value.scores == pytest.approx([f1 for _, _, f1 in wanted], abs=2e-6)
    told = [f"precision {precision:.4f}, recall {recall:.4f}" for precision, recall, _ in wanted]
    assert value.justifications == told


def test_an_empty_text_has_no_match_and_a_missing_one_no_score(encoder: Path) -> None:
    rows: dict[str, list[Any]] = {
        "predictions": ["", "late", None, "late"],
        "targets": ["late", " \n", "late", 5],
    }
    value = bertscore(str(encoder)).score(rows)
    assert value.scores == [0.0, 0.0, None, None]
    assert value.errors == [None, None, "the row has no predictions", "targets is not text but int"]
    similar = semantic_similarity(str(encoder)).score(rows)
    assert similar.errors == value.errors


@pytest.mark.parametrize("make", [semantic_similarity, bertscore])
def test_texts_that_are_cut_say_so(encoder: Path, make: Any) -> None:
    value = make(str(encoder)).score(
        {"predictions": ["late " * 200, "x"], "targets": ["late", "late " * 200]}
    )
    assert "prediction: only the first 48 of " in str(value.justifications[0])
    assert "target: only the first 48 of " in str(value.justifications[1])


@pytest.mark.parametrize("make", [semantic_similarity, bertscore])
def test_specs_make_the_metrics_elsewhere(encoder: Path, monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    monkeypatch.setenv("SPANFOLD_EMBEDDING_MODEL", str(encoder))
    metric = make()
    monkeypatch.delenv("SPANFOLD_EMBEDDING_MODEL")
    again = from_spec(json.loads(json.dumps(metric.spec.to_dict())))
    rows = {"predictions": PREDICTIONS, "targets": TARGETS}
    assert again.score(rows) == metric.score(rows)
    assert (again.scorer, again.resource) == (str(encoder), "torch")


def test_a_layer_that_the_model_lacks_is_refused(encoder: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="has 2"):
        bertscore(str(encoder), layer=3).score({"predictions": ["x"], "targets": ["x"]})
    with pytest.raises(InvalidArgumentError, match="layer=0"):
        bertscore(str(encoder), layer=0)


def test_embeddings_are_pooled_as_the_model_says(encoder: Path, plain: Plain, tmp_path: Path) -> None:
    for file in encoder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "1_Pooling").mkdir()
    pooling = tmp_path / "1_Pooling" / "config.json"
    rows = {"predictions": PREDICTIONS, "targets": TARGETS}
    mean = semantic_similarity(str(encoder)).score(rows).scores

    pooling.write_text('{"word_embedding_dimension": 32, "pooling_mode_mean_tokens": true}')
    assert semantic_similarity(str(tmp_path)).score(rows).scores == mean
    for said in (
        '{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}',
        '{"pooling_mode": "cls"}',
    ):
        pooling.write_text(said)
        first = [
            float(torch.cosine_similarity(plain.states(one)[0], plain.states(other)[0], dim=0))
            for one, other in zip(PREDICTIONS, TARGETS, strict=True)
        ]
        assert semantic_similarity(str(tmp_path)).score(rows).scores == pytest.approx(first, abs=2e-6)
    for said, told in (('{"pooling_mode_lasttoken": true}', "by lasttoken;"), ("[", "cannot be read")):
        pooling.write_text(said)
        with pytest.raises(InvalidArgumentError, match=told):
            semantic_similarity(str(tmp_path)).score(rows)
