"""Requests that wait in memory: bounded, and handed out in groups."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from spanfold_collector.errors import OverloadedError

_MAX_REMEMBERED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is told once its request is durable."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """One admitted request and the promise made to its sender."""

    framed: bytes
    records: int
    answer: Answer
    future: Future[Answer]
    since: float = field(default_factory=time.monotonic)


class Intake:
    """A bounded queue that closes a group by bytes, by records, or by the age of its first request."""

    def __init__(self, *, max_held_bytes: int, group_bytes: int, group_records: int, linger_s: float) -> None:
        """Hold at most ``max_held_bytes``, counting groups handed out until they are released."""
        self._max_held_bytes = max_held_bytes
        self._group_bytes = group_bytes
        self._group_records = group_records
        self._linger_s = linger_s
        self._queue: deque[Pending] = deque()
        self._held_bytes = 0
        self._queued_bytes = 0
        self._queued_records = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def held_bytes(self) -> int:
        """Bytes waiting, and bytes handed out and not released yet."""
        return self._held_bytes

    def offer(self, pending: Pending) -> None:
        """Take one request.

        Raises:
            OverloadedError: there is no room for it, or the collector is shutting down.
        """
        with self._changed:
            if self._closed:
                raise OverloadedError("the collector is shutting down", retry_after_s=5)
            if self._held_bytes + len(pending.framed) > self._max_held_bytes:
                message = f"over {self._max_held_bytes} bytes are waiting to be written"
                raise OverloadedError(message, retry_after_s=2)
            self._queue.append(pending)
            self._held_bytes += len(pending.framed)
            self._queued_bytes += len(pending.framed)
            self._queued_records += pending.records
            self._changed.notify_all()

    def _is_group_full(self) -> bool:
        return self._queued_bytes >= self._group_bytes or self._queued_records >= self._group_records

    def take(self, timeout_s: float, *, linger_s: float = 0.0) -> list[Pending]:
        """The next group, or an empty list if none arrives in time. :meth:`release` it when done.

        ``linger_s`` is how long the first request waits for others, where that is longer than usual.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._queue or self._closed, timeout_s) or not self._queue:
                return []
            closes_at = self._queue[0].since + max(linger_s, self._linger_s)
            while not (self._is_group_full() or self._closed):
                left = closes_at - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return self._pop_group()

    def _pop_group(self) -> list[Pending]:
        group: list[Pending] = []
        size = records = 0
        while self._queue and (
            not group
            or (
                size + len(self._queue[0].framed) <= self._group_bytes
                and records + self._queue[0].records <= self._group_records
            )
        ):
            pending = self._queue.popleft()
            group.append(pending)
            size += len(pending.framed)
            records += pending.records
        self._queued_bytes -= size
        self._queued_records -= records
        return group

    def release(self, group: list[Pending]) -> None:
        """Give back the room of a group that is no longer in memory."""
        with self._changed:
            self._held_bytes -= sum(len(pending.framed) for pending in group)

    def close(self) -> None:
        """Refuse new requests; what is queued can still be taken, without lingering."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Recent:
    """Requests of the last minutes by content: a client that sends again gets the first answer."""

    def __init__(self, window_s: float) -> None:
        """Remember each request for ``window_s``, and at most a hundred thousand of them."""
        self._window_s = window_s
        self._known: OrderedDict[bytes, tuple[float, Future[Answer] | Answer]] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, digest: bytes, future: Future[Answer]) -> Future[Answer]:
        """The promise made for the same bytes; ``future`` itself, now noted, if there is none.

        A promise that fails is forgotten, and so is one made too long ago.
        """
        now = time.monotonic()
        with self._lock:
            since, known = self._known.get(digest, (0.0, None))
            if known is not None and now - since <= self._window_s:
                return known if isinstance(known, Future) else _kept(known)
            self._known[digest] = (now, future)
            self._known.move_to_end(digest)
            while len(self._known) > _MAX_REMEMBERED or self._is_oldest_expired(now):
                self._known.popitem(last=False)
        future.add_done_callback(lambda done: self._settle(digest, done))
        return future

    def _settle(self, digest: bytes, future: Future[Answer]) -> None:
        """Keep only the answer: a future takes ten times the memory."""
        with self._lock:
            since, known = self._known.get(digest, (0.0, None))
            if known is not future:
                return
            if future.exception() is None:
                self._known[digest] = (since, future.result())
            else:
                del self._known[digest]

    def _is_oldest_expired(self, now: float) -> bool:
        return now - next(iter(self._known.values()))[0] > self._window_s


def _kept(answer: Answer) -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(answer)
    return future
