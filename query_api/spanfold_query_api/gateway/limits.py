"""What an endpoint may do at most: calls at once, calls in a period, money in a day or month."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from spanfold_query_api.gateway.ledger import CallLimit, Ledger, LedgerError, OverLimitError, SpendLimit
from spanfold_query_api.gateway.protocol import GatewayError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from spanfold_query_api.gateway.config import Endpoint
    from spanfold_query_api.gateway.ledger import Taken
    from spanfold_query_api.gateway.prices import Prices
    from spanfold_query_api.gateway.protocol import Call

WAITING_FOR_EACH: Final = 4
"""Calls that may wait for each that may be under way."""
_RETRY_AFTER_S: Final = 1.0
_log: Final = logging.getLogger(__name__)


class LimitError(GatewayError):
    """The endpoint itself is at its limit; no provider was asked."""


class Gate:
    """Lets so many calls of an endpoint through at once; some wait in line, and the rest are refused.

    It is made once for an endpoint and outlives changed configurations, so that the calls that are under way
    count for all of them.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        """How many at once; may be changed at any time."""
        self.under_way = 0
        self._line: list[asyncio.Future[None]] = []

    @property
    def waiting(self) -> int:
        """Calls in line."""
        return len(self._line)

    @contextlib.asynccontextmanager
    async def passed(self, endpoint: str) -> AsyncIterator[None]:
        """Hold a place for the block; first come, first served.

        Raises:
            LimitError: as many as may wait do.
        """
        await self.enter(endpoint)
        try:
            yield
        finally:
            self.leave()

    async def enter(self, endpoint: str) -> None:
        """Take a place, which :meth:`leave` gives back. Raises as :meth:`passed`."""
        if self.under_way < self.width and not self._line:
            self.under_way += 1
            return
        if len(self._line) >= self.width * WAITING_FOR_EACH:
            text = f"endpoint {endpoint!r} is busy: {self.under_way} calls are under way, {self.waiting} wait"
            raise LimitError(
                429, "rate_limit_error", text, code="endpoint_busy", retry_after_s=_RETRY_AFTER_S
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._line:
                self._line.remove(turn)
            elif not turn.cancelled():
                self.leave()  # the place came in the same moment
            raise

    def leave(self) -> None:
        """Give a place back."""
        self.under_way -= 1
        while self._line and self.under_way < self.width:
            turn = self._line.pop(0)
            if not turn.done():
                self.under_way += 1
                turn.set_result(None)


class Allowance:
    """One call that was let through: its money is set aside until :meth:`settle`."""

    def __init__(self, ledger: Ledger | None, taken: Taken | None) -> None:
        self._ledger = ledger
        self._taken = taken

    async def settle(self, usd: float | None) -> None:
        """Put the real cost in the guess's place, once; None leaves the guess.

        A ledger that cannot be written now is logged: the call is over, and its guess stands.
        """
        taken, self._taken = self._taken, None
        if self._ledger is None or taken is None:
            return
        try:
            await self._ledger.settle_soon(taken, usd)
        except LedgerError as error:
            _log.warning("what a call of endpoint %r cost is not recorded: %s", taken.endpoint, error)


async def admitted(endpoint: Endpoint, call: Call, prices: Prices, ledger: Ledger | None) -> Allowance:
    """Count a call and set its money aside.

    Args:
        endpoint: whose limits are kept.
        call: what is asked.
        prices: of the model that is going to answer.
        ledger: holds the counts.

    Raises:
        LimitError: a limit is reached; there is no ledger for it, no price, or it cannot be written: money
            is not spent that nobody counts.
    """
    if endpoint.limit is None and endpoint.spend is None:
        return Allowance(None, None)
    if ledger is None:
        raise _closed(f"endpoint {endpoint.name!r} has limits, and the gateway has no ledger to keep them")
    if endpoint.spend is not None and not prices.are_known:
        raise _closed(
            f"endpoint {endpoint.name!r} has a spend limit, and the price of its model is not known: "
            "give input_usd_per_million and output_usd_per_million in its config"
        )
    limit, spend = endpoint.limit, endpoint.spend
    try:
        taken = await ledger.take_soon(
            endpoint.name,
            CallLimit(limit.calls, limit.renewal_period_s) if limit is not None else None,
            SpendLimit(spend.usd, spend.period) if spend is not None else None,
            prices.guess_usd(call) if spend is not None else 0.0,
        )
    except OverLimitError as error:
        code = "spend_limit_reached" if error.is_spending else "rate_limit_exceeded"
        raise LimitError(
            429, "rate_limit_error", str(error), code=code, retry_after_s=error.retry_after_s
        ) from error
    except LedgerError as error:
        _log.error("endpoint %r is closed: %s", endpoint.name, error)
        raise _closed(
            f"the limits of endpoint {endpoint.name!r} cannot be kept now: the gateway's log tells why"
        ) from error
    return Allowance(ledger, taken)


def _closed(text: str) -> LimitError:
    return LimitError(503, "api_error", text, code="limits_unavailable")
