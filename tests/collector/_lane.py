"""What the tests of the lane share: requests, and a look at the spool and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spanfold_schemas.database import RetryableDatabaseError
from tests.collector._database import span_names
from tests.collector._otlp import make_span, make_traces

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold_collector.lane import Lane

AWAY: Final = RetryableDatabaseError("the database is away")
NEVER_S: Final = 1000.0


def request(number: int, size: int = 0) -> bytes:
    return make_traces(make_span(number, {"padding": "x" * size}))


def names(*numbers: int) -> list[str]:
    return [f"span {number}" for number in numbers]


def spooled(directory: Path) -> list[str]:
    groups = sorted((directory / "spool" / "traces").glob("*.group"))
    return [name for path in groups for name in span_names(path.read_bytes()[49:])]


def figure(lane: Lane, name: str) -> float:
    value = lane._telemetry.registry.get_sample_value(f"spanfold_collector_{name}", {"signal": "traces"})
    return value or 0.0
