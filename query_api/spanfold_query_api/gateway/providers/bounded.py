"""Answers that end: what a provider sends is read up to a limit."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import httpx2

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

MAX_ANSWER_BYTES: Final = 128 << 20
"""2,048 embeddings of 3,072 numbers are about 75 MB."""


@cache
def certificates() -> ssl.SSLContext:
    """Whom to trust, read once: a client of its own reading takes 65 ms of the event loop."""
    return httpx2.create_ssl_context()


class BoundedStream(httpx2.AsyncByteStream):
    """The bytes of an answer; fails after too many of them."""

    def __init__(self, whole: httpx2.AsyncByteStream, max_bytes: int = MAX_ANSWER_BYTES) -> None:
        self._whole = whole
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes as they come."""
        size = 0
        async for part in self._whole:
            size += len(part)
            if size > self._max_bytes:
                raise httpx2.ReadError(f"an answer of more than {self._max_bytes:,} bytes")
            yield part

    async def aclose(self) -> None:
        """Free the connection."""
        await self._whole.aclose()


async def bound(response: httpx2.Response) -> None:
    """Set the limit to an answer whose head has come."""
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = BoundedStream(response.stream)
