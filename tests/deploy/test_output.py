"""What the commands print: durations, periods, and the waterfall's geometry."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from spanfold_deploy.cli import _output, _waterfall
from spanfold_deploy.errors import SettingsError


def span(name: str, start: int, duration: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "service_name": "service",
        "status": "UNSET",
        "start_time_unix_ns": start,
        "duration_ns": duration,
        "children": [],
        **more,
    }


def drawn(trace: dict[str, Any], *, width: int = 100, ascii_only: bool = True) -> list[str]:
    screen = Console(file=io.StringIO(), width=width, force_terminal=False)
    screen.print(_waterfall.render(trace, width, ascii_only=ascii_only))
    assert isinstance(screen.file, io.StringIO)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.25, "0.25 ms"), (12.34, "12.3 ms"), (1234.5, "1.23 s"), (119_600.0, "2 m 00 s"), (None, "-")],
)
def test_durations_are_shown_in_the_unit_that_a_person_would_use(value: float | None, shown: str) -> None:
    assert _output.milliseconds(value) == shown


def test_a_period_reaches_back_from_now() -> None:
    assert abs(_output.start_of("90m") - (datetime.now(UTC) - timedelta(minutes=90))) < timedelta(seconds=5)


def test_a_time_without_a_zone_is_the_local_one() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - the point
    assert _output.start_of("2026-01-02T03:04:05") == moment.astimezone()


@pytest.mark.parametrize("text", ["soon", "1y", "", "-1h", "h"])
def test_what_is_no_period_is_refused_with_examples(text: str) -> None:
    with pytest.raises(SettingsError, match="for example 30s"):
        _output.start_of(text)


@pytest.mark.parametrize(
    ("offset", "duration", "bar"),
    [
        (0, 1000, "##########"),
        (500, 500, "     #####"),
        (999, 0, "         #"),  # even an instant is seen
        (990, 900, "         #"),  # and nothing is drawn past the end
        (-50, 100, "#"),  # a clock that is off does not push a bar out of the picture
    ],
)
def test_a_bar_starts_and_ends_in_proportion_to_the_trace(offset: int, duration: int, bar: str) -> None:
    assert _waterfall.bar(offset, duration, 1000, 10, "#") == bar


def test_the_waterfall_draws_children_below_their_parent_in_the_order_of_their_start() -> None:
    late, early = span("late", 600, 400), span("early", 100, 300, children=[span("inner", 200, 100)])
    lines = drawn({"spans": [span("root", 0, 1000, children=[late, early])]})
    assert [line.split("service")[0].rstrip() for line in lines] == ["root", "|-early", "| `-inner", "`-late"]
    starts = [line.index("#") for line in lines]
    assert starts[0] < starts[1] < starts[2] < starts[3]
    assert [line.count("#") for line in lines] == [lines[0].count("#")] + [
        pytest.approx(lines[0].count("#") * share, abs=1) for share in (0.3, 0.1, 0.4)
    ]


def test_an_error_is_told_in_words_not_by_colour_alone() -> None:
    (line,) = drawn({"spans": [span("root", 0, 10, status="ERROR")]})
    assert "ERROR" in line


def test_names_from_outside_are_not_read_as_markup() -> None:
    (line,) = drawn({"spans": [span("[red]root[/red]", 0, 10)]})
    assert "[red]root[/red]" in line


def test_a_trace_without_spans_draws_nothing() -> None:
    assert drawn({"spans": []}) == []
