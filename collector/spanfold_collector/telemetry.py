"""The collector's own figures, in Prometheus' format."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LATENCIES_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Telemetry:
    """Counters and gauges of one collector, each labelled by signal (``traces`` or ``logs``).

    "Records" are spans or log records. What is accepted is written or spooled, later replayed
    (which counts as written), and in rare cases dead-lettered.
    """

    def __init__(self) -> None:
        """Start every figure at zero, in a registry of its own."""
        self.registry = CollectorRegistry()
        self.accepted_records = self._counter("accepted_records", "Records acknowledged")
        self.accepted_bytes = self._counter("accepted_bytes", "Bytes of acknowledged requests")
        self.rejected_records = self._counter("rejected_records", "Faulty records left out of a request")
        self.refused_requests = Counter(
            "spanfold_collector_refused_requests",
            "Requests not taken, by reason: invalid (permanent) or overloaded (retryable)",
            ("signal", "reason"),
            registry=self.registry,
        )
        self.repeated_requests = self._counter("repeated_requests", "Requests recognised as sent before")
        self.written_requests = self._counter("written_requests", "Requests committed to the database")
        self.written_bytes = self._counter("written_bytes", "Bytes committed to the database")
        self.spooled_requests = self._counter("spooled_requests", "Requests made durable in the spool")
        self.spooled_bytes = self._counter("spooled_bytes", "Bytes made durable in the spool")
        self.dead_lettered = self._counter("dead_lettered_requests", "Requests the database refuses for good")
        self.held_bytes = self._gauge("held_bytes", "Bytes of requests waiting in memory")
        self.spool_bytes = self._gauge("spool_bytes", "Bytes in the spool, waiting to be replayed")
        self.price_list_date = Gauge(
            "spanfold_collector_price_list_date_seconds",
            "Date of the price list that costs are computed from, in unix seconds",
            registry=self.registry,
        )
        self.insert_seconds = Histogram(
            "spanfold_collector_insert_seconds",
            "Time of one insert, from call to commit",
            ("signal", "path"),
            buckets=_LATENCIES_S,
            registry=self.registry,
        )

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"spanfold_collector_{name}", text, ("signal",), registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"spanfold_collector_{name}", text, ("signal",), registry=self.registry)

    def exposition(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self.registry)
