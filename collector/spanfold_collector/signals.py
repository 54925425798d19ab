"""What differs between traces and logs, in one table: all else is written once for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from spanfold_collector.admission import Admitted, TimeWindow, admit_logs, admit_traces
from spanfold_collector.decoding import LOG_COLUMNS, SPAN_COLUMNS, log_rows, span_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of telemetry on its way from request to table."""

    name: str
    noun: str
    """What is counted: ``spans`` or ``log_records``, as in OTLP's partial success."""
    grpc_method: str
    request_class: type[Message]
    response_class: type[Message]
    admit: Callable[[bytes, TimeWindow], Admitted]
    landing_table: str
    message: str
    """Message of ``otlp.proto`` that the landing table reads."""
    row_table: str
    row_columns: tuple[str, ...]
    rows: Callable[[Iterable[bytes]], Iterator[Sequence[Any]]]

    def response(self, rejected: int, message: str) -> Message:
        """OTLP's answer: empty for full success, else a partial success with count and reason."""
        response: Any = self.response_class()
        if rejected:
            setattr(response.partial_success, f"rejected_{self.noun}", rejected)
            response.partial_success.error_message = message
        return response  # type: ignore[no-any-return]


TRACES: Final = Signal(
    name="traces",
    noun="spans",
    grpc_method="/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    request_class=ExportTraceServiceRequest,
    response_class=ExportTraceServiceResponse,
    admit=admit_traces,
    landing_table="otlp_traces",
    message="TracesData",
    row_table="spans",
    row_columns=SPAN_COLUMNS,
    rows=span_rows,
)
LOGS: Final = Signal(
    name="logs",
    noun="log_records",
    grpc_method="/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    request_class=ExportLogsServiceRequest,
    response_class=ExportLogsServiceResponse,
    admit=admit_logs,
    landing_table="otlp_logs",
    message="LogsData",
    row_table="log_records",
    row_columns=LOG_COLUMNS,
    rows=log_rows,
)
