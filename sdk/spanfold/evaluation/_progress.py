"""How far an evaluation of traces is: told to the server, to the caller, and on a bar at the terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from spanfold._internal.faults import logger
from spanfold.errors import InvalidArgumentError, SpanfoldError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import ExitStack

TELL_EVERY_S: Final = 1.0
"""How often the server is told at most."""
LOOK_EVERY_S: Final = 2.0
"""How often the server is asked whether somebody has cancelled it."""
_TICK_S: Final = 0.25
MAX_REASONS: Final = 50
MAX_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """Numbers so far, of all parts of an evaluation that was cut off and resumed."""

    done: int = 0
    """Traces that were looked at."""
    total: int | None = None
    failed: int = 0
    """Scores that a metric could not give."""
    unmapped: int = 0
    """Traces that lack what some metric needs."""
    calls: int = 0
    """Calls to judges that were paid for."""
    cost_usd: float = 0.0
    scores: int = 0


Tell = Callable[[Progress], object]


class Unmapped:
    """Traces that some metric could not score, counted by reason, with a few IDs of each. For threads."""

    def __init__(self) -> None:
        self.reasons: Final = Counter[str]()
        self.examples: Final[dict[str, list[str]]] = {}
        self._lock: Final = threading.Lock()

    @property
    def count(self) -> int:
        """How many traces."""
        return self.reasons.total()

    def add(self, found: Iterable[tuple[str, str]]) -> None:
        """Count traces: the reason and the ID of each."""
        with self._lock:
            for reason, trace_id in found:
                known = (
                    reason if reason in self.reasons or len(self.reasons) < MAX_REASONS else "other reasons"
                )
                self.reasons[known] += 1
                examples = self.examples.setdefault(known, [])
                if len(examples) < MAX_EXAMPLES:
                    examples.append(trace_id)


class Ticker:
    """A thread that tells how far it is, and looks whether it was cancelled. A context manager."""

    def __init__(
        self,
        now: Callable[[], Progress],
        tell_server: Callable[[dict[str, Any]], None],
        is_cancelled: Callable[[], bool],
        on_cancel: Callable[[], None],
        tell_caller: Tell | None = None,
    ) -> None:
        self._now: Final = now
        self._tell_server: Final = tell_server
        self._is_cancelled: Final = is_cancelled
        self._on_cancel: Final = on_cancel
        self._tell_caller: Final = tell_caller
        self._ended: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="spanfold-evaluation", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._show(self._now())

    def _run(self) -> None:
        told: Progress | None = None
        told_at = looked_at = time.monotonic()
        while not self._ended.wait(_TICK_S):
            progress = self._now()
            self._show(progress)
            if progress != told and time.monotonic() - told_at >= TELL_EVERY_S:
                told, told_at = progress, time.monotonic()
                self._try(lambda: self._tell_server(asdict(progress)))  # noqa: B023 - called at once
            if time.monotonic() - looked_at >= LOOK_EVERY_S:
                looked_at = time.monotonic()
                self._try(lambda: self._on_cancel() if self._is_cancelled() else None)

    def _show(self, progress: Progress) -> None:
        if self._tell_caller is not None:
            self._try(lambda: self._tell_caller and self._tell_caller(progress))

    def _try(self, act: Callable[[], object]) -> None:
        """The next tick tries again: nothing here may end the evaluation."""
        try:
            act()
        except SpanfoldError as fault:
            logger.warning("an evaluation cannot tell how far it is: %s", fault)
        except Exception:  # noqa: BLE001 - the caller's own function among them
            logger.exception("an evaluation cannot tell how far it is")


def shown(wanted: bool | Tell | None, opened: ExitStack) -> Tell | None:  # noqa: FBT001 - None: where somebody looks
    """Who is told: the caller's function, a bar, or nobody.

    Args:
        wanted: a function; True for a bar; None for a bar at a terminal.
        opened: closes the bar.

    Raises:
        InvalidArgumentError: a bar is asked for, and tqdm is not installed.
    """
    if callable(wanted):
        return wanted
    if wanted is False or (wanted is None and not (sys.stderr is not None and sys.stderr.isatty())):
        return None
    try:
        from tqdm import tqdm  # noqa: PLC0415 - needed by few
    except ImportError:
        if wanted:
            message = "progress: the bar needs tqdm: pip install 'spanfold[evaluate]'"
            raise InvalidArgumentError(message) from None
        return None
    bar = opened.enter_context(tqdm(unit=" traces", desc="evaluate", dynamic_ncols=True))
    lock = threading.Lock()

    def tell(progress: Progress) -> None:
        with lock:
            bar.total = progress.total
            bar.n = progress.done
            details = {"scores": progress.scores}
            if progress.calls:
                details |= {"calls": progress.calls, "USD": f"{progress.cost_usd:.4g}"}  # type: ignore[dict-item]
            if progress.failed:
                details["failed"] = progress.failed
            bar.set_postfix(details, refresh=False)
            bar.refresh()

    return tell
