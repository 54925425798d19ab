"""A ClickHouse server, over its HTTP interface."""

from __future__ import annotations

import math
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl, unquote

import clickhouse_connect
from clickhouse_connect.driver.httpclient import HttpClient
from urllib3 import Timeout

from spanfold_deploy.database.engine import OTLP_PROTO, SESSION_SETTINGS

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from clickhouse_connect.driver.client import Client

HTTP_PORT: Final = 8123
HTTPS_PORT: Final = 8443
CONNECT_TIMEOUT_S: Final = 5
_OPTIONS: Final = frozenset({"secure", "ca_cert", "compress"})
_YES_NO: Final = {"1": True, "true": True, "0": False, "false": False}


class ServerEngine:
    """How to reach one ClickHouse server, or the load balancer before many."""

    def __init__(self, arguments: dict[str, Any], *, timeout_s: float) -> None:
        self._arguments: Final = arguments
        self._timeout_s: Final = timeout_s

    @classmethod
    def at(cls, parts: SplitResult, *, timeout_s: float) -> Self:
        """Read a ``clickhouse://`` URL. Nothing is connected yet.

        Raises:
            ValueError: no host, an unknown option, or a value that an option cannot have.
        """
        if not parts.hostname:
            message = "a server's URL is clickhouse://user:password@host:8123/database: the host is missing"
            raise ValueError(message)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := sorted(options.keys() - _OPTIONS):
            message = f"unknown option {unknown[0]!r} in the database URL: there are {sorted(_OPTIONS)}"
            raise ValueError(message)
        secure = _flag(options, "secure", default=False)
        arguments: dict[str, Any] = {
            "interface": "https" if secure else "http",
            "host": parts.hostname,
            "port": parts.port or (HTTPS_PORT if secure else HTTP_PORT),
            "username": unquote(parts.username or "default"),
            "password": unquote(parts.password or ""),
            "database": unquote(parts.path.strip("/")) or "default",
            "compress": _flag(options, "compress", default=True),
            "ca_cert": options.get("ca_cert"),
        }
        return cls(arguments, timeout_s=timeout_s)

    def connect(self) -> Client:
        """One more client with a connection of its own; asks the server for its version."""
        client = clickhouse_connect.get_client(
            **self._arguments,
            client_name="spanfold",
            connect_timeout=CONNECT_TIMEOUT_S,
            send_receive_timeout=math.ceil(self._timeout_s),
            settings={**SESSION_SETTINGS, "max_execution_time": self._timeout_s},
            tz_mode="aware",
            # A session would tie every call to one node behind a load balancer, and would stay locked
            # after a call that timed out here and still runs there.
            autogenerate_session_id=False,
            # Who calls knows better when to try again: a collector has its spool, a page its user.
            query_retries=0,
            dedicated_pool=True,
        )
        self.set_read_timeout(client, self._timeout_s)
        return client

    def set_read_timeout(self, client: Client, timeout_s: float) -> None:
        """Wait a little longer than the server may take, so that its own, clearer error comes first."""
        assert isinstance(client, HttpClient)  # noqa: S101  (says to the type checker what connect() made)
        client.timeout = Timeout(connect=CONNECT_TIMEOUT_S, read=timeout_s + min(timeout_s, 5.0))

    def protobuf_settings(self, message: str) -> dict[str, str]:
        """The schema as a string, so that nothing has to be installed on the server."""
        return {
            "format_schema_source": "string",
            "format_schema": self._schema,
            "format_schema_message_name": message,
        }

    @cached_property
    def _schema(self) -> str:
        """The schema without comments and indents: it travels in the URL of every insert."""
        text = re.sub(r"//.*|/\*(?s:.*?)\*/", "", OTLP_PROTO.read_text(encoding="utf-8"))
        return " ".join(text.split())

    def release(self) -> None:
        """Nothing: a server's clients own all there is."""


def _flag(options: dict[str, str], name: str, *, default: bool) -> bool:
    value = options.get(name, "1" if default else "0").lower()
    if value not in _YES_NO:
        message = f"{name}={value} in the database URL: expected 1 or 0"
        raise ValueError(message)
    return _YES_NO[value]
