"""The collector whole: two receivers in front of one lane a signal."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import structlog

from spanfold_collector.grpc_receiver import GrpcReceiver
from spanfold_collector.http_receiver import HttpReceiver
from spanfold_collector.lane import Lane
from spanfold_collector.price_fields import PriceFields
from spanfold_collector.prices import PriceList, read_price_file
from spanfold_collector.signals import LOGS, TRACES
from spanfold_collector.spool import lock_directory
from spanfold_collector.telemetry import Telemetry

if TYPE_CHECKING:
    from spanfold_collector.settings import CollectorSettings
    from spanfold_schemas.database import Database

_log = structlog.get_logger(__name__)

_OLD_PRICES_DAYS: Final = 120
"""Providers change some price every few weeks."""


class Collector:
    """Takes OTLP over gRPC and HTTP and writes it to a migrated database.

    Example:
        >>> collector = Collector(database, CollectorSettings(directory=Path("data")))  # doctest: +SKIP
        >>> collector.start()  # doctest: +SKIP
        >>> collector.stop(timeout_s=10)  # doctest: +SKIP
        True
    """

    def __init__(self, database: Database, settings: CollectorSettings) -> None:
        """Open the spool in ``settings.directory``; nothing listens yet.

        Raises:
            DirectoryInUseError: another collector uses this directory.
            PriceFileError: ``settings.price_file`` cannot be read.
        """
        own = None if settings.price_file is None else read_price_file(settings.price_file)
        self._settings = settings
        self._started = False
        self._directory_lock = lock_directory(settings.directory)
        self.telemetry = Telemetry()
        self._prices = PriceList(own, history_days=settings.retention_days)
        self.telemetry.price_list_date.set(self._prices.date_unix_s)
        self._lanes = [
            Lane(TRACES, database, settings, self.telemetry, PriceFields(self._prices)),
            Lane(LOGS, database, settings, self.telemetry),
        ]
        self._grpc = GrpcReceiver(self._lanes, settings, self.telemetry)
        self._http = HttpReceiver(self._lanes, settings, self.telemetry, lambda: self.is_ready)

    @property
    def is_ready(self) -> bool:
        """Whether requests are taken (into the database, or into the spool while it is away)."""
        return self._started and all(lane.road != "refused" for lane in self._lanes)

    @property
    def grpc_port(self) -> int:
        """Port of OTLP/gRPC, once started."""
        return self._grpc.port

    @property
    def http_port(self) -> int:
        """Port of OTLP/HTTP, health and figures, once started."""
        return self._http.port

    def start(self) -> None:
        """Listen and take requests; what an earlier process left in the spool is replayed.

        Raises:
            OSError: a port is taken.
        """
        self._grpc.start()
        try:
            self._http.start()
        except OSError:
            self._grpc.stop(0)
            raise
        for lane in self._lanes:
            lane.start()
        self._started = True
        _log.info(
            "collector listens",
            grpc_port=self.grpc_port,
            http_port=self.http_port,
            price_list=str(self._prices.date),
        )
        if self._prices.age_days > _OLD_PRICES_DAYS:
            _log.warning("price list is old, update genai-prices", age_days=self._prices.age_days)

    def stop(self, timeout_s: float | None = None) -> bool:
        """Stop taking requests, make durable what was taken, and end within ``timeout_s``.

        Returns:
            False if the database did not answer in time; everything acknowledged is in the spool then.
        """
        deadline = time.monotonic() + (self._settings.drain_timeout_s if timeout_s is None else timeout_s)
        self._started = False
        # Receivers wait for their requests' answers, and those for the lanes: lanes drain meanwhile.
        for lane in self._lanes:
            lane.close()
        half_s = max(deadline - time.monotonic(), 0) / 2
        self._grpc.stop(half_s)
        self._http.stop(half_s)
        drained = [lane.stop(max(deadline - time.monotonic(), 0.1)) for lane in self._lanes]
        os.close(self._directory_lock)
        _log.info("collector stopped", drained=all(drained))
        return all(drained)
