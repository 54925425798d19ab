"""A trace as a waterfall of text: the tree of spans beside bars on one time line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from spanfold_deploy.cli._output import STATUS_STYLES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NAME_WIDTH: Final = 48
_SERVICE_WIDTH: Final = 24
_DURATION_WIDTH: Final = 9
_STATUS_WIDTH: Final = 5
_NARROWEST_BAR: Final = 10
_STATUS_WORDS: Final[Mapping[str, str]] = {"ERROR": "ERROR", "OK": "OK", "UNSET": ""}
_ASCII_BRANCHES: Final = (("├ ", "|-"), ("└ ", "`-"), ("│ ", "| "))
_BAR_STYLES: Final = ("cyan", "magenta", "yellow", "green", "blue")
"""One a service, in order of appearance, so that hops between services are seen at a glance."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the span, and the branches of the tree that lead to it."""

    branches: str
    span: Mapping[str, Any]


def rows(spans: Sequence[Mapping[str, Any]], branches: str = "", *, top: bool = True) -> Iterator[Row]:
    """Every span of the tree, parents before children, in the order in which they started."""
    ordered = sorted(spans, key=lambda span: span["start_time_unix_ns"])
    for number, span in enumerate(ordered, start=1):
        last = number == len(ordered)
        yield Row(branches + ("" if top else "└ " if last else "├ "), span)
        below = branches + ("" if top else "  " if last else "│ ")
        yield from rows(span["children"], below, top=False)


def bar(offset_ns: int, duration_ns: int, total_ns: int, width: int, block: str = "█") -> str:
    """A bar at its place on a time line of ``width`` characters; at least one character, never past the end.

    Example:
        >>> bar(250, 500, 1000, 8, "#")
        '  ####'
    """
    total = max(1, total_ns)
    left = min(width - 1, max(0, offset_ns * width // total))
    length = max(1, min(width - left, round(duration_ns * width / total)))
    return " " * left + block * length


def render(trace: Mapping[str, Any], width: int, *, ascii_only: bool = False) -> Table:
    """The waterfall of a trace as the query API tells it, ``width`` characters wide."""
    lines = list(rows(trace["spans"]))
    services = list(dict.fromkeys(str(line.span["service_name"]) for line in lines))
    names = min(_NAME_WIDTH, max((len(line.branches) + len(line.span["name"]) for line in lines), default=1))
    service_width = min(_SERVICE_WIDTH, max(map(len, services), default=1))
    bar_width = max(_NARROWEST_BAR, width - names - service_width - _DURATION_WIDTH - _STATUS_WIDTH - 4)
    begin = min((line.span["start_time_unix_ns"] for line in lines), default=0)
    end = max((line.span["start_time_unix_ns"] + line.span["duration_ns"] for line in lines), default=begin)

    table = Table.grid(padding=(0, 1))
    table.add_column(width=names, no_wrap=True)
    table.add_column(width=service_width, no_wrap=True)
    table.add_column(width=_DURATION_WIDTH, no_wrap=True, justify="right")
    table.add_column(width=_STATUS_WIDTH, no_wrap=True)
    table.add_column(width=bar_width, no_wrap=True)
    for line in lines:
        span = line.span
        failed = span["status"] == "ERROR"
        place = services.index(str(span["service_name"])) % len(_BAR_STYLES)
        offset_ns = span["start_time_unix_ns"] - begin
        drawn = bar(offset_ns, span["duration_ns"], end - begin, bar_width, "#" if ascii_only else "█")
        table.add_row(
            Text(_plain(line.branches) if ascii_only else line.branches).append(str(span["name"])),
            Text(str(span["service_name"]), style="dim"),
            Text(milliseconds(span["duration_ns"] / 1e6)),
            Text(_STATUS_WORDS[span["status"]], style=STATUS_STYLES[span["status"]]),
            Text(drawn, style=STATUS_STYLES["ERROR"] if failed else _BAR_STYLES[place]),
        )
    return table


def _plain(branches: str) -> str:
    for drawing, plain in _ASCII_BRANCHES:
        branches = branches.replace(drawing, plain)
    return branches
