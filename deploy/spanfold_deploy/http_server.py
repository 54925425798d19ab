"""An application on a socket, served from a thread."""

from __future__ import annotations

import errno
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from spanfold_deploy.errors import StartError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

_START_TIMEOUT_S: Final = 30.0


class HttpServer:
    """Serves an application from a thread of its own.

    uvicorn takes over the process's signals only in the main thread, where it would raise them again
    after serving and so keep everything after it from closing.
    """

    def __init__(self, app: FastAPI, listener: socket.socket, name: str) -> None:
        """Prepare.

        Args:
            app: what answers.
            listener: where; listens already.
            name: for messages.
        """
        import uvicorn  # noqa: PLC0415 - a collector alone does without

        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="auto")
        self._name: Final = name
        self._server: uvicorn.Server = uvicorn.Server(config)
        self._listener: Final = listener
        self._thread: Final = threading.Thread(target=self._serve, name=name.replace(" ", "-"), daemon=True)
        self.port: Final[int] = listener.getsockname()[1]

    def start(self) -> None:
        """Return once requests are answered.

        Raises:
            StartError: they are not within half a minute.
        """
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                message = f"the {self._name} did not start: see the log above"
                raise StartError(message)
            time.sleep(0.01)

    def is_alive(self) -> bool:
        """Whether requests are answered."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> None:
        """Take no more requests, and give those in flight some time."""
        self._server.config.timeout_graceful_shutdown = max(1, int(timeout_s))
        self._server.should_exit = True
        self._thread.join(timeout_s + 1)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listener])


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket.

    Args:
        host: name or address to listen on.
        port: 0 takes a free one.
        setting: the setting that the port comes from, for the message.

    Raises:
        StartError: the port is taken or not ours to take, or there is no such address here.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        flag = f"--{setting.replace('_', '-')}"
        if error.errno == errno.EADDRINUSE:
            message = (
                f"port {port} on {host} ({setting}) is in use by another program.\n"
                f"  Fix: stop that program, or choose another port: {flag} {port + 10000} (0: any free one)"
            )
        elif error.errno == errno.EACCES:
            message = f"port {port} ({setting}) needs more rights.\n  Fix: {flag} with a port above 1023"
        else:
            reason = error.strerror or error
            message = (
                f"cannot listen on {host} (host): {reason}.\n  Fix: --host 127.0.0.1, or 0.0.0.0 for all"
            )
        raise StartError(message) from None


def url_of(host: str, port: int) -> str:
    """The address to show; of all interfaces, this machine's own."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read, not bound
    return f"http://{shown}:{port}"
