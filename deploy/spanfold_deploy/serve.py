"""Server processes: all in one, or the collector or the query API alone.

Start: ports checked → database opened → schema brought up to date → query API → receivers → evaluations that
an earlier process left → ready.
Stop (SIGTERM, SIGINT): evaluations pause → receivers take no more → what was taken becomes durable → API
→ database.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from spanfold_deploy.database import open_database
from spanfold_deploy.errors import StartError
from spanfold_deploy.settings import redact
from spanfold_schemas.database import DatabaseError, RetryableDatabaseError
from spanfold_schemas.migrate import MigrationError, migrate, pending
from spanfold_schemas.retention import apply_retention

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from spanfold_collector.collector import Collector
    from spanfold_deploy.settings import Settings
    from spanfold_query_api.artifact_uploads import Artifacts
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
    _log_to_stderr()
    stop = _stop_on_signals()
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
            ready["api_url"] = _url(settings.host, api.port)
        collector = _start_collector(settings, database) if parts.collector else None
        if collector is not None:
            opened.callback(collector.stop, settings.shutdown_timeout_s * _COLLECTOR_STOP_SHARE)
            ready["otlp_grpc_endpoint"] = _url(settings.host, collector.grpc_port)
            ready["otlp_http_endpoint"] = _url(settings.host, collector.http_port)
        if api is not None:
            api.start_workers(ready.get("otlp_http_endpoint"))
            opened.callback(api.workers.stop)
        _announce(ready, as_json=as_json)
        while not stop.wait(1.0):
            if api is not None and not api.is_alive():
                message = "the query API ended by itself: see the log above"
                raise StartError(message)
        hard_end.start()


class ApiServer:
    """The query API, served from a thread of its own.

    uvicorn takes over the process's signals only in the main thread, where it would raise them again
    after serving and so keep everything after it from closing.
    """

    def __init__(self, app: FastAPI, listener: socket.socket, outgoing: Outgoing, workers: Workers) -> None:
        import uvicorn  # noqa: PLC0415 - a collector alone does without

        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="auto")
        self._server: uvicorn.Server = uvicorn.Server(config)
        self._listener: Final = listener
        self._outgoing: Final = outgoing
        self.workers: Final = workers
        self._thread: Final = threading.Thread(target=self._serve, name="query-api", daemon=True)
        self.port: Final[int] = listener.getsockname()[1]

    def start(self) -> None:
        """Return once requests are answered.

        Raises:
            StartError: they are not within half a minute.
        """
        self._thread.start()
        deadline = time.monotonic() + _API_START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                message = "the query API did not start: see the log above"
                raise StartError(message)
            time.sleep(0.01)

    def start_workers(self, collector_endpoint: object) -> None:
        """Run evaluations and monitors, and send their events to the collector of this process, if any."""
        if isinstance(collector_endpoint, str):
            self._outgoing.connect(collector_endpoint)
        self.workers.start()

    def is_alive(self) -> bool:
        """Whether requests are answered."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> None:
        """Take no more requests, and give those in flight some time."""
        self._server.config.timeout_graceful_shutdown = max(1, int(timeout_s))
        self._server.should_exit = True
        self._thread.join(timeout_s + 1)
        self._outgoing.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket.

    Args:
        host: name or address to listen on.
        port: 0 takes a free one.
        setting: the setting that the port comes from, for the message.

    Raises:
        StartError: the port is taken or not ours to take, or there is no such address here.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        flag = f"--{setting.replace('_', '-')}"
        if error.errno == errno.EADDRINUSE:
            message = (
                f"port {port} on {host} ({setting}) is in use by another program.\n"
                f"  Fix: stop that program, or choose another port: {flag} {port + 10000} (0: any free one)"
            )
        elif error.errno == errno.EACCES:
            message = f"port {port} ({setting}) needs more rights.\n  Fix: {flag} with a port above 1023"
        else:
            reason = error.strerror or error
            message = (
                f"cannot listen on {host} (host): {reason}.\n  Fix: --host 127.0.0.1, or 0.0.0.0 for all"
            )
        raise StartError(message) from None


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
    from spanfold_query_api.outgoing import Outgoing  # noqa: PLC0415 - as above
    from spanfold_query_api.workers import Workers, WorkerSettings  # noqa: PLC0415 - as above

    outgoing = Outgoing(settings.collector_endpoint, later=has_collector)
    workers = Workers(
        database,
        outgoing,
        WorkerSettings(
            api_url=_url(settings.host, listener.getsockname()[1]),
            max_running=settings.evaluation_workers,
            max_waiting=settings.evaluation_queue,
            monitor_interval_s=settings.monitor_interval_s,
            monitor_settle_s=settings.monitor_settle_s,
            monitor_overlap_s=settings.monitor_overlap_s,
            stop_grace_s=settings.shutdown_timeout_s * _WORKERS_STOP_SHARE,
        ),
    )
    app = create_app(database, outgoing=outgoing, workers=workers, artifacts=_open_artifacts(settings))
    server = ApiServer(app, listener, outgoing, workers)
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


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read, not bound
    return f"http://{shown}:{port}"


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
            lines.append(f"  query API        {ready['api_url']}   documentation: {ready['api_url']}/docs")
        lines.append(f"  database         {ready['database']}")
        sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _stop_on_signals() -> threading.Event:
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


def _log_to_stderr() -> None:
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
