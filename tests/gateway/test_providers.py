"""Providers: one interface, whatever they speak; their configurations are checked before any call."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api.gateway import providers as registry
from spanfold_query_api.gateway.config import Target
from spanfold_query_api.gateway.providers import compatible
from spanfold_query_api.gateway.providers.options import ProviderConfigError
from spanfold_query_api.gateway.providers.table import ALIASES, COMPATIBLE, OTHERS
from tests.gateway import rude
from tests.gateway.routing import KEY, asking, chat, endpoint, routed, target
from tests.providers import script
from tests.providers import server as providers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold_query_api.gateway.protocol import Call
    from tests.providers.server import Provider

WIRES = pytest.mark.parametrize("wire", ["openai", "anthropic"])
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "weather", "description": "of a city", "parameters": SCHEMA}}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


def whole(asked: Target, call: Call) -> dict[str, Any]:
    async def main() -> dict[str, Any]:
        async with routed(endpoint("chat", asked)) as router:
            return (await router.call(call)).body

    return asyncio.run(main())


def chunks(asked: Target, call: Call) -> list[dict[str, Any]]:
    async def main() -> list[dict[str, Any]]:
        async with routed(endpoint("chat", asked)) as router:
            return [one async for one in await router.stream(call)]

    return asyncio.run(main())


@WIRES
def test_an_answer_has_the_same_shape_from_everyone(provider: Provider, wire: str) -> None:
    body = whole(target(provider, wire), chat())
    choice = body["choices"][0]
    assert body["object"] == "chat.completion"
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == script.ANSWER
    assert choice["finish_reason"] == "stop"
    assert body["usage"]["prompt_tokens"] == script.INPUT_TOKENS
    assert body["usage"]["completion_tokens"] == script.OUTPUT_TOKENS
    assert body["usage"]["prompt_tokens_details"]["cached_tokens"] == script.CACHED_TOKENS


@WIRES
def test_a_stream_has_the_same_shape_from_everyone(provider: Provider, wire: str) -> None:
    got = chunks(target(provider, wire), chat(stream_options={"include_usage": True}))
    assert {one["object"] for one in got} == {"chat.completion.chunk"}
    assert got[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    text = "".join(one["choices"][0]["delta"].get("content") or "" for one in got if one["choices"])
    assert text == script.ANSWER
    assert got[-2]["choices"][0]["finish_reason"] == "stop"
    assert (got[-1]["choices"], got[-1]["usage"]["prompt_tokens"]) == ([], script.INPUT_TOKENS)
    without = chunks(target(provider, wire), chat())
    assert len(without) == len(got) - 1


@WIRES
def test_tools_are_called_and_their_results_taken(provider: Provider, wire: str) -> None:
    call = chat(tools=[TOOL], tool_choice="required", parallel_tool_calls=False)
    choice = whole(target(provider, wire), call)["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    made = choice["message"]["tool_calls"][0]
    assert made["function"]["name"] == "weather"
    assert json.loads(made["function"]["arguments"]) == {"city": "Paris", "days": 7}
    result = {"role": "tool", "tool_call_id": made["id"], "content": "sunny"}
    messages = [*call.body["messages"], choice["message"], result]
    body = whole(target(provider, wire), asking("chat", messages=messages, tools=[TOOL]))
    assert body["choices"][0]["message"]["content"] == script.ANSWER


@WIRES
def test_the_parts_of_a_streamed_tool_call_make_a_whole(provider: Provider, wire: str) -> None:
    calls = [
        part
        for one in chunks(target(provider, wire), chat(tools=[TOOL]))
        for part in one["choices"][0]["delta"].get("tool_calls") or []
    ]
    assert {one["index"] for one in calls} == {0}
    assert (calls[0]["function"]["name"], calls[0]["type"]) == ("weather", "function")
    assert json.loads("".join(one["function"]["arguments"] for one in calls)) == {"city": "Paris", "days": 7}


@WIRES
def test_answers_keep_to_a_schema(provider: Provider, wire: str) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA, "strict": True}}
    body = whole(target(provider, wire), chat(response_format=wanted))
    assert json.loads(body["choices"][0]["message"]["content"]) == {"city": "Paris", "days": 7}


@WIRES
def test_the_callers_headers_are_sent_beside_the_key(provider: Provider, wire: str) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    whole(target(provider, wire), chat(headers={"traceparent": trace}))
    headers = provider.exchanges[-1].headers
    assert headers["traceparent"] == trace
    assert KEY in headers["authorization"]


def test_embeddings_come_as_the_caller_asks(provider: Provider) -> None:
    async def main() -> None:
        embedding = endpoint(
            "chat", target(provider, name="text-embedding-3-small"), endpoint_type="llm/v1/embeddings"
        )
        async with routed(embedding) as router:
            reply = await router.call(asking("embeddings", input=["a", "b"], dimensions=3))
            assert [len(one["embedding"]) for one in reply.body["data"]] == [3, 3]
            assert reply.cost_usd == pytest.approx(script.INPUT_TOKENS * 0.02e-6)
            as_bytes = await router.call(asking("embeddings", input="a", encoding_format="base64"))
            assert isinstance(as_bytes.body["data"][0]["embedding"], str)

    asyncio.run(main())


def test_completions_of_a_provider_that_has_chat_only(provider: Provider) -> None:
    async def main() -> None:
        old = endpoint("chat", target(provider, "anthropic"), endpoint_type="llm/v1/completions")
        async with routed(old) as router:
            call = asking("completions", prompt="Where is it?", max_tokens=9)
            reply = await router.call(call)
            assert reply.body["object"] == "text_completion"
            assert reply.body["choices"][0]["text"] == script.ANSWER
            assert provider.exchanges[-1].body["max_tokens"] == 9
            parts = [one async for one in await router.stream(call)]
            assert "".join(one["choices"][0]["text"] for one in parts) == script.ANSWER

    asyncio.run(main())


def test_azure_has_the_deployment_in_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_VERSION", raising=False)

    async def main(kind: str) -> bytes:
        body = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
        async with rude.answering(rude.answer("200 OK", body)) as server:
            config = {
                "openai_api_key": KEY,
                "openai_api_type": kind,
                "openai_api_base": server.address,
                "openai_api_version": "2024-10-21",
                "openai_deployment_name": "ours",
            }
            azure = Target(provider="openai", name="gpt-4o", config=config)
            async with routed(endpoint("chat", azure)) as router:
                await router.call(chat())
            return server.requests[0]

    asked = asyncio.run(main("azure"))
    assert b"POST /openai/deployments/ours/chat/completions?api-version=2024-10-21 " in asked
    assert b"api-key: " + KEY.encode() in asked.lower()
    assert b"authorization: bearer " + KEY.encode() in asyncio.run(main("azuread")).lower()


@pytest.mark.parametrize("name", sorted({*COMPATIBLE, *ALIASES, "anthropic"}))
def test_every_provider_of_the_table_can_be_configured_by_its_own_key_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://ours.openai.azure.com")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    plain = ALIASES.get(name, name)
    prefix = "openai" if plain == "azure" else name
    for config in ({f"{prefix}_api_key": KEY}, {"api_key": KEY}):
        registry.check_target(Target(provider=name, name="m", config=config), "llm/v1/chat")
    if name != "anthropic":
        address = compatible.address(name, "m", {"api_key": KEY}).base_url
        assert address is None or address.startswith(("https://", "http://localhost"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            Target(provider="opnai", name="m"),
            "provider: there is no provider 'opnai'\nFix: did you mean openai?",
        ),
        (Target(provider="openai", name="m"), "openai_api_key: there is no key\nFix: set OPENAI_API_KEY"),
        (
            Target(provider="openai", name="m", config={"api_key": KEY, "base_ulr": KEY}),
            "base_ulr: provider 'openai' knows no such entry\nFix: did you mean base_url?",
        ),
        (Target(provider="groq", name="m", config={"api_key": ""}), "api_key: it is no text, or empty"),
        (
            Target(provider="ollama", name="m", config={"input_usd_per_million": -1}),
            "input_usd_per_million: it is no price",
        ),
        (
            Target(provider="azure", name="m", config={"api_key": KEY}),
            "openai_api_base: Azure has an address for each resource",
        ),
        (
            Target(provider="bedrock", name="m", config={"api_key": KEY}),
            "aws_region: bedrock has an address for each region",
        ),
        (Target(provider="spanfold-model", name="mine"), "name: it is no model's URI\nFix: models:/m-"),
        (Target(provider="transformers", name="/no/such"), "name: there is no such folder"),
        (Target(provider="litellm", name="x/m"), "provider: litellm is not installed\nFix: pip install"),
    ],
)
def test_a_configuration_that_cannot_work_says_what_and_how_to_mend_it(
    given: Target, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = [one for known in COMPATIBLE.values() for one in known.key_variables]
    for one in [*variables, "AZURE_OPENAI_ENDPOINT", "AWS_REGION", "AWS_DEFAULT_REGION"]:
        monkeypatch.delenv(one, raising=False)
    with pytest.raises(ProviderConfigError) as caught:
        registry.check_target(given, "llm/v1/chat")
    assert str(caught.value).startswith(said)
    assert KEY not in str(caught.value)


def test_keys_of_the_environment_are_enough(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in provider.environment.items():
        monkeypatch.setenv(name, value)
    for one in (Target(provider="openai", name="gpt-4o"), Target(provider="anthropic", name="claude")):
        assert whole(one, chat())["choices"][0]["message"]["content"] == script.ANSWER
    with pytest.raises(ProviderConfigError, match="no embeddings"):
        registry.check_target(Target(provider="anthropic", name="claude"), "llm/v1/embeddings")


def test_names_are_told_apart() -> None:
    assert not set(COMPATIBLE) & {*ALIASES, *OTHERS}
    assert set(ALIASES.values()) <= set(COMPATIBLE)


def test_connections_outlive_a_changed_configuration_and_end_with_the_last(provider: Provider) -> None:
    async def main() -> None:
        async with routed(endpoint("chat", target(provider))) as router:
            await router.call(chat())
            backends = router._backends
            made = backends.provider(router.table.endpoints[0].models[0])
            newer = router.successor(router.table)
            await router.close()
            await newer.call(chat())
            assert backends.provider(newer.table.endpoints[0].models[0]) is made
            await newer.close()
            assert made._client.is_closed()  # type: ignore[attr-defined]

    asyncio.run(main())
