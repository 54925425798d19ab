"""Many calls to a provider: so many at once, so many a minute, again where that helps, each paid once."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from spanfold._internal.faults import warn_once
from spanfold._internal.forks import ForkedLock
from spanfold.errors import InvalidArgumentError
from spanfold.metrics.genai import _budget
from spanfold.metrics.genai._backend import Connection, JudgeError, JudgeReply, JudgeRequest, Limits
from spanfold.metrics.genai._cache import ReplyCache, shared_cache
from spanfold.metrics.genai._faults import KEY_VARIABLES, RefusedForNowError, RefusedRowError
from spanfold.metrics.genai._pace import Pace, StoppedError, backoff_s
from spanfold.metrics.genai._prices import GUESSED_OUTPUT_TOKENS, Usage, cost_usd, guessed_tokens
from spanfold.metrics.genai._providers import Answer, Provider, provider_of
from spanfold.metrics.genai._workers import in_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_FAILURES_IN_A_ROW: Final = 20
"""Requests that fail in the same words, with none answered between them: the next would fail, too."""
MAX_BACKENDS: Final = 64
_POLL_S: Final = 0.5


@dataclass(slots=True)
class _Row:
    """Where equal requests of one ``complete`` are, and what they ask."""

    positions: list[int]
    request: JudgeRequest
    key: str


class RemoteBackend:
    """A model of a provider; see :class:`spanfold.metrics.genai._backend.JudgeBackend`."""

    def __init__(self, uri: str, limits: Limits, connection: Connection) -> None:
        self.uri = uri
        self._limits = limits
        self._is_cached = connection.is_cached
        self._provider: Provider = provider_of(uri, limits, connection)
        self._is_open = False
        self._pace = Pace(limits.requests_per_minute)
        self._slots = threading.BoundedSemaphore(limits.concurrency)
        self._lock = threading.Lock()
        self._underway: dict[str, Future[JudgeReply]] = {}
        self._failed_as = ""
        self._failed_in_a_row = 0
        self._largest_output = 0

    def complete(self, requests: Sequence[JudgeRequest]) -> Iterator[tuple[int, JudgeReply]]:
        """Ask; see the protocol."""
        budget = _budget.current()
        if budget is not None and budget.max_cost_usd is not None and not self._provider.has_price:
            message = (
                f"max_cost_usd: the price of {self.uri} is not known, so the limit could not be kept. Use "
                "max_calls, or a model of the price list (pip install --upgrade genai-prices brings new ones)"
            )
            raise InvalidArgumentError(message)
        return self._replies(requests, budget)

    def distrust(self, request: JudgeRequest) -> None:
        """The reply to a request was of no use: it is cached for an hour only."""
        if (cache := self._cache()) is not None:
            cache.distrust(self._key(request))

    def _replies(
        self, requests: Sequence[JudgeRequest], budget: _budget.Budget | None
    ) -> Iterator[tuple[int, JudgeReply]]:
        rows: dict[str, _Row] = {}
        for position, request in enumerate(requests):
            key = self._key(request)
            shared = key if self._is_cached else f"{key} {position}"
            rows.setdefault(shared, _Row([], request, key)).positions.append(position)

        def answer(row: _Row, stop: threading.Event) -> JudgeReply:
            return self._answer(row, budget, stop)

        for row, reply in in_threads(list(rows.values()), answer, self._limits.concurrency):
            for position in row.positions:
                yield position, reply if position == row.positions[0] else _shared(reply)

    def _key(self, request: JudgeRequest) -> str:
        return request.digest(f"{self.uri} {self._provider.address}")

    def _cache(self) -> ReplyCache | None:
        return shared_cache() if self._is_cached else None

    def _answer(self, row: _Row, budget: _budget.Budget | None, stop: threading.Event) -> JudgeReply:
        """The reply to one row: from the cache, from who is asking the same just now, or by a call."""
        if not self._is_cached:
            unique = f"{row.key}-{secrets.token_hex(8)}"
            return self._asked(row.request, unique, budget, stop)
        while True:
            with self._lock:
                others = self._underway.get(row.key)
                mine: Future[JudgeReply] = Future()
                if others is None:
                    self._underway[row.key] = mine
            if others is not None:
                try:
                    return _shared(self._waited(others, stop))
                except (StoppedError, _budget.BudgetExceededError):
                    if stop.is_set():
                        raise
                    continue  # they gave up, or may not spend any more; perhaps we may
            try:
                reply = self._cached_or_asked(row, budget, stop)
            except BaseException as fault:
                mine.set_exception(fault)
                raise
            else:
                mine.set_result(reply)
                return reply
            finally:
                with self._lock:
                    del self._underway[row.key]

    @staticmethod
    def _waited(others: Future[JudgeReply], stop: threading.Event) -> JudgeReply:
        while True:
            try:
                return others.result(_POLL_S)
            except FutureTimeoutError:
                if stop.is_set():
                    raise StoppedError from None

    def _cached_or_asked(self, row: _Row, budget: _budget.Budget | None, stop: threading.Event) -> JudgeReply:
        cache = self._cache()
        if cache is not None:
            try:
                known = cache.get(row.key)
            except (sqlite3.Error, ValueError) as fault:
                warn_once("judge-cache-read", "the cache of judges' replies cannot be read: %s", fault)
                known = None
            if known is not None:
                return known
        reply = self._asked(row.request, row.key, budget, stop)
        # A refusal is an answer too, and was paid for; what no provider answered is not worth keeping.
        if cache is not None and (reply.text is not None or reply.input_tokens is not None):
            try:
                cache.put(row.key, reply)
                if reply.error is not None:
                    cache.distrust(row.key)
            except sqlite3.Error as fault:
                # It is paid for: to throw it away would help nobody.
                warn_once("judge-cache-write", "a judge's reply could not be cached: %s", fault)
        return reply

    def _asked(
        self, request: JudgeRequest, key: str, budget: _budget.Budget | None, stop: threading.Event
    ) -> JudgeReply:
        """Call until there is an answer, or no hope."""
        self._open()
        deadline_s = time.monotonic() + self._limits.total_timeout_s
        estimate_usd = self._estimate(request) if budget is not None else 0.0
        calls, attempt = 0, 0
        while True:
            self._pace.wait(stop)
            try:
                answer, cost = self._called(request, key, budget, estimate_usd, stop)
            except RefusedRowError as fault:
                self._note_failure(str(fault))
                return _failed(str(fault), calls)
            except RefusedForNowError as fault:
                calls += fault.may_cost
                attempt += 1
                wait_s = backoff_s(attempt, fault.retry_after_s)
                if attempt > self._limits.max_retries or time.monotonic() + wait_s > deadline_s:
                    message = f"{fault} (calls made: {attempt})"
                    self._note_failure(message)
                    return _failed(message, calls)
                if fault.retry_after_s is not None:
                    self._pace.pause(fault.retry_after_s)
                if stop.wait(wait_s):
                    raise StoppedError from fault
                continue
            self._note_success(answer)
            usage = answer.usage
            return JudgeReply(
                answer.text,
                answer.error,
                usage.input_tokens if usage else None,
                usage.output_tokens if usage else None,
                cost_usd=cost,
                calls=calls + 1,
            )

    def _called(
        self,
        request: JudgeRequest,
        key: str,
        budget: _budget.Budget | None,
        estimate_usd: float,
        stop: threading.Event,
    ) -> tuple[Answer, float | None]:
        """One call within the budget; what it cost."""
        if budget is not None:
            budget.reserve(estimate_usd, stop)
        cost: float | None = None
        calls = 1
        try:
            with self._slots:
                if stop.is_set():
                    calls = 0
                    raise StoppedError
                answer = self._provider.ask(request, key)
            cost = self._provider.cost_of(answer)
        except RefusedForNowError as fault:
            calls = int(fault.may_cost)
            raise
        except (RefusedRowError, JudgeError):
            calls = 0
            raise
        finally:
            if budget is not None:
                budget.settle(estimate_usd, cost, calls=calls)
        return answer, cost

    def _open(self) -> None:
        with self._lock:
            if not self._is_open:
                self._provider.open()
                self._is_open = True

    def _estimate(self, request: JudgeRequest) -> float:
        given = (request.parameters.get(name) for name in ("max_completion_tokens", "max_tokens"))
        limit = next((value for value in given if isinstance(value, int)), None)
        output = limit or max(self._largest_output, GUESSED_OUTPUT_TOKENS)
        usage = Usage(guessed_tokens(request), output)
        return cost_usd(self._provider.price_provider, self._provider.model, usage) or 0.0

    def _note_success(self, answer: Answer) -> None:
        with self._lock:
            self._failed_in_a_row = 0
            if answer.usage is not None:
                self._largest_output = max(self._largest_output, answer.usage.output_tokens)

    def _note_failure(self, message: str) -> None:
        """Count failures that are all alike.

        Raises:
            JudgeError: there were too many in a row.
        """
        with self._lock:
            self._failed_in_a_row = self._failed_in_a_row + 1 if message == self._failed_as else 1
            self._failed_as = message
            if self._failed_in_a_row < MAX_FAILURES_IN_A_ROW:
                return
            self._failed_in_a_row = 0
        raise JudgeError(f"{self.uri}: {MAX_FAILURES_IN_A_ROW} requests in a row failed: {message}")


def _shared(reply: JudgeReply) -> JudgeReply:
    """The reply for those who did not pay."""
    return replace(reply, cached=True, cost_usd=0.0, calls=0)


def _failed(message: str, calls: int) -> JudgeReply:
    return JudgeReply(None, message, cost_usd=None if calls else 0.0, calls=calls)


_backends: OrderedDict[tuple[object, ...], RemoteBackend] = OrderedDict()
_backends_lock: Final = ForkedLock()


def shared_backend(uri: str, limits: Limits, connection: Connection) -> RemoteBackend:
    """The one backend of this process with this model, limits and environment: judges share its pace."""
    address = provider_of(uri, limits, connection).address
    keys = tuple(os.environ.get(name) for name in KEY_VARIABLES)
    place = (os.getpid(), uri, limits, connection, address, keys)
    with _backends_lock.current:
        backend = _backends.get(place)
        if backend is None:
            backend = _backends[place] = RemoteBackend(uri, limits, connection)
            if len(_backends) > MAX_BACKENDS:
                _backends.popitem(last=False)
        _backends.move_to_end(place)
        return backend
