"""OTLP over HTTP (protobuf and JSON), and the collector's own health and figures."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from google.protobuf import json_format
from google.rpc import code_pb2, status_pb2
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spanfold_collector import metrics_signal, telemetry
from spanfold_collector.errors import CollectorError, InvalidRequestError, OverloadedError
from spanfold_collector.payload import decompress, from_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from google.protobuf.message import Message

    from spanfold_collector.lane import Lane
    from spanfold_collector.settings import CollectorSettings

_ANSWER_TIMEOUT_S: Final = 60.0
_BODY_TIMEOUT_S: Final = 30.0
_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_INLINE_BYTES: Final = 64 * 1024
"""Larger requests are judged off the event loop, so that they do not delay the others' answers."""


class _HttpError(Exception):
    """An answer other than 200, as HTTP has it."""

    def __init__(self, status: int, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


def _http_error(error: CollectorError | TimeoutError) -> _HttpError:
    match error:
        case OverloadedError():
            return _HttpError(503, str(error), error.retry_after_s)
        case InvalidRequestError():
            return _HttpError(400, str(error))
        case _:
            return _HttpError(503, "not durable in time: send again", 5)


def _media_type(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (_PROTOBUF, _JSON):
        message = f"Content-Type {kind!r} is not supported: use {_PROTOBUF} or {_JSON}"
        raise _HttpError(415, message)
    return kind


def _encode(message: Message, kind: str) -> bytes:
    return json_format.MessageToJson(message).encode() if kind == _JSON else message.SerializeToString()


def _respond_error(error: _HttpError, kind: str) -> Response:
    code = {400: code_pb2.INVALID_ARGUMENT, 503: code_pb2.UNAVAILABLE}.get(error.status, code_pb2.UNKNOWN)
    body = _encode(status_pb2.Status(code=code, message=str(error)), kind)
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return Response(body, error.status, headers, media_type=kind)


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
        self._is_ready = is_ready
        routes = [
            Route(f"/v1/{lane.signal.name}", self._endpoint(self._export(lane)), methods=["POST"])
            for lane in lanes
        ]
        routes += [
            Route("/v1/metrics", self._endpoint(self._metrics), methods=["POST"]),
            Route("/health", lambda _: JSONResponse({"status": "ok"})),
            Route("/ready", self._ready),
            Route("/metrics", lambda _: Response(figures.exposition(), media_type=telemetry.CONTENT_TYPE)),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes),
            log_config=None,
            access_log=False,
            lifespan="off",
            limit_concurrency=settings.max_concurrent_requests,
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
        self, answer: Callable[[bytes, str], Awaitable[Message]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            kind = _PROTOBUF
            try:
                kind = _media_type(request)
                body = await self._body(request)
                return Response(_encode(await answer(body, kind), kind), media_type=kind)
            except (CollectorError, TimeoutError) as error:
                return _respond_error(_http_error(error), kind)
            except _HttpError as error:
                return _respond_error(error, kind)
            except ClientDisconnect:
                return Response(status_code=400)

        return endpoint

    async def _body(self, request: Request) -> bytes:
        limit = self._settings.max_request_bytes
        parts: list[bytes] = []
        size = 0
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    message = f"the body has over {limit} bytes: send smaller batches"
                    raise _HttpError(413, message)
                parts.append(part)
        encoding = request.headers.get("content-encoding", "").strip().lower()
        return decompress(b"".join(parts), encoding, limit)

    def _export(self, lane: Lane) -> Callable[[bytes, str], Awaitable[Message]]:
        def submit(body: bytes, kind: str) -> Any:
            return lane.submit(from_json(body, lane.signal.request_class) if kind == _JSON else body)

        async def export(body: bytes, kind: str) -> Message:
            try:
                inline = len(body) <= _INLINE_BYTES
                future = submit(body, kind) if inline else await run_in_threadpool(submit, body, kind)
                # Shielded: a sender that goes away must not cancel the promise for others who share it.
                shared = asyncio.shield(asyncio.wrap_future(future))
                answer = await asyncio.wait_for(shared, _ANSWER_TIMEOUT_S)
            except (CollectorError, TimeoutError) as error:
                reason = "invalid" if isinstance(error, InvalidRequestError) else "overloaded"
                self._figures.refused_requests.labels(lane.signal.name, reason).inc()
                raise
            return lane.signal.response(answer.rejected, answer.message)

        return export

    @staticmethod
    async def _metrics(body: bytes, kind: str) -> Message:
        if kind == _JSON:
            body = from_json(body, ExportMetricsServiceRequest)
        return metrics_signal.answer_metrics(body)

    def _ready(self, _: Request) -> Response:
        ready = self._is_ready()
        return JSONResponse({"ready": ready}, 200 if ready else 503)
