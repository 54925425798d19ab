"""Providers that hang, refuse, break off or talk nonsense: each ends in time, and no error shows a key."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api.gateway import attempts
from spanfold_query_api.gateway.protocol import GatewayError
from spanfold_query_api.gateway.providers import bounded
from tests.gateway import rude
from tests.gateway.routing import KEY, chat, endpoint, routed, shown, target
from tests.providers import server as providers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from spanfold_query_api.gateway.config import Target
    from tests.providers.server import Provider

WIRES = pytest.mark.parametrize("wire", ["openai", "anthropic"])


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.01)


async def fails(awaited: Awaitable[Any]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await awaited
    assert KEY not in shown(caught.value)
    return caught.value


def failure(asked: Target, content: str, **rules: Any) -> GatewayError:
    async def main() -> GatewayError:
        async with routed(endpoint("chat", asked, **rules)) as router:
            return await fails(router.call(chat(content)))

    return asyncio.run(main())


@WIRES
@pytest.mark.parametrize(
    ("asks", "status", "attempts_made"),
    [
        ("fail:400", 400, 1),
        ("fail:404", 404, 1),
        ("fail:429", 429, 3),
        ("fail:500", 502, 3),
        ("fail:503", 503, 3),
        ("[judge:broken]", 502, 3),
        ("[judge:drop]", 502, 3),
    ],
)
def test_what_may_mend_is_tried_again_and_nothing_else(
    provider: Provider, wire: str, asks: str, status: int, attempts_made: int
) -> None:
    error = failure(target(provider, wire), asks)
    assert (error.status, error.attempts) == (status, attempts_made)
    assert wire in error.message


@WIRES
def test_a_refused_key_is_the_gateways_fault_and_is_not_quoted(provider: Provider, wire: str) -> None:
    error = failure(target(provider, wire), "fail:401")
    assert (error.status, error.attempts, error.code) == (502, 1, "provider_refused_key")
    assert "check the endpoint's config" in error.message


@WIRES
def test_a_fault_that_passes_is_not_seen(provider: Provider, wire: str) -> None:
    async def main() -> None:
        async with routed(endpoint("chat", target(provider, wire))) as router:
            reply = await router.call(chat(f"fail:500:2 {wire}"))
            assert reply.attempts == 3
            assert reply.body["choices"][0]["message"]["content"].startswith("Paris")

    asyncio.run(main())


@WIRES
def test_a_provider_that_hangs_is_left_after_the_timeout(provider: Provider, wire: str) -> None:
    begun_s = time.monotonic()
    error = failure(target(provider, wire), "[judge:hang]", timeout_s=0.5)
    assert (error.status, error.code) == (504, "timeout")
    assert "0.5 s" in error.message
    assert time.monotonic() - begun_s < 5


@WIRES
def test_a_stream_that_drops_ends_with_an_error_after_what_came(provider: Provider, wire: str) -> None:
    async def main() -> None:
        async with routed(endpoint("chat", target(provider, wire))) as router:
            reply = await router.stream(chat("cut it"))
            chunks = []

            async def read() -> None:
                async for one in reply:
                    chunks.append(one)  # noqa: PERF401 - what came before the error counts

            error = await fails(read())
            assert error.status == 502
            text = "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks)
            assert text == "Paris is"
            assert router.under_way == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([rude.EVENTS, rude.chunk("Par"), rude.HANG], "did not answer within 0.3 s"),
        ([rude.EVENTS, rude.chunk("Par")], "ended the stream in the middle"),
        ([rude.EVENTS, rude.chunk("Par"), b"data: {garbage\n\n"], "no answer"),
        ([rude.EVENTS, rude.chunk("Par"), b"data: [1]\n\n"], "no JSON object"),
        (
            [rude.EVENTS, rude.chunk("Par"), f'data: {{"error": {{"message": "{KEY}"}}}}\n\n'.encode()],
            "it said",
        ),
    ],
)
def test_a_stream_ends_with_an_error_however_it_goes_wrong(parts: list[bytes], said: str) -> None:
    async def main() -> None:
        async with rude.answering(*parts) as server:
            rules = {"timeout_s": 0.3, "max_retries": 0}
            async with routed(endpoint("chat", target(server.address), **rules)) as router:
                reply = await router.stream(chat())
                assert (await anext(reply))["choices"][0]["delta"] == {"content": "Par"}
                error = await fails(anext(reply))
                assert said in error.message
                assert router.under_way == 0
                await reply.aclose()  # any number of times

    asyncio.run(main())


@pytest.mark.parametrize(
    "event",
    [
        {"type": "content_block_delta", "delta": [1]},
        {"type": "message_delta", "usage": [1]},
        {"type": "content_block_start", "content_block": 7},
        {"type": "error", "error": {"type": "overloaded_error", "message": f"Overloaded {KEY}"}},
        {"type": "ping"},
    ],
)
def test_a_stream_of_anthropics_ends_with_an_error_however_it_goes_wrong(event: dict[str, Any]) -> None:
    start = {"type": "message_start", "message": {"id": "1", "usage": {"input_tokens": 1}}}
    parts = [f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in (start, event)]

    async def main() -> None:
        async with (
            rude.answering(rude.EVENTS, *parts) as server,
            routed(endpoint("chat", target(server.address, "anthropic"))) as router,
        ):
            reply = await router.stream(chat())
            await anext(reply)
            assert (await fails(anext(reply))).status == 502

    asyncio.run(main())


def test_an_answer_of_another_shape_is_no_answer() -> None:
    async def main() -> None:
        for wire, body in (
            ("anthropic", {"content": [{"type": "text", "text": 3}]}),
            ("openai", {"id": "1"}),
        ):
            async with (
                rude.answering(rude.answer("200 OK", body)) as server,
                routed(endpoint("chat", target(server.address, wire), max_retries=0)) as router,
            ):
                assert (await fails(router.call(chat()))).code == "provider_garbage"

    asyncio.run(main())


def test_a_stream_that_does_not_begin_is_tried_again() -> None:
    async def main() -> None:
        async with (
            rude.answering(rude.EVENTS) as server,
            routed(endpoint("chat", target(server.address), max_retries=1)) as router,
        ):
            error = await fails(router.stream(chat()))
            assert "empty stream" in error.message
            assert error.attempts == len(server.requests) == 2

    asyncio.run(main())


@pytest.mark.parametrize("how", ["closed", "cancelled", "never read"])
def test_a_stream_that_the_caller_leaves_frees_the_connection(how: str) -> None:
    async def main() -> None:
        async with (
            rude.answering(rude.EVENTS, rude.chunk("Par"), rude.HANG) as server,
            routed(endpoint("chat", target(server.address), max_concurrency=1)) as router,
        ):
            reply = await router.stream(chat())
            if how != "never read":
                await anext(reply)
            if how == "cancelled":
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(reply), 0.05)
            await reply.aclose()
            await asyncio.wait_for(server.left.wait(), 5)

    asyncio.run(main())


def test_the_providers_wait_is_kept_and_a_long_one_is_handed_on() -> None:
    async def main() -> None:
        refused = rude.answer("429 Too Many Requests", {"error": {"message": "slow"}}, Retry_After="0.4")
        async with rude.answering(refused) as server:
            async with routed(endpoint("chat", target(server.address), max_retries=1)) as router:
                begun_s = time.monotonic()
                await fails(router.call(chat()))
                assert time.monotonic() - begun_s >= 0.4
            async with routed(endpoint("chat", target(server.address), timeout_s=0.3)) as router:
                error = await fails(router.call(chat()))
                assert (error.status, error.retry_after_s, error.attempts) == (429, 0.4, 1)

    asyncio.run(main())


def test_a_used_up_quota_is_not_tried_again() -> None:
    async def main() -> None:
        body = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
        async with (
            rude.answering(rude.answer("429 Too Many Requests", body)) as server,
            routed(endpoint("chat", target(server.address))) as router,
        ):
            error = await fails(router.call(chat()))
            assert (error.status, error.code, error.attempts) == (429, "insufficient_quota", 1)

    asyncio.run(main())


def test_no_key_follows_a_redirect() -> None:
    async def main() -> None:
        async with rude.answering(rude.answer("200 OK", {"choices": []})) as other:
            moved = rude.answer("307 Temporary Redirect", Location=f"{other.address}/v1/chat/completions")
            async with (
                rude.answering(moved) as server,
                routed(endpoint("chat", target(server.address))) as router,
            ):
                assert (await fails(router.call(chat()))).status == 502
                assert other.requests == []

    asyncio.run(main())


def test_messages_that_quote_the_key_are_shown_without_it() -> None:
    async def main() -> None:
        body = {"error": {"message": f"bad request with {KEY}", "code": KEY, "param": KEY}}
        async with (
            rude.answering(rude.answer("400 Bad Request", body)) as server,
            routed(endpoint("chat", target(server.address))) as router,
        ):
            assert "<key>" in (await fails(router.call(chat()))).message

    asyncio.run(main())


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded.BoundedStream.__init__, "__defaults__", (1 << 20,))

    async def main() -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        async with (
            rude.answering(head, *([b" " * 65_536] * 1_000)) as server,
            routed(endpoint("chat", target(server.address), max_retries=0)) as router,
        ):
            assert (await fails(router.call(chat()))).status == 502

    asyncio.run(main())


def test_nobody_listens() -> None:
    error = failure(target("http://127.0.0.1:9", config={"base_url": "http://127.0.0.1:9/v1"}), "hi")
    assert (error.status, error.attempts, error.code) == (502, 3, "provider_unavailable")
    assert "127.0.0.1" not in error.message
