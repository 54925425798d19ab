"""Models that the gateway serves itself: started by the first call, again after they end, ended with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

import pytest

from spanfold_query_api.gateway.protocol import GatewayError
from spanfold_query_api.gateway.providers import child
from spanfold_query_api.gateway.providers.child import ChildProvider
from tests.gateway.routing import chat
from tests.providers import script

COMMAND = [sys.executable, "-m", "tests.providers"]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def ends(pid: int) -> None:
    deadline_s = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.02)


def pid_of(provider: ChildProvider) -> int:
    assert provider._process is not None
    return provider._process.pid


def test_one_process_serves_all_calls_and_ends_when_it_is_closed() -> None:
    async def main() -> None:
        provider = ChildProvider("spanfold-model", "models:/support", COMMAND)
        replies = await asyncio.gather(*[provider.call(chat()) for _ in range(4)])
        assert {one.body["choices"][0]["message"]["content"] for one in replies} == {script.ANSWER}
        assert {(one.provider, one.model) for one in replies} == {("spanfold-model", "models:/support")}
        parts = [one async for one in await provider.stream(chat())]
        assert len(parts) > 3
        pid = pid_of(provider)
        await provider.close()
        await ends(pid)
        with pytest.raises(GatewayError, match="closing"):
            await provider.call(chat())

    asyncio.run(main())


def test_a_process_that_is_killed_is_started_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "FIRST_PAUSE_S", 0.3)

    async def main() -> None:
        provider = ChildProvider("transformers", "folder", COMMAND)
        await provider.call(chat())
        first = pid_of(provider)
        os.kill(first, signal.SIGKILL)
        assert provider._process is not None
        await provider._process.wait()
        with pytest.raises(GatewayError, match="started again soon") as caught:
            await provider.call(chat())
        assert caught.value.is_retryable
        assert 0 < (caught.value.retry_after_s or 0) <= 0.3
        await asyncio.sleep(caught.value.retry_after_s or 0)
        await provider.call(chat())
        assert pid_of(provider) != first
        await provider.close()

    asyncio.run(main())


def test_a_process_that_does_not_start_says_why_and_is_not_started_all_the_time() -> None:
    async def main() -> None:
        fails = [sys.executable, "-c", "raise SystemExit('there is no model here')"]
        provider = ChildProvider("spanfold-model", "models:/x", fails)
        with pytest.raises(GatewayError, match="did not start: there is no model here"):
            await provider.call(chat())
        with pytest.raises(GatewayError, match="started again soon"):
            await provider.call(chat())
        await provider.close()

    asyncio.run(main())


def test_whoever_gives_up_does_not_stop_the_start_for_others() -> None:
    async def main() -> None:
        provider = ChildProvider("spanfold-model", "models:/x", COMMAND)
        impatient = asyncio.create_task(provider.call(chat()))
        patient = asyncio.create_task(provider.call(chat()))
        await asyncio.sleep(0.05)
        impatient.cancel()
        assert (await patient).body["choices"]
        await provider.close()

    asyncio.run(main())


def test_closing_while_it_starts_ends_the_process() -> None:
    async def main() -> None:
        provider = ChildProvider("spanfold-model", "models:/x", [sys.executable, "-c", "input()"])
        calling = asyncio.create_task(provider.call(chat()))
        while provider._process is None:  # noqa: ASYNC110 - it says nothing when it starts
            await asyncio.sleep(0.01)
        pid = pid_of(provider)
        await provider.close()
        await ends(pid)
        with pytest.raises((GatewayError, asyncio.CancelledError)):
            await calling

    asyncio.run(main())
