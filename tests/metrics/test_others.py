"""Translation, structure, what was recorded, retrieval, classes, numbers, kinds of models."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from spanfold import metrics
from spanfold.errors import InvalidArgumentError
from spanfold.metrics import MetricArgumentError, MetricValue


def scores(value: MetricValue) -> list[object]:
    return list(value.scores or ())


ANSWERS = ["The cat sat on the mat.", "It is Paris, the capital.", "東京です"]
RIGHT = ["The cat is on the mat.", "Paris is the capital.", "東京都です"]
PAIRS = {"predictions": ANSWERS, "targets": RIGHT}


def test_bleu_and_chrf_are_sacrebleus() -> None:
    pairs = list(zip(ANSWERS, RIGHT, strict=True))
    assert scores(metrics.bleu().score(PAIRS)) == [
        sacrebleu.sentence_bleu(one, [other]).score for one, other in pairs
    ]
    assert scores(metrics.chrf().score(PAIRS)) == [
        sacrebleu.sentence_chrf(one, [other]).score for one, other in pairs
    ]
    assert metrics.corpus_bleu().score(PAIRS).aggregate_results == {
        "corpus_bleu": sacrebleu.corpus_bleu(ANSWERS, [RIGHT]).score,
        "rows": 3.0,
    }
    assert metrics.corpus_chrf().score(PAIRS).aggregate_results == {
        "corpus_chrf": sacrebleu.corpus_chrf(ANSWERS, [RIGHT]).score,
        "rows": 3.0,
    }


def test_corpus_scores_leave_out_rows_without_text_and_need_one_with() -> None:
    rows: dict[str, list[Any]] = {"predictions": [*ANSWERS, None], "targets": [*RIGHT, "x"]}
    assert metrics.corpus_bleu().score(rows) == metrics.corpus_bleu().score(PAIRS)
    with pytest.raises(InvalidArgumentError, match="no row"):
        metrics.corpus_bleu().score({"predictions": [None], "targets": ["a"]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1, null, "東"]}', 1.0),
        (" 12 ", 1.0),
        ("", 0.0),
        ("NaN", 0.0),
        ("{'a': 1}", 0.0),
        ('```json\n{"a": 1}\n```', 0.0),
        ('{"a": 1} and more', 0.0),
        ("[" * 100_000, 0.0),
        ("9" * 10_000, 0.0),
    ],
)
def test_only_json_and_nothing_else_is_json(text: str, expected: float) -> None:
    assert scores(metrics.json_valid().score({"predictions": [text]})) == [expected]


def test_json_is_held_against_a_schema_and_the_first_fault_is_named() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    answers = ['{"city": "Paris"}', '{"city": 3}', "{}", "Paris", None]
    value = metrics.json_schema_match(schema).score({"predictions": answers})
    assert scores(value) == [1.0, 0.0, 0.0, 0.0, None]
    why = list(value.justifications or ())
    assert why[0] is None
    assert "$.city" in str(why[1])
    assert "'city' is a required property" in str(why[2])
    assert str(why[3]).startswith("no JSON")
    assert list(value.errors or ())[4] == "the row has no predictions"


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "{}"),
        ({"$ref": "#/$defs/none"}, "{}"),
        ({"$ref": "#"}, "{}"),
    ],
)
def test_a_schema_that_cannot_be_used_is_an_error_and_nothing_is_fetched(
    schema: dict[str, Any], answer: str
) -> None:
    value = metrics.json_schema_match(schema).score({"predictions": [answer]})
    assert scores(value) == [None]
    assert value.errors is not None
    assert value.errors[0]


def test_what_was_recorded_is_the_score_and_nothing_is_guessed() -> None:
    rows: dict[str, list[Any]] = {
        "latency_ms": [250, None],
        "output_tokens": [12, "x"],
        "total_tokens": [20, 30],
        "cost_usd": [0.5, math.nan],
    }
    assert scores(metrics.latency().score(rows)) == [0.25, None]
    assert scores(metrics.token_count().score(rows)) == [12, None]
    assert scores(metrics.token_count("total").score(rows)) == [20, 30]
    assert scores(metrics.cost().score(rows)) == [0.5, None]
    with pytest.raises(MetricArgumentError, match="input_tokens"):
        metrics.token_count("input").score(rows)


def test_retrieval_reads_the_columns_of_traces_first() -> None:
    rows: dict[str, list[Any]] = {
        "predictions": ["text", ["b"]],
        "targets": ["text", ["b"]],
        "retrieved_doc_ids": [["a", "b"], ["c"]],
        "expected_documents": [["b"], ["c", "d"]],
    }
    assert scores(metrics.precision_at_k(2).score(rows)) == [0.5, 1.0]
    assert scores(metrics.recall_at_k(2).score(rows)) == [1.0, 0.5]
    assert scores(metrics.ndcg_at_k(2).score(rows)) == pytest.approx([1 / math.log2(3), 1.0])


def test_retrieval_without_lists_of_ids_is_an_error_of_its_row() -> None:
    value = metrics.recall_at_k(3).score(
        {"predictions": ["a", ["a"], [[1]], [1]], "targets": [["a"], None, ["a"], [1]]}
    )
    assert scores(value) == [None, None, None, 1.0]
    told = list(value.errors or ())
    assert "no list of document IDs" in str(told[0])
    assert told[1] == "the row has no targets"
    assert "no document ID" in str(told[2])
    with pytest.raises(MetricArgumentError, match="expected_documents"):
        metrics.recall_at_k(3).score({"predictions": [["a"]]})


IDS = st.lists(st.sampled_from("abcdef"), max_size=6)


@given(found=IDS, wanted=IDS, k=st.integers(1, 8))
def test_retrieval_scores_are_shares_and_finding_all_first_is_best(
    found: list[str], wanted: list[str], k: int
) -> None:
    rows = {"predictions": [found], "targets": [wanted]}
    for make in (metrics.precision_at_k, metrics.recall_at_k, metrics.ndcg_at_k):
        (score,) = make(k).score(rows).scores or (None,)
        assert isinstance(score, float)
        assert 0 <= score <= 1 + 1e-12
    best = {"predictions": [sorted(set(wanted))], "targets": [wanted]}
    assert scores(metrics.recall_at_k(8).score(best)) == [1.0]
    assert scores(metrics.ndcg_at_k(8).score(best)) == pytest.approx([1.0])


LABELS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30)


@given(LABELS)
def test_right_classes_are_perfect_and_averages_are_shares(pairs: list[tuple[str, str]]) -> None:
    wanted = [target for _, target in pairs]
    answers = [prediction for prediction, _ in pairs]
    for average in ("weighted", "macro", "micro"):
        for name in ("accuracy_score", "precision_score", "recall_score", "f1_score"):
            metric = metrics.classifier(name, labels=["a", "b", "c"], average=average)
            own = metric.score({"predictions": wanted, "targets": wanted}).aggregate_results or {}
            assert own[name] == pytest.approx(1.0)
            value = (metric.score({"predictions": answers, "targets": wanted}).aggregate_results or {})[name]
            assert 0 <= value <= 1


def value_of(name: str, rows: dict[str, list[Any]], **choices: Any) -> float | None:
    return (metrics.classifier(name, **choices).score(rows).aggregate_results or {}).get(name)


def test_probabilities_may_be_numbers_lists_or_objects() -> None:
    rows: dict[str, list[Any]] = {"predictions": ["y", "n", "n"], "targets": ["y", "y", "n"]}
    forms: list[list[Any]] = [
        [0.9, 0.4, 0.2],
        [[0.1, 0.9], [0.6, 0.4], [0.8, 0.2]],
        [{"y": 0.9, "n": 0.1}, {"y": 0.4, "n": 0.6}, {"y": 0.2, "n": 0.8}],
    ]
    expected = -sum(map(math.log, (0.9, 0.4, 0.8))) / 3
    for form in forms:
        assert value_of("log_loss", {**rows, "probabilities": form}) == pytest.approx(expected)
        assert value_of("roc_auc", {**rows, "probabilities": form}) == pytest.approx(1.0)
    inverse = [0.1, 0.6, 0.8]
    assert value_of("roc_auc", {**rows, "probabilities": inverse}, pos_label="n") == pytest.approx(1.0)
    with pytest.raises(InvalidArgumentError, match="2 numbers"):
        value_of("log_loss", {**rows, "probabilities": [[1.0]] * 3})


def test_weights_and_missing_rows_count_as_they_should() -> None:
    rows: dict[str, list[Any]] = {
        "predictions": ["y", "y", None, "n"],
        "targets": ["y", "n", "y", "n"],
        "sample_weights": [3, 1, 9, 0],
    }
    assert value_of("accuracy_score", rows) == pytest.approx(3 / 4)
    assert value_of("precision_score", rows) == pytest.approx(3 / 4)
    assert value_of("example_count", rows) == 3.0


def test_one_class_or_an_unknown_one_is_told() -> None:
    with pytest.raises(InvalidArgumentError, match="label_list"):
        value_of("accuracy_score", {"predictions": ["a"], "targets": ["a"]})
    with pytest.raises(InvalidArgumentError, match="'c' is none"):
        value_of("accuracy_score", {"predictions": ["c"], "targets": ["a"]}, labels=["a", "b"])
    with pytest.raises(InvalidArgumentError, match="pos_label"):
        value_of("f1_score", {"predictions": ["a"], "targets": ["b"]}, pos_label="c")


def test_areas_are_left_out_where_the_rows_have_one_class_only() -> None:
    rows: dict[str, list[Any]] = {
        "predictions": ["y", "y"],
        "targets": ["y", "y"],
        "probabilities": [0.9, 0.8],
    }
    assert value_of("roc_auc", rows, labels=["n", "y"]) is None
    assert value_of("precision_recall_auc", rows, labels=["n", "y"]) == pytest.approx(1.0)


# Squares of errors below 1e-154 are no numbers that a float can hold.
_values = st.floats(-1e3, 1e3).map(lambda value: round(value, 9))


@given(st.lists(st.tuples(_values, _values), min_size=2, max_size=20))
def test_errors_of_a_regressor_keep_their_order(pairs: list[tuple[float, float]]) -> None:
    rows = {"predictions": [one for one, _ in pairs], "targets": [one for _, one in pairs]}

    def figure(name: str) -> float:
        return (metrics.regressor(name).score(rows).aggregate_results or {})[name]

    assert figure("mean_absolute_error") <= figure("root_mean_squared_error") * (1 + 1e-9)
    assert figure("root_mean_squared_error") <= figure("max_error") * (1 + 1e-9)
    assert figure("r2_score") <= 1


def test_a_regressor_leaves_out_rows_without_a_number_and_refuses_text() -> None:
    rows: dict[str, list[Any]] = {"predictions": [1, None, 3, 9], "targets": [2, 1, math.nan, 9]}
    assert metrics.regressor("example_count").score(rows).aggregate_results == {"example_count": 2.0}
    assert metrics.mean_absolute_error().score(rows).aggregate_results == {"mean_absolute_error": 0.5}
    with pytest.raises(InvalidArgumentError, match="numbers"):
        metrics.max_error().score({"predictions": ["x"], "targets": [1]})


def test_each_kind_of_model_has_its_metrics(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SPANFOLD_TOXICITY_MODEL", "./no-model-is-here")
    with caplog.at_level(logging.WARNING, logger="spanfold"):
        answers = metrics.metrics_of_model_type("question-answering")
    assert [one.key for one in answers] == [
        "exact_match/v1",
        "ari_grade_level/v1",
        "flesch_kincaid_grade_level/v1",
    ]
    assert "toxicity is left out" in caplog.text
    keys = {one.key for one in metrics.metrics_of_model_type("text-summarization")}
    assert {"rouge1/v1", "rouge2/v1", "rougeL/v1", "rougeLsum/v1", "ari_grade_level/v1"} <= keys
    assert [one.key for one in metrics.metrics_of_model_type("text")][-1] == "flesch_kincaid_grade_level/v1"
    assert [one.key for one in metrics.metrics_of_model_type("retriever", {"retriever_k": 5})] == [
        "precision_at_5",
        "recall_at_5",
        "ndcg_at_5",
    ]
    with pytest.raises(InvalidArgumentError, match="question-answering"):
        metrics.metrics_of_model_type("chat")
