"""Where events are sent, as the environment says it to every OTLP exporter."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import unquote

from spanfold.errors import InvalidArgumentError

DEFAULT_ENDPOINT: Final = "http://localhost:4318"


def logs_url(endpoint: str | None) -> str:
    """Where log records go.

    Raises:
        InvalidArgumentError: the address is not http(s), or the environment asks for another protocol.
    """
    from spanfold._internal import setup  # noqa: PLC0415 - `import spanfold` stays light

    if endpoint is None and (configured := setup.settings()) is not None:
        endpoint = configured.otlp_endpoint
    protocol = variable("PROTOCOL") or "http/protobuf"
    if endpoint is None and protocol != "http/protobuf":
        message = (
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: evaluations send their scores over HTTP. Set "
            "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=http/protobuf and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT to the "
            f"collector's HTTP address with its path, such as {DEFAULT_ENDPOINT}/v1/logs"
        )
        raise InvalidArgumentError(message)
    if endpoint is not None:
        address = f"{endpoint.rstrip('/')}/v1/logs"
    elif own := os.environ.get("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"):
        address = own
    else:
        shared = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or DEFAULT_ENDPOINT
        address = f"{shared.rstrip('/')}/v1/logs"
    if not address.startswith(("http://", "https://")):
        message = f"endpoint: an address such as {DEFAULT_ENDPOINT}, not {address!r}"
        raise InvalidArgumentError(message)
    return address


def headers() -> dict[str, str]:
    """As the OTLP exporters read them: ``key=value`` by comma, with percent signs for what is not plain."""
    pairs = (entry.partition("=") for entry in variable("HEADERS").split(",") if "=" in entry)
    return {unquote(key).strip(): unquote(value).strip() for key, _, value in pairs}


def variable(name: str) -> str:
    """The setting of log exporters, else that of all exporters."""
    shared = os.environ.get(f"OTEL_EXPORTER_OTLP_{name}", "")
    return os.environ.get(f"OTEL_EXPORTER_OTLP_LOGS_{name}", shared).strip()
