"""Progress of evaluations as server-sent events: on every change the whole evaluation, until it is over."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import anyio
import orjson

from spanfold_query_api import evaluations
from spanfold_query_api.problems import RETRY_AFTER_S, ProblemError
from spanfold_query_api.streaming import Pieces
from spanfold_schemas.database import RetryableDatabaseError
from spanfold_schemas.evaluation_events import EVALUATION_END_STATUSES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from spanfold_schemas.database import Database
    from spanfold_schemas.fold import EvaluationState

MEDIA_TYPE: Final = "text/event-stream"
MAX_WATCHERS: Final = 64
LOOK_EVERY_S: Final = 0.5
SILENT_AT_MOST_S: Final = 15.0
_SILENCE: Final = b": still there\n\n"


class Watchers:
    """Those who watch evaluations. All of them together cost a small statement every half second."""

    def __init__(self, database: Database, stopping: threading.Event) -> None:
        self._database: Final = database
        self._stopping: Final = stopping
        self._free: Final = threading.Semaphore(MAX_WATCHERS)
        self._watched = Counter[str]()
        self._looking: Final = asyncio.Lock()
        self._looked_at = 0.0
        self._seen: dict[str, EvaluationState] = {}

    def respond(self, state: EvaluationState) -> Pieces:
        """Answer with what happens from this state on.

        Raises:
            ProblemError: as many as may are watching.
        """
        if not self._free.acquire(blocking=False):
            detail = f"{MAX_WATCHERS} evaluations are watched: read /v1/evaluations/{state.evaluation_id}"
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "too-many-watchers", detail, headers=headers)
        return Pieces(self._events(state), MEDIA_TYPE, self._free.release)

    async def _events(self, state: EvaluationState) -> AsyncIterator[bytes]:
        self._watched[state.evaluation_id] += 1
        try:
            async for event in self._changes(state):
                yield event
        finally:
            self._watched[state.evaluation_id] -= 1

    async def _changes(self, state: EvaluationState) -> AsyncIterator[bytes]:
        yield _event(state)
        spoke_at = time.monotonic()
        while state.status not in EVALUATION_END_STATUSES and not self._stopping.is_set():
            await anyio.sleep(LOOK_EVERY_S)
            now = await self._look(state.evaluation_id)
            if now is not None and now != state:
                state = now
                yield _event(state)
                spoke_at = time.monotonic()
            elif time.monotonic() - spoke_at > SILENT_AT_MOST_S:
                yield _SILENCE
                spoke_at = time.monotonic()

    async def _look(self, evaluation_id: str) -> EvaluationState | None:
        """The state, which one statement reads for all who watch; None where it is not known right now."""
        async with self._looking:
            if time.monotonic() - self._looked_at > LOOK_EVERY_S / 2:
                self._watched += Counter()  # drops those that nobody watches any longer
                self._seen = await anyio.to_thread.run_sync(self._read, sorted(self._watched))
                self._looked_at = time.monotonic()
        return self._seen.get(evaluation_id)

    def _read(self, evaluation_ids: Sequence[str]) -> dict[str, EvaluationState]:
        try:
            return evaluations.get_all(self._database, evaluation_ids)
        except RetryableDatabaseError:
            return {}  # it is looked at again in a moment


def _event(state: EvaluationState) -> bytes:
    return b"event: progress\ndata: " + orjson.dumps(evaluations.describe(state)) + b"\n\n"
