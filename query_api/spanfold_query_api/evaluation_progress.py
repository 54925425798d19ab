"""Progress of evaluations as server-sent events: on every change the whole evaluation, until it is over."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import anyio
import orjson

from spanfold_query_api import evaluations
from spanfold_query_api.problems import ProblemError
from spanfold_query_api.streaming import Pieces
from spanfold_schemas.database import RetryableDatabaseError
from spanfold_schemas.evaluation_events import EVALUATION_END_STATUSES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from spanfold_schemas.database import Database
    from spanfold_schemas.fold import EvaluationState

MEDIA_TYPE: Final = "text/event-stream"
MAX_WATCHERS: Final = 64
LOOK_EVERY_S: Final = 0.5
SILENT_AT_MOST_S: Final = 15.0
_SILENCE: Final = b": still there\n\n"


class Watchers:
    """Those who watch evaluations. Each costs a small statement every half second, and no thread."""

    def __init__(self, database: Database, stopping: threading.Event) -> None:
        self._database: Final = database
        self._stopping: Final = stopping
        self._free: Final = threading.Semaphore(MAX_WATCHERS)

    def respond(self, state: EvaluationState) -> Pieces:
        """Answer with what happens from this state on.

        Raises:
            ProblemError: as many as may are watching.
        """
        if not self._free.acquire(blocking=False):
            detail = f"{MAX_WATCHERS} evaluations are watched: read /v1/evaluations/{state.evaluation_id}"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "too-many-watchers", detail)
        return Pieces(self._events(state), MEDIA_TYPE, self._free.release)

    async def _events(self, state: EvaluationState) -> AsyncIterator[bytes]:
        yield _event(state)
        spoke_at = time.monotonic()
        while state.status not in EVALUATION_END_STATUSES and not self._stopping.is_set():
            await anyio.sleep(LOOK_EVERY_S)
            now = await anyio.to_thread.run_sync(self._read, state.evaluation_id)
            if now is not None and now != state:
                state = now
                yield _event(state)
                spoke_at = time.monotonic()
            elif time.monotonic() - spoke_at > SILENT_AT_MOST_S:
                yield _SILENCE
                spoke_at = time.monotonic()

    def _read(self, evaluation_id: str) -> EvaluationState | None:
        try:
            return evaluations.get(self._database, evaluation_id)
        except RetryableDatabaseError:
            return None  # it is looked at again in a moment


def _event(state: EvaluationState) -> bytes:
    return b"event: progress\ndata: " + orjson.dumps(evaluations.describe(state)) + b"\n\n"
