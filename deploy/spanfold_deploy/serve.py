"""Server processes: all in one, or the collector or the query API alone.

Start: ports checked → database opened → schema brought up to date → query API → receivers → evaluations that
an earlier process left → ready.
Stop (SIGTERM, SIGINT): evaluations pause → receivers take no more → what was taken becomes durable → API
→ database.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from spanfold_deploy import gateway
from spanfold_deploy.database import open_database
from spanfold_deploy.errors import StartError
from spanfold_deploy.http_server import HttpServer, listen, url_of
from spanfold_deploy.settings import redact
from spanfold_schemas.database import DatabaseError, RetryableDatabaseError
from spanfold_schemas.migrate import MigrationError, migrate, pending
from spanfold_schemas.retention import apply_retention

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

    from spanfold_collector.collector import Collector
    from spanfold_deploy.settings import Settings
    from spanfold_query_api.artifact_uploads import Artifacts
    from spanfold_query_api.gateway.app import Deployments
    from spanfold_query_api.outgoing import Outgoing
    from spanfold_query_api.workers import Workers
    from spanfold_schemas.database import Database

_API_START_TIMEOUT_S: Final = 30.0
_WORKERS_STOP_SHARE: Final = 0.2
_COLLECTOR_STOP_SHARE: Final = 0.6
_API_STOP_SHARE: Final = 0.2
"""Shares of the time to stop: that of the query API is for queries in flight, once all taken is durable."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Which servers a process runs."""

    collector: bool
    query_api: bool
    migrates: bool
    """Bring the schema up to date at the start; else refuse to run on an older one."""


ALL_IN_ONE: Final = Parts(collector=True, query_api=True, migrates=True)
COLLECTOR: Final = Parts(collector=True, query_api=False, migrates=False)
QUERY_API: Final = Parts(collector=False, query_api=True, migrates=False)


def run(settings: Settings, parts: Parts, *, as_json: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order within ``settings.shutdown_timeout_s``.

    Prints a banner with the addresses once everything answers; one line of JSON if ``as_json``.

    Raises:
        StartError: a port is busy, the directory is in use, or the database cannot be used.
    """
    log_to_stderr()
    stop = stop_on_signals()
    hard_end = _hard_end(settings.shutdown_timeout_s)
    with ExitStack() as opened:
        opened.callback(hard_end.cancel)
        listener = _take_ports(settings, parts)
        database = _open(settings)
        opened.callback(database.close)
        _bring_up_to_date(settings, database, parts)
        ready: dict[str, object] = {
            "event": "ready",
            "pid": os.getpid(),
            "database": redact(settings.database),
        }
        api = None
        if listener is not None:
            api = _start_api(settings, database, listener, has_collector=parts.collector)
            opened.callback(api.stop, settings.shutdown_timeout_s * _API_STOP_SHARE)
            ready["api_url"] = url_of(settings.host, api.port)
        collector = _start_collector(settings, database) if parts.collector else None
        if collector is not None:
            opened.callback(collector.stop, settings.shutdown_timeout_s * _COLLECTOR_STOP_SHARE)
            ready["otlp_grpc_endpoint"] = url_of(settings.host, collector.grpc_port)
            ready["otlp_http_endpoint"] = url_of(settings.host, collector.http_port)
        if api is not None:
            api.start_workers(ready["api_url"], ready.get("otlp_http_endpoint"))
            opened.callback(api.stop_workers)
        _announce(ready, as_json=as_json)
        while not stop.wait(1.0):
            if api is not None and not api.is_alive():
                message = "the query API ended by itself: see the log above"
                raise StartError(message)
        hard_end.start()


class ApiServer(HttpServer):
    """The query API, with the evaluations and the gateway that run beside it."""

    def __init__(
        self,
        app: FastAPI,
        listener: socket.socket,
        outgoing: Outgoing,
        workers: Workers,
        deployments: Deployments | None,
    ) -> None:
        super().__init__(app, listener, "query API")
        self._outgoing: Final = outgoing
        self._deployments: Final = deployments
        self.workers: Final = workers

    def start_workers(self, api_url: object, collector_endpoint: object) -> None:
        """Run evaluations and monitors, and send their events to the collector of this process, if any."""
        if isinstance(collector_endpoint, str):
            self._outgoing.connect(collector_endpoint)
        if self._deployments is not None:
            gateway.connect(self._deployments, api_url, self._outgoing.endpoint)
        self.workers.start()

    def stop_workers(self) -> None:
        """Pause evaluations, and send the spans of the gateway while there is a collector to take them."""
        self.workers.stop()
        if self._deployments is not None:
            self._deployments.spans.flush()

    def stop(self, timeout_s: float) -> None:
        """Take no more requests, and give those in flight some time."""
        super().stop(timeout_s)
        self._outgoing.close()
        if self._deployments is not None:
            self._deployments.close()


def _take_ports(settings: Settings, parts: Parts) -> socket.socket | None:
    """Complain of a busy port before the database is opened, which takes longer; the query API's socket."""
    for name in ("otlp_grpc_port", "otlp_http_port") if parts.collector else ():
        listen(settings.host, getattr(settings, name), name).close()
    return listen(settings.host, settings.api_port, "api_port") if parts.query_api else None


def _open(settings: Settings) -> Database:
    try:
        return open_database(settings.database)
    except (DatabaseError, ValueError) as error:
        raise StartError(str(error)) from error


def _bring_up_to_date(settings: Settings, database: Database, parts: Parts) -> None:
    log = structlog.get_logger()
    try:
        if parts.migrates:
            migrate(
                database, on_applied=lambda step: log.info("migrated", number=step.number, name=step.name)
            )
        elif steps := pending(database):
            message = f"the database lacks {len(steps)} migration(s).\n  Fix: run `spanfold migrate` once."
            raise StartError(message)
        if parts.collector:
            apply_retention(database, settings.retention_days)
    except MigrationError as error:
        raise StartError(str(error)) from error
    except RetryableDatabaseError as error:
        if parts.migrates:
            message = f"the database does not answer: {error}"
            raise StartError(message) from error
        log.warning("database_away_at_start", error=str(error))  # a collector spools until it is back
    except DatabaseError as error:
        message = f"the database refused: {error}"
        raise StartError(message) from error


def _start_api(
    settings: Settings, database: Database, listener: socket.socket, *, has_collector: bool
) -> ApiServer:
    from spanfold_query_api.app import create_app  # noqa: PLC0415 - a collector alone does without
    from spanfold_query_api.operations import Installation  # noqa: PLC0415 - as above
    from spanfold_query_api.outgoing import Outgoing  # noqa: PLC0415 - as above
    from spanfold_query_api.workers import Workers, WorkerSettings  # noqa: PLC0415 - as above

    outgoing = Outgoing(settings.collector_endpoint, later=has_collector)
    workers = Workers(
        database,
        outgoing,
        WorkerSettings(
            api_url=url_of(settings.host, listener.getsockname()[1]),
            max_running=settings.evaluation_workers,
            max_waiting=settings.evaluation_queue,
            monitor_interval_s=settings.monitor_interval_s,
            monitor_settle_s=settings.monitor_settle_s,
            monitor_overlap_s=settings.monitor_overlap_s,
            stop_grace_s=settings.shutdown_timeout_s * _WORKERS_STOP_SHARE,
        ),
    )
    deployments = None
    if settings.gateway_config is not None:
        deployments = gateway.open_deployments(
            settings.gateway_config, settings.gateway_directory(), later=True
        )
    app = create_app(
        database,
        outgoing=outgoing,
        workers=workers,
        artifacts=_open_artifacts(settings),
        deployments=deployments,
        installation=Installation(settings.host, is_embedded=settings.database.startswith("chdb:")),
    )
    server = ApiServer(app, listener, outgoing, workers, deployments)
    server.start()
    return server


def _open_artifacts(settings: Settings) -> Artifacts:
    from spanfold.errors import ArtifactError  # noqa: PLC0415 - a collector alone does without
    from spanfold_query_api.artifact_uploads import Artifacts, ArtifactSettings  # noqa: PLC0415 - as above

    try:
        return Artifacts(
            ArtifactSettings(
                place=settings.artifacts_place(),
                staging=settings.artifacts_staging(),
                max_artifact_bytes=settings.max_artifact_bytes,
                min_free_disk_bytes=settings.min_free_disk_bytes,
            )
        )
    except ArtifactError as error:
        message = (
            f"{error}.\n  Fix: the setting artifacts names a folder, or a URL such as s3://bucket/models"
        )
        raise StartError(message) from error


def _start_collector(settings: Settings, database: Database) -> Collector:
    from spanfold_collector.collector import Collector  # noqa: PLC0415 - a query API alone does without
    from spanfold_collector.prices import PriceFileError  # noqa: PLC0415 - as above
    from spanfold_collector.settings import CollectorSettings  # noqa: PLC0415 - as above

    try:
        collector = Collector(
            database,
            CollectorSettings(
                directory=settings.collector_directory(),
                host=settings.host,
                grpc_port=settings.otlp_grpc_port,
                http_port=settings.otlp_http_port,
                max_request_bytes=settings.max_request_bytes,
                max_held_bytes=settings.max_held_bytes,
                spool_max_bytes=settings.spool_max_bytes,
                min_free_disk_bytes=settings.min_free_disk_bytes,
                retention_days=settings.retention_days,
                service_version_as_model=settings.service_version_as_model,
                price_file=settings.price_file,
            ),
        )
        collector.start()
    except PriceFileError as error:
        message = f"{error}.\n  Fix: correct the file, or leave the setting price_file out"
        raise StartError(message) from error
    except (OSError, RuntimeError) as error:
        message = f"the collector cannot start: {error}"
        raise StartError(message) from error
    return collector


def _announce(ready: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(ready) + "\n")
    else:
        lines = ["spanfold is ready (Ctrl-C stops it)"]
        if "otlp_http_endpoint" in ready:
            lines += [
                f"  send OTLP/gRPC   {ready['otlp_grpc_endpoint']}",
                f"  send OTLP/HTTP   {ready['otlp_http_endpoint']}   (OTEL_EXPORTER_OTLP_ENDPOINT)",
            ]
        if "api_url" in ready:
            lines.append(f"  look and ask     {ready['api_url']}   (the page; REST: {ready['api_url']}/docs)")
        lines.append(f"  database         {ready['database']}")
        sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; a second Ctrl-C ends the process."""
    stop = threading.Event()

    def on_signal(number: int, _: object) -> None:
        if stop.is_set() and number == signal.SIGINT:  # Ctrl-C twice: the person means it
            os._exit(130)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop


def _hard_end(seconds: float) -> threading.Timer:
    """Ends the process if stopping takes longer; what was acknowledged is durable anyhow."""

    def expire() -> None:
        sys.stderr.write(f"error: the orderly stop took over {seconds:g} s (shutdown_timeout_s)\n")
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    return timer


def log_to_stderr() -> None:
    """Structured logs: JSON for machines, lines for a person at a terminal."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
