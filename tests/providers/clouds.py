"""Google and Amazon Bedrock in miniature: their wire protocols over real sockets, beside :mod:`server`'s.

A message may begin with the same words as there (``fail:429:2``, ``long``, ``cut``). Any signature and
any key is accepted; what was sent is kept.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.providers import bedrock_wire, google_wire, script
from tests.providers.server import DEADLINE_S, Exchange, Provider, _Handler, _Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Clouds(Provider):
    """Both providers, at one address."""

    @property
    def environment(self) -> dict[str, str]:
        """What makes the client libraries talk to this provider."""
        return {
            "GOOGLE_GEMINI_BASE_URL": self.address,
            "GEMINI_API_KEY": "AIza-test-0123456789",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.address,
            "AWS_ACCESS_KEY_ID": "test-access-0123456789",
            "AWS_SECRET_ACCESS_KEY": "test-secret-0123456789",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def status_of(self, path: str, headers: dict[str, str], body: dict[str, Any], prompt: str) -> int:
        """Keep a request; the status to answer it with."""
        with self.changed:
            status, failure = 200, script.failure_of(prompt)
            if failure is not None:
                key = json.dumps([path, body], sort_keys=True)
                self._failures[key] += 1
                if failure.times is None or self._failures[key] <= failure.times:
                    status = failure.status
            self.exchanges.append(Exchange(path, headers, body, status))
            self.underway += 1
            self.most_underway = max(self.most_underway, self.underway)
        self.closing.wait(self.latency_s)
        with self.changed:
            self.underway -= 1
        return status


class _CloudHandler(_Handler):
    provider: Clouds

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = unquote(self.path.partition("?")[0])
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_bedrock = path.startswith("/model/")
        prompt = (bedrock_wire if is_bedrock else google_wire).prompt_of(body)
        status = self.provider.status_of(path, headers, body, prompt)
        if is_bedrock:
            self._bedrock(path, body, status)
        else:
            self._google(path, body, status)

    def _google(self, path: str, body: dict[str, Any], status: int) -> None:
        name, _, action = path.rpartition("/")[2].partition(":")
        if status != 200:
            self._reply(status, google_wire.error(status))
        elif action == "streamGenerateContent":
            self._stream_of("text/event-stream", (one.encode() for one in google_wire.events(body, name)))
        elif action == "batchEmbedContents":
            self._reply(200, google_wire.embeddings(body))
        elif action == "generateContent":
            self._reply(200, google_wire.generated(body, name))
        else:
            self._reply(404, google_wire.error(404))

    def _bedrock(self, path: str, body: dict[str, Any], status: int) -> None:
        if status != 200:
            kind = {"x-amzn-ErrorType": bedrock_wire.error_kind(status)}
            self._reply(status, bedrock_wire.error(status), kind)
        elif path.endswith("/converse-stream"):
            self._stream_of("application/vnd.amazon.eventstream", bedrock_wire.events(body))
        else:
            self._reply(200, bedrock_wire.conversed(body))

    def _stream_of(self, kind: str, pieces: Iterable[bytes]) -> None:
        self._begin(200, {"Content-Type": kind, "Transfer-Encoding": "chunked"})
        try:
            for data in pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
                self._check_client_is_there()
            self.wfile.write(b"0\r\n\r\n")
        except ConnectionAbortedError:
            self.close_connection = True  # as a provider does that goes down in the middle
        except ConnectionError:
            self.close_connection = True
            self.provider.note_left_early()


@contextmanager
def running_clouds(*, latency_s: float = 0.0) -> Iterator[Clouds]:
    """Both providers in the block, on a free port of loopback."""
    provider = Clouds(latency_s=latency_s)
    http = _Server(("127.0.0.1", 0), type("Handler", (_CloudHandler,), {"provider": provider}))
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
