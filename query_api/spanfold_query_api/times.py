"""Instants as text and as numbers: RFC 3339 with nanoseconds, and nanoseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

NS_PER_S: Final = 1_000_000_000
MAX_UNIX_NS: Final = 2**63 - 1
"""2262-04-11: the last instant that the database's times can hold."""

_RFC_3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_rfc3339(text: str) -> int:
    """Nanoseconds from 1970-01-01T00:00:00Z to the instant; digits past the ninth are cut off.

    Raises:
        ValueError: the text is not RFC 3339 (a time zone is required), or the instant is before 1970 or
            after 2262-04-11.

    Example:
        >>> parse_rfc3339("2026-11-21T06:00:00.5+01:00")
        1795237200500000000
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("write a time as RFC 3339 with a time zone, such as 2026-11-21T06:00:00.5Z")
    date, clock, fraction, zone = match.groups()
    try:
        instant = datetime.fromisoformat(f"{date}T{clock}{zone.upper().replace('Z', '+00:00')}")
    except ValueError as error:
        message = f"there is no such time: {error}"
        raise ValueError(message) from None
    unix_ns = (instant - _EPOCH) // timedelta(seconds=1) * NS_PER_S + int((fraction or "").ljust(9, "0"))
    if not 0 <= unix_ns <= MAX_UNIX_NS:
        raise ValueError("times range from 1970-01-01T00:00:00Z to 2262-04-11T23:47:16Z")
    return unix_ns


def format_rfc3339(unix_ns: int) -> str:
    """The instant in UTC, with as many groups of three decimals as it needs.

    Example:
        >>> format_rfc3339(1795237200500000000)
        '2026-11-21T05:00:00.500Z'
    """
    seconds, fraction = divmod(unix_ns, NS_PER_S)
    decimals = f"{fraction:09d}"
    while decimals.endswith("000"):
        decimals = decimals[:-3]
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{decimals}Z" if decimals else f"{text}Z"
