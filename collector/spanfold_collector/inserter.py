"""One group into the database: by the engine's decoder or by Python's, whole or bisected to the culprit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog

from spanfold_collector.frames import split_frames, token
from spanfold_schemas.database import Database, PermanentDatabaseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_collector.dead_letters import DeadLetters
    from spanfold_collector.signals import Signal
    from spanfold_collector.telemetry import Telemetry

_log = structlog.get_logger(__name__)


class Inserter:
    """Writes groups of framed requests of one signal."""

    def __init__(
        self,
        database: Database,
        signal: Signal,
        dead_letters: DeadLetters,
        telemetry: Telemetry,
        *,
        engine_decode_min_bytes: int,
    ) -> None:
        """Write to ``database``; keep what it refuses in ``dead_letters``."""
        self._database = database
        self._signal = signal
        self._dead_letters = dead_letters
        self._telemetry = telemetry
        self._engine_decode_min_bytes = engine_decode_min_bytes

    def insert(self, frames: Sequence[bytes]) -> Mapping[int, str]:
        """Commit a group.

        What the database refuses for good is narrowed down to single requests. One that only the engine's
        decoder refuses is decoded here; what is refused even then goes to the dead letters.

        Returns:
            Why, by position, for each request that was set aside; empty when all went in.

        Raises:
            RetryableDatabaseError: the outcome is unknown; the same call may be repeated safely.
            SpoolFullError: a request was refused, and there is no room to keep it.
        """
        in_engine = sum(map(len, frames)) >= self._engine_decode_min_bytes
        try:
            self._commit(frames, in_engine=in_engine)
        except PermanentDatabaseError as error:
            if len(frames) == 1:
                return self._insert_odd(frames[0], error if not in_engine else None)
            middle = len(frames) // 2
            faults = dict(self.insert(frames[:middle]))
            faults.update((middle + index, why) for index, why in self.insert(frames[middle:]).items())
            return faults
        return {}

    def _insert_odd(self, framed: bytes, refusal: PermanentDatabaseError | None) -> Mapping[int, str]:
        """Insert a request that was refused: the engine's decoder does not take every form of protobuf."""
        if refusal is None:
            try:
                self._commit([framed], in_engine=False)
            except PermanentDatabaseError as error:
                refusal = error
        return {0: self._set_aside(framed, refusal)} if refusal is not None else {}

    def _commit(self, frames: Sequence[bytes], *, in_engine: bool) -> None:
        body = b"".join(frames)
        group_token = token(frames)
        started = time.perf_counter()
        if in_engine:
            self._database.insert_protobuf(
                self._signal.landing_table, body, message=self._signal.message, token=group_token
            )
        else:
            rows = self._decode(body)
            self._database.insert_rows(
                self._signal.row_table, self._signal.row_columns, rows, token=group_token
            )
        path = "engine" if in_engine else "python"
        self._telemetry.insert_seconds.labels(self._signal.name, path).observe(time.perf_counter() - started)
        self._telemetry.written_requests.labels(self._signal.name).inc(len(frames))
        self._telemetry.written_bytes.labels(self._signal.name).inc(len(body))

    def _decode(self, body: bytes) -> list[Sequence[Any]]:
        try:
            return list(self._signal.rows(message for _, message in split_frames(body)))
        except Exception as error:
            # A fault of ours, but one that these bytes find every time: the others must not wait for it.
            message = f"the request cannot be decoded: {error!r}"
            raise PermanentDatabaseError(message) from error

    def _set_aside(self, framed: bytes, error: PermanentDatabaseError) -> str:
        reason = str(error)
        path = self._dead_letters.keep(framed, signal=self._signal.name, reason=reason)
        self._telemetry.dead_lettered.labels(self._signal.name).inc()
        _log.error("request set aside", signal=self._signal.name, file=path.name, reason=reason)
        return f"the database refuses this request: {reason}"
