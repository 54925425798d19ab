"""What is answered about the server itself. One class a JSON object."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from spanfold_query_api.answers import Answer, Time, UnixNs
from spanfold_query_api.gateway.routes import GatewayStatus  # noqa: TC001 - a field of pydantic

BySignal = Annotated[dict[str, int], Field(examples=[{"traces": 1200, "logs": 40}])]


class DatabaseTable(Answer):
    """A table of the database."""

    name: Annotated[str, Field(examples=["spans"])]
    rows: Annotated[int, Field(description="Before merges: what was sent twice may count twice.")]
    bytes_on_disk: int
    oldest_time: Annotated[Time | None, Field(description="Null: it is empty, or holds states.")]
    retention_days: Annotated[int | None, Field(description="Null: its rows are kept for good.")]
    part_count: int


class DatabaseStatus(Answer):
    """The database."""

    engine: Annotated[str, Field(examples=["chDB", "ClickHouse"])]
    version: str
    is_embedded: Annotated[
        bool | None, Field(description="Whether it runs in this process; null: not known.")
    ]
    disk_free_bytes: Annotated[
        int | None, Field(description="Of the disks that it writes to; null: not known.")
    ]
    disk_total_bytes: int | None
    tables: Annotated[list[DatabaseTable], Field(description="Largest first.")]


class IngestBucket(Answer):
    """Spans that came in in one minute."""

    start_time_unix_ns: UnixNs
    span_count: int
    lag_p50_ms: Annotated[
        float | None,
        Field(description="From the end of a span to its arrival; below 0 where clocks differ."),
    ]
    lag_p95_ms: float | None


class IngestStatus(Answer):
    """What came in in the last hour."""

    bucket_ns: int
    buckets: Annotated[list[IngestBucket], Field(description="Oldest first; those without spans left out.")]
    last_received_time: Annotated[Time | None, Field(description="Null: no span ever came in.")]


class RefusedRequests(Answer):
    """Requests that the collector did not take."""

    signal: str
    reason: Annotated[str, Field(description="`invalid` (for good) or `overloaded` (may be sent again).")]
    count: int


class InsertTimes(Answer):
    """How long the collector's inserts took since it started."""

    signal: str
    path: Annotated[str, Field(description="Who decoded: `engine` (large groups) or `python`.")]
    count: int
    mean_ms: Annotated[float, Field(description="From the call to the commit.")]


class CollectorFigures(Answer):
    """The collector's counters since it started, and its gauges, by signal."""

    accepted_records: Annotated[BySignal, Field(description="Spans or log records acknowledged.")]
    accepted_bytes: BySignal
    rejected_records: Annotated[BySignal, Field(description="Faulty ones left out of a request.")]
    refused_requests: list[RefusedRequests]
    repeated_requests: Annotated[BySignal, Field(description="Recognised as sent before.")]
    written_requests: Annotated[BySignal, Field(description="Committed to the database.")]
    written_bytes: BySignal
    spooled_requests: Annotated[BySignal, Field(description="Made durable in the spool.")]
    spooled_bytes: BySignal
    dead_lettered_requests: Annotated[BySignal, Field(description="That the database refuses for good.")]
    held_bytes: Annotated[BySignal, Field(description="Of requests that wait in memory.")]
    spool_bytes: Annotated[BySignal, Field(description="That wait to be replayed.")]
    inserts: list[InsertTimes]
    price_list_time: Annotated[Time | None, Field(description="Date of the price list for costs.")]


class CollectorStatus(Answer):
    """The collector that this server sends its own events to."""

    reachable: bool
    reason: Annotated[str | None, Field(description="Why it is not; null if it is.")]
    endpoint: Annotated[str, Field(examples=["http://127.0.0.1:4318"])]
    figures: Annotated[CollectorFigures | None, Field(description="Null: it is not reachable.")]


class EvaluationsStatus(Answer):
    """Evaluations and monitors that run beside this server."""

    running: int
    waiting: int
    max_running: Annotated[int, Field(description="0: this server runs none, and no monitors.")]
    max_waiting: int
    monitors_active: int
    monitors_paused: int
    monitors_failing: Annotated[int, Field(description="Active, but the last attempt failed.")]
    monitor_process_running: bool


class ProviderKey(Answer):
    """Whether the key of a provider is there. Its value is never shown."""

    endpoint: Annotated[str | None, Field(description="Of the gateway; null: for judges of evaluations.")]
    provider: Annotated[str, Field(examples=["openai"])]
    is_set: bool


class AccessStatus(Answer):
    """Who can reach this server, and whom it can reach."""

    bind_host: Annotated[str | None, Field(description="Address that it listens on; null: not known.")]
    loopback_only: Annotated[bool | None, Field(description="Whether only this machine can reach it.")]
    api_keys: Annotated[bool, Field(description="Whether it asks for keys: it does not.")]
    provider_keys: list[ProviderKey]


class Operations(Answer):
    """How the server is doing."""

    version: Annotated[str, Field(description="Of spanfold.")]
    database: DatabaseStatus
    ingest: IngestStatus
    collector: CollectorStatus
    evaluations: EvaluationsStatus
    access: AccessStatus
    gateway: Annotated[GatewayStatus | None, Field(description="Null: there is none.")]
