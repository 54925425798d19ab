"""Evaluations and monitors that run beside the query API, each in a child process of its own.

What is under way is known from the events alone: whatever ends this process, the next one finds evaluations
that are not over, and lets them go on. A child process ends when this one does.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal

from spanfold_query_api import evaluations, monitors
from spanfold_query_api.child import Child
from spanfold_query_api.evaluations import Asked
from spanfold_query_api.problems import RETRY_AFTER_S, ProblemError
from spanfold_schemas import keys
from spanfold_schemas.database import DatabaseError
from spanfold_schemas.evaluation_events import EVALUATION_CANCELLING, EVALUATION_RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from spanfold_query_api.outgoing import Outgoing
    from spanfold_schemas.database import Database
    from spanfold_schemas.fold import EvaluationState

_UNFINISHED: Final = (EVALUATION_RUNNING, EVALUATION_CANCELLING)
_MAX_RESUMED: Final = 1_000
_MAX_MONITORS: Final = 1_000
_VISIBLE_WITHIN_S: Final = 60.0
"""What a child sent last may wait on the collector's spool before it can be read."""
_VISIBLE_AFTER_FAULT_S: Final = 3.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_OTLP: Final = "OTEL_EXPORTER_OTLP_"
_REASON_CHARS: Final = 4_000
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How many processes, and what they are told."""

    api_url: str
    """Address of this query API."""
    max_running: int = 2
    """Evaluations at one time; 0: this process runs none, and no monitors."""
    max_waiting: int = 50
    monitor_interval_s: float = 15.0
    """From one pass over the traces that came in to the next."""
    monitor_settle_s: float = 30.0
    """How old a trace must be to be scored: its other spans have come by then, as a rule."""
    monitor_overlap_s: float = 3_600.0
    """How far each pass looks back for traces that came late."""
    cancel_grace_s: float = 60.0
    """After which a process that was asked to stop its evaluation is ended."""
    stop_grace_s: float = 5.0
    """Time for children to end by themselves when this process stops."""
    poll_s: float = 1.0
    command: tuple[str, ...] = (sys.executable, "-m", "spanfold.evaluation")


NO_WORKERS: Final = WorkerSettings(api_url="", max_running=0)


@dataclass(slots=True)
class _Ended:
    """A process that is over, and whose evaluation is not known to be."""

    reason: str
    record_at: float
    """When (monotonic seconds) to record it, if nothing else was heard by then."""


class Workers:
    """Runs evaluations in the order in which they were asked for, and one process for all monitors."""

    def __init__(self, database: Database, outgoing: Outgoing, settings: WorkerSettings) -> None:
        self._database: Final = database
        self._outgoing: Final = outgoing
        self._settings: Final = settings
        self._wake: Final = threading.Condition()
        self._waiting: Final[deque[str]] = deque()
        self._reserved = 0
        self._running: Final[dict[str, Child]] = {}
        self._to_cancel: Final[dict[str, float]] = {}
        self._ended: Final[dict[str, _Ended]] = {}
        self._monitor_process: Child | None = None
        self._monitor_pause_s = _FIRST_PAUSE_S
        self._monitors_not_before = 0.0
        self._resumed = False
        self.stopping: Final = threading.Event()
        """Set as soon as :meth:`stop` is called: what waits for progress need not wait any longer."""
        self._thread: Final = threading.Thread(target=self._run, name="workers", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process has left unfinished."""
        if self._settings.max_running:
            self._thread.start()

    def stop(self) -> None:
        """Let the children end; what they have not finished goes on when a server starts again."""
        with self._wake:
            self.stopping.set()
            self._wake.notify_all()
        if self._thread.ident is not None:
            self._thread.join()
        children = list(self._running.values())
        if self._monitor_process is not None:
            children.append(self._monitor_process)
        for child in children:
            child.release()
        deadline = time.monotonic() + self._settings.stop_grace_s
        for child in children:
            child.stop(deadline - time.monotonic())

    @contextmanager
    def room(self) -> Iterator[Callable[[str], None]]:
        """A place in the queue, to be held while an evaluation is recorded; call what it gives with the ID.

        Raises:
            ProblemError: as many as may are waiting, or this process runs none.
        """
        with self._wake:
            if not self._settings.max_running:
                detail = "this query API runs no evaluations (setting evaluation_workers)"
                raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no-evaluation-workers", detail)
            if len(self._waiting) + self._reserved >= self._settings.max_waiting:
                detail = f"{self._settings.max_waiting} evaluations are waiting: try again later"
                headers = {"Retry-After": str(RETRY_AFTER_S)}
                raise ProblemError(
                    HTTPStatus.TOO_MANY_REQUESTS, "too-many-evaluations", detail, headers=headers
                )
            self._reserved += 1
        try:
            yield self._enqueue
        finally:
            with self._wake:
                self._reserved -= 1

    def cancel(self, evaluation_id: str) -> Literal["running", "waiting", "unknown"]:
        """Take an evaluation out of the queue, or see to it that its process ends; says where it was."""
        with self._wake:
            if evaluation_id in self._waiting:
                self._waiting.remove(evaluation_id)
                return "waiting"
            if evaluation_id in self._running:
                self._to_cancel[evaluation_id] = time.monotonic() + self._settings.cancel_grace_s
                return "running"
        return "unknown"

    def knows(self, evaluation_id: str) -> bool:
        """Whether it runs here, or waits to."""
        with self._wake:
            return evaluation_id in self._running or evaluation_id in self._waiting

    def load(self) -> dict[str, int]:
        """How many evaluations run and wait here, and how many may: ``running``, ``waiting``, ``max_...``."""
        with self._wake:
            return {
                "running": len(self._running),
                "waiting": len(self._waiting),
                "max_running": self._settings.max_running,
                "max_waiting": self._settings.max_waiting,
            }

    @property
    def monitor_process_id(self) -> int | None:
        """Of the process that runs the monitors; None while there is none."""
        process = self._monitor_process
        return None if process is None or process.status() is not None else process.pid

    def wake(self) -> None:
        """Look at once whether there is something to do, such as a new monitor."""
        with self._wake:
            self._monitors_not_before = 0.0
            self._wake.notify_all()

    def _enqueue(self, evaluation_id: str) -> None:
        """Let it run, once its process of before, if there is one yet, has ended."""
        with self._wake:
            if evaluation_id not in self._waiting:
                self._waiting.append(evaluation_id)
            self._wake.notify_all()

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._step()
            except (DatabaseError, ProblemError) as error:
                _log.warning("evaluations wait: %s", error)
            except Exception:  # noqa: BLE001 - one fault must not end what looks after all the others
                _log.exception("a fault while looking after evaluations")
            with self._wake:
                if not self.stopping.is_set():
                    self._wake.wait(self._settings.poll_s)

    def _step(self) -> None:
        self._reap()
        self._start_waiting()
        if not self._resumed:
            self._resume()
        self._record_ended()
        self._look_after_monitors()

    def _resume(self) -> None:
        """Queue what an earlier process has left, oldest first."""
        asked = Asked(runner="server", statuses=_UNFINISHED)
        found, _ = evaluations.listing(self._database, asked, limit=_MAX_RESUMED)
        for state in reversed(found):
            if self.knows(state.evaluation_id):
                continue
            if state.status == EVALUATION_CANCELLING:
                self._send(keys.EVALUATION_CANCELLED, state)
            else:
                self._enqueue(state.evaluation_id)
        self._resumed = True

    def _start_waiting(self) -> None:
        with self._wake:
            waiting = list(self._waiting)
        for evaluation_id in waiting:
            if len(self._running) >= self._settings.max_running:
                return
            if evaluation_id in self._running or evaluations.get(self._database, evaluation_id) is None:
                continue  # its process would read it at once, and the database may be behind
            with self._wake:
                if evaluation_id not in self._waiting:
                    continue
                self._waiting.remove(evaluation_id)
                try:
                    self._running[evaluation_id] = self._child("run", "--evaluation-id", evaluation_id)
                except OSError as error:
                    self._ended[evaluation_id] = _Ended(f"its process cannot be started: {error}", 0.0)

    def _reap(self) -> None:
        now = time.monotonic()
        with self._wake:
            running = list(self._running.items())
            overdue = [one for one, deadline in self._to_cancel.items() if deadline < now]
        for evaluation_id, child in running:
            if child.status() is None and evaluation_id in overdue:
                child.terminate()
            status = child.status()
            if status is None:
                continue
            within_s = _VISIBLE_WITHIN_S if status == 0 else _VISIBLE_AFTER_FAULT_S
            ended = _Ended(child.last_words(), now + within_s)
            child.release()
            with self._wake:
                del self._running[evaluation_id]
                self._to_cancel.pop(evaluation_id, None)
                self._ended[evaluation_id] = ended

    def _record_ended(self) -> None:
        """Tell of evaluations whose process ended without telling itself."""
        for evaluation_id, ended in list(self._ended.items()):
            state = evaluations.get(self._database, evaluation_id)
            if state is None or state.status in _UNFINISHED:
                if time.monotonic() < ended.record_at:
                    continue
                if state is not None and state.status == EVALUATION_CANCELLING:
                    self._send(keys.EVALUATION_CANCELLED, state)
                elif not self.knows(evaluation_id):
                    payload = {"reason": ended.reason[:_REASON_CHARS]}
                    self._outgoing.send_fact(keys.EVALUATION_FAILED, evaluation_id, payload)
            del self._ended[evaluation_id]

    def _look_after_monitors(self) -> None:
        """One process as long as there is an active monitor; it ends by itself when there is none."""
        now = time.monotonic()
        process = self._monitor_process
        if process is not None:
            status = process.status()
            if status is None:
                return
            self._monitor_process = None
            self._monitors_not_before = now + self._monitor_pause_s
            if status:
                self._monitor_pause_s = min(2 * self._monitor_pause_s, _LONGEST_PAUSE_S)
                self._tell_monitors(process.last_words())
            else:
                self._monitor_pause_s = _FIRST_PAUSE_S
            process.release()
        if now < self._monitors_not_before:
            return
        if monitors.any_active(self._database):
            settings = self._settings
            self._monitor_process = self._child(
                "monitors",
                *("--interval-s", str(settings.monitor_interval_s)),
                *("--settle-s", str(settings.monitor_settle_s)),
                *("--overlap-s", str(settings.monitor_overlap_s)),
            )
        else:
            self._monitors_not_before = now + _pause_s(self._settings)

    def _tell_monitors(self, reason: str) -> None:
        """Each active monitor says why it does not go on."""
        _log.warning("the process of the monitors ended: %s", reason)
        states, _ = monitors.listing(self._database, limit=_MAX_MONITORS)
        for state in states:
            if state.status in {"ACTIVE", "FAILING"}:
                payload = {"reason": reason[:_REASON_CHARS]}
                self._outgoing.send_fact(keys.MONITOR_FAILED, state.monitor_id, payload)

    def _send(self, event_type: str, state: EvaluationState) -> None:
        self._outgoing.send_fact(event_type, state.evaluation_id, asdict(state.progress))

    def _child(self, *arguments: str) -> Child:
        child_environment = environment(self._settings.api_url, self._outgoing.endpoint)
        return Child([*self._settings.command, *arguments], child_environment, " ".join(arguments[:3]))


def _pause_s(settings: WorkerSettings) -> float:
    """Seconds between two looks for monitors; a new one wakes the workers at once."""
    return max(settings.poll_s, min(settings.monitor_interval_s, _LONGEST_PAUSE_S))


def environment(api_url: str, collector_endpoint: str | None) -> Mapping[str, str]:
    """What children find in their environment: this server's, and where to read and to send."""
    reads = {"SPANFOLD_ENDPOINT": api_url}
    if collector_endpoint is None:
        return {**os.environ, **reads}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OTLP)}
    return {
        **kept,
        **reads,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector_endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
