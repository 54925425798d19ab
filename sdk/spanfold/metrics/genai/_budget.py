"""What judges may spend: one budget for all judges of an evaluation, however many calls are under way."""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from spanfold.errors import InvalidArgumentError, SpanfoldError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold.metrics._metric import MetricValue

_ROUNDING_USD: Final = 1e-12


class BudgetExceededError(SpanfoldError):
    """The next call to a judge would pass the budget, so it was not made. What was answered is cached."""

    partial: MetricValue | None = None
    """What the judge said of the rows before; the others have this error. None where no judge was asked."""


class Budget:
    """Calls and US dollars that judges may use together. Any number of threads may share it.

    Whoever wants to call a judge reserves first and settles afterwards. While calls under way hold what is
    left, others wait for what those really cost.

    Example:
        >>> budget = Budget(max_calls=1)
        >>> with budget.in_force():
        ...     current() is budget
        True
    """

    def __init__(
        self,
        max_cost_usd: float | None = None,
        max_calls: int | None = None,
        *,
        cost_usd: float = 0.0,
        calls: int = 0,
    ) -> None:
        """Make a budget.

        Args:
            max_cost_usd: US dollars; None: no limit.
            max_calls: calls to judges that may be charged for; None: no limit.
            cost_usd: what was spent before, by a part of the same evaluation that was cut off.
            calls: calls that it made.

        Raises:
            InvalidArgumentError: a limit is negative or not finite.
        """
        for name, value in (("max_cost_usd", max_cost_usd), ("max_calls", max_calls)):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (is_number and value >= 0 and math.isfinite(value)):
                message = f"{name} is {value!r}: write a number that is not negative, or None for no limit"
                raise InvalidArgumentError(message)
        self.max_cost_usd = max_cost_usd
        self.max_calls = max_calls
        self._cost_usd = cost_usd
        self._calls = calls
        self._held_usd = 0.0
        self._held_calls = 0
        self._changed = threading.Condition()

    @property
    def cost_usd(self) -> float:
        """US dollars spent so far, by usage; where a provider gave none, estimated."""
        return self._cost_usd

    @property
    def calls(self) -> int:
        """Calls so far that may be charged for."""
        return self._calls

    @contextmanager
    def in_force(self) -> Iterator[Budget]:
        """All judges that are called in this block, from this thread or task, use this budget."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)

    def reserve(self, estimate_usd: float, stop: threading.Event | None = None) -> None:
        """Hold a call and what it may cost, before it is made; waits while calls under way hold the rest.

        Args:
            estimate_usd: what the call may cost; 0 where the price is not known.
            stop: ends the waiting: the caller will not make the call.

        Raises:
            BudgetExceededError: the call would pass the budget.
        """
        with self._changed:
            while True:
                self._refuse_beyond(self._cost_usd + estimate_usd, self._calls + 1)
                held_usd = self._cost_usd + self._held_usd + estimate_usd
                fits = self.max_cost_usd is None or held_usd <= self.max_cost_usd + _ROUNDING_USD
                held_calls = self._calls + self._held_calls + 1
                if (fits and (self.max_calls is None or held_calls <= self.max_calls)) or (
                    stop is not None and stop.is_set()
                ):
                    break
                self._changed.wait(0.5)
            self._held_usd += estimate_usd
            self._held_calls += 1

    def settle(self, estimate_usd: float, cost_usd: float | None, *, calls: int = 1) -> None:
        """Give back what was held and take what the call did cost.

        Args:
            estimate_usd: what was held.
            cost_usd: what it cost; None: not known, so the estimate is taken.
            calls: 0 for a call that is surely not charged for.
        """
        with self._changed:
            self._held_usd -= estimate_usd
            self._held_calls -= 1
            self._calls += calls
            if calls:
                self._cost_usd += estimate_usd if cost_usd is None else cost_usd
            self._changed.notify_all()

    def _refuse_beyond(self, cost_usd: float, calls: int) -> None:
        if self.max_calls is not None and calls > self.max_calls:
            message = f"max_calls={self.max_calls} is used up: {self._calls} calls to judges were made"
            raise BudgetExceededError(message)
        if self.max_cost_usd is not None and cost_usd > self.max_cost_usd + _ROUNDING_USD:
            message = (
                f"max_cost_usd={self.max_cost_usd:g} is used up: judges cost {self._cost_usd:.6g} USD so "
                f"far, and the next call may cost {cost_usd - self._cost_usd:.2g} USD"
            )
            raise BudgetExceededError(message)


_current: Final[ContextVar[Budget | None]] = ContextVar("spanfold_judge_budget", default=None)


def current() -> Budget | None:
    """The budget in force here; None: no limit. Threads of one's own need a copy of the context."""
    return _current.get()
