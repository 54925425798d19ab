"""OTLP over HTTP (protobuf and JSON), and the collector's own health and figures."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn
from google.protobuf import json_format
from google.rpc import code_pb2, status_pb2
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spanfold_collector import metrics_signal, telemetry
from spanfold_collector.errors import InvalidRequestError, OverloadedError, TooLargeError, shortened
from spanfold_collector.payload import decompress, from_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Future

    from google.protobuf.message import Message

    from spanfold_collector.intake import Answer
    from spanfold_collector.lane import Lane
    from spanfold_collector.settings import CollectorSettings

_log = structlog.get_logger(__name__)

_ANSWER_TIMEOUT_S: Final = 60.0
_BODY_TIMEOUT_S: Final = 30.0
_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_CODES: Final = {
    404: code_pb2.UNIMPLEMENTED,
    405: code_pb2.UNIMPLEMENTED,
    500: code_pb2.INTERNAL,
    503: code_pb2.UNAVAILABLE,
}
"""gRPC's code in the answer's Status, by HTTP status; any other is the sender's fault."""
_INLINE_COMPRESSED_BYTES: Final = 8 * 1024
_UNAVAILABLE: Final = 503
_INLINE_BYTES: Final = 64 * 1024
"""Larger requests are judged off the event loop, so that they do not delay the others' answers."""


class _HttpError(Exception):
    """An answer other than 200, as HTTP has it."""

    def __init__(self, status: int, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


def _http_error(error: Exception) -> _HttpError:
    match error:
        case _HttpError():
            return error
        case OverloadedError():
            return _HttpError(503, str(error), error.retry_after_s)
        case TooLargeError():
            return _HttpError(413, str(error))
        case InvalidRequestError():
            return _HttpError(400, str(error))
        case TimeoutError():
            return _HttpError(503, "not durable in time: send again", 5)
        case _:
            _log.error("request failed unexpectedly", exc_info=error)
            return _HttpError(500, f"unexpected fault: {type(error).__name__}")


def _media_type(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (_PROTOBUF, _JSON):
        message = f"Content-Type {kind!r} is not supported: use {_PROTOBUF} or {_JSON}"
        raise _HttpError(415, message)
    return kind


def _encode(message: Message, kind: str) -> bytes:
    return json_format.MessageToJson(message).encode() if kind == _JSON else message.SerializeToString()


def _respond_error(error: _HttpError, kind: str) -> Response:
    code = _CODES.get(error.status, code_pb2.INVALID_ARGUMENT)
    body = _encode(status_pb2.Status(code=code, message=str(error)), kind)
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return Response(body, error.status, headers, media_type=kind)


def _no_route(request: Request, error: Exception) -> Response:
    """404 and 405, in the form of every other answer: readable, unless protobuf was sent."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the only kind it is registered for
    kind = _PROTOBUF if _PROTOBUF in request.headers.get("content-type", "") else _JSON
    message = f"{request.method} {request.url.path}: {error.detail}. Send OTLP to POST /v1/traces or /v1/logs"
    response = _respond_error(_HttpError(error.status_code, shortened(message)), kind)
    response.headers.update(error.headers or {})
    return response


class HttpReceiver:
    """The OTLP/HTTP server, in a thread with an event loop of its own."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        settings: CollectorSettings,
        figures: telemetry.Telemetry,
        is_ready: Callable[[], bool],
    ) -> None:
        """Prepare a server; :meth:`start` binds it."""
        self._settings = settings
        self._figures = figures
        self._lanes = lanes
        self._is_ready = is_ready
        self._under_way = 0
        self._arriving_bytes = 0
        routes = [
            Route(
                f"/v1/{lane.signal.name}",
                self._endpoint(lane.signal.name, self._export(lane)),
                methods=["POST"],
            )
            for lane in lanes
        ]
        routes += [
            Route("/v1/metrics", self._endpoint("metrics", self._metrics), methods=["POST"]),
            Route("/health", lambda _: JSONResponse({"status": "ok"})),
            Route("/ready", self._ready),
            Route("/metrics", lambda _: Response(figures.exposition(), media_type=telemetry.CONTENT_TYPE)),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes, exception_handlers={HTTPException: _no_route}),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=65,
            timeout_graceful_shutdown=int(settings.drain_timeout_s) or 1,
        )
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="otlp-http", daemon=True)
        self.port = 0

    def start(self) -> None:
        """Bind and serve.

        Raises:
            OSError: the address is taken or not ours.
        """
        address = (self._settings.host, self._settings.http_port)
        try:
            self._socket = socket.create_server(address, backlog=1024)
        except OSError as error:
            message = f"cannot listen on {address[0]}:{address[1]} for OTLP/HTTP: {error.strerror}"
            raise OSError(error.errno, message) from error
        self.port = self._socket.getsockname()[1]
        self._thread.start()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket] if self._socket else None)

    def stop(self, timeout_s: float) -> None:
        """Refuse new requests and wait for those under way."""
        self._server.should_exit = True
        self._thread.join(timeout_s)
        if self._socket is not None:
            self._socket.close()

    def _endpoint(
        self, name: str, answer: Callable[[bytes, str], Awaitable[Message]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            kind = _PROTOBUF
            self._under_way += 1
            try:
                kind = _media_type(request)
                self._require_room()
                return Response(_encode(await answer(await self._body(request), kind), kind), media_type=kind)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception as error:  # noqa: BLE001 - OTLP wants every answer in its form, of our faults too
                refusal = _http_error(error)
                reason = "overloaded" if refusal.status == _UNAVAILABLE else "invalid"
                self._figures.refused_requests.labels(name, reason).inc()
                return _respond_error(refusal, kind)
            finally:
                self._under_way -= 1

        return endpoint

    def _require_room(self) -> None:
        if self._under_way > self._settings.max_concurrent_requests:
            message = f"over {self._settings.max_concurrent_requests} requests wait for their answer"
            raise OverloadedError(message, retry_after_s=2)
        if self._arriving_bytes > self._settings.max_held_bytes:
            message = f"over {self._settings.max_held_bytes} bytes of requests are arriving"
            raise OverloadedError(message, retry_after_s=2)

    async def _body(self, request: Request) -> bytes:
        limit = self._settings.max_request_bytes
        too_large = f"the body has over {limit} bytes: send smaller batches"
        if int(request.headers.get("content-length", "0")) > limit:
            raise TooLargeError(too_large)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                async for part in request.stream():
                    size += len(part)
                    self._arriving_bytes += len(part)
                    if size > limit:
                        raise TooLargeError(too_large)
                    self._require_room()
                    parts.append(part)
        except TimeoutError as error:
            message = f"the body did not arrive within {_BODY_TIMEOUT_S:.0f} s"
            raise OverloadedError(message, retry_after_s=5) from error
        finally:
            self._arriving_bytes -= size
        encoding = request.headers.get("content-encoding", "").strip().lower()
        if encoding and size > _INLINE_COMPRESSED_BYTES:
            return await run_in_threadpool(decompress, b"".join(parts), encoding, limit)
        return decompress(b"".join(parts), encoding, limit)

    def _export(self, lane: Lane) -> Callable[[bytes, str], Awaitable[Message]]:
        def submit(body: bytes, kind: str) -> Future[Answer]:
            return lane.submit(from_json(body, lane.signal.request_class) if kind == _JSON else body)

        async def export(body: bytes, kind: str) -> Message:
            inline = len(body) <= _INLINE_BYTES
            future = submit(body, kind) if inline else await run_in_threadpool(submit, body, kind)
            # The lane holds its own copy by now, and the wait can be long.
            del body
            # Shielded: a sender that goes away must not cancel the promise for others who share it.
            shared = asyncio.shield(asyncio.wrap_future(future))
            answer = await asyncio.wait_for(shared, _ANSWER_TIMEOUT_S)
            return lane.signal.response(answer.rejected, answer.message)

        return export

    @staticmethod
    async def _metrics(body: bytes, kind: str) -> Message:
        if kind == _JSON:
            body = from_json(body, ExportMetricsServiceRequest)
        return metrics_signal.answer_metrics(body)

    def _ready(self, _: Request) -> Response:
        ready = self._is_ready()
        roads = {lane.signal.name: lane.road for lane in self._lanes}
        return JSONResponse({"ready": ready, "signals": roads}, 200 if ready else _UNAVAILABLE)
