"""Fallback: another endpoint answers where one cannot, in the time that is left; never for a bad call."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api.gateway import attempts
from spanfold_query_api.gateway.ledger import Ledger
from spanfold_query_api.gateway.protocol import Call, GatewayError
from tests.gateway import rude
from tests.gateway.routing import asking, chat, endpoint, routed, target
from tests.providers import server as providers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spanfold_query_api.gateway.protocol import Reply
    from tests.providers.server import Provider

VERSIONS = ["m-" + "1" * 32, "m-" + "2" * 32]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.01)


def answered(provider: Provider, *parts: bytes, call: Call | None = None, **rules: Any) -> Reply:
    """What the endpoint 'chat' answers whose provider sends these parts, and which falls back to 'other'."""

    async def main() -> Reply:
        async with rude.answering(*parts) as server:
            first = endpoint("chat", target(server.address), fallback=["other"], **rules)
            second = endpoint("other", target(provider, "anthropic", model_id=VERSIONS[1]))
            async with routed(first, second) as router:
                return await router.call(call or chat())

    return asyncio.run(main())


def test_another_endpoint_answers_when_retries_are_used_up(provider: Provider) -> None:
    reply = answered(provider, rude.answer("500 Internal Server Error"), max_retries=1)
    assert (reply.endpoint, reply.provider, reply.model_id) == ("other", "anthropic", VERSIONS[1])
    assert reply.attempts == 3


def test_a_provider_that_hangs_leaves_time_for_the_other(provider: Provider) -> None:
    begun_s = time.monotonic()
    reply = answered(provider, rude.HANG, timeout_s=4)
    assert reply.endpoint == "other"
    assert 1.9 < time.monotonic() - begun_s < 4


@pytest.mark.parametrize("status", ["401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable"])
def test_what_the_caller_did_not_cause_falls_back(provider: Provider, status: str) -> None:
    assert answered(provider, rude.answer(status), max_retries=0).endpoint == "other"


def test_a_bad_call_does_not_fall_back(provider: Provider) -> None:
    before = len(provider.exchanges)
    with pytest.raises(GatewayError) as caught:
        answered(provider, rude.answer("400 Bad Request", {"error": {"message": "no messages"}}))
    assert caught.value.status == 400
    assert len(provider.exchanges) == before


def test_streams_fall_back_before_they_begin_and_not_after(provider: Provider) -> None:
    async def main() -> None:
        for parts in ([rude.answer("500 Oops")], [rude.EVENTS, rude.chunk("Par")]):
            async with rude.answering(*parts) as server:
                first = endpoint("chat", target(server.address), fallback=["other"], max_retries=0)
                async with routed(first, endpoint("other", target(provider))) as router:
                    reply = await router.stream(chat())
                    if len(parts) == 1:
                        assert reply.endpoint == "other"
                        assert len([one async for one in reply]) > 3
                        assert reply.usage is not None
                    else:
                        assert reply.endpoint == "chat"
                        with pytest.raises(GatewayError, match="in the middle"):
                            _ = [one async for one in reply]

    asyncio.run(main())


def test_the_first_fault_is_told_when_fallbacks_are_at_their_limit(
    provider: Provider, tmp_path: Path
) -> None:
    async def main() -> None:
        ledger = Ledger(tmp_path / "ledger.db")
        second = endpoint("other", target(provider), limit={"calls": 1, "renewal_period": "hour"})
        async with rude.answering(rude.answer("500 Oops")) as server:
            first = endpoint("chat", target(server.address), fallback=["other"], max_retries=0)
            async with routed(first, second, ledger=ledger) as router:
                assert (await router.call(chat())).endpoint == "other"
                with pytest.raises(GatewayError, match="answered 500"):
                    await router.call(chat())
        ledger.close()

    asyncio.run(main())


def test_an_endpoint_that_is_not_there_or_takes_something_else_says_so(provider: Provider) -> None:
    async def main() -> None:
        async with routed(endpoint("chat", target(provider))) as router:
            with pytest.raises(GatewayError, match="no endpoint 'chta'; there are: chat") as caught:
                await router.call(chat(name="chta"))
            assert (caught.value.status, caught.value.code) == (404, "model_not_found")
            with pytest.raises(GatewayError, match="does not take embeddings") as caught:
                await router.call(asking("embeddings", input="hi"))
            assert caught.value.status == 400

    asyncio.run(main())


def test_a_split_answers_one_user_with_one_version_and_says_which(provider: Provider) -> None:
    async def main() -> None:
        targets = [target(provider, model_id=one, name=f"gpt-{one[2]}") for one in VERSIONS]
        split = endpoint("chat", *targets, sticky_by="user")
        async with routed(split) as router:
            versions = {}
            for user in map(str, range(16)):
                replies = [await router.call(chat(key=user)) for _ in range(2)]
                assert replies[0].model_id == replies[1].model_id
                assert replies[0].body["model"].startswith(f"gpt-{str(replies[0].model_id)[2]}")
                versions[user] = replies[0].model_id
            assert set(versions.values()) == set(VERSIONS)

    asyncio.run(main())
