"""A WSGI application for a server that forks its workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import spanfold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

spanfold.set_active_model(model_id="m-" + "9" * 32)
with spanfold.start_span("loading"):
    pass


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Record a span for each request."""
    with spanfold.start_span("request", attributes={"path": environ["PATH_INFO"], "pid": os.getpid()}):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]
