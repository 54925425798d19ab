"""Limits of an endpoint: calls at once, calls in a period, and money, set aside before it is spent."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api.gateway.ledger import Ledger
from spanfold_query_api.gateway.limits import WAITING_FOR_EACH, Gate, LimitError
from spanfold_query_api.gateway.prices import Prices
from spanfold_query_api.gateway.protocol import GatewayError
from tests.gateway import rude
from tests.gateway.routing import asking, chat, endpoint, routed, target
from tests.providers import server as providers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.providers.server import Provider

COST_USD = 0.00067  # of every answer of the tests' provider, by gpt-4o's prices
DAY: dict[str, Any] = {"usd": 1.0, "period": "day"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.running() as one:
        yield one


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    one = Ledger(tmp_path / "ledger.db")
    yield one
    one.close()


def test_calls_over_the_limit_are_told_when_to_come_back(provider: Provider, ledger: Ledger) -> None:
    async def main() -> None:
        limited = endpoint("chat", target(provider), limit={"calls": 2, "renewal_period": "minute"})
        async with routed(limited, ledger=ledger) as router:
            for _ in range(2):
                await router.call(chat())
            for ask in (router.call, router.stream):
                with pytest.raises(GatewayError, match="takes 2 calls in 60 s") as caught:
                    await ask(chat())
                assert (caught.value.status, caught.value.code) == (429, "rate_limit_exceeded")
                assert 0 < (caught.value.retry_after_s or 0) <= 60
        assert len(provider.exchanges) == 2

    asyncio.run(main())


def test_a_limit_outlives_a_changed_configuration(provider: Provider, ledger: Ledger) -> None:
    async def main() -> None:
        limited = endpoint("chat", target(provider), limit={"calls": 1, "renewal_period": "hour"})
        async with routed(limited, ledger=ledger) as router:
            await router.call(chat())
            newer = router.successor(router.table)
            with pytest.raises(GatewayError, match="takes 1 calls"):
                await newer.call(chat())
            await newer.close()

    asyncio.run(main())


def test_a_retry_is_part_of_its_call(provider: Provider, ledger: Ledger) -> None:
    async def main() -> None:
        limited = endpoint("chat", target(provider), limit={"calls": 1, "renewal_period": "hour"})
        async with routed(limited, ledger=ledger) as router:
            assert (await router.call(chat("fail:500:1 once"))).attempts == 2

    asyncio.run(main())


def test_what_was_spent_is_known_to_the_cent_whole_and_streamed(provider: Provider, ledger: Ledger) -> None:
    async def main() -> None:
        async with routed(endpoint("chat", target(provider), spend=DAY), ledger=ledger) as router:
            assert (await router.call(chat())).cost_usd == pytest.approx(COST_USD)
            reply = await router.stream(chat())
            assert ledger.spent_usd("chat", "day") > 2 * COST_USD  # a guess, until it is over
            assert all([one["choices"] async for one in reply])  # nobody asked for the chunk of usage
            assert reply.cost_usd == pytest.approx(COST_USD)
        assert ledger.spent_usd("chat", "day") == pytest.approx(2 * COST_USD)

    asyncio.run(main())


def test_spending_stops_at_the_limit_with_many_calls_at_once(provider: Provider, ledger: Ledger) -> None:
    provider.latency_s = 0.02

    async def main() -> int:
        limit = {"usd": 0.05, "period": "month"}
        async with routed(endpoint("chat", target(provider), spend=limit), ledger=ledger) as router:
            replies = await asyncio.gather(
                *[router.call(chat(max_tokens=100)) for _ in range(120)], return_exceptions=True
            )
        refused = [one for one in replies if isinstance(one, BaseException)]
        assert all(isinstance(one, LimitError) and one.code == "spend_limit_reached" for one in refused)
        return len(replies) - len(refused)

    through = asyncio.run(main())
    assert 20 < through < 0.05 / COST_USD
    assert ledger.spent_usd("chat", "month") == pytest.approx(through * COST_USD)


def test_a_refused_call_costs_nothing_and_one_that_hangs_costs_its_guess(ledger: Ledger) -> None:
    async def main() -> None:
        async with (
            rude.answering(rude.answer("400 Bad Request")) as server,
            routed(endpoint("chat", target(server.address), spend=DAY), ledger=ledger) as router,
        ):
            with pytest.raises(GatewayError):
                await router.call(chat())
        assert ledger.spent_usd("chat", "day") == 0
        async with rude.answering(rude.HANG) as server:
            slow = endpoint("chat", target(server.address), spend=DAY, timeout_s=0.2)
            async with routed(slow, ledger=ledger) as router:
                with pytest.raises(GatewayError):
                    await router.call(chat())
        assert ledger.spent_usd("chat", "day") > 0

    asyncio.run(main())


def test_money_is_not_spent_that_nobody_counts(provider: Provider, ledger: Ledger, tmp_path: Path) -> None:
    async def main() -> None:
        spending = endpoint("chat", target(provider), spend=DAY)
        unpriced = endpoint("unpriced", target(provider, name="no-such-model"), spend=DAY)
        async with routed(spending) as router:
            with pytest.raises(LimitError, match="no ledger"):
                await router.call(chat())
        async with routed(spending, unpriced, ledger=ledger) as router:
            with pytest.raises(LimitError, match="give input_usd_per_million"):
                await router.call(chat(name="unpriced"))
            with sqlite3.connect(tmp_path / "ledger.db") as other:
                other.execute("DROP TABLE spending")
            other.close()
            with pytest.raises(LimitError, match="the gateway's log tells why") as caught:
                await router.call(chat())
            assert caught.value.status == 503
        assert provider.exchanges == []

    asyncio.run(main())


def test_prices_of_ones_own_go_before_the_list() -> None:
    prices = Prices("openai", "gpt-4o", {"input_usd_per_million": 1, "output_usd_per_million": 2})
    usage = {"prompt_tokens": 100, "completion_tokens": 100}
    assert prices.cost_usd(usage) == pytest.approx(300e-6)
    assert Prices("openai", "gpt-4o", {}).cost_usd(usage) == pytest.approx(1_250e-6)


def test_a_guess_is_rather_too_high_and_a_missing_usage_has_no_cost() -> None:
    prices = Prices("openai", "gpt-4o", {})
    text = "word " * 300
    real = prices.cost_usd({"prompt_tokens": 301, "completion_tokens": 50})
    assert prices.guess_usd(chat(text, max_tokens=50)) > (real or 0)
    assert prices.guess_usd(chat("hi", n=3)) > 2.9 * prices.guess_usd(chat("hi"))
    assert prices.guess_usd(asking("embeddings", input="hi")) < 0.0001
    for usage in (None, {}, {"prompt_tokens": -1}, {"prompt_tokens": 1, "prompt_tokens_details": "?"}):
        assert prices.cost_usd(usage) is None or usage == {
            "prompt_tokens": 1,
            "prompt_tokens_details": "?",
        }


def test_so_many_calls_at_once_and_the_rest_wait_in_line(provider: Provider) -> None:
    provider.latency_s = 0.05

    async def main() -> None:
        narrow = endpoint("chat", target(provider), max_concurrency=3)
        async with routed(narrow) as router:
            replies = await asyncio.gather(
                *[router.call(chat()) for _ in range(3 + 3 * WAITING_FOR_EACH + 5)], return_exceptions=True
            )
        busy = [one for one in replies if isinstance(one, LimitError)]
        assert len(busy) == 5
        assert {(one.status, one.code) for one in busy} == {(429, "endpoint_busy")}
        assert provider.most_underway == 3

    asyncio.run(main())


def test_whoever_gives_up_waiting_leaves_the_line_in_order() -> None:
    async def main() -> None:
        gate = Gate(1)
        order = []

        async def pass_through(number: int) -> None:
            async with gate.passed("chat"):
                order.append(number)
                await asyncio.sleep(0.01)

        tasks = [asyncio.create_task(pass_through(number)) for number in range(5)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        tasks[3].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [0, 2, 4]
        assert (gate.under_way, gate.waiting) == (0, 0)

    asyncio.run(main())


def test_a_place_that_comes_as_its_owner_leaves_goes_to_the_next() -> None:
    async def main() -> None:
        gate = Gate(1)
        await gate.enter("chat")
        first = asyncio.create_task(gate.enter("chat"))
        second = asyncio.create_task(gate.enter("chat"))
        await asyncio.sleep(0)
        gate.leave()  # the first has its place, and has not been told
        first.cancel()
        await asyncio.wait_for(second, 5)
        assert gate.under_way == 1

    asyncio.run(main())


def test_a_gate_outlives_a_changed_configuration(provider: Provider) -> None:
    provider.latency_s = 0.1

    async def main() -> None:
        narrow = endpoint("chat", target(provider), max_concurrency=1)
        async with routed(narrow) as router:
            first = asyncio.create_task(router.call(chat()))
            await asyncio.sleep(0.02)
            newer = router.successor(router.table)
            await newer.call(chat())
            assert first.done()
            await newer.close()
            await first
        assert provider.most_underway == 1

    asyncio.run(main())
