"""What senders are told when it does not work, to the letter of the OTLP specification."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import grpc
import httpx
import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2

from spanfold_collector.collector import Collector
from spanfold_collector.settings import CollectorSettings
from tests.collector._database import ScriptedDatabase, until
from tests.collector._otlp import make_span, make_traces, numbered_traces
from tests.end_to_end._sender import (
    JSON,
    LOGS_METHOD,
    METRICS_METHOD,
    PROTOBUF,
    TIMEOUT_S,
    TRACES_METHOD,
    call,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_REQUEST_BYTES: Final = 1_000_000


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    settings = CollectorSettings(
        directory=tmp_path_factory.mktemp("collector"),
        grpc_port=0,
        http_port=0,
        min_free_disk_bytes=0,
        max_request_bytes=MAX_REQUEST_BYTES,
    )
    running = Collector(ScriptedDatabase(), settings)
    running.start()
    yield running
    assert running.stop()


@pytest.fixture(scope="module")
def client(collector: Collector) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{collector.http_port}", timeout=TIMEOUT_S) as opened:
        yield opened


@pytest.fixture(scope="module")
def channel(collector: Collector) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as opened:
        yield opened


@dataclass(frozen=True)
class Refused:
    """A request that is no good, and the answer that it gets."""

    message: str
    body: bytes = b"x"
    headers: dict[str, str] = field(default_factory=lambda: PROTOBUF)
    method: str = "POST"
    path: str = "/v1/traces"
    status: int = 400
    code: int = code_pb2.INVALID_ARGUMENT


BOMB: Final = zlib.compress(bytes(50_000_000))
REFUSED: Final = {
    "garbage": Refused("not valid OTLP", b"garbage"),
    "bad JSON": Refused("not valid OTLP/JSON", b"{", JSON, path="/v1/logs"),
    "bad gzip": Refused("not valid gzip", b"not gzip at all", {**PROTOBUF, "Content-Encoding": "gzip"}),
    "unknown encoding": Refused("'br' is not supported", headers={**PROTOBUF, "Content-Encoding": "br"}),
    "no content type": Refused("Content-Type ''", headers={}, status=415),
    "other content type": Refused("text/plain", headers={"Content-Type": "text/plain"}, status=415),
    "too large": Refused("over 1000000", bytes(MAX_REQUEST_BYTES + 1), status=413),
    "bomb": Refused("once decompressed", BOMB, {**PROTOBUF, "Content-Encoding": "deflate"}, status=413),
    "metrics garbage": Refused("not valid OTLP", path="/v1/metrics"),
    "wrong path": Refused("/v1/traces or /v1/logs", path="/v1/x", status=404, code=code_pb2.UNIMPLEMENTED),
    "wrong method": Refused("GET /v1/traces", b"", JSON, "GET", status=405, code=code_pb2.UNIMPLEMENTED),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_is_a_status_message_in_the_senders_own_form(client: httpx.Client, case: Refused) -> None:
    answer = client.request(case.method, case.path, headers=case.headers, content=case.body)

    assert answer.status_code == case.status
    assert "retry-after" not in answer.headers
    if case.headers == JSON:
        assert answer.headers["content-type"] == "application/json"
        found = status_pb2.Status(code=answer.json()["code"], message=answer.json()["message"])
    else:
        assert answer.headers["content-type"] == "application/x-protobuf"
        found = status_pb2.Status.FromString(answer.content)
    assert found.code == case.code
    assert case.message in found.message


def test_a_body_without_a_length_is_cut_off_at_the_limit(client: httpx.Client) -> None:
    chunks = (bytes(100_000) for _ in range(100))

    answer = client.post("/v1/traces", content=chunks, headers=PROTOBUF)

    assert answer.status_code == 413


def test_grpc_refuses_garbage_for_good_and_without_retry_info(channel: grpc.Channel) -> None:
    for method in (TRACES_METHOD, LOGS_METHOD, METRICS_METHOD):
        status = refusal(channel, method, b"garbage")
        assert status.code == code_pb2.INVALID_ARGUMENT
        assert "not valid OTLP" in status.message
        assert not status.details


def test_grpc_refuses_what_is_too_large_also_when_it_came_compressed(channel: grpc.Channel) -> None:
    for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, TRACES_METHOD, bytes(MAX_REQUEST_BYTES + 1), compression=compression)
        assert isinstance(caught.value, grpc.Call)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_grpc_says_of_other_services_that_it_has_none(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "/opentelemetry.proto.collector.profiles.v1.ProfilesService/Export", b"")
    assert isinstance(caught.value, grpc.Call)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.fixture
def overloaded(tmp_path: Path) -> Iterator[tuple[Collector, ScriptedDatabase]]:
    """A collector with little memory, whose database does not answer."""
    stalled = ScriptedDatabase()
    stalled.is_open.clear()
    settings = CollectorSettings(
        directory=tmp_path, grpc_port=0, http_port=0, linger_ms=1, engine_decode_min_bytes=0,
        min_free_disk_bytes=0, max_held_bytes=2_000, max_concurrent_requests=4, slow_after_s=1000,
    )  # fmt: skip
    running = Collector(stalled, settings)
    running.start()
    yield running, stalled
    stalled.is_open.set()
    assert running.stop()


def test_an_overloaded_collector_says_when_to_come_back(
    overloaded: tuple[Collector, ScriptedDatabase],
) -> None:
    collector, _ = overloaded
    large = make_traces(make_span(1, {"k": "v" * 2_500}))

    over_http = httpx.post(
        f"http://127.0.0.1:{collector.http_port}/v1/traces", content=large, headers=PROTOBUF
    )
    with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as own:
        over_grpc = refusal(own, TRACES_METHOD, large)

    assert over_http.status_code == 503
    assert int(over_http.headers["retry-after"]) > 0
    assert status_pb2.Status.FromString(over_http.content).code == code_pb2.UNAVAILABLE
    assert over_grpc.code == code_pb2.RESOURCE_EXHAUSTED
    retry = error_details_pb2.RetryInfo()
    assert over_grpc.details[0].Unpack(retry)
    assert retry.retry_delay.seconds > 0
    figures = httpx.get(f"http://127.0.0.1:{collector.http_port}/metrics").text
    assert 'spanfold_collector_refused_requests_total{reason="overloaded",signal="traces"} 2.0' in figures


def test_requests_past_the_number_that_may_wait_are_sent_away_at_once(
    overloaded: tuple[Collector, ScriptedDatabase],
) -> None:
    collector, stalled = overloaded
    url = f"http://127.0.0.1:{collector.http_port}"

    def send(number: int) -> int:
        return httpx.post(
            f"{url}/v1/traces", content=numbered_traces(number, 1), headers=PROTOBUF, timeout=TIMEOUT_S
        ).status_code

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(send, number) for number in range(4)]
        until(lambda: collector._http._under_way == 4, "four requests wait")

        refused = httpx.post(f"{url}/v1/traces", content=numbered_traces(9, 1), headers=PROTOBUF)
        health = httpx.get(f"{url}/health")
        stalled.is_open.set()

        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert health.status_code == 200
        assert [future.result(TIMEOUT_S) for future in waiting] == [200] * 4


def test_a_collector_without_disk_is_not_ready_and_says_which_signal_is_refused(tmp_path: Path) -> None:
    settings = CollectorSettings(directory=tmp_path, grpc_port=0, http_port=0, min_free_disk_bytes=2**60)
    running = Collector(ScriptedDatabase(), settings)
    running.start()
    try:
        ready = httpx.get(f"http://127.0.0.1:{running.http_port}/ready")
        assert ready.status_code == 503
        assert ready.json() == {"ready": False, "signals": {"traces": "refused", "logs": "refused"}}
    finally:
        running.stop()


def test_a_port_that_is_taken_is_named(collector: Collector, tmp_path: Path) -> None:
    for changes in ({"grpc_port": collector.grpc_port}, {"http_port": collector.http_port}):
        ports: dict[str, Any] = {"grpc_port": 0, "http_port": 0, **changes}
        settings = CollectorSettings(directory=tmp_path / next(iter(changes)), **ports)
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{next(iter(changes.values()))}"):
            Collector(ScriptedDatabase(), settings).start()
