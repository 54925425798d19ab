"""A WSGI application without a framework, as gunicorn serves it, with a client that its threads share."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from openai import OpenAI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

client = OpenAI()


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/ask":
        client.chat.completions.create(
            model="gunicorn", messages=[{"role": "user", "content": environ["QUERY_STRING"]}]
        )
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"pid": os.getpid()}).encode()]
