"""Builds the exporters that the OpenTelemetry environment variables ask for; OTLP over HTTP by default."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any, Final, Literal

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from opentelemetry.sdk._logs.export import LogRecordExporter
    from opentelemetry.sdk.trace.export import SpanExporter
    from requests import Response, Session

_Signal = Literal["traces", "logs"]
_BY_PROTOCOL: Final = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_sessions: Final[weakref.WeakSet[Session]] = weakref.WeakSet()
_abandoned: Final = list[Any]()
_TOO_LARGE: Final = 413


class _LastAnswer:
    """The status of the last answer to an exporter: it says only that it failed, not why."""

    status = 0

    def note(self, response: Response, *_: object, **__: object) -> None:
        self.status = response.status_code


_last_answers: Final[weakref.WeakKeyDictionary[object, _LastAnswer]] = weakref.WeakKeyDictionary()


def _note_answers(exporter: object, session: Session | None) -> None:
    if session is not None:
        answer = _last_answers[exporter] = _LastAnswer()
        session.hooks["response"].append(answer.note)


def refused_as_too_large(exporter: object) -> bool:
    """Whether the collector refused the exporter's last request because of its size.

    Known for OTLP over HTTP. Over gRPC, requests are kept below the size that servers take by default.
    """
    answer = _last_answers.get(exporter)
    return answer is not None and answer.status == _TOO_LARGE


def span_exporters(otlp_endpoint: str | None) -> list[SpanExporter]:
    """Exporters by ``OTEL_TRACES_EXPORTER`` (``otlp`` if unset; several by comma; ``none``).

    Args:
        otlp_endpoint: base address of the collector; None leaves it to ``OTEL_EXPORTER_OTLP_*``.

    Raises:
        InvalidArgumentError: a variable names an exporter or protocol that is not installed.
    """
    made = list[Any]()
    for name in _names("traces"):
        if name == "otlp_proto_http":
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

            session = _session("traces")
            exporter = OTLPSpanExporter(endpoint=_http_endpoint(otlp_endpoint, "traces"), session=session)
            _note_answers(exporter, session)
            made.append(exporter)
        else:
            made.append(_installed("traces", name, otlp_endpoint))
    return made


def log_exporters(otlp_endpoint: str | None) -> list[LogRecordExporter]:
    """Exporters by ``OTEL_LOGS_EXPORTER``; otherwise as :func:`span_exporters`."""
    made = list[Any]()
    for name in _names("logs"):
        if name == "otlp_proto_http":
            from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: PLC0415

            session = _session("logs")
            exporter = OTLPLogExporter(endpoint=_http_endpoint(otlp_endpoint, "logs"), session=session)
            _note_answers(exporter, session)
            made.append(exporter)
        else:
            made.append(_installed("logs", name, otlp_endpoint))
    return made


def _names(signal: _Signal) -> list[str]:
    """Entry point names of the wanted exporters."""
    wanted = os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip() or "otlp"
    protocol = (
        os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL")
        or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    if protocol not in _BY_PROTOCOL:
        message = f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: use one of {', '.join(_BY_PROTOCOL)}"
        raise InvalidArgumentError(message)
    names = [name.strip() for name in wanted.split(",")]
    return [_BY_PROTOCOL[protocol] if name == "otlp" else name for name in names if name not in {"none", ""}]


def _http_endpoint(otlp_endpoint: str | None, signal: _Signal) -> str | None:
    return None if otlp_endpoint is None else f"{otlp_endpoint.rstrip('/')}/v1/{signal}"


def _installed(signal: _Signal, name: str, otlp_endpoint: str | None) -> Any:
    from importlib.metadata import entry_points  # noqa: PLC0415 - reads every installed package: rarely needed

    for entry_point in entry_points(group=f"opentelemetry_{signal}_exporter", name=name):
        exporter = entry_point.load()
        return exporter(endpoint=otlp_endpoint) if otlp_endpoint and name.startswith("otlp") else exporter()
    message = f"no installed package provides the exporter {name!r} for {signal}" + (
        ": install opentelemetry-exporter-otlp-proto-grpc" if name == "otlp_proto_grpc" else ""
    )
    raise InvalidArgumentError(message)


def _session(signal: _Signal) -> Session | None:
    """An HTTP session that a forked child does not share with its parent; None for OpenTelemetry's choice."""
    providers = ("HTTP_CREDENTIAL_PROVIDER", f"HTTP_{signal.upper()}_CREDENTIAL_PROVIDER")
    if any(os.environ.get(f"OTEL_PYTHON_EXPORTER_OTLP_{provider}") for provider in providers):
        return None
    from requests import Session  # noqa: PLC0415 - slow to import

    session = Session()
    _sessions.add(session)
    return session


def _empty_pools() -> None:
    """In a forked child: forget the parent's connections.

    Parent and child would write to the same socket, and each read the other's answers.
    """
    for session in list(_sessions):
        # Closing the old pool could wait for a lock that a thread of the parent held at the fork.
        _abandoned.extend(session.adapters.values())
        for prefix, adapter in list(session.adapters.items()):
            session.mount(prefix, type(adapter)())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_empty_pools)
