"""The table of endpoints that is in force, and how a changed file takes its place.

Calls that are under way finish on the table that they began with. A file that cannot be used changes nothing:
the log and :meth:`Gateway.status` say why.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.gateway import config_file, providers
from spanfold_query_api.gateway.config_file import ConfigError
from spanfold_query_api.gateway.router import Router
from spanfold_query_api.gateway.versions import with_versions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from pathlib import Path

    from spanfold_query_api.gateway.config import RouteTable
    from spanfold_query_api.gateway.config_file import Loaded
    from spanfold_query_api.gateway.ledger import Ledger

POLL_S: Final = 0.5
_YOUNG_NS: Final = 2 * 10**9
"""A file that was written so recently may change again without its time telling so."""
CLOSE_WITHIN_S: Final = 5.0
_log: Final = logging.getLogger(__name__)

Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(slots=True)
class Serving:
    """A table, what answers by it, and how many calls do so now."""

    table: RouteTable
    router: Router
    number: int
    loaded_at_s: float = field(default_factory=time.time)
    calls: int = 0
    is_retired: bool = False
    is_closed: bool = False


class Gateway:
    """The endpoints of one file. Used in one event loop, but for :meth:`status`."""

    def __init__(
        self,
        path: Path,
        ledger: Ledger | None,
        *,
        poll_s: float = POLL_S,
        in_force: Callable[[RouteTable], None] = lambda _: None,
    ) -> None:
        """Read the file.

        Args:
            path: of the file.
            ledger: keeps the limits; None where no endpoint may have any. Stays the caller's.
            poll_s: from one look at the file to the next (s).
            in_force: is told of each table that comes into force, in the event loop.

        Raises:
            ConfigError: the file cannot be used.

        Example:
            >>> Gateway(Path("gateway.yaml"), Ledger(Path("gateway.sqlite")))  # doctest: +SKIP
        """
        self.path: Final = path
        self._ledger = ledger
        self._poll_s = poll_s
        self._in_force = in_force
        self._seen: Stamp = self._stamp(())
        self._loaded: Loaded = _load(path)
        self._serving: Serving | None = None
        self._error: str | None = None
        self._error_at_s = 0.0
        self._watcher: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def table(self) -> RouteTable:
        """The table that is in force."""
        return self._loaded.table

    async def start(self) -> None:
        """Answer calls, and look after the file from now on."""
        self._serving = Serving(self.table, Router(self.table, self._ledger), 1)
        self._in_force(self.table)
        # Beside the first calls, not before them: the server answers at once.
        self._warming = asyncio.create_task(
            asyncio.to_thread(providers.import_libraries, _providers(self.table))
        )
        self._watcher = asyncio.create_task(self._watch(), name="gateway-config")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Serving]:
        """The table and router in force; they stay usable in the block, whatever happens to the file.

        Raises:
            RuntimeError: the gateway is not started, or closed.
        """
        serving = self._serving
        if serving is None:
            message = "the gateway does not run"
            raise RuntimeError(message)
        serving.calls += 1
        try:
            yield serving
        finally:
            serving.calls -= 1
            self._close_if_done(serving)

    async def close(self) -> None:
        """Stop looking after the file, and free what the router holds; calls under way fail."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.is_retired = True
            self._closing.add(asyncio.create_task(_closed(serving, CLOSE_WITHIN_S)))
        if self._closing:
            await asyncio.wait(self._closing, timeout=2 * CLOSE_WITHIN_S)

    def status(self) -> dict[str, Any]:
        """What is in force since when, and what keeps a newer file from it. Any thread may ask."""
        serving = self._serving
        return {
            "file": self.path.name,
            "reloads": 0 if serving is None else serving.number - 1,
            "loaded_at_unix_s": None if serving is None else serving.loaded_at_s,
            "endpoints": [endpoint.name for endpoint in self.table.endpoints],
            "calls_underway": 0 if serving is None else serving.calls,
            "error": self._error,
            "error_at_unix_s": None if self._error is None else self._error_at_s,
        }

    async def reload(self) -> bool:
        """Read the file now; whether another table is in force for it."""
        try:
            loaded = await asyncio.to_thread(_load, self.path)
            if loaded.table == self.table:
                self._succeeded()
                self._loaded = loaded
                return False
        except ConfigError as error:
            self._failed(self.table.without_secrets(str(error)))
            return False
        if new := _providers(loaded.table) - _providers(self.table):
            await asyncio.to_thread(providers.import_libraries, new)
        before = self._serving
        if before is None:
            return False
        self._loaded = loaded
        self._serving = Serving(loaded.table, before.router.successor(loaded.table), before.number + 1)
        self._succeeded()
        self._in_force(loaded.table)
        _log.info("%s: %d endpoints are in force", self.path.name, len(loaded.table.endpoints))
        before.is_retired = True
        self._close_if_done(before)
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            stamp = await asyncio.to_thread(self._stamp, self._loaded.secret_files)
            # What is wrong with a file may be put right beside it: a key's file that was not there yet.
            if stamp == self._seen and not _is_young(stamp) and self._error is None:
                continue
            self._seen = stamp
            try:
                await self.reload()
            except Exception:  # noqa: BLE001 - the watch must go on, whatever one file did
                _log.exception("%s was not taken", self.path.name)

    def _stamp(self, more: Iterable[Path]) -> Stamp:
        """By what a changed file is known: one that is replaced has another inode."""
        found: list[tuple[int, int, int] | None] = []
        for path in (self.path, *more):
            try:
                status = path.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_ino, status.st_size))
        return tuple(found)

    def _failed(self, error: str) -> None:
        if error != self._error:
            _log.error("the changed file is not used, the table before it stays in force:\n%s", error)
            self._error, self._error_at_s = error, time.time()

    def _succeeded(self) -> None:
        self._error = None

    def _close_if_done(self, serving: Serving) -> None:
        if serving.is_retired and not serving.calls:
            task = asyncio.create_task(_closed(serving))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _load(path: Path) -> Loaded:
    loaded = config_file.load(path)
    return replace(loaded, table=with_versions(loaded.table))


def _providers(table: RouteTable) -> set[str]:
    return {target.provider for endpoint in table.endpoints for target in endpoint.models}


async def _closed(serving: Serving, timeout_s: float = CLOSE_WITHIN_S) -> None:
    if serving.is_closed:
        return
    serving.is_closed = True
    try:
        await serving.router.close(timeout_s)
    except Exception:  # noqa: BLE001 - what is left open must not keep the gateway from going on
        _log.exception("a table that is out of force did not close")


def _is_young(stamp: Stamp) -> bool:
    now = time.time_ns()
    return any(one is not None and now - one[0] < _YOUNG_NS for one in stamp)
