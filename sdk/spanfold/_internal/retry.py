"""Model events outlive a collector that is away: kept within a bound, and sent when it is back.

A lost span is one of many; a lost event would leave a model version without its name for ever.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

from spanfold._internal.faults import contained, warn_once
from spanfold._internal.queues import importance, record_bytes
from spanfold._internal.sending import in_requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk._logs import ReadableLogRecord

MAX_KEPT: Final = 2_048
MAX_AGE_S: Final = 3_600
"""Older events are given up: what is refused for an hour is refused for good."""
FIRST_RETRY_S: Final = 2.0
MAX_RETRY_S: Final = 60.0


class PersistentLogExporter(LogRecordExporter):
    """Passes records on to another exporter, and keeps those that it could not send for a later try."""

    def __init__(self, exporter: LogRecordExporter) -> None:
        self._exporter = exporter
        self._kept: list[ReadableLogRecord] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._wait_s = FIRST_RETRY_S
        self._pid = os.getpid()

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Send what was kept, then ``batch``; what fails is tried again later. FAILURE means: kept."""
        self._notice_fork()
        with self._lock:
            result = self._send([*self._kept, *batch])
            if result is not LogRecordExportResult.SUCCESS:
                self._schedule()
            return result

    def shutdown(self) -> None:
        """One last try, then stop."""
        self._notice_fork()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if self._kept:
                self._send(self._kept)
            self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Whether everything that came so far was sent."""
        self._notice_fork()
        return self._exporter.force_flush(timeout_millis) and not self._kept

    def _send(self, records: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        result = LogRecordExportResult.SUCCESS
        unsent = list(records)
        for request in in_requests((record, record_bytes(record)) for record in records):
            result = self._exporter.export(request)
            if result is not LogRecordExportResult.SUCCESS:
                break
            del unsent[: len(request)]
        if not unsent:
            self._kept, self._wait_s = [], FIRST_RETRY_S
            return result
        too_old = time.time_ns() - MAX_AGE_S * 1_000_000_000
        young = [record for record in unsent if (record.log_record.timestamp or 0) > too_old]
        self._kept = _most_important(young)
        lost = len(unsent) - len(self._kept)
        if lost:
            warn_once(
                "events-lost",
                "%d log records were dropped: the collector has been away for too long (logged once)",
                lost,
            )
        return result

    def _schedule(self) -> None:
        if self._timer is not None and self._timer.is_alive():
            return
        self._timer = threading.Timer(self._wait_s, self._retry)
        self._timer.daemon = True
        with suppress(RuntimeError):  # Python 3.12, at the end of the process: see setup._within
            self._timer.start()
        self._wait_s = min(self._wait_s * 2, MAX_RETRY_S)

    def _retry(self) -> None:
        with contained("send model events again"), self._lock:
            self._timer = None
            if self._kept and self._send(self._kept) is not LogRecordExportResult.SUCCESS:
                self._schedule()

    def _notice_fork(self) -> None:
        """In a child: what the parent kept, the parent sends; its timer and its threads are not here."""
        if self._pid != os.getpid():
            self._pid, self._lock = os.getpid(), threading.Lock()
            self._kept, self._timer, self._wait_s = [], None, FIRST_RETRY_S


def _most_important(records: list[ReadableLogRecord]) -> list[ReadableLogRecord]:
    """As many as may be kept, in their order: what a version is known by first, and then the oldest."""
    if len(records) <= MAX_KEPT:
        return records
    ranked = sorted(range(len(records)), key=lambda index: -importance(records[index].log_record))
    return [records[index] for index in sorted(ranked[:MAX_KEPT])]
