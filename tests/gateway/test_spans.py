"""Every call leaves one span that says who asked what, who answered, and what it took."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from spanfold_schemas import keys
from tests.gateway import served
from tests.providers import script

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gateway.served import Served
    from tests.providers.server import Provider
    from tests.sdk.otlp_receiver import Server

CHAT = "/gateway/v1/chat/completions"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ERROR = 2
SAMPLED = 1


def asked(content: str = "What is the capital of France?", **more: Any) -> dict[str, Any]:
    return {"model": "chat", "messages": [{"role": "user", "content": content}], **more}


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_is_a_span_with_everything_known_of_it(
    gateway: Served,
    collector: Server,
    stream: bool,  # noqa: FBT001 - the case
) -> None:
    gateway.http.post(CHAT, json=asked(temperature=0, stream=stream, user="ann")).raise_for_status()
    span, attributes = served.the_span(collector)
    assert span.name == "chat gpt-4o"
    assert attributes[keys.ENDPOINT] == "chat"
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["gen_ai.request.model"] == "gpt-4o"
    assert attributes["gen_ai.response.model"] == "gpt-4o-2026-01-15"
    assert attributes["gen_ai.request.temperature"] == 0
    assert attributes["gen_ai.usage.input_tokens"] == script.INPUT_TOKENS
    assert attributes["gen_ai.usage.output_tokens"] == script.OUTPUT_TOKENS
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == script.CACHED_TOKENS
    assert attributes["user.id"] == "ann"
    assert attributes[keys.COST_USD] > 0
    said = json.loads(attributes["gen_ai.output.messages"])
    part = {"type": "text", "content": script.ANSWER}
    assert said == [{"role": "assistant", "parts": [part], "finish_reason": "stop"}]
    assert ("gen_ai.response.time_to_first_chunk" in attributes) is stream
    assert collector.resources[0]["service.name"] == "spanfold-gateway"


def test_a_call_within_a_trace_is_part_of_it_and_so_is_what_the_provider_is_asked(
    gateway: Served, collector: Server, provider: Provider
) -> None:
    model_id = "m-" + "ab" * 16
    headers = {
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "baggage": f"{keys.MODEL_ID}={model_id}",
        "Spanfold-Conversation-Id": "c-1",
    }
    gateway.http.post(CHAT, json=asked(), headers=headers).raise_for_status()
    span, attributes = served.the_span(collector)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes[keys.CALLER_MODEL_ID] == model_id
    assert attributes["gen_ai.conversation.id"] == "c-1"
    assert not provider.headers_named("baggage")


@pytest.mark.parametrize(
    "body", [asked(), asked(stream=True), asked("fail:400"), asked(stream=True, content="fail:400")]
)
def test_every_answer_says_in_which_trace_its_call_is_found(
    gateway: Served, collector: Server, body: dict[str, Any]
) -> None:
    answered = gateway.http.post(CHAT, json=body)
    span, _ = served.the_span(collector)
    version, *found, flags = answered.headers["traceresponse"].split("-")
    assert (version, *found) == ("00", span.trace_id.hex(), span.span_id.hex())
    assert int(flags, 16) & SAMPLED


def test_tools_and_their_results_are_in_the_messages(gateway: Served, collector: Server) -> None:
    function = {"name": "weather", "parameters": {"type": "object", "properties": {}}}
    tools = [{"type": "function", "function": function}]
    gateway.http.post(CHAT, json=asked(tools=tools, stream=True)).raise_for_status()
    _, attributes = served.the_span(collector)
    ((part,),) = [one["parts"] for one in json.loads(attributes["gen_ai.output.messages"])]
    assert part == {"type": "tool_call", "id": script.TOOL_CALL_ID, "name": "weather", "arguments": {}}


def test_a_call_that_fails_is_a_span_that_failed(gateway: Served, collector: Server) -> None:
    assert gateway.http.post(CHAT, json=asked("fail:400")).status_code == 400
    span, attributes = served.the_span(collector)
    assert span.status.code == ERROR
    assert "answered 400" in span.status.message
    assert attributes["error.type"]


def test_a_call_that_fails_tells_which_version_failed(gateway: Served, collector: Server) -> None:
    assert gateway.http.post(CHAT, json=asked("fail:400")).status_code == 400
    span, attributes = served.the_span(collector)
    assert span.name == "chat gpt-4o"
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["gen_ai.request.model"] == "gpt-4o"
    target = gateway.deployments.gateway.table.endpoints[0].models[0]
    assert attributes[keys.MODEL_ID] == target.model_id


def test_a_call_that_nobody_waits_for_any_more_has_not_failed(
    gateway: Served, collector: Server, provider: Provider
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        gateway.http.post(CHAT, json=asked("[judge:hang]"), timeout=0.5)
    span, attributes = served.the_span(collector)
    assert span.status.code != ERROR
    assert attributes["spanfold.closed_early"] is True
    assert "error.type" not in attributes
    assert provider.exchanges


def test_a_stream_that_is_left_early_says_so_and_keeps_what_came(gateway: Served, collector: Server) -> None:
    with gateway.http.stream("POST", CHAT, json=asked("long story", stream=True)) as response:
        lines = (line for line in response.iter_lines() if "word1" in line)
        next(lines)
    span, attributes = served.the_span(collector)
    assert attributes["spanfold.closed_early"] is True
    assert span.status.code != ERROR
    assert "word1" in attributes["gen_ai.output.messages"]


@pytest.mark.parametrize(("setting", "is_there"), [("none", False), ("full", True)])
def test_content_is_kept_or_not_as_everywhere(  # noqa: PLR0913, PLR0917 - what it takes
    tmp_path: Path,
    provider: Provider,
    collector: Server,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    is_there: bool,  # noqa: FBT001 - the case
) -> None:
    monkeypatch.setenv("GATEWAY_TEST_KEY", served.KEY)
    monkeypatch.setenv("SPANFOLD_CAPTURE_CONTENT", setting)
    secret = "sk-proj-" + "a1B2" * 10
    with served.served(served.all_kinds(tmp_path, provider), collector) as gateway:
        gateway.http.post(CHAT, json=asked(f"my key is {secret}")).raise_for_status()
    _, attributes = served.the_span(collector)
    assert ("gen_ai.input.messages" in attributes) is is_there
    assert secret not in str(attributes)
    assert attributes["gen_ai.usage.input_tokens"] == script.INPUT_TOKENS


def test_a_collector_that_is_away_makes_no_call_wait(
    tmp_path: Path, provider: Provider, collector: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_TEST_KEY", served.KEY)
    collector.status = 503
    with served.served(served.all_kinds(tmp_path, provider), collector) as gateway:
        for _ in range(20):
            assert gateway.http.post(CHAT, json=asked(), timeout=2).status_code == 200


def test_no_key_is_shown_anywhere(
    gateway: Served, collector: Server, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    shown = []
    for body in (asked(), asked("fail:401"), asked("fail:500"), asked("[judge:broken]"), asked(stream=True)):
        answer = gateway.http.post(CHAT, json=body)
        shown += [answer.text, str(answer.headers)]
    paths = ("/gateway/v1/status", "/gateway/v1/models", "/api/2.0/endpoints/", "/openapi.json", "/docs")
    shown += [gateway.http.get(path).text for path in paths]
    gateway.file.write_text(gateway.file.read_text().replace("$GATEWAY_TEST_KEY", served.KEY))
    shown.append(str(gateway.wait_for(lambda status: status["error"] is not None)))
    collector.wait_for(lambda: len(collector.spans) == 5)
    shown += [str(collector.spans), str(collector.resources), str(collector.records), caplog.text]
    assert any("a key must not stand in this file" in text for text in shown)
    assert [text for text in shown if served.KEY in text] == []
    assert any(served.KEY in str(one.headers) for one in provider.exchanges), "only the provider is told"
