"""A sender of OTLP, reduced to its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
import pytest
from grpc_status import rpc_status

if TYPE_CHECKING:
    from google.rpc import status_pb2

PROTOBUF: Final = {"Content-Type": "application/x-protobuf"}
JSON: Final = {"Content-Type": "application/json"}
TRACES_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS_METHOD: Final = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
METRICS_METHOD: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
TIMEOUT_S: Final = 20.0


def call(channel: grpc.Channel, method: str, body: bytes, **options: Any) -> bytes:
    answer = channel.unary_unary(method, None, None)(body, timeout=TIMEOUT_S, **options)
    assert isinstance(answer, bytes)
    return answer


def refusal(channel: grpc.Channel, method: str, body: bytes) -> status_pb2.Status:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, method, body)
    assert isinstance(caught.value, grpc.Call)
    status = rpc_status.from_call(caught.value)
    assert status is not None
    return status
