"""How the server itself is doing: database, what comes in, the collector, evaluations, access."""

from __future__ import annotations

import ipaddress
import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import collector_figures, monitors, times
from spanfold_query_api.gateway.config_secrets import is_secret
from spanfold_query_api.statements import statement

if TYPE_CHECKING:
    from spanfold_query_api.gateway.config import RouteTable
    from spanfold_query_api.outgoing import Outgoing
    from spanfold_query_api.workers import Workers
    from spanfold_schemas.database import Database

INGEST_MINUTES: Final = 60
_MS_PER_MINUTE: Final = 60_000
_NS_PER_MS: Final = 1_000_000
_MAX_MONITORS: Final = 1_000
_JUDGE_KEYS: Final = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""Environment variables that judges of these providers need."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What only those know who put the server together; None: nobody said."""

    bind_host: str | None = None
    is_embedded: bool | None = None


def database_status(database: Database, installation: Installation) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.operations_answers.DatabaseStatus` says.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    engine = database.query(statement("operations_disk")).dicts()[0]
    oldest = database.query(statement("operations_oldest"))
    oldest_ns = {name: unix_ns for name, unix_ns, row_count in oldest if row_count}
    tables = database.query(statement("operations_tables")).dicts()
    for table in tables:
        unix_ns = oldest_ns.get(table["name"])
        table["oldest_time"] = None if unix_ns is None else times.format_rfc3339(unix_ns)
    return {
        "engine": "chDB" if installation.is_embedded else "ClickHouse",
        "version": engine["version"],
        "is_embedded": installation.is_embedded,
        "disk_free_bytes": engine["free_bytes"] if engine["disks"] else None,
        "disk_total_bytes": engine["total_bytes"] if engine["disks"] else None,
        "tables": tables,
    }


def ingest_status(database: Database, now_ns: int | None = None) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.operations_answers.IngestStatus` says; raises as above."""
    now_ms = (time.time_ns() if now_ns is None else now_ns) // _NS_PER_MS
    since_ms = now_ms - now_ms % _MS_PER_MINUTE - (INGEST_MINUTES - 1) * _MS_PER_MINUTE
    parameters = {"since_ms": max(0, since_ms), "limit": 2 * INGEST_MINUTES}
    rows = database.query(statement("operations_ingest"), parameters).rows
    ((received_ns, count),) = database.query(statement("operations_last_received"))
    # A span whose clock is ahead is the newest for long, whatever comes in after it.
    last_ns = max([received_ns, *(minute_ns for *_, minute_ns in rows)]) if count else None
    return {
        "bucket_ns": _MS_PER_MINUTE * _NS_PER_MS,
        "buckets": [
            {
                "start_time_unix_ns": start_ns,
                "span_count": span_count,
                "lag_p50_ms": float(lag_ms[0]),
                "lag_p95_ms": float(lag_ms[1]),
            }
            for start_ns, span_count, lag_ms, _ in rows
        ],
        "last_received_time": None if last_ns is None else times.format_rfc3339(last_ns),
    }


def evaluations_status(database: Database, workers: Workers) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.operations_answers.EvaluationsStatus` says; raises as above."""
    states, _ = monitors.listing(database, limit=_MAX_MONITORS)
    counts = Counter(state.status for state in states)
    return {
        **workers.load(),
        "monitors_active": counts["ACTIVE"] + counts["FAILING"],
        "monitors_paused": counts["PAUSED"],
        "monitors_failing": counts["FAILING"],
        "monitor_process_running": workers.monitor_process_id is not None,
    }


def collector_status(outgoing: Outgoing) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.operations_answers.CollectorStatus` says."""
    return collector_figures.read(outgoing.endpoint)


def access_status(installation: Installation, table: RouteTable | None) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.operations_answers.AccessStatus` says.

    Args:
        installation: where it listens.
        table: of the gateway, if there is one.
    """
    host = installation.bind_host
    keys: list[dict[str, Any]] = [
        {"endpoint": None, "provider": provider, "is_set": bool(os.environ.get(variable, "").strip())}
        for provider, variable in _JUDGE_KEYS.items()
    ]
    for endpoint in () if table is None else table.endpoints:
        for target in endpoint.models:
            needed = [value for name, value in target.config.items() if is_secret(name)]
            if needed:
                key = {"endpoint": endpoint.name, "provider": target.provider, "is_set": all(needed)}
                keys += [key] if key not in keys else []
    return {
        "bind_host": host,
        "loopback_only": None if host is None else is_loopback(host),
        "api_keys": False,
        "provider_keys": keys,
    }


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on this address.

    Example:
        >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "0.0.0.0", "::1")]
        [True, True, False, True]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
