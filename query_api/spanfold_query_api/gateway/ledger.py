"""What endpoints were called for and what that cost, on disk: all processes of one machine share the counts.

One SQLite file. Taking a call counts it and sets its guessed cost aside in one transaction, before the
provider is asked; settling puts the real cost in the guess's place. A process that is killed between the two
leaves the guess standing: the money may have been spent. There is a row an endpoint and period, so the file
does not grow with the calls.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Period = Literal["day", "month"]
_BUSY_S: Final = 5.0
_KEEP_PERIODS_S: Final = 400 * 86_400.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS windows (
    endpoint TEXT PRIMARY KEY, begun_s REAL NOT NULL, calls INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS spending (
    endpoint TEXT NOT NULL, period TEXT NOT NULL, begun_s REAL NOT NULL, usd REAL NOT NULL,
    PRIMARY KEY (endpoint, period, begun_s)
) STRICT, WITHOUT ROWID;
"""


class LedgerError(Exception):
    """The file cannot be read or written; what the calls cost would not be known."""


class OverLimitError(Exception):
    """The endpoint has used up what it may."""

    def __init__(self, message: str, retry_after_s: float, *, is_spending: bool) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """Until its limit is renewed."""
        self.is_spending = is_spending
        """Whether money ran out, rather than calls."""


@dataclass(frozen=True, slots=True)
class CallLimit:
    """So many calls in each window; a window begins with the first call after the one before it."""

    calls: int
    period_s: float


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """So many US dollars in each calendar day or month (UTC)."""

    usd: float
    period: Period


@dataclass(frozen=True, slots=True)
class Taken:
    """A call that was let through, and the money set aside for it."""

    endpoint: str
    period: Period | None
    begun_s: float
    usd: float


class Ledger:
    """The counts. Any number of threads and processes may use one file."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        """Open it, or make it.

        Args:
            path: of the file; its folder must exist. It must lie on a local disk, as all SQLite files.
            now: the clock (unix s).

        Raises:
            LedgerError: it cannot be opened, or is no such file.
        """
        self._path: Final = path
        self._now = now
        self._lock: Final = threading.Lock()
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix="spanfold-ledger")
        try:
            self._db: Final = sqlite3.connect(
                path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            # Survives the end of a process at any point; only losing power may lose the last moments.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute("DELETE FROM spending WHERE begun_s < ?", (now() - _KEEP_PERIODS_S,))
        except sqlite3.Error as error:
            self._db.close()
            raise self._unusable(error) from error

    def take(
        self, endpoint: str, calls: CallLimit | None, spend: SpendLimit | None, guess_usd: float
    ) -> Taken:
        """Count a call and set its guessed cost aside: both or neither.

        A call is let through while what is spent and set aside is below the limit and its guess fits in; the
        first call of a period always is, so that a limit below one call's guess does not shut the endpoint.

        Raises:
            OverLimitError: the endpoint may not be called now; nothing was counted.
            LedgerError: the file cannot be written.
        """
        now_s = self._now()
        begun_s, ends_s = _period(spend.period, now_s) if spend is not None else (0.0, 0.0)
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    if spend is not None:
                        self._set_aside(endpoint, spend, begun_s, ends_s - now_s, guess_usd)
                    if calls is not None:
                        self._count(endpoint, calls, now_s)
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._fault(error) from error
        return Taken(endpoint, spend.period if spend is not None else None, begun_s, guess_usd)

    def settle(self, taken: Taken, usd: float | None) -> None:
        """Put the real cost in the guess's place; None, where it is not known, leaves the guess.

        Raises:
            LedgerError: the file cannot be written; the guess stands.
        """
        if taken.period is None or usd is None or usd == taken.usd:
            return
        with self._lock:
            try:
                self._db.execute(
                    "UPDATE spending SET usd = max(0, usd + ?)"
                    " WHERE endpoint = ? AND period = ? AND begun_s = ?",
                    (usd - taken.usd, taken.endpoint, taken.period, taken.begun_s),
                )
            except sqlite3.Error as error:
                raise self._fault(error) from error

    def spent_usd(self, endpoint: str, period: Period) -> float:
        """What is spent and set aside in the current day or month.

        Raises:
            LedgerError: the file cannot be read.
        """
        begun_s, _ = _period(period, self._now())
        with self._lock:
            try:
                return self._spent(endpoint, period, begun_s)
            except sqlite3.Error as error:
                raise self._fault(error) from error

    async def take_soon(
        self, endpoint: str, calls: CallLimit | None, spend: SpendLimit | None, guess_usd: float
    ) -> Taken:
        """As :meth:`take`, beside the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self.take, endpoint, calls, spend, guess_usd)

    async def settle_soon(self, taken: Taken, usd: float | None) -> None:
        """As :meth:`settle`, beside the event loop."""
        if taken.period is not None and usd is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self.settle, taken, usd)

    def close(self) -> None:
        """Finish what is under way and close the file."""
        self._thread.shutdown()
        with self._lock:
            self._db.close()

    def _set_aside(
        self, endpoint: str, limit: SpendLimit, begun_s: float, ends_in_s: float, guess_usd: float
    ) -> None:
        spent = self._spent(endpoint, limit.period, begun_s)
        if spent >= limit.usd or (spent > 0 and spent + guess_usd > limit.usd):
            raise OverLimitError(
                f"endpoint {endpoint!r} has spent its {limit.usd:g} US dollars of this {limit.period}",
                ends_in_s,
                is_spending=True,
            )
        self._db.execute(
            "INSERT INTO spending VALUES (?, ?, ?, ?)"
            " ON CONFLICT (endpoint, period, begun_s) DO UPDATE SET usd = usd + excluded.usd",
            (endpoint, limit.period, begun_s, guess_usd),
        )

    def _count(self, endpoint: str, limit: CallLimit, now_s: float) -> None:
        row = self._db.execute(
            "SELECT begun_s, calls FROM windows WHERE endpoint = ?", (endpoint,)
        ).fetchone()
        # A clock that was set back begins a new window, rather than a wait of any length.
        begun_s, calls = row if row is not None and 0 <= now_s - row[0] < limit.period_s else (now_s, 0)
        if calls >= limit.calls:
            raise OverLimitError(
                f"endpoint {endpoint!r} takes {limit.calls} calls in {limit.period_s:g} s",
                begun_s + limit.period_s - now_s,
                is_spending=False,
            )
        self._db.execute("INSERT OR REPLACE INTO windows VALUES (?, ?, ?)", (endpoint, begun_s, calls + 1))

    def _spent(self, endpoint: str, period: Period, begun_s: float) -> float:
        row = self._db.execute(
            "SELECT usd FROM spending WHERE endpoint = ? AND period = ? AND begun_s = ?",
            (endpoint, period, begun_s),
        ).fetchone()
        return float(row[0]) if row is not None else 0.0

    def _unusable(self, error: sqlite3.Error) -> LedgerError:
        return LedgerError(f"{self._path}: {error}: name a file on a local disk that can be written")

    def _fault(self, error: sqlite3.Error) -> LedgerError:
        return LedgerError(f"{self._path}: {error}")


def _period(period: Period, now_s: float) -> tuple[float, float]:
    """When the day or month began and ends (unix s)."""
    day = datetime.fromtimestamp(math.floor(now_s), UTC).replace(hour=0, minute=0, second=0)
    if period == "day":
        return day.timestamp(), (day + timedelta(days=1)).timestamp()
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return first.timestamp(), following.timestamp()
