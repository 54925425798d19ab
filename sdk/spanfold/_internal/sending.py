"""Exporters around OpenTelemetry's: apply the privacy rules, and keep every request below what is taken.

A batch is counted in spans, a request is limited in bytes: one huge span would cost its whole batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from spanfold._internal.exporters import refused_as_too_large
from spanfold._internal.faults import contained, warn_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import ReadableSpan

    from spanfold._internal.privacy import Privacy

T = TypeVar("T")

MAX_REQUEST_BYTES: Final = 3 * 2**20
"""Below what gRPC servers take by default (4 MiB), with room for what is not counted."""
SMALL_SPAN_BYTES: Final = 32 * 1_024
"""What a span is cut to that a collector refuses as too large by itself."""


class PrivateSpanExporter(SpanExporter):
    """Sends spans as the rules let them leave, in requests of bounded size."""

    def __init__(self, exporter: SpanExporter, privacy: Privacy) -> None:
        self.inner = exporter
        self._privacy = privacy

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans. FAILURE says that some of them did not arrive."""
        result = SpanExportResult.SUCCESS
        for batch in in_requests(self._cleaned(spans)):
            if not self._send(batch):
                result = SpanExportResult.FAILURE
        return result

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self.inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held here."""
        return self.inner.force_flush(timeout_millis)

    def _cleaned(self, spans: Iterable[ReadableSpan]) -> Iterator[tuple[ReadableSpan, int]]:
        for span in spans:
            # A span that the rules fail on is lost: without them it must not leave.
            with contained("apply the privacy rules to a span, which is dropped"):
                yield self._privacy.span(span)

    def _send(self, batch: list[ReadableSpan]) -> bool:
        """Send a batch; in halves if the collector refuses it as too large, and at last cut."""
        if self.inner.export(batch) is SpanExportResult.SUCCESS:
            return True
        if not refused_as_too_large(self.inner):
            return False
        if len(batch) > 1:
            middle = len(batch) // 2
            halves = [self._send(batch[:middle]), self._send(batch[middle:])]
            return all(halves)
        smaller, _ = self._privacy.span(batch[0], SMALL_SPAN_BYTES)
        if smaller is not batch[0] and self.inner.export([smaller]) is SpanExportResult.SUCCESS:
            return True
        warn_once("span-refused", "a span was dropped: the collector refused it as too large, even cut")
        return False


class PrivateLogExporter(LogRecordExporter):
    """Sends log records as the rules let them leave."""

    def __init__(self, exporter: LogRecordExporter, privacy: Privacy) -> None:
        self.inner = exporter
        self._privacy = privacy

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Send the records; what the collector will never take, because of its size, counts as sent."""
        return self._send(list(self._cleaned(batch)))

    def _send(self, batch: list[ReadableLogRecord]) -> LogRecordExportResult:
        result = self.inner.export(batch)
        if result is LogRecordExportResult.SUCCESS or not refused_as_too_large(self.inner):
            return result
        if len(batch) == 1:
            warn_once("record-refused", "a log record was dropped: the collector refused it as too large")
            return LogRecordExportResult.SUCCESS
        middle = len(batch) // 2
        first, second = self._send(batch[:middle]), self._send(batch[middle:])
        return second if first is LogRecordExportResult.SUCCESS else first

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self.inner.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held here."""
        return self.inner.force_flush(timeout_millis)

    def _cleaned(self, records: Iterable[ReadableLogRecord]) -> Iterator[ReadableLogRecord]:
        for record in records:
            with contained("apply the privacy rules to a log record, which is dropped"):
                yield self._privacy.record(record)


def in_requests(sized: Iterable[tuple[T, int]]) -> Iterator[list[T]]:
    """Spans or log records, each with its size in bytes, in batches that make a request of bounded size."""
    batch: list[T] = []
    total = 0
    for item, size in sized:
        if batch and total + size > MAX_REQUEST_BYTES:
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += size
    if batch:
        yield batch
