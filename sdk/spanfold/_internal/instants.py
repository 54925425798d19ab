"""Instants, as users write them and as the query API takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from spanfold.errors import InvalidArgumentError

Instant = datetime | int | str
"""A date and time with a zone, milliseconds since 1970, or RFC 3339 text."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_rfc3339(field_name: str, instant: Instant) -> str:
    """The instant as text.

    Raises:
        InvalidArgumentError: it is none of the three forms, or without a time zone.

    Example:
        >>> to_rfc3339("as_of", 1_700_000_000_123)
        '2023-11-14T22:13:20.123000Z'
    """
    if isinstance(instant, str):
        return instant
    if isinstance(instant, int) and not isinstance(instant, bool):
        try:
            instant = _EPOCH + timedelta(milliseconds=instant)
        except OverflowError:
            message = f"{field_name}: milliseconds since 1970, not {instant}"
            raise InvalidArgumentError(message) from None
    if not isinstance(instant, datetime):
        message = f"{field_name}: a datetime, milliseconds since 1970 or RFC 3339 text, not {instant!r}"
        raise InvalidArgumentError(message)
    if instant.tzinfo is None:
        message = f"{field_name}: {instant} has no time zone: write it with tzinfo=UTC, say"
        raise InvalidArgumentError(message)
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
