"""Cuts a period into pieces whose width people can read: 5 minutes, an hour, a day."""

from __future__ import annotations

from typing import Final

from spanfold_query_api import times

_MINUTE_S: Final = 60
_DAY_S: Final = 86_400
_WIDEST_S: Final = times.MAX_UNIX_NS // times.NS_PER_S
_WIDTHS_S: Final = (
    *(minutes * _MINUTE_S for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(days * _DAY_S for days in (1, 2, 7, 14, 28)),
)


def width_s(start_ns: int, end_ns: int, most: int) -> int:
    """The smallest width, in seconds, at which the period has at most so many pieces.

    Pieces begin at multiples of the width since 1970, so the first and the last may reach beyond the period,
    and one of decades may have two where one was asked for.

    Args:
        start_ns: first unix ns of the period.
        end_ns: first one after it.
        most: how many pieces there may be, from 1 on.

    Example:
        >>> width_s(0, 86_400 * times.NS_PER_S, 48)
        1800
    """
    for width in _WIDTHS_S:
        if _count(start_ns, end_ns, width) <= most:
            return width
    width = _WIDTHS_S[-1]
    while _count(start_ns, end_ns, width) > most and 2 * width <= _WIDEST_S:
        width *= 2
    return width


def _count(start_ns: int, end_ns: int, width: int) -> int:
    width_ns = width * times.NS_PER_S
    return (end_ns - 1) // width_ns - start_ns // width_ns + 1
