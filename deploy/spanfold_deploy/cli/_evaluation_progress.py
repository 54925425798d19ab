"""How far an evaluation is, live on a terminal; and Ctrl-C, which stops it in order."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from spanfold_deploy.cli import _evaluation_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

_COLUMNS: Final = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TextColumn("{task.fields[rate]}"),
    TextColumn("{task.fields[cost]}"),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


@contextmanager
def shown(description: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """A bar on standard error, where that is a terminal; call what it yields with the counters so far."""
    screen = Console(stderr=True)
    with Progress(*_COLUMNS, console=screen, disable=not screen.is_terminal) as progress:
        task = progress.add_task(description, total=None, rate="", cost="")

        def update(counters: Mapping[str, Any]) -> None:
            cost = counters.get("cost_usd") or 0
            one = progress.tasks[0]
            progress.update(
                task,
                completed=counters.get("done") or 0,
                total=counters.get("total"),
                rate=f"{one.speed:,.0f}/s" if one.speed else "",
                cost=_evaluation_output.usd(cost) if cost else "",
            )

        yield update


@contextmanager
def stopped_by_interrupt() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that what is under way ends well; the next interrupts."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            signal.default_int_handler(number, frame)
        stop.set()
        sys.stderr.write("\nstopping; what is scored so far stays (Ctrl-C again: at once)\n")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
