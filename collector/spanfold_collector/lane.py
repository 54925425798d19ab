"""The road of one signal from an admitted request to durability, and what happens when it is blocked.

Two threads a lane. The *writer* is the only one that talks to the database: it inserts groups, or, on a
detour, replays the spool in order. The *spooler* keeps the promise when the writer cannot: it spools the
group that has been in flight for too long, and, on a detour, every new group. A detour begins when an
insert fails as retryable or is too slow, and ends when the spool is empty.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from spanfold_collector.admission import TimeWindow
from spanfold_collector.dead_letters import DeadLetters
from spanfold_collector.errors import InvalidRequestError, OverloadedError
from spanfold_collector.frames import digest, frame, split_frames
from spanfold_collector.inserter import Inserter
from spanfold_collector.intake import Answer, Intake, Pending, Recent
from spanfold_collector.spool import Entry, Spool, SpoolDamagedError, SpoolFullError
from spanfold_schemas.database import Database, DatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from spanfold_collector.settings import CollectorSettings
    from spanfold_collector.signals import Signal
    from spanfold_collector.telemetry import Telemetry

_log = structlog.get_logger(__name__)

_POLL_S: Final = 0.1
_MAX_BACKOFF_S: Final = 10.0
_DISK_CHECK_S: Final = 1.0
_DETOUR_LINGER_S: Final = 0.5
"""On a detour groups may be few and large: each is replayed by an insert of its own, and must not come in
faster than the database takes them, or the detour would never end."""


@dataclass(slots=True)
class _InFlight:
    """The group the writer is inserting; ``entry`` once the spooler had to make it durable."""

    group: list[Pending]
    since: float
    entry: Entry | None = None


class Lane:
    """Takes requests of one signal; the future it returns resolves when they are durable."""

    def __init__(
        self,
        signal: Signal,
        database: Database,
        settings: CollectorSettings,
        telemetry: Telemetry,
        more_fields: Callable[[bytes], bytes] = lambda _: b"",
    ) -> None:
        """Open the spool; what it holds from before is replayed as soon as :meth:`start` is called.

        ``more_fields`` says what to append to an admitted request beside its receive time.
        """
        self.signal = signal
        self._settings = settings
        self._more_fields = more_fields
        self._telemetry = telemetry
        self._intake = Intake(
            max_held_bytes=settings.max_held_bytes,
            group_bytes=settings.group_max_bytes,
            group_records=settings.group_max_records,
            linger_s=settings.linger_ms / 1000,
        )
        self._recent = Recent(settings.resend_window_s)
        self._spool = Spool(
            settings.directory / "spool" / signal.name,
            max_bytes=settings.spool_max_bytes,
            min_free_disk_bytes=settings.min_free_disk_bytes,
        )
        self._dead_letters = DeadLetters(
            settings.directory / "dead-letters", max_bytes=settings.dead_letter_max_bytes
        )
        self._inserter = Inserter(
            database,
            signal,
            self._dead_letters,
            telemetry,
            engine_decode_min_bytes=settings.engine_decode_min_bytes,
        )
        self._state = threading.Lock()
        self._in_flight: _InFlight | None = None
        self._detour = self._spool.groups > 0
        self._stopping = threading.Event()
        self._disk_checked_at = 0.0
        self._has_disk = True
        self._threads = [
            threading.Thread(target=self._run_writer, name=f"{signal.name}-writer", daemon=True),
            threading.Thread(target=self._run_spooler, name=f"{signal.name}-spooler", daemon=True),
        ]
        telemetry.held_bytes.labels(signal.name).set_function(lambda: self._intake.held_bytes)
        telemetry.spool_bytes.labels(signal.name).set_function(lambda: self._spool.size_bytes)

    @property
    def is_detoured(self) -> bool:
        """Whether requests are made durable in the spool rather than in the database."""
        return self._detour

    @property
    def road(self) -> str:
        """Where requests go now: ``database``, ``spool``, or ``refused`` for want of room."""
        try:
            self._require_room(0)
        except OverloadedError:
            return "refused"
        return "spool" if self._detour else "database"

    def start(self) -> None:
        """Start the writer and the spooler."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Take nothing more, and let no group wait for company: what was taken is on its way now."""
        self._intake.close()

    def stop(self, timeout_s: float) -> bool:
        """Take nothing more, make everything taken durable, and end.

        Returns:
            False if the writer still waits for the database; all it holds is in the spool then.
        """
        deadline = time.monotonic() + timeout_s
        self._intake.close()
        self._stopping.set()
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.1))
        with self._state:
            flight = self._in_flight
            if flight is not None and flight.entry is None:
                self._detour_with(flight)
        while group := self._intake.take(0):
            self._spool_group(group)
        return not any(thread.is_alive() for thread in self._threads)

    def submit(self, body: bytes) -> Future[Answer]:
        """Promise to make ``body`` durable.

        Returns:
            A future that resolves once the request survives kill and power loss, or fails with
            InvalidRequestError or OverloadedError.

        Raises:
            InvalidRequestError: the bytes are not a request.
            OverloadedError: there is no room in memory, spool or disk.
        """
        future: Future[Answer] = Future()
        claimed = self._recent.claim(digest(body), future)
        if claimed is not future:
            self._telemetry.repeated_requests.labels(self.signal.name).inc()
            return claimed
        try:
            self._take(body, future)
        except Exception as error:
            # Whoever sent the same bytes in the meantime waits for this promise.
            future.set_exception(error)
            raise
        return future

    def _take(self, body: bytes, future: Future[Answer]) -> None:
        now = time.time()
        window = TimeWindow.around(now, self._settings.retention_days, self._settings.max_ahead_s)
        admitted = self.signal.admit(body, window)
        self._telemetry.rejected_records.labels(self.signal.name).inc(admitted.rejected)
        answer = Answer(admitted.rejected, admitted.message)
        if admitted.records == 0:
            future.set_result(answer)
            return
        framed = frame(
            admitted.body,
            received_time_unix_ms=int(now * 1000),
            service_version_as_model=self._settings.service_version_as_model,
            more=self._more_fields(admitted.body),
        )
        self._require_room(len(framed))
        self._intake.offer(Pending(framed, admitted.records, answer, future))

    def _require_room(self, size: int) -> None:
        if time.monotonic() - self._disk_checked_at > _DISK_CHECK_S:
            self._has_disk = self._spool.has_disk(0)
            self._disk_checked_at = time.monotonic()
        if not self._has_disk:
            message = f"less than {self._settings.min_free_disk_bytes} bytes of disk are free"
            raise OverloadedError(message, retry_after_s=30)
        if self._detour and not self._spool.has_room(self._intake.held_bytes + size):
            raise OverloadedError("the database is away and the spool is full", retry_after_s=10)

    def _run_writer(self) -> None:
        backoff_s = _POLL_S
        while True:
            if not self._detour:
                group = self._intake.take(_POLL_S)
                if group:
                    self._write(group)
                elif self._stopping.is_set():
                    return
            elif self._stopping.is_set():
                return
            elif self._replay_oldest():
                backoff_s = _POLL_S
            else:
                self._stopping.wait(backoff_s)
                backoff_s = min(backoff_s * 2, _MAX_BACKOFF_S)

    def _write(self, group: list[Pending]) -> None:
        flight = _InFlight(group, time.monotonic())
        with self._state:
            self._in_flight = flight
        try:
            faults = self._inserter.insert([pending.framed for pending in group])
        except (DatabaseError, SpoolFullError) as error:
            _log.warning("insert failed, taking the spool", signal=self.signal.name, error=str(error))
            with self._state:
                self._in_flight = None
                if flight.entry is None:
                    self._detour_with(flight)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the thread
            _log.exception("insert failed unexpectedly", signal=self.signal.name)
            with self._state:
                self._in_flight = None
            self._fail(group, OverloadedError(f"unexpected fault: {error}", retry_after_s=5))
        else:
            with self._state:
                self._in_flight = None
            if flight.entry is not None:
                self._spool.remove(flight.entry)
            for index, pending in enumerate(group):
                self._settle(pending, faults.get(index))
        self._intake.release(group)

    def _detour_with(self, flight: _InFlight) -> None:
        """Make a group in flight durable on disk and send what follows the same way. Holds the lock."""
        self._detour = True
        flight.entry = self._spool_group(flight.group)

    def _spool_group(self, group: list[Pending]) -> Entry | None:
        try:
            entry = self._spool.append(b"".join(pending.framed for pending in group))
        except SpoolFullError as error:
            self._fail(group, OverloadedError(str(error), retry_after_s=10))
            return None
        self._telemetry.spooled_requests.labels(self.signal.name).inc(len(group))
        self._telemetry.spooled_bytes.labels(self.signal.name).inc(entry.size_bytes)
        for pending in group:
            self._settle(pending, None)
        return entry

    def _run_spooler(self) -> None:
        while not self._stopping.wait(0 if self._detour else _POLL_S):
            with self._state:
                flight = self._in_flight
                is_slow = flight and time.monotonic() - flight.group[0].since > self._settings.slow_after_s
                if flight is not None and flight.entry is None and is_slow:
                    _log.warning("insert is slow, taking the spool", signal=self.signal.name)
                    self._detour_with(flight)
            group = self._intake.take(_POLL_S, linger_s=_DETOUR_LINGER_S) if self._detour else []
            if group and self._spool_group(group) is not None:
                with self._state:
                    # The writer may have found the spool empty, and left the detour, a moment ago.
                    self._detour = True
            self._intake.release(group)

    def _replay_oldest(self) -> bool:
        """Move one group from the spool to the database; True if there may be more to do at once."""
        entry = self._spool.oldest()
        if entry is None:
            with self._state:
                self._detour = self._spool.groups > 0
            _log.info("spool is empty, writing directly", signal=self.signal.name)
            return True
        try:
            self._replay(entry)
        except (DatabaseError, SpoolFullError, OSError) as error:
            _log.warning("replay failed", signal=self.signal.name, error=str(error))
            return False
        except Exception:  # noqa: BLE001 - a fault of ours must not end the thread; the group stays where it is
            _log.exception("replay failed unexpectedly", signal=self.signal.name)
            return False
        self._spool.remove(entry)
        return True

    def _replay(self, entry: Entry) -> None:
        try:
            frames = [framed for framed, _ in split_frames(self._spool.read(entry))]
        except FileNotFoundError:
            _log.error("spooled group was removed by someone else", file=entry.path.name)
        except (SpoolDamagedError, ValueError) as error:
            self._dead_letters.keep(entry.path.read_bytes(), signal=self.signal.name, reason=str(error))
            _log.error("spooled group set aside", signal=self.signal.name, file=entry.path.name)
        else:
            self._inserter.insert(frames)

    def _settle(self, pending: Pending, fault: str | None) -> None:
        if pending.future.done():
            return
        if fault is not None:
            pending.future.set_exception(InvalidRequestError(fault))
            return
        self._telemetry.accepted_records.labels(self.signal.name).inc(pending.records)
        self._telemetry.accepted_bytes.labels(self.signal.name).inc(len(pending.framed))
        pending.future.set_result(pending.answer)

    def _fail(self, group: list[Pending], error: OverloadedError) -> None:
        for pending in group:
            if not pending.future.done():
                pending.future.set_exception(error)
