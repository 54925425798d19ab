"""A threaded HTTP server on loopback that speaks ClickHouse's HTTP interface, executed by chDB."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from tests.clickhouse_http.execution import EngineError
from tests.clickhouse_http.faults import Fault, FaultKind, Faults
from tests.clickhouse_http.wire import BadRequestError, pack, read_body, read_request, status_of

if TYPE_CHECKING:
    from typing import Any

    from tests.clickhouse_http.execution import Answer, Execution
    from tests.clickhouse_http.wire import Request

logger = logging.getLogger(__name__)

HOST: Final = "127.0.0.1"


class _Cut(Exception):  # noqa: N818  (ends a connection, names no error)
    """The connection ends here, without an answer."""


class _Listener(ThreadingHTTPServer):
    # Ends with its requests: an engine torn down under a running query takes the process with it.
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128
    owner: ClickHouseHttp

    def __init__(self, address: tuple[str, int], owner: ClickHouseHttp) -> None:
        self.owner = owner
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_close(self) -> None:
        """Close as ClickHouse does: idle connections end at once, requests in flight are answered."""
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in the middle are what these tests are about: a debug line will do."""
        logger.debug("connection %s to %s broke", request, client_address, exc_info=sys.exception())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write for the head and one for the body would wait for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """No access log."""

    def _serve(self) -> None:
        try:
            path = self.path.partition("?")[0]
            if path == "/ping":
                self._answer(200, b"Ok.\n")
            elif path != "/":
                self._answer(404, f"There is no handle {path}\n".encode())
            else:
                self._run()
        except _Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        owner = self.server.owner
        try:
            request = read_request(self.path, self.headers, read_body(self.headers, self.rfile))
        except BadRequestError as error:
            self._refuse(36, f"Code: 36. DB::Exception: {error}. (BAD_ARGUMENTS)")
            return
        if (request.user, request.password) != (owner.user, owner.password):
            text = (
                f"Code: 516. DB::Exception: {request.user}: Authentication failed: password is incorrect, or "
                "there is no user with such name. (AUTHENTICATION_FAILED)"
            )
            self._refuse(516, text)
            return
        if owner.refusing:
            raise _Cut
        fault = owner.faults.strike(request.head)
        if fault is not None and self._meets(fault):
            return
        try:
            answer = owner.execution.run(request)
        except EngineError as error:
            self._refuse(error.code, str(error))
            return
        self._deliver(request, answer, fault)

    def _meets(self, fault: Fault) -> bool:
        """Whether the fault has settled the request before its statement runs."""
        if fault.kind is FaultKind.DROP:
            raise _Cut
        if fault.kind is FaultKind.DELAY:
            self.server.owner.faults.delay(fault.seconds)
            if self.server.owner.refusing:
                raise _Cut
        if fault.kind is not FaultKind.STATUS:
            return False
        if fault.code is None:
            self._answer(fault.status, b"<html>an error that no ClickHouse wrote</html>\n")
        else:
            text = f"Code: {fault.code}. DB::Exception: Injected. (FAULT_INJECTED)"
            self._refuse(fault.code, text, status=fault.status)
        return True

    def _deliver(self, request: Request, answer: Answer, fault: Fault | None) -> None:
        if fault is not None and fault.kind is FaultKind.DROP_AFTER:
            raise _Cut
        headers = {
            "X-ClickHouse-Summary": answer.summary,
            "X-ClickHouse-Query-Id": request.query_id,
            "X-ClickHouse-Timezone": request.settings.get("session_timezone", "UTC"),
        }
        if answer.format is not None:
            headers["X-ClickHouse-Format"] = answer.format
        body, encoding = pack(answer.body, request.accepted_encodings)
        if encoding is not None:
            headers["Content-Encoding"] = encoding
        cut_at = len(body) // 2 if fault is not None and fault.kind is FaultKind.TRUNCATE else None
        self._answer(200, body, headers, cut_at=cut_at)

    def _refuse(self, code: int, text: str, *, status: int | None = None) -> None:
        body = f"{text} (version 26.9.2.1 (a test's own build))\n".encode()
        self._answer(status or status_of(code), body, {"X-ClickHouse-Exception-Code": str(code)})

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, *, cut_at: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"X-ClickHouse-Server-Display-Name": "chdb", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut_at])
        self.wfile.flush()
        if cut_at is not None:
            raise _Cut


class ClickHouseHttp:
    """The server. ``port`` stays the same when it refuses connections for a while."""

    def __init__(self, execution: Execution, *, port: int = 0, user: str, password: str) -> None:
        self.execution = execution
        self.user = user
        self.password = password
        self.faults = Faults()
        self.refusing = False
        self._listener, self._thread = self._listen(port)
        self.port: int = self._listener.server_address[1]

    def _listen(self, port: int) -> tuple[_Listener, threading.Thread]:
        listener = _Listener((HOST, port), self)
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        return listener, thread

    def order(self, fault: Fault) -> None:
        """Put a fault in force."""
        if fault.kind is FaultKind.REFUSE:
            self.refusing = True
            self._stop_listening()
        else:
            self.faults.order(fault)

    def clear(self) -> None:
        """Lift every fault."""
        self.faults.clear()
        if self.refusing:
            self.refusing = False
            self._listener, self._thread = self._listen(self.port)

    def _stop_listening(self) -> None:
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

    def close(self) -> None:
        """Stop listening, let the running requests end, then stop the engine."""
        self.faults.clear()
        if not self.refusing:
            self._stop_listening()
        self.execution.close()


class _ControlHandler(BaseHTTPRequestHandler):
    server: _Control

    def do_POST(self) -> None:
        """``/faults`` with a fault as JSON puts it in force; ``/clear`` lifts them all."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == "/clear":
            self.server.target.clear()
        else:
            values = json.loads(body)
            self.server.target.order(Fault(**{**values, "kind": FaultKind(values["kind"])}))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """No access log."""


class _Control(ThreadingHTTPServer):
    target: ClickHouseHttp


def control_of(target: ClickHouseHttp) -> _Control:
    """A listening endpoint of its own for faults, which must work while the other one refuses."""
    control = _Control((HOST, 0), _ControlHandler)
    control.target = target
    threading.Thread(target=control.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return control
