"""One endpoint's part in a call: its time, its retries, and the guard of a stream that has begun."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spanfold.metrics.genai._faults import Scrubber
from spanfold_query_api.gateway import faults
from spanfold_query_api.gateway.protocol import GatewayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from spanfold_query_api.gateway.config import Endpoint, Target
    from spanfold_query_api.gateway.protocol import Call, StreamReply

FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 8.0
T = TypeVar("T")


class Attempt:
    """What is left of the time, and the requests that were made in it."""

    def __init__(self, endpoint: Endpoint, target: Target, timeout_s: float) -> None:
        self.endpoint: Final = endpoint
        self.target: Final = target
        self.timeout_s: Final = timeout_s
        self.made = 0
        self._ends_s: Final = time.monotonic() + timeout_s

    async def within_time(self, answer: Awaitable[T]) -> T:
        """What ``answer`` gives.

        Raises:
            GatewayError: 504, it gave nothing in time; or what it raises.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                return await answer
        except TimeoutError as error:
            raise faults.timed_out(f"endpoint {self.endpoint.name!r}", self.timeout_s) from error

    async def retried(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until there is an answer, an error that asking again does not mend, or no more time.

        Between two requests lies the pause that the provider asks for, else one that doubles, by chance up to
        a quarter shorter or longer, so that callers who failed together do not come back together.

        Raises:
            GatewayError: the last one.
        """
        while True:
            self.made += 1
            try:
                return await ask()
            except GatewayError as error:
                pause_s = error.retry_after_s
                if pause_s is None:
                    doubled_s = min(FIRST_PAUSE_S * 2 ** (self.made - 1), LONGEST_PAUSE_S)
                    pause_s = doubled_s * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
                is_over = self.made > self.endpoint.max_retries
                if is_over or not error.is_retryable or time.monotonic() + pause_s >= self._ends_s:
                    raise
                await asyncio.sleep(pause_s)


def wants_usage(call: Call) -> bool:
    """Whether the caller asked for the chunk that holds nothing but usage."""
    options = call.body.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))


async def guarded(
    source: StreamReply, reply: StreamReply, attempt: Attempt, *, usage: bool
) -> AsyncGenerator[dict[str, Any]]:
    """The chunks of a stream, each in time, up to an end that the provider has marked.

    Args:
        source: the provider's.
        reply: gets the usage.
        attempt: whose time holds for each chunk.
        usage: whether the caller asked for the chunk that holds nothing but usage.

    Raises:
        GatewayError: a chunk did not come in time, or the stream ended in the middle.
    """
    name, is_finished = f"endpoint {attempt.endpoint.name!r}", False
    try:
        while True:
            try:
                async with asyncio.timeout(attempt.endpoint.timeout_s):
                    chunk = await anext(source)
            except StopAsyncIteration:
                break
            except TimeoutError as error:
                raise faults.timed_out(name, attempt.endpoint.timeout_s) from error
            choices = chunk.get("choices")
            is_finished = is_finished or _has_end(choices)
            if choices or usage:
                yield chunk
            else:
                reply.usage = chunk.get("usage") or reply.usage
    finally:
        await source.aclose()
    if not is_finished:
        raise faults.broken(name, "the provider ended the stream in the middle", Scrubber(()))


def _has_end(choices: Any) -> bool:
    return any(isinstance(one, dict) and one.get("finish_reason") for one in choices or ())
