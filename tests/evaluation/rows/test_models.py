"""Endpoints answer rows, and judges grade them, within a budget; over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import spanfold
from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._rows_model import messages_of
from spanfold.metrics.genai import EvaluationExample, make_genai_metric
from spanfold_schemas import keys
from tests.end_to_end.test_article_evaluation import judging
from tests.providers import server as providers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from spanfold.metrics import EvaluationMetric
    from spanfold.testing import Captured

ANSWERS = ["It is so!", "It is so.", "Wow!", "Yes."]


def lengths(predictions: Sequence[str | None]) -> list[int | None]:
    return [None if text is None else len(text) for text in predictions]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[providers.Provider]:
    with providers.running() as running:
        monkeypatch.setenv("SPANFOLD_DEPLOYMENTS_TARGET", f"{running.address}/v1")
        yield running


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[dict[str, Any]]]:
    """What a judge was asked, that marks exclamation marks down."""
    monkeypatch.setenv("SPANFOLD_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "none-is-needed")
    with judging() as (address, requests):
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        yield requests


def tone(**more: Any) -> EvaluationMetric:
    return make_genai_metric(
        "tone",
        "How formal it is.",
        "Score 1: slang. Score 4: formal.",
        examples=[EvaluationExample(input="Is it?", output="Sure thing", score=1, justification="slang")],
        model="openai:/gpt-5-mini",
        max_workers=1,
        **more,
    )


def evaluated(**more: Any) -> spanfold.EvaluationResult:
    return spanfold.evaluate(
        data=[{"inputs": "Is it so?", "answer": answer} for answer in ANSWERS],
        predictions="answer",
        **more,
    )


@pytest.mark.usefixtures("captured")
def test_an_endpoint_is_asked_a_chat_a_row(provider: providers.Provider) -> None:
    data = [{"question": "Where?", "right": "x"}, {"question": "fail:400 never", "right": "x"}]
    result = spanfold.evaluate("endpoints:/chat", data, targets="right", metrics=[lengths])
    rows = list(result.iter_rows())
    assert rows[0]["outputs"]
    assert rows[0]["lengths/score"] == len(rows[0]["outputs"])
    assert rows[0]["total_tokens"] == rows[0]["input_tokens"] + rows[0]["output_tokens"]
    assert rows[1]["outputs"] is None
    assert "400" in rows[1]["outputs/error"]
    sent = [one.body["messages"] for one in provider.exchanges]
    assert [{"role": "user", "content": "Where?"}] in sent
    assert all(one.body["model"] == "chat" for one in provider.exchanges)
    # The same question again is asked again: what is evaluated is what is answered now.
    spanfold.evaluate("endpoints:/chat", data[:1], targets="right", metrics=[lengths])
    assert len(provider.exchanges) == len(sent) + 1


@pytest.mark.usefixtures("captured")
def test_an_endpoint_needs_to_know_what_to_send() -> None:
    data = [{"question": "a", "title": "b"}]
    with pytest.raises(InvalidArgumentError, match=r"it has 'question', 'title'\. Call one 'inputs', or map"):
        spanfold.evaluate("endpoints:/chat", data, metrics=[lengths])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", [("user", "text")]),
        (
            [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
            [("system", "s"), ("user", "u")],
        ),
        ({"messages": [{"role": "user", "content": "u"}]}, [("user", "u")]),
        ({"question": "日本"}, [("user", '{"question": "日本"}')]),
        ([1, 2], [("user", "[1, 2]")]),
    ],
)
def test_an_input_becomes_a_chat(value: object, expected: list[tuple[str, str]]) -> None:
    assert [(one["role"], one["content"]) for one in messages_of(value)] == expected


@pytest.mark.usefixtures("captured")
def test_a_judges_scores_come_with_its_reasons_and_its_calls_are_counted(asked: list[dict[str, Any]]) -> None:
    result = evaluated(extra_metrics=[tone()])
    assert result.scores("tone/v1") == [2, 4, 2, 4]
    assert next(result.iter_rows())["tone/v1/justification"] == "It uses slang."
    assert (result.calls, len(asked)) == (4, 4)
    assert result.cost_usd is not None
    assert result.cost_usd > 0
    again = evaluated(extra_metrics=[tone()])
    assert (again.metrics, again.calls, again.cost_usd) == (result.metrics, 0, 0)
    assert len(asked) == 4


def test_a_budget_that_does_not_suffice_ends_the_judge_and_nothing_else(
    asked: list[dict[str, Any]], captured: Captured
) -> None:
    result = evaluated(extra_metrics=[tone(), lengths], max_calls=2)
    assert len(asked) == 2
    assert result.status == "FAILED"
    assert result.reason is not None
    assert result.reason.startswith("max_calls=2 is used up")
    assert "Evaluate again with a larger budget" in result.reason
    assert result.scores("lengths") == [len(answer) for answer in ANSWERS]
    failed = captured.events[-2]
    assert (failed.event_type, failed.payload["calls"]) == (keys.EVALUATION_FAILED, 2)
    # What was answered is not paid for again.
    whole = evaluated(extra_metrics=[tone(), lengths])
    assert (whole.status, whole.scores("tone/v1"), len(asked)) == ("FINISHED", [2, 4, 2, 4], 4)


@pytest.mark.usefixtures("captured")
def test_concurrency_is_that_of_the_judges_too(asked: list[dict[str, Any]]) -> None:
    result = evaluated(extra_metrics=[tone()], concurrency=4)
    assert result.scores("tone/v1") == [2, 4, 2, 4]
    assert len(asked) == 4
    with pytest.raises(InvalidArgumentError, match="concurrency is 0"):
        evaluated(extra_metrics=[tone()], concurrency=0)
