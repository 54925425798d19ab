"""Server processes start with one clear line, refuse what cannot work, and stop in order."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from spanfold_deploy.errors import StartError
from spanfold_deploy.http_server import listen
from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, run, serving

if TYPE_CHECKING:
    from pathlib import Path

COLLECTOR_PORTS = FREE_PORTS[2:]


def send_span(otlp_http_endpoint: str) -> str:
    """Send one span with the official exporter; its trace ID once it is acknowledged."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{otlp_http_endpoint}/v1/traces")))
    with provider.get_tracer("test").start_as_current_span("one") as span:
        trace_id = format(span.get_span_context().trace_id, "032x")
    provider.shutdown()
    return trace_id


def test_ctrl_c_stops_everything_in_order_even_with_a_request_that_never_ends(tmp_path: Path) -> None:
    with serving("serve", tmp_path / "data", *FREE_PORTS) as server:
        url = httpx.URL(server.ready["api_url"])
        assert httpx.get(url.join("/health")).json() == {"status": "ok"}
        with socket.create_connection((url.host, url.port or 0), timeout=TIMEOUT_S) as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
            begun = time.monotonic()
            assert server.stop(signal.SIGINT) == 0
            assert time.monotonic() - begun < 10


def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    with serving("serve", tmp_path / "data", *FREE_PORTS) as server:
        trace_id = send_span(server.ready["otlp_http_endpoint"])
        assert server.stop() == 0
    with serving("serve", tmp_path / "data", *FREE_PORTS) as server:
        answer = httpx.get(f"{server.ready['api_url']}/v1/traces/{trace_id}", timeout=TIMEOUT_S)
        assert answer.json()["span_count"] == 1


def test_a_second_process_on_the_same_directory_is_told_who_has_it(tmp_path: Path) -> None:
    with serving("serve", tmp_path / "data", *FREE_PORTS) as server:
        second = run("serve", "--data", str(tmp_path / "data"), *FREE_PORTS)
        assert second.returncode == 2
        assert str(server.process.pid) in second.stderr
        assert str(tmp_path / "data") in second.stderr
        assert "Traceback" not in second.stderr


def test_a_busy_port_is_named_with_its_setting_and_a_way_out(tmp_path: Path) -> None:
    """gRPC would share the port without a word: two servers would each get half of the spans."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run("serve", "--data", str(tmp_path / "data"), *FREE_PORTS, "--otlp-grpc-port", port)
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 (otlp_grpc_port) is in use" in done.stderr
    assert "choose another port: --otlp-grpc-port" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("setting", ["api_port", "otlp_http_port"])
def test_every_port_is_called_by_its_own_flag(setting: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(StartError, match=f"--{setting.replace('_', '-')}"),
    ):
        listen("127.0.0.1", other.getsockname()[1], setting)


def test_an_address_that_is_not_of_this_machine_is_named() -> None:
    with pytest.raises(StartError, match=r"cannot listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 0, "api_port")


def test_a_collector_refuses_a_database_that_was_not_migrated(tmp_path: Path) -> None:
    done = run("collector", "--data", str(tmp_path / "data"), *COLLECTOR_PORTS)
    assert done.returncode == 2
    assert "run `spanfold migrate`" in done.stderr


def test_a_collector_starts_while_its_server_is_away(tmp_path: Path) -> None:
    """It spools then: that is what the spool is for."""
    database = ("--database", "clickhouse://127.0.0.1:9/spanfold")
    with serving("collector", None, *database, *COLLECTOR_PORTS, cwd=tmp_path) as server:
        assert "api_url" not in server.ready
        assert server.stop() == 0


def test_a_second_collector_in_the_same_spool_is_told_who_has_it(tmp_path: Path) -> None:
    database = ("--database", "clickhouse://127.0.0.1:9/spanfold")
    with serving("collector", None, *database, *COLLECTOR_PORTS, cwd=tmp_path) as server:
        spool = str(tmp_path / "spanfold-collector")
        second = run("collector", *database, *COLLECTOR_PORTS, SPANFOLD_SPOOL_DIRECTORY=spool)
    assert second.returncode == 2
    assert f"process {server.process.pid} has the collector directory" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_price_file_that_cannot_be_read_is_named_at_the_start(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(f'price_file = "{tmp_path}/prices.toml"')
    done = run("serve", "--config", str(config), "--data", str(tmp_path / "data"), *FREE_PORTS)
    assert done.returncode == 2
    assert f"the price file {tmp_path}/prices.toml cannot be read" in done.stderr
    assert "price_file" in done.stderr


def test_a_query_api_alone_serves_what_a_collector_alone_took(tmp_path: Path) -> None:
    run("migrate", "--data", str(tmp_path / "data"))
    with serving("collector", tmp_path / "data", *COLLECTOR_PORTS) as collector:
        trace_id = send_span(collector.ready["otlp_http_endpoint"])
        assert collector.stop() == 0
    with serving("query-api", tmp_path / "data", "--api-port", "0") as api:
        assert set(api.ready) == {"event", "pid", "database", "api_url"}
        answer = httpx.get(f"{api.ready['api_url']}/v1/traces/{trace_id}", timeout=TIMEOUT_S)
        assert answer.json()["trace_id"] == trace_id
        assert api.stop() == 0
