"""A bounded pool of clients: one for each call in flight, since a client serves one caller at a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from clickhouse_connect.driver.exceptions import ClickHouseError

from spanfold_schemas.database import RetryableDatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clickhouse_connect.driver.client import Client


class ClientPool:
    """Clients made on demand, at most ``max_clients`` of them, reused last in first out."""

    def __init__(self, connect: Callable[[], Client], *, max_clients: int) -> None:
        self._connect: Final = connect
        self._max_clients: Final = max_clients
        self._changed: Final = threading.Condition()
        self._idle: Final[list[Client]] = []
        self._leased_count = 0
        self._closed = False

    @contextmanager
    def lease(self, timeout_s: float) -> Iterator[Client]:
        """Lend a client for the length of a ``with`` block.

        Raises:
            RetryableDatabaseError: no client came free within the time, or the pool is closed: what was to be
                inserted is not at fault, and finds an open one after the next start.
        """
        client = self._take(timeout_s)
        try:
            if client is None:
                client = self._connect()
            yield client
        finally:
            with self._changed:
                self._leased_count -= 1
                if client is not None:
                    self._idle.append(client)
                self._changed.notify_all()

    def _take(self, timeout_s: float) -> Client | None:
        with self._changed:
            free = self._changed.wait_for(
                lambda: self._closed or self._leased_count < self._max_clients, timeout_s
            )
            if self._closed:
                message = "the database is closed"
                raise RetryableDatabaseError(message)
            if not free:
                message = f"all {self._max_clients} database clients were busy for {timeout_s:g} s"
                raise RetryableDatabaseError(message)
            self._leased_count += 1
            return self._idle.pop() if self._idle else None

    def close(self) -> None:
        """Refuse new leases, wait for those that are out, then close every client. Once is enough."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            # Without a limit of its own: every call has one, and an engine that is torn down under a
            # running query takes the process with it.
            self._changed.wait_for(lambda: self._leased_count == 0)
            idle, self._idle[:] = list(self._idle), []
        for client in idle:
            with suppress(ClickHouseError, OSError):
                client.close()
