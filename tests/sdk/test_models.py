"""Names become versions: asked for, derived, created, refused."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any, cast

import pytest

import spanfold
from spanfold import testing
from spanfold._internal import runtime
from spanfold._internal.lookup import QueryApi
from spanfold.errors import InvalidArgumentError, ModelNotFoundError
from spanfold_schemas.fold import fold
from spanfold_schemas.ids import derive_model_id, is_model_id
from tests.sdk.otlp_receiver import attributes_of, model_json

if TYPE_CHECKING:
    from spanfold.testing import Captured
    from tests.sdk.otlp_receiver import Server

KNOWN_ID = "m-" + "a" * 32


def test_a_version_that_the_server_knows_is_taken_from_it(server: Server) -> None:
    server.models = [
        model_json("m-" + "b" * 32, "known", creation_timestamp=1),
        model_json(KNOWN_ID, "known", creation_timestamp=2, tags={"team": "ml"}, metrics={"f1": 0.5}),
        model_json("m-" + "c" * 32, "known", creation_timestamp=3, deleted=True),
        model_json("m-" + "d" * 32, "known", creation_timestamp=4, experiment_id="7"),
    ]
    model = spanfold.set_active_model(name="known")
    assert isinstance(model, spanfold.LoggedModel)
    assert (model.model_id, model.tags, model.metrics) == (KNOWN_ID, {"team": "ml"}, {"f1": 0.5})
    assert spanfold.flush()
    assert server.records == []


def test_a_name_that_the_server_does_not_know_is_derived_and_announced_once(server: Server) -> None:
    name = "エージェント my-agent-v1.0 & co"
    model = spanfold.set_active_model(name=name)
    assert model.model_id == derive_model_id("0", name)
    for _ in range(3):
        assert spanfold.set_active_model(name=name) == model
    assert spanfold.flush()
    (record,) = server.records
    attributes = attributes_of(record.attributes)
    assert record.event_name == "spanfold.model.created"
    assert attributes["spanfold.event.stream"] == model.model_id
    assert attributes["spanfold.event.schema_version"] == 1
    assert attributes["spanfold.event.source"] == "sdk"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]+", attributes["spanfold.event.id"])
    assert record.time_unix_nano // 1_000_000 == model.creation_timestamp
    assert json.loads(record.body.string_value) == {
        "name": name,
        "experiment_id": "0",
        "model_type": None,
        "source_run_id": None,
        "status": "READY",
        "params": {},
        "tags": {},
    }
    assert len(server.questions) == 1


def test_an_id_is_asked_for_once_and_may_hold_any_character(server: Server) -> None:
    server.models = [model_json("shop/v1?x", "shop")]
    assert spanfold.set_active_model(model_id="shop/v1?x").name == "shop"
    assert spanfold.set_active_model(model_id="shop/v1?x", name="shop").model_id == "shop/v1?x"
    assert len(server.questions) == 1


def test_an_unknown_id_is_a_clear_error_and_changes_nothing(server: Server) -> None:
    spanfold.set_active_model(name="before")
    with pytest.raises(ModelNotFoundError, match="'existing-model-id'") as raised:
        spanfold.set_active_model(model_id="existing-model-id")
    assert isinstance(raised.value, LookupError)
    assert raised.value.model_id == "existing-model-id"
    assert spanfold.get_active_model_id() == derive_model_id("0", "before")
    assert len(server.questions) == 2


def test_a_name_and_an_id_that_do_not_belong_together_are_refused(server: Server) -> None:
    server.models = [model_json(KNOWN_ID, "known")]
    with pytest.raises(InvalidArgumentError, match="version of 'known', not of 'other'"):
        spanfold.set_active_model(name="other", model_id=KNOWN_ID)


def test_neither_name_nor_id_is_an_error_that_says_what_to_write(captured: Captured) -> None:
    with pytest.raises(InvalidArgumentError, match=r'set_active_model\(name="..."\)'):
        spanfold.set_active_model()
    assert captured.events == []


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 501, "\udc80", 5, ["a"]])
def test_a_name_that_cannot_be_stored_is_refused(captured: Captured, name: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="name"):
        spanfold.set_active_model(name=name)
    with pytest.raises(InvalidArgumentError, match="name"):
        spanfold.create_external_model(name=name)
    assert captured.events == []


def unreachable(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    configured = runtime.current()
    away = runtime.Runtime(configured.tracer, configured.event_logger, "", QueryApi(address))
    monkeypatch.setattr(runtime, "_current", away)


@pytest.mark.usefixtures("captured")
def test_a_server_that_is_away_is_warned_about_once_and_names_and_ids_still_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, captured: Captured
) -> None:
    monkeypatch.setattr("spanfold._internal.faults._logged", set[str]())
    unreachable(monkeypatch, "http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING, "spanfold"):
        assert spanfold.set_active_model(name="v1").model_id == derive_model_id("0", "v1")
        assert spanfold.set_active_model(name="v1").model_id == derive_model_id("0", "v1")
        assert spanfold.set_active_model(model_id="any-id").model_id == "any-id"
    assert len(caplog.records) == 1
    assert "127.0.0.1:9" in caplog.text
    assert [event.event_type for event in captured.events] == ["spanfold.model.created"]


@pytest.mark.usefixtures("captured")
@pytest.mark.parametrize("models", ["not a list", [{"model_id": KNOWN_ID}], [1]])
def test_an_answer_that_is_no_list_of_models_counts_as_away(
    server: Server, monkeypatch: pytest.MonkeyPatch, models: Any
) -> None:
    monkeypatch.setattr(server, "answer", lambda _: (200, {"models": models}))
    assert spanfold.set_active_model(name="v1").model_id == derive_model_id("0", "v1")


@pytest.mark.parametrize(("status", "kind"), [(404, "text/html"), (500, "application/problem+json")])
def test_a_server_that_is_no_query_api_or_fails_counts_as_away_and_is_left_alone_for_a_while(
    server: Server, monkeypatch: pytest.MonkeyPatch, status: int, kind: str
) -> None:
    """Nobody waits for a broken server at each request that they serve."""
    asked = list[str]()

    def refuse(path: str) -> tuple[int, dict[str, str]]:
        asked.append(path)
        return status, {}

    monkeypatch.setattr(server, "answer", refuse)
    monkeypatch.setattr(server, "problem_type", kind)
    assert spanfold.set_active_model(model_id="any").status == "UNSPECIFIED"
    assert spanfold.set_active_model(name="v1").model_id == derive_model_id("0", "v1")
    assert asked == ["/v1/models/any"]


def test_a_created_model_has_all_that_was_said_about_it_and_so_has_its_event(captured: Captured) -> None:
    with testing.fixed_clock(1_700_000_000_123_456_789):
        model = spanfold.create_external_model(
            name="recommendation-engine-v2.1",
            model_type="rag-agent",
            params={"llm_model": "gpt-4", "temperature": "0.7"},
            tags={"team": "ml-platform"},
            source_run_id="run-1",
        )
    assert is_model_id(model.model_id)
    assert model.creation_timestamp == model.last_updated_timestamp == 1_700_000_000_123
    assert (model.status, model.experiment_id) == ("READY", "0")
    assert model.model_uri == f"models:/{model.model_id}"
    state = fold(captured.events)
    assert state is not None
    for field in (
        "model_id",
        "name",
        "experiment_id",
        "model_type",
        "source_run_id",
        "status",
        "params",
        "tags",
    ):
        assert getattr(state, field) == getattr(model, field), field
    assert state.creation_time_unix_ns == 1_700_000_000_123_456_789


@pytest.mark.usefixtures("captured")
def test_a_model_cannot_be_changed_and_keeps_copies_of_what_it_was_given() -> None:
    tags = {"team": "ml"}
    model = spanfold.create_external_model(name="v1", tags=tags)
    tags["team"] = "other"
    assert model.tags == {"team": "ml"}
    with pytest.raises(FrozenInstanceError):
        model.name = "v2"  # type: ignore[misc]


def test_each_call_creates_a_version_and_the_name_means_the_newest_at_once(server: Server) -> None:
    """The server may not have heard of it yet."""
    first = spanfold.create_external_model(name="same")
    second = spanfold.create_external_model(name="same")
    assert first.model_id != second.model_id
    assert spanfold.get_active_model_id() is None
    assert spanfold.set_active_model(name="same").model_id == second.model_id
    assert spanfold.set_active_model(model_id=first.model_id).name == "same"
    assert server.questions == []


def test_a_model_without_a_name_gets_a_readable_one(captured: Captured) -> None:
    made = {spanfold.create_external_model().name for _ in range(20)}
    assert len(made) > 15
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-\d{3}", name) for name in made)
    assert len(captured.events) == 20


@pytest.mark.parametrize(
    ("params", "written"), [({"temperature": 0.7}, "'0.7'"), ({"k": 5}, "'5'"), ({"on": True}, "'True'")]
)
def test_params_that_are_no_strings_are_refused_by_key_and_nothing_is_recorded(
    captured: Captured, params: Any, written: str
) -> None:
    (key,) = params
    with pytest.raises(InvalidArgumentError, match="Parameters must be strings") as raised:
        spanfold.create_external_model(name="v1", params={"fine": "x", **params})
    assert f"params[{key!r}]" in str(raised.value)
    assert written in str(raised.value)
    assert isinstance(raised.value, ValueError)
    assert captured.events == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"tags": {"a": 1}},
        {"tags": {"a": "\udc80"}},
        {"tags": ["a"]},
        {"params": {"": "x"}},
        {"params": {"a": "x" * 8001}},
        {"params": {str(n): "" for n in range(101)}},
        {"model_type": 3},
        {"experiment_id": 3},
    ],
)
def test_what_cannot_be_recorded_is_refused_whole(captured: Captured, arguments: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        spanfold.create_external_model(name="v1", **arguments)
    assert captured.events == []


def test_changing_the_tags_of_a_returned_version_changes_nothing_that_is_remembered(
    captured: Captured,
) -> None:
    given = {"team": "search"}
    made = spanfold.create_external_model(name="changed", tags=given)
    given["team"] = "other"
    cast("dict[str, str]", made.tags)["team"] = "another"
    cast("dict[str, str]", spanfold.set_active_model(name="changed").tags)["team"] = "yet another"
    assert spanfold.set_active_model(name="changed").tags == {"team": "search"}
    assert captured.events[0].payload["tags"] == {"team": "search"}
