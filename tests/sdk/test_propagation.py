"""Who is told the active model, and what becomes of an ID that comes in."""

from __future__ import annotations

import logging
import threading
from concurrent import futures
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import pytest
import requests
from opentelemetry import baggage, context, propagate, trace
from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient, GrpcInstrumentorServer
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import spanfold
from spanfold._internal import caller, faults, propagation
from spanfold._internal.hosts import AllowList
from spanfold.errors import InvalidArgumentError
from tests.sdk.otlp_receiver import attributes_of, model_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sdk.otlp_receiver import Server

MODEL = "m-" + "a" * 32
ENTRY = f"spanfold.model.id={MODEL}"


class Peer:
    """A web server that writes down the headers that it gets."""

    port = 0
    headers: dict[str, str]

    def url(self, host: str = "127.0.0.1", path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def peer() -> Iterator[Peer]:
    seen = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/redirect":
                self.send_response(302)
                self.send_header("Location", seen.url("0.0.0.0"))
            else:
                seen.headers = {key.lower(): value for key, value in self.headers.items()}
                self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        seen.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield seen
        http.shutdown()
        thread.join()


@pytest.fixture
def server(server: Server) -> Server:
    server.models.append(model_json(MODEL, "v1"))
    return server


@pytest.fixture
def instrumented(server: Server) -> Iterator[Server]:
    instrumentors: list[Any] = [HTTPXClientInstrumentor(), RequestsInstrumentor()]
    for instrumentor in instrumentors:
        instrumentor.instrument()
    yield server
    for instrumentor in instrumentors:
        instrumentor.uninstrument()


def by_httpx(url: str) -> None:
    assert httpx.get(url, follow_redirects=True).status_code == 200


def by_requests(url: str) -> None:
    assert requests.get(url, timeout=10).status_code == 200


CLIENTS: dict[str, Callable[[str], None]] = {"httpx": by_httpx, "requests": by_requests}
client = pytest.mark.parametrize("get", CLIENTS.values(), ids=CLIENTS)


@contextmanager
def app_baggage(**entries: str) -> Iterator[None]:
    inside = context.get_current()
    for key, value in entries.items():
        inside = baggage.set_baggage(key.replace("_", "."), value, inside)
    token = context.attach(inside)
    yield
    context.detach(token)


@client
@pytest.mark.usefixtures("instrumented")
def test_loopback_is_told_and_other_hosts_are_not(peer: Peer, get: Callable[[str], None]) -> None:
    with spanfold.set_active_model(model_id=MODEL):
        get(peer.url())
        assert peer.headers["baggage"] == ENTRY
        get(peer.url("0.0.0.0"))
        assert "baggage" not in peer.headers
        assert "traceparent" in peer.headers, "what the application propagates is left alone"
        with app_baggage(tenant="t1", spanfold_model_id="of the application's own making"):
            get(peer.url("0.0.0.0"))
            assert peer.headers["baggage"] == "tenant=t1"
            get(peer.url())
            assert set(peer.headers["baggage"].split(",")) == {"tenant=t1", ENTRY}
    get(peer.url())
    assert "baggage" not in peer.headers, "no model, nothing to tell"


@client
def test_hosts_on_the_list_are_told(instrumented: Server, peer: Peer, get: Callable[[str], None]) -> None:
    spanfold.shutdown()
    spanfold.configure(
        endpoint=instrumented.address, otlp_endpoint=instrumented.address, propagate_to=["0.0.0.0/32"]
    )
    with spanfold.set_active_model(model_id=MODEL):
        get(peer.url("0.0.0.0"))
    assert peer.headers["baggage"] == ENTRY


@client
@pytest.mark.usefixtures("instrumented")
def test_a_redirect_to_a_strange_host_is_not_told(peer: Peer, get: Callable[[str], None]) -> None:
    """The client copies the headers of the first request to the second."""
    with spanfold.set_active_model(model_id=MODEL), app_baggage(tenant="t1"):
        get(peer.url(path="/redirect"))
    assert peer.headers["baggage"] == "tenant=t1"


@client
def test_a_redirect_to_a_host_on_the_list_is_told(
    instrumented: Server, peer: Peer, get: Callable[[str], None]
) -> None:
    spanfold.shutdown()
    spanfold.configure(
        endpoint=instrumented.address, otlp_endpoint=instrumented.address, propagate_to=["0.0.0.0/32"]
    )
    with spanfold.set_active_model(model_id=MODEL):
        get(peer.url(path="/redirect"))
    assert peer.headers["baggage"] == ENTRY


@client
@pytest.mark.usefixtures("instrumented")
@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}, False),
        ({"gen_ai.system": "openai"}, False),
        ({"openinference.span.kind": "LLM"}, False),
        ({"llm.request.type": "chat"}, False),
        ({"gen_ai.operation.name": "execute_tool", "gen_ai.system": "x"}, True),
        ({"openinference.span.kind": "TOOL"}, True),
        ({"traceloop.span.kind": "tool"}, True),
        ({}, True),
    ],
)
def test_a_call_under_a_genai_client_span_tells_nothing(
    peer: Peer, get: Callable[[str], None], attributes: dict[str, str], *, told: bool
) -> None:
    """Also not to a model server on loopback, and however the library nests its spans."""
    tracer = trace.get_tracer("instrumentation")
    with (
        spanfold.set_active_model(model_id=MODEL),
        tracer.start_as_current_span("chat", attributes={"gen_ai.operation.name": "chat"} if told else {}),
        tracer.start_as_current_span("call", kind=trace.SpanKind.CLIENT, attributes=attributes),
        tracer.start_as_current_span("between"),
    ):
        get(peer.url())
    assert ("baggage" in peer.headers) == (told and bool(attributes))


@pytest.mark.usefixtures("server")
def test_what_comes_in_is_bounded_kept_as_the_callers_and_goes_nowhere_else() -> None:
    def caller_of(entry: str) -> str | None:
        extracted = propagate.extract({"baggage": f"{entry},tenant=t1"})
        assert baggage.get_all(extracted) == {"tenant": "t1"}
        return caller.of(extracted)

    assert caller_of(ENTRY) == MODEL
    assert caller_of("spanfold.model.id=a%20name%20v1") == "a name v1"
    assert caller_of("spanfold.model.id=" + "x" * 201) is None
    assert caller_of("spanfold.model.id=a%0d%0ab") is None
    assert caller_of("spanfold.model.id=") is None
    with app_baggage():
        token = context.attach(propagate.extract({"baggage": ENTRY}))
        assert spanfold.get_active_model_id() is None
        context.detach(token)


@pytest.mark.usefixtures("server")
def test_a_call_whose_host_is_not_known_tells_nothing() -> None:
    headers: dict[str, str] = {}
    with spanfold.set_active_model(model_id=MODEL), spanfold.start_span("step"):
        propagate.inject(headers)
    assert "baggage" not in headers


@pytest.mark.usefixtures("server")
def test_a_queue_on_the_list_is_told() -> None:
    propagation.install(AllowList(["queue:jobs"]))
    tracer = trace.get_tracer("instrumentation")
    told = {}
    for queue in ("jobs", "other"):
        headers: dict[str, str] = {}
        attributes = {"messaging.destination.name": queue}
        with (
            spanfold.set_active_model(model_id=MODEL),
            tracer.start_as_current_span("publish", kind=trace.SpanKind.PRODUCER, attributes=attributes),
        ):
            propagate.inject(headers)
        told[queue] = headers.get("baggage")
    assert told == {"jobs": ENTRY, "other": None}


def test_the_applications_propagators_stay_and_come_back(server: Server) -> None:
    spanfold.shutdown()
    before = propagate.get_global_textmap()
    theirs = CompositePropagator([TraceContextTextMapPropagator()])
    propagate.set_global_textmap(theirs)
    try:
        spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)
        headers: dict[str, str] = {}
        attributes = {"url.full": "http://localhost/"}
        with (
            spanfold.set_active_model(model_id=MODEL),
            trace.get_tracer("x").start_as_current_span(
                "GET", kind=trace.SpanKind.CLIENT, attributes=attributes
            ),
            app_baggage(tenant="t1"),
        ):
            propagate.inject(headers)
        assert headers["baggage"] == ENTRY, "they chose not to send baggage: only the entry travels"
        assert "traceparent" in headers
        assert caller.of(propagate.extract({"baggage": ENTRY})) == MODEL
        spanfold.shutdown()
        assert propagate.get_global_textmap() is theirs
    finally:
        propagate.set_global_textmap(before)
        spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)


def test_an_application_that_wants_no_propagation_has_none(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    spanfold.shutdown()
    monkeypatch.setenv("OTEL_PROPAGATORS", "none")
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)
    assert not isinstance(propagate.get_global_textmap(), propagation.ModelPropagator)


@pytest.mark.usefixtures("instrumented")
def test_a_fault_of_the_propagator_does_not_stop_the_call(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(propagation, "_peer", broken)
    before = faults.set_raising(False)
    with caplog.at_level(logging.ERROR, "spanfold"), spanfold.set_active_model(model_id=MODEL):
        by_httpx(peer.url())
    faults.set_raising(before)
    assert "baggage" not in peer.headers
    assert "whom to tell" in caplog.text


class Greeter(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in the stubs only
    """A gRPC service without generated code: it answers with the metadata that it got."""

    def service(self, details: Any) -> Any:
        metadata = dict(details.invocation_metadata)

        def greet(_: bytes, __: object) -> bytes:
            with spanfold.start_span("greeting"):
                return str(metadata.get("baggage", "")).encode()

        return grpc.unary_unary_rpc_method_handler(greet)


@pytest.mark.parametrize(("allowed", "told"), [(["grpc:shop.*"], True), ([], False)])
def test_a_grpc_service_on_the_list_is_told(server: Server, allowed: list[str], *, told: bool) -> None:
    spanfold.shutdown()
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address, propagate_to=allowed)
    kinds: list[Any] = [GrpcInstrumentorServer, GrpcInstrumentorClient]
    instrumentors = [kind() for kind in kinds]
    for instrumentor in instrumentors:
        instrumentor.instrument()
    service = grpc.server(futures.ThreadPoolExecutor(2))
    try:
        service.add_generic_rpc_handlers((Greeter(),))
        port = service.add_insecure_port("127.0.0.1:0")
        service.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, spanfold.set_active_model(model_id=MODEL):
            answer = channel.unary_unary("/shop.Greeter/Greet", bytes, bytes)(b"", timeout=10)
    finally:
        service.stop(None).wait()
        for instrumentor in instrumentors:
            instrumentor.uninstrument()
    assert answer.decode() == (ENTRY if told else "")
    assert spanfold.flush()
    greeting = attributes_of(server.span("greeting").attributes)
    assert greeting.get("spanfold.caller.model.id") == (MODEL if told else None)
    assert "spanfold.model.id" not in greeting, "the server was started outside the block"
    assert len({span.trace_id for span in server.spans}) == 1


@pytest.mark.parametrize(
    ("patterns", "host", "told"),
    [
        ("", "localhost", True),
        ("", "shop.localhost.", True),
        ("", "127.8.8.8", True),
        ("", "[::1]", True),
        ("", "localhost.example.com", False),
        ("", "10.0.0.1", False),
        ("none", "localhost", False),
        ("*", "anything.example.com", True),
        ("*", "api.openai.com", False),
        ("*,api.anthropic.com", "api.anthropic.com", False),
        ("*", "us-central1-aiplatform.googleapis.com", False),
        ("*", "bedrock-runtime.us-east-1.amazonaws.com", False),
        ("*", "my-lb.us-east-1.elb.amazonaws.com", True),
        ("*.shop.internal", "cart.shop.internal", True),
        ("*.shop.internal", "cart.shop.internal.evil.com", False),
        ("CART", "cart", True),
        ("10.0.0.0/8", "10.9.8.7", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "10.example.com", False),
        ("fd00::/8", "[fd00::1]", True),
        ("grpc:cart", "cart", False),
    ],
)
def test_the_list_means_what_it_says(patterns: str, host: str, *, told: bool) -> None:
    assert AllowList(patterns.split(",")).allows("host", host) is told


def test_a_pattern_that_is_no_host_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="SPANFOLD_PROPAGATE_TO: 'http://shop/' is no host"):
        AllowList(["http://shop/"])
