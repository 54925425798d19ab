from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold.metrics import _registry
from spanfold_query_api import metric_catalogue

if TYPE_CHECKING:
    import httpx


@pytest.fixture(scope="module")
def listed(api: httpx.Client) -> dict[str, Any]:
    answer = api.get("/v1/metrics")
    assert answer.status_code == 200, answer.text
    return {one["name"]: one for one in answer.json()["metrics"]}


def test_every_metric_that_can_be_named_is_listed_and_explained(listed: dict[str, Any]) -> None:
    assert list(listed) == list(_registry.NAMES)
    for one in listed.values():
        assert one["description"].endswith((".", ":")), one
        assert "``" not in str(one), one
        assert ":func:" not in str(one), one


def test_judges_are_paid_and_nothing_else_is(listed: dict[str, Any]) -> None:
    paid = {name for name, one in listed.items() if one["is_paid"]}
    assert paid == {name for name, one in listed.items() if one["kind"] == "judge"}
    assert {"faithfulness", "guidelines", "genai"} <= paid


def test_directions_and_needs_are_those_of_the_metric_itself(listed: dict[str, Any]) -> None:
    assert listed["token_f1"]["needs"] == ["predictions", "targets"]
    assert listed["latency"]["greater_is_better"] is False
    assert listed["length"]["greater_is_better"] is None
    # Of traces, a retriever's documents are in other columns than of rows.
    assert listed["recall_at_k"]["needs"] == ["retrieved_doc_ids", "expected_documents"]


def test_parameters_say_what_a_form_asks_for(listed: dict[str, Any]) -> None:
    pattern, ignore_case = listed["regex_match"]["parameters"]
    assert (pattern["type"], pattern["is_required"], pattern["default"]) == ("text", True, None)
    assert (ignore_case["type"], ignore_case["is_required"], ignore_case["default"]) == (
        "boolean",
        False,
        False,
    )
    assert {one["type"] for one in listed["guidelines"]["parameters"]} == {"json", "text"}
    for one in listed.values():
        for parameter in one["parameters"]:
            assert parameter["description"], (one["name"], parameter)


def test_what_may_hold_secrets_is_not_asked_for(listed: dict[str, Any]) -> None:
    names = {parameter["name"] for one in listed.values() for parameter in one["parameters"]}
    assert names.isdisjoint({"extra_headers", "proxy_url"})


def test_a_metric_whose_model_is_not_here_says_why_and_all_others_can_be_made(
    listed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_models = {"toxicity", "semantic_similarity", "bertscore"}
    assert {name for name, one in listed.items() if one["unavailable"]} <= with_models
    monkeypatch.setenv("SPANFOLD_TOXICITY_MODEL", "./no-such-model")
    (toxicity,) = [one for one in metric_catalogue.metrics() if one["name"] == "toxicity"]
    assert "no-such-model" in toxicity["unavailable"]
    assert toxicity["greater_is_better"] is False


def test_of_a_score_of_no_known_metric_more_is_better() -> None:
    assert metric_catalogue.greater_is_better("thumbs") is True
    # Whoever writes a judge of their own also chooses its name.
    assert metric_catalogue.greater_is_better("genai") is True
    assert metric_catalogue.greater_is_better("latency") is False
    assert metric_catalogue.greater_is_better("token_count") is None
