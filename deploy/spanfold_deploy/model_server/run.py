"""The process that serves a model: loads it, listens, says so, and ends in order."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn

import spanfold
from spanfold.errors import SpanfoldError
from spanfold_deploy.errors import StartError
from spanfold_deploy.http_server import listen
from spanfold_deploy.model_server.app import create_app
from spanfold_deploy.model_server.served import MAX_WAITING, Served

_STOP_S: Final = 10
_PARENT_LOOK_S: Final = 1.0
_BACKLOG: Final = 1_024


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is served."""

    model_uri: str
    host: str = "127.0.0.1"
    port: int = 0
    """0: a free one."""
    socket_path: Path | None = None
    """A Unix socket, which only this user may use, instead of host and port."""
    workers: int | None = None
    batch_rows: int | None = None
    max_waiting: int = MAX_WAITING
    timeout_s: float = 600.0
    ends_with_parent: bool = False
    """Stop when the process that started this one is gone, however it went."""


def serve(options: Options, *, as_json: bool) -> None:
    """Serve until SIGTERM or SIGINT; then let requests under way end, for ten seconds.

    Raises:
        StartError: the model cannot be loaded, or the address cannot be used.
    """
    listener, address = _listen(options)
    try:
        model = load(options.model_uri)
    except (SpanfoldError, OSError) as fault:
        listener.close()
        raise StartError(f"cannot serve {options.model_uri}: {fault}") from fault
    served = Served(
        model,
        workers=options.workers,
        batch_rows=options.batch_rows,
        max_waiting=options.max_waiting,
        timeout_s=options.timeout_s,
    )
    config = uvicorn.Config(
        create_app(served), log_level="warning", access_log=False, timeout_graceful_shutdown=_STOP_S
    )
    ready = {
        "ready": True,
        "address": address,
        "model_id": model.model_id,
        "name": served.name,
        "pid": os.getpid(),
    }
    server = _Announcing(config, ready, as_json=as_json)
    if options.ends_with_parent:
        threading.Thread(target=_watch_parent, args=(server, os.getppid()), daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn ends on them, and then raises them again
        signal.signal(number, lambda *_: None)
    try:
        server.run(sockets=[listener])
    finally:
        served.close()
        spanfold.flush()
        if options.socket_path is not None:
            options.socket_path.unlink(missing_ok=True)


def load(model_uri: str) -> Any:
    """The model of a URI: a logged one, or one of transformers that ``save_pretrained`` wrote to a folder.

    Raises:
        SpanfoldError: it cannot be loaded.
    """
    folder = Path(model_uri.removeprefix("transformers:")).expanduser()
    if (folder / "config.json").is_file() and not (folder / "MLmodel").is_file():
        from spanfold_deploy.model_server.local import load_local  # noqa: PLC0415 - loads torch

        return load_local(folder)
    return spanfold.pyfunc.load_model(model_uri)


class _Announcing(uvicorn.Server):
    """Says that it is ready once it answers."""

    def __init__(self, config: uvicorn.Config, ready: dict[str, Any], *, as_json: bool) -> None:
        super().__init__(config)
        self._ready, self._as_json = ready, as_json

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and announce."""
        await super().startup(sockets)
        if self._as_json or not sys.stdout.isatty():
            print(json.dumps(self._ready), flush=True)  # noqa: T201 - how the caller learns the address
        else:
            print(f"{self._ready['name']} is served at {self._ready['address']}  (Ctrl-C stops)", flush=True)  # noqa: T201


def _listen(options: Options) -> tuple[socket.socket, str]:
    """The listening socket and how to reach it.

    Raises:
        StartError: the address cannot be used.
    """
    path = options.socket_path
    if path is None:
        listener = listen(options.host, options.port, "port")
        host = f"[{options.host}]" if ":" in options.host else options.host
        return listener, f"http://{host}:{listener.getsockname()[1]}"
    listener = socket.socket(socket.AF_UNIX)
    try:
        if path.exists() and not path.is_socket():
            raise StartError(f"--socket {path}: there is a file that is no socket")
        path.unlink(missing_ok=True)
        before = os.umask(0o177)  # from its first moment nobody else may connect
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(_BACKLOG)
    except OSError as fault:
        listener.close()
        raise StartError(f"--socket {path}: {fault.strerror or fault}") from fault
    return listener, f"unix:{path}"


def _watch_parent(server: uvicorn.Server, parent: int) -> None:
    """An orphan gets another parent."""
    while os.getppid() == parent:
        time.sleep(_PARENT_LOOK_S)
    server.should_exit = True
