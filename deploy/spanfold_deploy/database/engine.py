"""What the two roads to ClickHouse do differently: everything else is :mod:`.clickhouse`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import spanfold_schemas

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

OTLP_PROTO: Final = Path(spanfold_schemas.__file__).resolve().parent / "otlp.proto"
"""The schema that the engine decodes OTLP bytes with."""

SESSION_SETTINGS: Final[dict[str, Any]] = {
    # Times without a zone are UTC, whatever the zone of the host or of the server.
    "session_timezone": "UTC",
}


class Engine(Protocol):
    """A place where ClickHouse runs, and how to reach it."""

    def connect(self) -> Client:
        """Make one client, for one caller at a time. Raises whatever the client library raises."""
        ...

    def set_read_timeout(self, client: Client, timeout_s: float) -> None:
        """Give the client's next call up when the engine has been silent for so many seconds."""
        ...

    def protobuf_settings(self, message: str) -> dict[str, str]:
        """Settings that tell the engine which schema the inserted messages have."""
        ...

    def release(self) -> None:
        """Give back what is held beside the clients, which are closed by now."""
        ...
