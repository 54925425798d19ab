"""A trace as a waterfall of text: the tree of spans beside bars on one time line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from spanfold_deploy.cli._output import STATUS_STYLES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NAME_WIDTH = 48
_BAR_STYLES = ("cyan", "magenta", "yellow", "green", "blue")
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
    service_width = min(24, max(map(len, services), default=1))
    bar_width = max(10, width - names - service_width - 24)
    begin = min((line.span["start_time_unix_ns"] for line in lines), default=0)
    end = max((line.span["start_time_unix_ns"] + line.span["duration_ns"] for line in lines), default=begin)

    table = Table.grid(padding=(0, 1))
    for column_width in (names, service_width, 9, 5, bar_width):
        table.add_column(width=column_width, no_wrap=True, justify="right" if column_width == 9 else "left")  # noqa: PLR2004 - the durations
    for line in lines:
        span = line.span
        status = str(span["status"])
        style = (
            STATUS_STYLES["ERROR"]
            if status == "ERROR"
            else _BAR_STYLES[services.index(str(span["service_name"])) % len(_BAR_STYLES)]
        )
        drawn = bar(
            span["start_time_unix_ns"] - begin,
            span["duration_ns"],
            end - begin,
            bar_width,
            "#" if ascii_only else "█",
        )
        branches = line.branches.translate(str.maketrans("└├│", "`|:")) if ascii_only else line.branches
        table.add_row(
            Text(branches + str(span["name"])),
            Text(str(span["service_name"]), style="dim"),
            milliseconds(span["duration_ns"] / 1e6),
            Text("" if status == "UNSET" else status, style=STATUS_STYLES[status]),
            Text(drawn, style=style),
        )
    return table
