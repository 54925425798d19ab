"""Record what a published instrumentor sends for a fixed set of conversations.

    python -m tests.dialects.record genai-openai genai-anthropic genai-langchain
    python -m tests.dialects.record --list

Run it from the repository's root with an interpreter that has the instrumentor: the project's own for some,
an environment of its own for the others (``--list`` prints what to install). The providers are the ones of
``tests/providers``; the spans go through OpenTelemetry's OTLP/HTTP exporter to a receiver in this process,
and are written to ``tests/dialects/recorded/FAMILY.json`` as OTLP/JSON, one request for each conversation.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.dialects import _applications as applications
from tests.providers.server import running

RECORDED: Final = Path(__file__).parent / "recorded"
_ID_FIELDS: Final = ("traceId", "spanId", "parentSpanId")
_OLD: Final = "openai==1.109.1 anthropic==0.125.0 opentelemetry-sdk==1.38.0"
FAMILIES: Final = {
    "genai-openai": "opentelemetry-instrumentation-genai-openai==1.3b0",
    "genai-anthropic": "opentelemetry-instrumentation-genai-anthropic==1.3b0",
    "genai-langchain": "opentelemetry-instrumentation-genai-langchain==1.3b0 langchain",
    "openinference-openai": "openinference-instrumentation-openai==0.1.66",
    "openinference-anthropic": "openinference-instrumentation-anthropic==3.1.0",
    "openinference-langchain": "openinference-instrumentation-langchain==0.1.80",
    "openllmetry-openai": "opentelemetry-instrumentation-openai==0.62.4",
    "openllmetry-anthropic": "opentelemetry-instrumentation-anthropic==0.62.4",
    "openllmetry-langchain": "opentelemetry-instrumentation-langchain==0.62.4",
    "openllmetry-2025-openai": f"opentelemetry-instrumentation-openai==0.47.5 {_OLD}",
    "openllmetry-2025-anthropic": f"opentelemetry-instrumentation-anthropic==0.47.5 {_OLD}",
    "mlflow-openai": "mlflow-tracing==3.17.2 sqlparse",
    "mlflow-anthropic": "mlflow-tracing==3.17.2 sqlparse",
    "mlflow-langchain": "mlflow-tracing==3.17.2 sqlparse langchain",
}
"""What to install beside the client library of the family's name."""


class _Receiver(BaseHTTPRequestHandler):
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _hex_ids(node: Any) -> None:
    """OTLP/JSON differs from protobuf's JSON in this: IDs are hexadecimal."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in _ID_FIELDS:
                node[key] = binascii.hexlify(base64.b64decode(value)).decode()
            else:
                _hex_ids(value)
    elif isinstance(node, list):
        for item in node:
            _hex_ids(item)


def _as_json(bodies: list[bytes]) -> Any:
    merged = ExportTraceServiceRequest()
    for body in bodies:
        merged.MergeFromString(body)
    document = json_format.MessageToDict(merged)
    _hex_ids(document)
    return document


def record(family: str) -> dict[str, Any]:
    """Hold every conversation of the family, each in a process of its own; the requests that they sent."""
    bodies: list[bytes] = []
    handler = type("Receiver", (_Receiver,), {"bodies": bodies})
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{receiver.server_address[1]}/v1/traces"
    found = {}
    with running() as provider:
        for case in applications.cases_of(family):
            bodies.clear()
            environment = {
                **os.environ,
                **provider.environment,
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint,
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
                "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
                "OTEL_SERVICE_NAME": "recorded",
            }
            command = [sys.executable, "-m", "tests.dialects._applications", family, case]
            subprocess.run(command, env=environment, check=True, timeout=120)
            found[case] = _as_json(bodies)
    receiver.shutdown()
    return found


def main() -> None:
    """Record the families named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("families", nargs="*", choices=[*FAMILIES, []])
    parser.add_argument("--list", action="store_true", help="print the families and what they need")
    options = parser.parse_args()
    for family, needed in FAMILIES.items() if options.list else ():
        sys.stdout.write(f"{family}: {needed}\n")
    for family in options.families:
        text = json.dumps(record(family), indent=1, ensure_ascii=False)
        (RECORDED / f"{family}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
