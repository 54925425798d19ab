"""How values look in a terminal: durations, times, counts, tables."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.table import Table

from spanfold_deploy.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS_STYLES: Final[Mapping[str, str]] = {"ERROR": "bold red", "OK": "green", "UNSET": ""}
_UNITS: Final[Mapping[str, str]] = {
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
_NARROWEST_PIPE = 200


def console() -> Console:
    """A console on standard output; wide where no terminal sets the width, so that pipes get whole lines."""
    screen = Console(highlight=False, markup=False, emoji=False)
    if not screen.is_terminal:
        screen.width = max(screen.width, _NARROWEST_PIPE)
    return screen


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(*columns: str, right: frozenset[str] = frozenset()) -> Table:
    """An empty table; columns named in ``right`` are numbers."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        result.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return result


def pairs(mapping: Mapping[str, object]) -> str:
    """Names and values on one line, sorted by name; numbers without needless digits.

    Example:
        >>> pairs({"top_k": "3", "f1": 0.5})
        'f1=0.5 top_k=3'
    """
    return " ".join(
        f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in sorted(mapping.items())
    )


def milliseconds(value: float | None) -> str:
    """A duration in the unit that a person would use.

    Example:
        >>> [milliseconds(value) for value in (0.25, 12.34, 1234.5, 125_000.0, None)]
        ['0.25 ms', '12.3 ms', '1.23 s', '2 m 05 s', '-']
    """
    if value is None:
        return "-"
    if value >= 60_000:  # noqa: PLR2004 - a minute
        minutes, seconds = divmod(round(value / 1000), 60)
        return f"{minutes} m {seconds:02} s"
    if value >= 1000:  # noqa: PLR2004 - a second
        return f"{value / 1000:.2f} s"
    return f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"


def local_time(text: str) -> str:
    """An RFC 3339 time as the clock on the reader's wall shows it, to the millisecond."""
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}"


def shorten(text: str | None, length: int) -> str:
    r"""One line of at most ``length`` characters.

    Example:
        >>> shorten("a  long\nline", 8)
        'a long …'
    """
    line = " ".join((text or "").split())
    return line if len(line) <= length else line[: length - 1] + "…"


def start_of(since: str) -> datetime:
    """When a period such as ``1h`` began, or the RFC 3339 time itself.

    Raises:
        SettingsError: it is neither.

    Example:
        >>> start_of("2026-01-02T03:04:05Z")
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    """
    if match := re.fullmatch(r"(\d{1,6})([smhdw])", since):
        return datetime.now(UTC) - timedelta(**{_UNITS[match[2]]: int(match[1])})
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        example = "30s, 15m, 1h, 7d, 2w or a time like 2026-01-02T03:04:05Z"
        message = f"--since {since} is not a period.\n  Fix: for example {example}"
        raise SettingsError(message) from None
    return moment if moment.tzinfo else moment.astimezone()
