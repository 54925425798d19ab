"""Metrics by models on disk: rows a second, against the plain transformers pipeline with the same model.

    python -m benchmarks.local_models                      about 2 minutes
    python -m benchmarks.local_models --model ./hate       a classifier of yours, in place of a random one
    python -m benchmarks.local_models --rows 100           sooner, and noisier

Texts are of varied length, all different: 8 to 250 words, most of them short. The pipeline scores them row by
row, as most people call it, and in batches of 32 in the order of the rows; the metric sorts them by length.
All take turns in this process, and the best round of each counts. The random classifier has the shape of
MiniLM (6 layers of 384); its scores mean nothing, and must be equal all the same.

Budget: the metric at least twice as fast as row by row, on a CPU.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from typing import TYPE_CHECKING, Any, Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
    pipeline,
)

from benchmarks import _report
from spanfold.metrics import profanity, toxicity

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS: Final = 2
_TEXT: Final = (
    "the refund of invoice number was sent to your account on monday and it takes three working days until "
    "bank shows please tell us if there is anything else that we can help with thanks for asking customer"
)
Scores = list[float]


def texts(count: int) -> list[str]:
    """Answers as applications give them: most of them short, some of them long."""
    order = random.Random(1)
    words = _TEXT.split()
    sizes = [min(250, max(8, int(order.lognormvariate(3.2, 0.9)))) for _ in range(count)]
    return [f"{at}: {' '.join(order.choices(words, k=size))}" for at, size in enumerate(sizes)]


def random_classifier(folder: str, rows: list[str]) -> None:
    """A classifier of MiniLM's shape that never learned anything."""
    torch.manual_seed(0)
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=2_000, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(rows, trainer)
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    kind: Any = PreTrainedTokenizerFast
    kind(tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    config = RobertaConfig(
        vocab_size=30_000,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1_536,
        pad_token_id=0,
        id2label={0: "nothate", 1: "hate"},
        label2id={"nothate": 0, "hate": 1},
    )
    RobertaForSequenceClassification(config).save_pretrained(folder)


def scorers(folder: str, label: str) -> dict[str, Callable[[list[str]], Scores]]:
    """Each way to score texts, by its name."""
    metric = toxicity(folder, label=label)
    device = os.environ.get("SPANFOLD_DEVICE") or None
    classify: Any = pipeline("text-classification", model=folder, top_k=None, device=device)

    def chance(labels: list[dict[str, Any]]) -> float:
        return float(next(one["score"] for one in labels if one["label"] == label))

    def row_by_row(rows: list[str]) -> Scores:
        return [chance(classify([row], truncation=True, max_length=510)[0]) for row in rows]

    def in_order(rows: list[str]) -> Scores:
        return [chance(one) for one in classify(rows, batch_size=32, truncation=True, max_length=510)]

    def by_metric(rows: list[str]) -> Scores:
        scores: Scores = []
        for start in range(0, len(rows), metric.batch_rows):  # as an evaluation hands them over
            value = metric.score({"predictions": rows[start : start + metric.batch_rows]})
            scores += [float(score) for score in value.scores or () if score is not None]
        return scores

    return {
        "pipeline, row by row": row_by_row,
        "pipeline, batches of 32": in_order,
        "spanfold toxicity": by_metric,
    }


def measure(ways: dict[str, Callable[[list[str]], Scores]], rows: list[str]) -> list[dict[str, Any]]:
    """Rows a second of each, and how far its scores are from the first one's."""
    best: dict[str, float] = {}
    found: dict[str, Scores] = {}
    for way in ways.values():
        way(rows[:4])  # what is loaded or compiled at the first call is not measured
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            start = time.perf_counter()
            found[name] = way(rows)
            best[name] = min(best.get(name, float("inf")), time.perf_counter() - start)
    first = next(iter(ways))
    return [
        {
            "scorer": name,
            "rows/s": len(rows) / took,
            "times row by row": best[first] / took,
            "largest difference": max(
                abs(one - other) for one, other in zip(found[name], found[first], strict=True)
            ),
        }
        for name, took in best.items()
    ]


def shipped(rows: list[str]) -> float:
    """Rows a second of the scorer that needs no model."""
    metric = profanity()
    many = rows * 20
    start = time.perf_counter()
    metric.score({"predictions": many})
    return len(many) / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--model", help="folder or cached name of a text classifier; a random one by default")
    parser.add_argument("--label", default="hate", help="its label for toxic text")
    parser.add_argument("--rows", type=int, default=300)
    given = parser.parse_args()
    rows = texts(given.rows)
    with tempfile.TemporaryDirectory() as folder:
        if given.model is None:
            random_classifier(folder, rows)
        found = measure(scorers(given.model or folder, given.label), rows)
    if given.model is None and max(row["largest difference"] for row in found) > 1e-5:  # noqa: PLR2004
        raise SystemExit(f"the scores differ: {found}")
    _report.show("Toxicity by a model on disk", found, as_json=given.json, profanity_rows_per_s=shipped(rows))


if __name__ == "__main__":
    main()
