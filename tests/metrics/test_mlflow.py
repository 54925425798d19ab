"""Names and values are those of the published MLflow package, on rows that make_oracle.py recorded."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

import pytest

from spanfold import metrics
from spanfold.metrics._registry import from_spec
from tests.metrics._corpus import id_rows, text_rows

TOLERANCE: Final = 1e-9
RECORDED: Final[dict[str, Any]] = json.loads(
    gzip.decompress((Path(__file__).parent / "data" / "mlflow.json.gz").read_bytes())
)
TEXTS: Final = RECORDED["texts"]
WITH_SCORES: Final = (
    "ari_grade_level",
    "flesch_kincaid_grade_level",
    "rouge1",
    "rouge2",
    "rougeL",
    "rougeLsum",
)


def texts() -> dict[str, list[str]]:
    return {
        "predictions": [prediction for prediction, _ in TEXTS["rows"]],
        "targets": [target for _, target in TEXTS["rows"]],
    }


def keyed(metric: metrics.EvaluationMetric, value: metrics.MetricValue) -> dict[str, float]:
    """As MLflow names them: an aggregate of the metric's own name has no name of its own."""
    return {
        metric.key if name == metric.name else f"{metric.key}/{name}": number
        for name, number in (metric.with_aggregates(value).aggregate_results or {}).items()
    }


def of_recorded(found: dict[str, float], prefix: str, recorded: dict[str, float]) -> None:
    """All recorded numbers of a metric are found, and equal."""
    expected = {key: number for key, number in recorded.items() if key.split("/")[0] == prefix}
    assert expected
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=TOLERANCE, rel=0)


def test_the_recorded_rows_are_those_of_the_corpus() -> None:
    assert [tuple(row) for row in TEXTS["rows"]] == text_rows()
    assert [tuple(row) for row in RECORDED["ids"]["rows"]] == id_rows()


def test_the_rows_are_many_and_varied() -> None:
    predictions = texts()["predictions"]
    assert len(predictions) >= 2_000
    assert sum(not text.strip() for text in predictions) > 50
    assert sum(bool(text.strip()) and not any(map(str.isalnum, text)) for text in predictions) > 50
    assert sum(len(text) > 5_000 for text in predictions) > 10
    assert sum(any("\u3040" <= one <= "\u9fff" for one in text) for text in predictions) > 100


@pytest.mark.parametrize("name", WITH_SCORES)
def test_every_row_has_mlflows_score(name: str) -> None:
    metric = from_spec({"name": name})
    value = metric.score(texts())
    assert value.errors is None
    assert value.scores == pytest.approx(TEXTS["scores"][f"{name}/v1/score"], abs=TOLERANCE, rel=0)
    of_recorded(keyed(metric, value), name, TEXTS["metrics"])


def test_the_share_of_exact_matches_is_mlflows() -> None:
    metric = metrics.exact_match()
    of_recorded(keyed(metric, metric.score(texts())), "exact_match", TEXTS["metrics"])


@pytest.mark.parametrize("k", [1, 3, 20])
def test_retrieval_scores_are_mlflows(k: int) -> None:
    recorded = RECORDED["ids"]
    columns = dict(
        zip(("predictions", "targets"), map(list, zip(*recorded["rows"], strict=True)), strict=True)
    )
    for metric in metrics.metrics_of_model_type("retriever", {"retriever_k": k}):
        value = metric.score(columns)
        assert value.scores == pytest.approx(recorded["scores"][f"{metric.key}/score"], abs=TOLERANCE, rel=0)
        of_recorded(keyed(metric, value), metric.key, recorded["metrics"])


@pytest.mark.parametrize(("kind", "model_type"), [("classes", "classifier"), ("numbers", "regressor")])
def test_classifiers_and_regressors_get_all_of_mlflows_numbers_and_no_others(
    kind: str, model_type: str
) -> None:
    for case in RECORDED[kind]:
        rows = {name: case[name] for name in ("predictions", "targets", "probabilities") if name in case}
        found: dict[str, float] = {}
        for metric in metrics.metrics_of_model_type(model_type, case.get("config")):
            found |= keyed(metric, metric.score(rows))
        assert found == pytest.approx(case["metrics"], abs=TOLERANCE, rel=0)
