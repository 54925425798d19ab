"""OTLP over gRPC: raw bytes in, so that Python builds no message a span, and OTLP's status codes out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from spanfold_collector import metrics_signal
from spanfold_collector.errors import InvalidRequestError, OverloadedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_collector.intake import Answer
    from spanfold_collector.lane import Lane
    from spanfold_collector.settings import CollectorSettings
    from spanfold_collector.telemetry import Telemetry

_ANSWER_TIMEOUT_S: Final = 60.0
_WAITING_PER_THREAD: Final = 4
_READ_AHEAD_BYTES: Final = 256 * 1024
"""Of each call, before it is read."""
_MIN_READING: Final = 8
"""Calls whose message may be read at the same time, where the limits would allow fewer."""


Method = Callable[[Iterator[bytes], grpc.ServicerContext], bytes]
"""Takes a call's one message from an iterator: to the library it is a stream, so that reading can wait."""


def _status(code: int, message: str, retry_after_s: int | None = None) -> status_pb2.Status:
    status = status_pb2.Status(code=code, message=message)
    if retry_after_s is not None:
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=retry_after_s)))
        status.details.append(detail)
    return status


def _abort(context: grpc.ServicerContext, error: Exception) -> None:
    if isinstance(error, InvalidRequestError):
        status = _status(code_pb2.INVALID_ARGUMENT, str(error))
    elif isinstance(error, OverloadedError):
        status = _status(code_pb2.RESOURCE_EXHAUSTED, str(error), error.retry_after_s)
    else:
        status = _status(code_pb2.UNAVAILABLE, "not durable in time: send again", 5)
    context.abort_with_status(rpc_status.to_status(status))


def _export(lane: Lane, telemetry: Telemetry, reading: threading.Semaphore) -> Method:
    def submit(messages: Iterator[bytes]) -> Future[Answer]:
        # What is read and not taken yet has no limit but this one; the answer is awaited outside of it.
        with reading:
            return lane.submit(next(messages, b""))

    def handle(messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        try:
            future = submit(messages)
            answer = future.result(_ANSWER_TIMEOUT_S)
        except (InvalidRequestError, OverloadedError, FutureTimeoutError) as error:
            reason = "invalid" if isinstance(error, InvalidRequestError) else "overloaded"
            telemetry.refused_requests.labels(lane.signal.name, reason).inc()
            _abort(context, error)
            raise  # unreachable: aborting raises
        return lane.signal.response(answer.rejected, answer.message).SerializeToString()

    return handle


def _metrics(messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    try:
        return metrics_signal.answer_metrics(next(messages, b"")).SerializeToString()
    except InvalidRequestError as error:
        _abort(context, error)
        raise


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in its stubs only
    """Finds a method by its path. Handlers see and return bytes."""

    def __init__(self, methods: dict[str, Method]) -> None:
        self._methods = {
            path: grpc.stream_unary_rpc_method_handler(method) for path, method in methods.items()
        }

    def service(self, handler_call_details: Any) -> Any:
        return self._methods.get(handler_call_details.method)


class GrpcReceiver:
    """The OTLP/gRPC server: one thread waits per request, a bounded number of them at once."""

    def __init__(self, lanes: Sequence[Lane], settings: CollectorSettings, telemetry: Telemetry) -> None:
        """Prepare a server; :meth:`start` binds it."""
        at_once = max(settings.max_held_bytes // settings.max_request_bytes, _MIN_READING)
        reading = threading.Semaphore(at_once)
        methods = {lane.signal.grpc_method: _export(lane, telemetry, reading) for lane in lanes}
        methods[metrics_signal.GRPC_METHOD] = _metrics
        self._address = f"{settings.host}:{settings.grpc_port}"
        self._server = grpc.server(
            ThreadPoolExecutor(settings.max_concurrent_requests, thread_name_prefix="otlp-grpc"),
            handlers=[_Handlers(methods)],
            # Past this the library itself answers RESOURCE_EXHAUSTED, but without the RetryInfo that makes
            # it retryable: rather let calls wait for a thread, which reads a message only when it is free.
            maximum_concurrent_rpcs=settings.max_concurrent_requests * _WAITING_PER_THREAD,
            options=[
                ("grpc.max_receive_message_length", settings.max_request_bytes),
                # Without it two servers could share a port, and each would get half of the traffic.
                ("grpc.so_reuseport", 0),
                # Else the library reads ahead whole messages of calls that nobody has had time for yet.
                ("grpc.http2.bdp_probe", 0),
                ("grpc.http2.lookahead_bytes", _READ_AHEAD_BYTES),
            ],
        )
        self.port = 0

    def start(self) -> None:
        """Bind and serve.

        Raises:
            OSError: the address is taken or not ours.
        """
        try:
            self.port = self._server.add_insecure_port(self._address)
        except RuntimeError as error:
            message = f"cannot listen on {self._address} for OTLP/gRPC: {error}"
            raise OSError(message) from error
        self._server.start()

    def stop(self, timeout_s: float) -> None:
        """Refuse new requests and wait for those under way."""
        self._server.stop(timeout_s).wait(timeout_s)
