"""HTTP of the gateway: bodies in, answers, events and errors out, in OpenAI's words."""

from __future__ import annotations

import asyncio
import json
import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import orjson
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from spanfold_query_api.gateway.protocol import CLIENT_LEFT, GatewayError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Mapping

    from fastapi import Request
    from starlette.types import Receive, Scope, Send

    from spanfold_query_api.gateway.reload import Serving

MAX_BODY_BYTES: Final = 32 * 2**20
"""Of one request: messages may hold images."""
MAX_HELD_BYTES: Final = 512 * 2**20
"""Of the requests that are under way."""
READ_WITHIN_S: Final = 60.0
STALLED_AFTER_S: Final = 60.0
"""How long a client may take nothing of a stream before it is given up."""
_CLOSE_WITHIN_S: Final = 5.0
_JSON: Final = "application/json"
_LEFT_STATUS: Final = 499
_MAX_DEPTH: Final = 250
T = TypeVar("T")


class Held:
    """Bytes of requests that are under way, up to a limit."""

    def __init__(self, max_bytes: int = MAX_HELD_BYTES) -> None:
        self._free = max_bytes

    def take(self, count: int) -> None:
        """Count bytes in.

        Raises:
            GatewayError: that would be too many.
        """
        if count > self._free:
            text = "the gateway holds as many requests as it may: try again in a moment"
            raise GatewayError(503, "api_error", text, code="overloaded", retry_after_s=1.0)
        self._free -= count

    def give_back(self, count: int) -> None:
        """Count bytes out."""
        self._free += count


async def read_object(request: Request, held: Held) -> tuple[dict[str, Any], int]:
    """The body of a request as a JSON object, and how many bytes of it are held.

    No other media type is taken: a browser then asks the server before it sends what a foreign page made.

    Raises:
        GatewayError: it is something else, too large, or too slow to come in.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise refused(f"the body must be {_JSON}: send the header Content-Type: {_JSON}", status=415)
    taken = _Taken(held)
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            body = await _read(request, taken)
        return _object(body), taken.count
    except TimeoutError:
        taken.give_back()
        raise refused(f"the body did not come in within {READ_WITHIN_S:g} s", status=408) from None
    except ClientDisconnect:
        taken.give_back()
        raise _gone() from None
    except BaseException:
        taken.give_back()
        raise


class _Taken:
    """What one request holds."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self.count = 0

    def take(self, count: int) -> None:
        self._held.take(count)
        self.count += count

    def give_back(self) -> None:
        self._held.give_back(self.count)
        self.count = 0


async def _read(request: Request, taken: _Taken) -> bytearray:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise refused(f"the body has more than {MAX_BODY_BYTES} bytes", status=413)
        taken.take(len(piece))
    return body


def _object(body: bytearray) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise refused(f"the body is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise refused("the body must be a JSON object")
    # What nests deeper than it can be written again no provider could be sent.
    if body.count(b"[") + body.count(b"{") > _MAX_DEPTH:
        try:
            orjson.dumps(value)
        except orjson.JSONEncodeError:
            raise refused(f"the body nests more than {_MAX_DEPTH} deep") from None
    return value


def refused(message: str, *, status: int = 400, param: str | None = None) -> GatewayError:
    """The request itself cannot be right."""
    return GatewayError(status, "invalid_request_error", message, param=param)


def answer(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A whole answer."""
    return Response(_written(body), media_type=_JSON, headers=dict(headers or {}))


def error_answer(error: GatewayError) -> Response:
    """What a client library of OpenAI's expects of an error."""
    headers = dict(error.headers)
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return Response(_written(error.to_dict()), error.status, headers, _JSON)


def event(value: Mapping[str, Any]) -> bytes:
    """One event of a stream."""
    return b"data: " + _written(value) + b"\n\n"


def _written(value: Mapping[str, Any]) -> bytes:
    """As JSON, whatever the provider put into it: half a character, or a number of any size.

    Raises:
        GatewayError: not even so.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        pass
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        text = "the provider sent what cannot be passed on"
        raise GatewayError(502, "api_error", text, code="provider_garbage") from error


DONE: Final = b"data: [DONE]\n\n"


async def while_client_waits(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which is cancelled when the client goes away: nobody would pay for the answer.

    Raises:
        GatewayError: the client has gone.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise _gone()
    finally:
        for task in (working, leaving):
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task


def _gone() -> GatewayError:
    return GatewayError(_LEFT_STATUS, "api_error", "the client has gone", code=CLIENT_LEFT)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class EventStream(Response):
    """Sends what a generator makes as server-sent events, and closes it whatever happens.

    A client that takes nothing for a minute, or goes away, ends it; then no further part is asked for.
    """

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[bytes, None], headers: Mapping[str, str] | None = None) -> None:
        self.pieces = pieces
        self.status_code = 200
        self.background = None
        # Proxies would hold events back to compress or collect them.
        quick = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **(headers or {})}
        self.init_headers(quick)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything (ASGI)."""
        del scope
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, leaving):
                task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait((sending, leaving), timeout=_CLOSE_WITHIN_S)
                with suppress(Exception):
                    await asyncio.wait_for(self.pieces.aclose(), _CLOSE_WITHIN_S)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for piece in self.pieces:
            async with asyncio.timeout(STALLED_AFTER_S):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def model_list(serving: Serving) -> dict[str, Any]:
    """The endpoints as a list of models."""
    return {"object": "list", "data": [model_of(serving, one.name) for one in serving.table.endpoints]}


def model_of(serving: Serving, name: str) -> dict[str, Any]:
    """An endpoint as a model.

    Raises:
        GatewayError: there is none of this name.
    """
    endpoint = serving.table.endpoint(name)
    if endpoint is None:
        text = f"there is no endpoint {name!r}"
        raise GatewayError(404, "invalid_request_error", text, code="model_not_found", param="model")
    owners = sorted({target.provider for target in endpoint.models})
    created = int(min(serving.loaded_at_s, time.time()))
    return {"id": name, "object": "model", "created": created, "owned_by": ", ".join(owners)}
