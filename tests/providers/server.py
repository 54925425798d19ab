"""The server: takes requests, keeps them with every header, and answers in the protocol of the path."""

from __future__ import annotations

import json
import select
import socket
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from tests.providers import anthropic_wire, completions_wire, openai_wire, responses_wire, script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE_S: Final = 20.0
_PACE_S: Final = 0.002

_ROUTES: Final[dict[str, tuple[Any, Any]]] = {
    "/v1/chat/completions": (openai_wire.chat, openai_wire.chat_events),
    "/v1/completions": (completions_wire.completion, completions_wire.events),
    "/v1/responses": (responses_wire.response, responses_wire.events),
    "/v1/embeddings": (openai_wire.embeddings, None),
    "/v1/messages": (anthropic_wire.message, anthropic_wire.events),
    "/v1/messages/count_tokens": (anthropic_wire.count_tokens, None),
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it came, and the status that it got."""

    path: str
    headers: dict[str, str]
    """By lower-case name."""
    body: dict[str, Any]
    status: int


@dataclass
class Provider:
    """A running provider."""

    port: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    left_early: int = 0
    """Streams that the client closed before their end."""
    latency_s: float = 0.0
    """How long it thinks before it answers."""
    underway: int = 0
    most_underway: int = 0
    """The most requests that were thought about at once."""
    closing: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)
    _failures: Counter[str] = field(default_factory=Counter)

    @property
    def address(self) -> str:
        """Base address; OpenAI's clients want ``/v1`` behind it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes the client libraries of a child process talk to this provider."""
        return {
            "OPENAI_BASE_URL": f"{self.address}/v1",
            "OPENAI_API_KEY": "sk-test-0123456789",
            "ANTHROPIC_BASE_URL": self.address,
            "ANTHROPIC_API_KEY": "sk-ant-test-0123456789",
            "NO_PROXY": "127.0.0.1",
        }

    def headers_named(self, name: str) -> list[str]:
        """The values of a header over all requests: to prove that none of them carried it."""
        return [one.headers[name.lower()] for one in self.exchanges if name.lower() in one.headers]

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        """Wait until ``is_so`` after a request, or fail."""
        with self.changed:
            if not self.changed.wait_for(is_so, DEADLINE_S):
                message = f"not in {DEADLINE_S} s; requests: {[one.path for one in self.exchanges]}"
                raise AssertionError(message)

    def take(
        self, path: str, headers: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, script.Failure | None]:
        """Keep a request; the status to answer it with."""
        with self.changed:
            status = 200 if path in _ROUTES else 404
            failure = script.failure_of(_prompt_of(path, body), body) if status == 200 else None
            if failure is not None:
                key = json.dumps([path, body], sort_keys=True)
                self._failures[key] += 1
                if failure.times is None or self._failures[key] <= failure.times:
                    status = failure.status
            self.exchanges.append(Exchange(path, headers, body, status))
            self.underway += 1
            self.most_underway = max(self.most_underway, self.underway)
            self.changed.notify_all()
        self.closing.wait(self.latency_s)
        with self.changed:
            self.underway -= 1
        return status, failure

    def note_left_early(self) -> None:
        """A client closed a stream before its end."""
        with self.changed:
            self.left_early += 1
            self.changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = (
        True  # head and body leave apart, and the body would wait for an acknowledgement
    )
    provider: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, failure = self.provider.take(path, headers, body)
        if status != 200:
            wire = anthropic_wire if path.startswith("/v1/messages") else openai_wire
            # The client libraries would wait half a second and more before they try again.
            wait = {"Retry-After-Ms": "10"}
            if failure is not None and failure.retry_after_s is not None:
                wait = {"Retry-After": f"{failure.retry_after_s:g}"}
            self._reply(status, wire.error(status, failure.parameter if failure else None), wait)
            return
        if self._misbehaves(script.mark_in(_prompt_of(path, body))[0]):
            return
        answer, events = _ROUTES[path]
        if body.get("stream") and events is not None:
            self._stream(events(body))
        else:
            self._reply(200, answer(body))

    def _misbehaves(self, how: str) -> bool:
        """Answer as no provider should, if a mark asks for it."""
        if how == "hang":
            self.provider.closing.wait(DEADLINE_S)
        elif how == "broken":
            data = b"<html>all is well</html>"
            self._begin(200, {"Content-Type": "text/html", "Content-Length": str(len(data))})
            self.wfile.write(data)
            return True
        elif how != "drop":
            return False
        self.close_connection = True
        return True

    def _reply(self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self._begin(
            status, {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
        )
        self.wfile.write(data)

    def _stream(self, events: Iterator[str]) -> None:
        self._begin(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        try:
            for event in events:
                data = event.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
                self._check_client_is_there()
            self.wfile.write(b"0\r\n\r\n")
        except ConnectionAbortedError:
            self.close_connection = True  # as a provider does that goes down in the middle
        except ConnectionError:
            self.close_connection = True
            self.provider.note_left_early()

    def _check_client_is_there(self) -> None:
        """Wait for the pace of the stream.

        Raises:
            ConnectionError: the client closed the connection meanwhile.
        """
        # Not select(), which knows no file descriptors past 1,023: a process with many tests has them.
        watch = select.poll()
        watch.register(self.connection, select.POLLIN)
        if watch.poll(_PACE_S * 1_000) and not self.connection.recv(1, socket.MSG_PEEK):
            raise ConnectionError

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {
            "X-Request-Id": "req_0123456789",
            "Request-Id": "req_0123456789",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):  # a client that left need not be told of
            return super().handle_one_request()
        self.close_connection = True
        return None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 256  # judges come many at a time


def _prompt_of(path: str, body: dict[str, Any]) -> str:
    if path == "/v1/embeddings":
        return body["input"] if isinstance(body["input"], str) else str(body["input"][0])
    if path == "/v1/completions":
        return completions_wire.prompt_of(body)
    if path == "/v1/responses":
        return openai_wire.prompt_of(responses_wire.messages_of(body))
    prompt_of = openai_wire.prompt_of if path == "/v1/chat/completions" else anthropic_wire.prompt_of
    return prompt_of(body["messages"])


@contextmanager
def running(port: int = 0, *, latency_s: float = 0.0) -> Iterator[Provider]:
    """A provider that runs in the block, on a free port of loopback if none is named."""
    provider = Provider(latency_s=latency_s)
    handler = type("Handler", (_Handler,), {"provider": provider})
    http = _Server(("127.0.0.1", port), handler)
    http.daemon_threads = True
    provider.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.closing.set()
        http.shutdown()
        thread.join(DEADLINE_S)
        http.server_close()
