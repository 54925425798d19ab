"""OTLP metrics: spanfold stores none, and says so in a way that no sender retries or fails on."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from spanfold_collector.errors import InvalidRequestError

GRPC_METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


def answer_metrics(body: bytes) -> ExportMetricsServiceResponse:
    """A partial success that rejects every data point.

    Raises:
        InvalidRequestError: the bytes are not a request.
    """
    try:
        request = ExportMetricsServiceRequest.FromString(body)
    except DecodeError as error:
        message = f"the body is not valid OTLP protobuf: {error}"
        raise InvalidRequestError(message) from error
    points = 0
    for resource_metrics in request.resource_metrics:
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                kind = metric.WhichOneof("data")
                points += len(getattr(metric, kind).data_points) if kind else 0
    response = ExportMetricsServiceResponse()
    if points:
        response.partial_success.rejected_data_points = points
        response.partial_success.error_message = (
            "spanfold stores traces and logs, not metrics: "
            "send metrics elsewhere (or none: OTEL_METRICS_EXPORTER=none)"
        )
    return response
