"""Whatever answers behind an endpoint is a model version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spanfold_query_api.gateway.config import Endpoint, RouteTable, Target
from spanfold_query_api.gateway.versions import creations, with_versions
from spanfold_schemas import ids, keys
from spanfold_schemas.events import validate_payload
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from tests.gateway import served
    from tests.sdk.otlp_receiver import Server

LOGGED = "m-" + "1" * 32
ASK: list[Any] = [{"role": "user", "content": "Which version answers?"}]


def table(*targets: Target) -> RouteTable:
    endpoint = Endpoint(name="chat", endpoint_type="llm/v1/chat", models=list(targets))
    return with_versions(RouteTable(endpoints=[endpoint], secrets=frozenset({"sk-123456"})))


def test_a_target_is_the_version_that_it_names_or_one_by_what_it_is() -> None:
    made = table(
        Target(provider="openai", name="gpt-4o"),
        Target(provider="openai", name="gpt-4o", model_id="m-" + "2" * 32),
        Target(provider="spanfold-model", name=f"models:/{LOGGED}"),
        Target(provider="spanfold-model", name="models:/support"),
    )
    (endpoint,) = made.endpoints
    assert [target.model_id for target in endpoint.models] == [
        ids.derive_model_id("0", "chat/openai/gpt-4o"),
        "m-" + "2" * 32,
        LOGGED,
        ids.derive_model_id("0", "chat/spanfold-model/models:/support"),
    ]
    assert made.secrets == {"sk-123456"}
    told = dict(creations(made))
    assert list(told) == [endpoint.models[0].model_id, endpoint.models[3].model_id]


def test_any_name_that_a_file_can_say_makes_a_version_that_can_be_recorded() -> None:
    for name in ("line\nbreak", "\u2028", "x" * 1_000, "版/é"):
        for model_id, event in creations(table(Target(provider="openai", name=name))):
            assert ids.is_model_id(model_id)
            validate_payload(keys.MODEL_CREATED, json.loads(event.body))


def test_another_provider_in_the_same_line_is_another_version_of_the_running_endpoint(
    gateway: served.Served, collector: Server
) -> None:
    gateway.openai.chat.completions.create(model="chat", messages=ASK)
    before = gateway.status()["reloads"]
    text = gateway.file.read_text()
    gateway.file.write_text(text.replace("name: gpt-4o\n", "name: gpt-5-mini\n"))
    gateway.wait_for(lambda status: status["reloads"] > before)
    gateway.openai.chat.completions.create(model="chat", messages=ASK)

    names = ["chat/openai/gpt-4o", "chat/openai/gpt-5-mini"]
    expected = [ids.derive_model_id("0", name) for name in names]
    collector.wait_for(lambda: len(collector.spans) >= 2)
    assert [attributes_of(span.attributes)[keys.MODEL_ID] for span in collector.spans] == expected
    collector.wait_for(
        lambda: (
            set(expected) <= {attributes_of(one.attributes)[keys.EVENT_STREAM] for one in collector.records}
        )
    )
    told = {
        attributes_of(one.attributes)[keys.EVENT_STREAM]: json.loads(one.body.string_value)
        for one in collector.records
    }
    assert [told[model_id]["name"] for model_id in expected] == names
    assert told[expected[1]]["params"] == {"endpoint": "chat", "provider": "openai", "model": "gpt-5-mini"}
    assert len(collector.records) == len(told), "each is told once"
