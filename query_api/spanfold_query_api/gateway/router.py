"""From an endpoint's name to an answer: limits, the split between versions, retries, and fallback.

Example:
    A configuration that changes gives a new router; the old one ends its calls and closes::

        router = Router(table, ledger)
        reply = await router.call(Call("chat", {"messages": [...]}, endpoint="support"))
        newer = router.successor(changed_table)
        await router.close()
"""

from __future__ import annotations

import asyncio
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

from spanfold_query_api.gateway import faults, limits, providers, splits
from spanfold_query_api.gateway.attempts import Attempt, guarded, wants_usage
from spanfold_query_api.gateway.backends import Backends
from spanfold_query_api.gateway.limits import LimitError
from spanfold_query_api.gateway.protocol import KINDS, GatewayError, Reply, StreamReply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from spanfold_query_api.gateway.config import Endpoint, RouteTable
    from spanfold_query_api.gateway.ledger import Ledger
    from spanfold_query_api.gateway.limits import Allowance
    from spanfold_query_api.gateway.protocol import Call, Provider

CLOSE_WITHIN_S: Final = 3_600.0
_MAX_NAMES: Final = 20
T = TypeVar("T", Reply, StreamReply)
_log: Final = logging.getLogger(__name__)


class Router:
    """Serves one table of routes. Belongs to one event loop; any number of its tasks may call."""

    def __init__(self, table: RouteTable, ledger: Ledger | None, backends: Backends | None = None) -> None:
        """Prepare; nothing is connected yet.

        Args:
            table: the endpoints.
            ledger: keeps limits; None where no endpoint has any.
            backends: connections to share with other routers; None: of its own.
        """
        self.table: Final = table
        self._ledger: Final = ledger
        self._backends: Final = backends if backends is not None else Backends()
        self._backends.hold(table)
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_closed = False

    @property
    def under_way(self) -> int:
        """Calls that are not over, streams included."""
        return self._under_way

    def successor(self, table: RouteTable) -> Router:
        """A router of another table that shares connections, processes and counts with this one."""
        return Router(table, self._ledger, self._backends)

    async def call(self, call: Call) -> Reply:
        """Answer a call as a whole.

        Raises:
            GatewayError: nobody answered, or the call cannot be answered.
        """
        self._begin()
        try:
            return await self._answered(call, self._call_once)
        finally:
            self._end()

    async def stream(self, call: Call) -> StreamReply:
        """Answer a call in parts; returns when the first one is there. Raises as :meth:`call`.

        Whoever iterates gets a :class:`GatewayError` when the provider breaks off, and closes the reply.
        """
        self._begin()
        try:
            reply = await self._answered(call, self._stream_once)
        except BaseException:
            self._end()
            raise
        held = reply.close_with

        async def closing() -> None:
            try:
                if held is not None:
                    await held()
            finally:
                self._end()

        reply.close_with = closing
        return reply

    async def close(self, timeout_s: float = CLOSE_WITHIN_S) -> None:
        """Return when the calls under way are over, or too much time is, and free what no successor uses."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("%d calls are broken off: they were not over in %g s", self._under_way, timeout_s)
        if not self._is_closed:
            self._is_closed = True
            await self._backends.release(self.table)

    def _begin(self) -> None:
        self._under_way += 1
        self._idle.clear()

    def _end(self) -> None:
        self._under_way -= 1
        if self._under_way == 0:
            self._idle.set()

    def _endpoint(self, name: str, call: Call) -> Endpoint:
        endpoint = self.table.endpoint(name)
        if endpoint is None:
            names = ", ".join(one.name for one in self.table.endpoints[:_MAX_NAMES]) or "none"
            text = f"there is no endpoint {name!r}; there are: {names}"
            raise GatewayError(404, "invalid_request_error", text, code="model_not_found", param="model")
        if KINDS[endpoint.endpoint_type] != call.kind:
            text = f"endpoint {name!r} is of type {endpoint.endpoint_type}: it does not take {call.kind}"
            raise GatewayError(400, "invalid_request_error", text, code="wrong_endpoint_type", param="model")
        return endpoint

    async def _answered(self, call: Call, once: Callable[[Attempt, Call], Awaitable[T]]) -> T:
        """Ask the endpoint, then its fallbacks; what is left of the time is shared out evenly."""
        asked: Endpoint = self._endpoint(call.endpoint, call)
        chain = [asked, *(self._endpoint(name, call) for name in dict.fromkeys(asked.fallback))]
        ends_s = time.monotonic() + asked.timeout_s
        made, last = 0, faults.timed_out(f"endpoint {asked.name!r}", asked.timeout_s)
        for number, endpoint in enumerate(chain):
            share_s = (ends_s - time.monotonic()) / (len(chain) - number)
            if share_s <= 0:
                break
            target = splits.chosen(endpoint.name, endpoint.models, call.key if endpoint.sticky_by else None)
            attempt = Attempt(endpoint, target, min(share_s, endpoint.timeout_s))
            try:
                reply = await attempt.within_time(once(attempt, call.at(endpoint.name)))
            except GatewayError as error:
                made += attempt.made
                error.attempts = made
                error.target = target if attempt.made else None
                is_first = number == 0
                if _is_final(error, is_first=is_first):
                    raise
                if is_first or not isinstance(error, LimitError):
                    last = error
                continue
            reply.endpoint, reply.attempts = endpoint.name, made + attempt.made
            return reply
        raise last

    async def _call_once(self, attempt: Attempt, call: Call) -> Reply:
        provider, prices = self._provider(attempt), providers.prices_of(attempt.target)
        async with self._backends.gate(attempt.endpoint).passed(attempt.endpoint.name):
            allowance = await limits.admitted(attempt.endpoint, call, prices, self._ledger)
            reply = await _settling(attempt.retried(lambda: provider.call(call)), allowance)
            reply.cost_usd = prices.cost_usd(reply.usage)
            await allowance.settle(reply.cost_usd)
        reply.model_id = attempt.target.model_id
        return reply

    async def _stream_once(self, attempt: Attempt, call: Call) -> StreamReply:
        provider, prices = self._provider(attempt), providers.prices_of(attempt.target)
        gate = self._backends.gate(attempt.endpoint)
        await gate.enter(attempt.endpoint.name)
        try:
            allowance = await limits.admitted(attempt.endpoint, call, prices, self._ledger)
            source = await _settling(attempt.retried(lambda: provider.stream(call)), allowance)
        except BaseException:
            gate.leave()
            raise
        reply = StreamReply(source, source.provider, source.model, attempt.target.model_id)
        reply.chunks = guarded(source, reply, attempt, usage=wants_usage(call))

        async def closing() -> None:
            gate.leave()
            await source.aclose()
            reply.cost_usd = prices.cost_usd(reply.usage)
            await allowance.settle(reply.cost_usd)

        reply.close_with = closing
        return reply

    def _provider(self, attempt: Attempt) -> Provider:
        try:
            return self._backends.provider(attempt.target)
        except providers.ProviderConfigError as error:
            text = f"endpoint {attempt.endpoint.name!r} cannot be used: {error}"
            raise GatewayError(503, "api_error", text, code="endpoint_misconfigured") from error


async def _settling(answer: Awaitable[T], allowance: Allowance) -> T:
    """What ``answer`` gives. A refusal costs nothing; what costs a call without an answer nobody knows."""
    try:
        return await answer
    except GatewayError as error:
        if error.code not in {"timeout", "provider_unavailable", "provider_garbage"}:
            await allowance.settle(0.0)
        raise


def _is_final(error: GatewayError, *, is_first: bool) -> bool:
    """Whether no other endpoint is asked: the call itself is wrong, or its endpoint is at its own limit."""
    if isinstance(error, LimitError):
        return is_first
    return error.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.status != HTTPStatus.TOO_MANY_REQUESTS
