"""What a collector may be told, with limits for everything that could grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    """Addresses and limits of one collector. The defaults suit one machine.

    Example:
        >>> CollectorSettings(directory=Path("collector-data"), grpc_port=0).group_max_records
        8192
    """

    directory: Path
    """Folder of this collector alone: the spool and the dead letters."""
    host: str = "127.0.0.1"
    grpc_port: int = 4317
    """0 takes a free port."""
    http_port: int = 4318
    """0 takes a free port."""

    max_request_bytes: int = 16 * MIB
    """Largest request, after decompression."""
    max_concurrent_requests: int = 256
    """Requests that may wait for their answer at once, per receiver."""
    max_held_bytes: int = 256 * MIB
    """Bytes of requests in memory, per signal; past it, requests are refused as retryable."""

    group_max_bytes: int = 8 * MIB
    group_max_records: int = 8192
    linger_ms: int = 50
    """How long the first request of a group waits for others."""
    engine_decode_min_bytes: int = 832 * 1024
    """Smaller groups are decoded in Python: the engine's decoding has a fixed cost an insert. Judged by
    size alone, so that a group replayed after a crash takes the road it took before."""

    slow_after_s: float = 5.0
    """A request not in the database after this goes to the spool, and is acknowledged from there."""
    spool_max_bytes: int = 4 * GIB
    """Per signal."""
    dead_letter_max_bytes: int = GIB
    min_free_disk_bytes: int = GIB
    """Below it requests are refused: on a full disk the engine cannot even drop a partition."""

    resend_window_s: float = 300.0
    """How long a request's hash is remembered, to recognise a client that sends it again."""
    retention_days: int = 90
    """Spans that start earlier are refused: the database would drop them at once."""
    max_ahead_s: int = 86_400
    """Spans that start later than this from now are refused: a clock is wrong."""
    service_version_as_model: bool = False
    """Without a model ID, take ``service.name@service.version`` as one."""
    price_file: Path | None = None
    """Prices of one's own, which go before the published list (docs/cost.md)."""
    drain_timeout_s: float = 10.0
    """How long :meth:`Collector.stop` waits for what was taken to become durable."""
