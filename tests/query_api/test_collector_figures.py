from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from spanfold_query_api import collector_figures

if TYPE_CHECKING:
    from collections.abc import Iterator

FIGURES = """
# TYPE spanfold_collector_accepted_records_total counter
spanfold_collector_accepted_records_total{signal="traces"} 12.0
# TYPE spanfold_collector_refused_requests_total counter
spanfold_collector_refused_requests_total{reason="overloaded",signal="traces"} 3.0
# TYPE spanfold_collector_spool_bytes gauge
spanfold_collector_spool_bytes{signal="traces"} 7.0
spanfold_collector_spool_bytes{signal="logs"} 0.0
# TYPE spanfold_collector_price_list_date_seconds gauge
spanfold_collector_price_list_date_seconds 1.7941824e+09
"""


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """The address of something that answers every GET so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_figures_are_by_signal_and_what_never_counted_is_zero() -> None:
    found = collector_figures.parse(FIGURES)
    assert found["accepted_records"] == {"traces": 12, "logs": 0}
    assert found["rejected_records"] == {"traces": 0, "logs": 0}
    assert found["spool_bytes"] == {"traces": 7, "logs": 0}
    assert found["refused_requests"] == [{"signal": "traces", "reason": "overloaded", "count": 3}]
    assert found["price_list_time"] == "2026-11-09T00:00:00Z"


def test_a_collector_that_is_away_is_an_answer() -> None:
    found = collector_figures.read("http://127.0.0.1:9")
    assert (found["reachable"], found["endpoint"], found["figures"]) == (False, "http://127.0.0.1:9", None)
    assert "refused" in found["reason"]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b"", "answered 404: is that a spanfold collector?"),
        (200, b"up 1\n", "no spanfold collector"),
        (200, b"{not prometheus", ""),
        (200, b"\xff\xfe", ""),
        (200, b"#" * (collector_figures.MAX_BYTES + 1), "bytes"),
    ],
)
def test_what_is_no_collector_is_told_from_one(status: int, body: bytes, reason: str) -> None:
    with answering(status, body) as address:
        found = collector_figures.read(address)
    assert found["reachable"] is False
    assert reason in found["reason"]


def test_without_an_address_it_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(200, FIGURES.encode()) as address:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        found = collector_figures.read(None)
    assert (found["reachable"], found["endpoint"]) == (True, address)


@pytest.mark.parametrize("status", [200, 404])
def test_what_an_address_says_of_who_asks_is_never_shown(status: int) -> None:
    with answering(status, FIGURES.encode()) as address:
        found = collector_figures.read(address.replace("://", "://someone:never-shown@"))
    assert found["endpoint"] == address
    assert found["reachable"] is (status == 200)
    assert "never-shown" not in str(found)


def test_an_address_that_is_none_is_not_shown_either() -> None:
    for address in ("someone:never-shown@collector:4318", "http://someone:never-shown@collector:nix"):
        found = collector_figures.read(address)
        assert found["reachable"] is False
        assert "never-shown" not in str(found)


def test_a_count_beyond_all_numbers_is_none_of_a_collector() -> None:
    with answering(200, FIGURES.replace("12.0", "+Inf").encode()) as address:
        found = collector_figures.read(address)
    assert (found["reachable"], found["figures"]) == (False, None)
    assert "infinity" in found["reason"]
