"""A version's life after its creation: each change is one event, and what cannot be recorded is refused."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

import spanfold
from spanfold._internal import resolve
from spanfold.errors import InvalidArgumentError, ModelNotFoundError
from spanfold_schemas.fold import fold
from spanfold_schemas.ids import derive_model_id
from tests.sdk.otlp_receiver import model_json

if TYPE_CHECKING:
    from spanfold.testing import Captured
    from tests.sdk.otlp_receiver import Server


def of(captured: Captured, model_id: str) -> Any:
    return fold(event for event in captured.events if event.stream == model_id)


def test_a_version_is_pending_until_it_is_finalized(captured: Captured) -> None:
    model = spanfold.initialize_logged_model(name="v1", params={"k": "5"})
    assert model.status == spanfold.LoggedModelStatus.PENDING
    assert of(captured, model.model_id).status == "PENDING"
    ready = spanfold.finalize_logged_model(model.model_id, "READY")
    assert (ready.status, ready.params, ready.name) == ("READY", {"k": "5"}, "v1")
    assert of(captured, model.model_id).status == "READY"
    assert spanfold.set_active_model(model_id=model.model_id).status == "READY"


@pytest.mark.parametrize("status", [spanfold.LoggedModelStatus.FAILED, "FAILED"])
def test_a_version_can_fail_and_any_other_status_is_refused(captured: Captured, status: Any) -> None:
    model = spanfold.initialize_logged_model()
    assert str(spanfold.finalize_logged_model(model.model_id, status).status) == "FAILED"
    for wrong in ("PENDING", "done", None):
        with pytest.raises(InvalidArgumentError, match="READY or FAILED"):
            spanfold.finalize_logged_model(model.model_id, wrong)  # type: ignore[arg-type]
    assert of(captured, model.model_id).status == "FAILED"


def test_tags_params_and_metrics_are_set_changed_and_removed(captured: Captured) -> None:
    model = spanfold.create_external_model(name="v1", tags={"team": "ml", "old": "x"})
    spanfold.set_logged_model_tags(model.model_id, {"team": "search", "stage": "prod"})
    spanfold.delete_logged_model_tag(model.model_id, "old")
    spanfold.log_model_params({"top_k": "5"}, model.model_id)
    spanfold.log_metric("f1", 0.5, model_id=model.model_id, step=1)
    spanfold.log_metrics({"f1": 1, "n": 3}, model_id=model.model_id, step=2)
    state = of(captured, model.model_id)
    assert state.tags == {"team": "search", "stage": "prod"}
    assert state.params == {"top_k": "5"}
    assert state.metrics == {"f1": 1.0, "n": 3.0}
    seen = spanfold.set_active_model(model_id=model.model_id)
    assert (seen.tags, seen.params, seen.metrics) == (state.tags, state.params, state.metrics)
    assert {event.source for event in captured.events} == {"sdk"}


def test_of_two_changes_the_second_wins_even_if_the_clock_stands_or_goes_back(
    captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = spanfold.create_external_model(name="v1")
    for instant, value in ((2_000, "a"), (2_000, "b"), (1_000, "c")):
        monkeypatch.setattr(time, "time_ns", lambda instant=instant: instant)
        spanfold.set_logged_model_tags(model.model_id, {"last": value})
    assert of(captured, model.model_id).tags == {"last": "c"}


def test_params_and_metrics_go_to_the_active_version_if_none_is_named(captured: Captured) -> None:
    with spanfold.set_active_model(name="v1") as model:
        spanfold.log_model_params({"top_k": "5"})
        spanfold.log_metric("f1", 0.5)
    state = of(captured, model.model_id)
    assert (state.params, state.metrics) == ({"top_k": "5"}, {"f1": 0.5})
    with pytest.raises(InvalidArgumentError, match="no version is active"):
        spanfold.log_model_params({"top_k": "5"})


@pytest.mark.parametrize("value", [0.7, 1000, True, None, ["a"]])
def test_params_that_are_no_strings_are_refused_by_key_with_the_articles_words(
    captured: Captured, value: Any
) -> None:
    model = spanfold.create_external_model(name="v1")
    with pytest.raises(InvalidArgumentError, match=r"^Parameters must be strings: params\['wrong'\]"):
        spanfold.log_model_params({"fine": "x", "wrong": value}, model.model_id)
    with pytest.raises(InvalidArgumentError, match=r"^Parameters must be strings: params\['wrong'\]"):
        spanfold.initialize_logged_model(params={"fine": "x", "wrong": value})
    with pytest.raises(InvalidArgumentError, match=r"^Tags must be strings: tags\['wrong'\]"):
        spanfold.set_logged_model_tags(model.model_id, {"fine": "x", "wrong": value})
    assert [event.event_type for event in captured.events] == ["spanfold.model.created"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", True, None, 10**400])
def test_a_metric_that_is_no_finite_number_is_refused_by_name(captured: Captured, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"metrics\['f1'\]"):
        spanfold.log_metrics({"fine": 1.0, "f1": value})
    assert captured.events == []


def test_a_change_to_an_unknown_version_is_refused_if_the_server_says_so(server: Server) -> None:
    calls = (
        lambda: spanfold.set_logged_model_tags("m-none", {"a": "b"}),
        lambda: spanfold.delete_logged_model_tag("m-none", "a"),
        lambda: spanfold.log_model_params({"a": "b"}, "m-none"),
        lambda: spanfold.log_metric("f1", 1.0, model_id="m-none"),
        lambda: spanfold.finalize_logged_model("m-none", "READY"),
        lambda: spanfold.delete_logged_model("m-none"),
    )
    for call in calls:
        with pytest.raises(ModelNotFoundError, match="'m-none'"):
            call()
    assert spanfold.flush()
    assert server.records == []


@pytest.mark.parametrize("extra", [0, 20])
def test_a_deleted_versions_name_means_a_new_one_the_same_in_every_process(
    server: Server, extra: int
) -> None:
    first = spanfold.set_active_model(name="v1")
    assert first.model_id == derive_model_id("0", "v1")
    spanfold.delete_logged_model(first.model_id)
    with pytest.raises(ModelNotFoundError, match="restore_logged_model"):
        spanfold.set_active_model(model_id=first.model_id)
    second = spanfold.set_active_model(name="v1")
    assert second.model_id not in {first.model_id, ""}
    # Another process knows it from the server alone, which may list the newest of a name only.
    server.models = [model_json(first.model_id, "v1", deleted=True)]
    server.models += [model_json(f"m-{number}", "v1", deleted=True) for number in range(extra)]
    memory = resolve.replace_memory()
    assert spanfold.set_active_model(name="v1").model_id == second.model_id
    resolve.replace_memory(memory)


def test_a_restored_version_can_be_active_again(captured: Captured) -> None:
    model = spanfold.create_external_model(name="v1", tags={"a": "b"})
    spanfold.delete_logged_model(model.model_id)
    assert of(captured, model.model_id).deleted
    spanfold.restore_logged_model(model.model_id)
    assert not of(captured, model.model_id).deleted
    assert spanfold.set_active_model(model_id=model.model_id).model_id == model.model_id


def test_a_name_in_a_running_event_loop_waits_for_a_quarter_of_a_second_at_most(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs must not stop every request that the loop serves for two seconds."""

    def hang(_: str) -> tuple[int, dict[str, str]]:
        time.sleep(1)
        return 200, {}

    monkeypatch.setattr(server, "answer", hang)

    async def first_request() -> float:
        start = time.monotonic()
        spanfold.set_active_model(name="v1")
        return time.monotonic() - start

    assert asyncio.run(first_request()) < 0.9
