"""A response that comes in pieces, with an end to every wait and to its place among few."""

from __future__ import annotations

import threading
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Final

import anyio
from fastapi.responses import StreamingResponse

from spanfold_query_api.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.types import Message, Receive, Scope, Send

MAX_EXPORTS: Final = 4
"""Exports at one time: each keeps the engine busy for as long as its client reads."""
STALLED_AFTER_S: Final = 60.0
"""How long a client may take no byte before it is given up."""


class Exports:
    """The exports that run. Made once a router."""

    def __init__(self, max_exports: int = MAX_EXPORTS) -> None:
        self._free: Final = threading.Semaphore(max_exports)

    def respond(self, open_stream: Callable[[], Iterator[bytes]], media_type: str) -> StreamingResponse:
        """Start the stream, and answer with it. What fails before the first byte is an error of its own.

        Raises:
            ProblemError: as many exports as may are running.
        """
        if not self._free.acquire(blocking=False):
            detail = f"{MAX_EXPORTS} exports are running: try again when one has ended"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "too-many-exports", detail)
        try:
            pieces = open_stream()
            first = next(pieces, b"")
        except BaseException:
            self._free.release()
            raise
        return Pieces(chain([first], pieces), media_type, self._free.release)


class Pieces(StreamingResponse):
    """Ends when the client goes away or stalls; then no further piece is asked for."""

    def __init__(
        self, pieces: Iterator[bytes] | AsyncIterator[bytes], media_type: str, on_end: Callable[[], None]
    ) -> None:
        super().__init__(pieces, media_type=media_type)
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything (ASGI)."""

        async def send_in_time(message: Message) -> None:
            with anyio.fail_after(STALLED_AFTER_S):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        finally:
            self._on_end()
