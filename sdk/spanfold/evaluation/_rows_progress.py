"""The bar that shows how far an evaluation of rows is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bar(Protocol):
    """Shows how many rows are done, of a model or of a metric."""

    def step(self, what: str) -> None:
        """Begin with what comes next."""

    def advance(self, rows: int) -> None:
        """So many rows more are done."""


class _Silent:
    """Nobody looks."""

    def step(self, what: str) -> None:
        """Nothing."""

    def advance(self, rows: int) -> None:
        """Nothing."""


@contextmanager
def bar(wanted: bool | None, total: int) -> Iterator[Bar]:  # noqa: FBT001 - None: where somebody looks
    """A bar for the block.

    Args:
        wanted: None: only at a terminal.
        total: rows times steps.

    Raises:
        InvalidArgumentError: it is asked for, and tqdm is not installed.
    """
    if wanted is False or (wanted is None and not _at_terminal()):
        yield _Silent()
        return
    try:
        from tqdm import tqdm  # noqa: PLC0415 - needed by few
    except ImportError:
        if wanted:
            message = "progress: the bar needs tqdm: pip install 'spanfold[evaluate]'"
            raise InvalidArgumentError(message) from None
        yield _Silent()
        return
    # Short evaluations show none: the first half second is nobody's wait.
    with tqdm(total=total, unit="rows", delay=0 if wanted else 0.5, leave=bool(wanted)) as shown:

        class Shown:
            """On the terminal."""

            def step(self, what: str) -> None:
                """Say what runs now."""
                shown.set_description(what, refresh=False)

            def advance(self, rows: int) -> None:
                """So many rows more are done."""
                shown.update(rows)

        yield Shown()


def _at_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
