"""Which run and which experiment are active, here and now.

A run is active from ``start_run()`` until it ends. The call cannot know whether it stands in a ``with``
block, so it opens the run both in this context and for the process; entering the block withdraws it from
the process. A run that has ended is skipped wherever it is still in a stack, so it may end in another task
or thread than it was started in. Stacks are immutable tuples, as in :mod:`spanfold._internal.active`.
"""

from __future__ import annotations

import os
import threading
import time
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Final

from spanfold._internal.forks import ForkedLock
from spanfold_schemas.ids import DEFAULT_EXPERIMENT_ID

UNDECIDED_S: Final = 1.0
"""How long a call may be about to become a ``with`` block."""


@dataclass(slots=True, eq=False)
class Scope:
    """A run as long as it may be active. One object for all stacks that hold it."""

    run_id: str
    experiment_id: str
    ended: bool = False
    pid: int = field(default_factory=os.getpid)
    """The process that started it: a forked child may use it, but must not end it at its own exit."""
    thread_id: int = field(default_factory=threading.get_ident)
    opened_s: float = field(default_factory=time.monotonic)
    is_settled: bool = False
    """Whether it is known not to become a ``with`` block, so that it holds for other threads too."""
    is_block: bool = False
    """Whether it became one. Another thread may still look at the process's runs as they were before."""

    def is_here(self) -> bool:
        """Whether the process's run holds in this thread.

        Another thread can be stopped between its call and its block: then it is that block's alone.
        """
        if time.monotonic() - self.opened_s > UNDECIDED_S:
            self.is_settled = True
        return self.is_settled or self.thread_id == threading.get_ident()


Stack = tuple[Scope, ...]

_here: Final[ContextVar[Stack]] = ContextVar("spanfold-active-run", default=())


@dataclass(slots=True)
class Process:
    """What holds outside all contexts that have a run of their own."""

    runs: Stack = ()
    experiment_id: str | None = None
    """From ``set_experiment``, else from the environment; None means the default experiment."""


_process = Process()
_lock = ForkedLock()


def scope() -> Scope | None:
    """The innermost run that has not ended: this context's, else the process's."""
    for opened in reversed(_here.get()):
        if not opened.ended:
            opened.is_settled = True  # who asks here is past the call, or was handed the run
            return opened
    for opened in reversed(_process.runs):
        if not (opened.ended or opened.is_block) and (opened.is_settled or opened.is_here()):
            return opened
    return None


def own_scope() -> Scope | None:
    """As :func:`scope`, but only a run that this context opened, or the one that it was started from."""
    return next((opened for opened in reversed(_here.get()) if not opened.ended), None)


def current() -> str | None:
    """The active run's ID. Called for every span: no lock."""
    if not _process.runs and not _here.get():
        return None
    opened = scope()
    return None if opened is None else opened.run_id


def current_experiment() -> str | None:
    """The experiment of the active run, else the one that was set; None for the default experiment."""
    experiment_id = _process.experiment_id
    if _process.runs or _here.get():
        opened = scope()
        if opened is not None:
            experiment_id = opened.experiment_id
    return None if experiment_id == DEFAULT_EXPERIMENT_ID else experiment_id


def set_experiment(experiment_id: str | None) -> None:
    """Set what holds outside runs, for the whole process."""
    _process.experiment_id = experiment_id


def open_run(opened: Scope) -> None:
    """Make a run active: in this context, and for the process until it turns out to be a block."""
    _here.set((*_open(_here.get()), opened))
    with _lock.current:
        _process.runs = (*_open(_process.runs), opened)


def enter(opened: Scope) -> None:
    """The run turns out to be a ``with`` block of this context: nobody else's any more."""
    opened.is_block = True
    with _lock.current:
        _process.runs = tuple(other for other in _process.runs if other is not opened)
    if opened not in _here.get():
        _here.set((*_open(_here.get()), opened))


def close_run(opened: Scope) -> None:
    """The run is over, wherever it was active."""
    opened.ended = True
    _here.set(_open(_here.get()))
    with _lock.current:
        _process.runs = _open(_process.runs)


def snapshot() -> Stack:
    """The runs open here, for code that runs later but belongs to this place."""
    thread_id = threading.get_ident()
    for opened in _process.runs:
        if opened.thread_id == thread_id:
            opened.is_settled = True
    return _here.get()


def resume(stack: Stack) -> Token[Stack]:
    """Continue under runs that :func:`snapshot` noted; undo with :func:`suspend`."""
    return _here.set(stack)


def suspend(token: Token[Stack]) -> None:
    """Return to the runs that were open before :func:`resume`."""
    _here.reset(token)


def swap_process(process: Process | None = None) -> Process:
    """Replace what holds for the process; returns what held before (for tests to put back)."""
    global _process
    with _lock.current:
        before, _process = _process, process or Process()
    return before


def _open(stack: Stack) -> Stack:
    return tuple(opened for opened in stack if not opened.ended)
