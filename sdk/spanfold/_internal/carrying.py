"""Carries what is active into threads, pools of threads and pools of processes.

Python's new threads start with empty context variables, so the work that a block hands to a thread would
belong to no model and start a trace of its own. Nothing else of the context is carried: the application's
own context variables keep Python's rules.
"""

from __future__ import annotations

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context, attach, detach, get_current

from spanfold._internal import active
from spanfold._internal.faults import contained, swallow

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from types import TracebackType

_in_submit = threading.local()
"""Set while a pool may start its workers: they outlive the call, so they must not belong to its block."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What is active at one place, for code that runs at another."""

    context: Context
    active: active.Snapshot

    @staticmethod
    def from_here() -> Carried | None:
        """What is active here; None if there is nothing to carry."""
        context, noted = get_current(), active.snapshot()
        return Carried(context, noted) if context or noted.blocks or noted.runs else None


class _Under:
    """A block in which what was carried is active."""

    __slots__ = ("_carried", "_tokens")

    def __init__(self, carried: Carried) -> None:
        self._carried = carried
        self._tokens: tuple[Token[Context], Any] | None = None

    def __enter__(self) -> None:
        with contained("carry the active model into a thread"):
            self._tokens = attach(self._carried.context), active.resume(self._carried.active)

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contained("leave a thread's block"):
            if self._tokens is not None:
                context, noted = self._tokens
                active.suspend(noted)
                detach(context)


def _carry_into_thread(thread: threading.Thread) -> None:
    """Let the body of ``thread``, which is about to start, run under what is active here."""
    if getattr(_in_submit, "depth", 0) or thread.ident is not None:
        return
    carried = Carried.from_here()
    if carried is None:
        return
    run = thread.run

    def run_under() -> None:
        # The thread refers to this function, and this function to the thread: leave no cycle behind.
        vars(thread).pop("run", None)
        with _Under(carried):
            run()

    thread.run = run_under  # type: ignore[method-assign]


def _patched_start(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(start)
    def start_carrying(self: threading.Thread) -> None:
        try:
            _carry_into_thread(self)
        except Exception as fault:
            if not swallow("carry the active model into a thread", fault):
                raise
        start(self)

    return start_carrying


def _patched_submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(submit)
    def submit_carrying(
        self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        task = fn
        try:
            carried = Carried.from_here()
            if carried is not None:
                task = _thread_task(fn, carried)
        except Exception as fault:
            if not swallow("carry the active model into a pool", fault):
                raise
        _in_submit.depth = getattr(_in_submit, "depth", 0) + 1
        try:
            return submit(self, task, *args, **kwargs)
        finally:
            _in_submit.depth -= 1

    return submit_carrying


def _thread_task(fn: Callable[..., Any], carried: Carried) -> Callable[..., Any]:
    def run_under(*args: Any, **kwargs: Any) -> Any:
        with _Under(carried):
            return fn(*args, **kwargs)

    return run_under


def _patched_pool(method: Callable[..., Any]) -> Callable[..., Any]:
    """For pools whose workers are other processes: ``ProcessPoolExecutor``, and ``multiprocessing.Pool``."""

    @wraps(method)
    def carrying(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        task = fn
        try:
            from spanfold._internal.processes import ProcessTask  # noqa: PLC0415 - only where it is needed

            # Also where nothing is active: a forked worker was born with what was active then.
            task = ProcessTask.around(fn)
        except Exception as fault:
            if not swallow("carry the active model into a process pool", fault):
                raise
        _in_submit.depth = getattr(_in_submit, "depth", 0) + 1
        try:
            return method(self, task, *args, **kwargs)
        finally:
            _in_submit.depth -= 1

    return carrying


def _patched_process_start(start: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(start)
    def start_carrying(self: Any) -> None:
        try:
            if not getattr(_in_submit, "depth", 0):
                from spanfold._internal.processes import ProcessTask  # noqa: PLC0415

                ProcessTask.put_into(self)
        except Exception as fault:
            if not swallow("carry the active model into a process", fault):
                raise
        start(self)

    return start_carrying


_installed: Final = list[tuple[Any, str, Any, Any]]()


def install() -> bool:
    """Patch the starting of threads and the submitting of tasks. False if that was done before."""
    if _installed:
        return False
    from multiprocessing.pool import Pool  # noqa: PLC0415 - `import spanfold` stays light
    from multiprocessing.process import BaseProcess  # noqa: PLC0415

    patches: list[tuple[Any, str, Callable[[Any], Any]]] = [
        (threading.Thread, "start", _patched_start),
        (ThreadPoolExecutor, "submit", _patched_submit),
        (ProcessPoolExecutor, "submit", _patched_pool),
        (BaseProcess, "start", _patched_process_start),
        # Where all of a pool's methods end: map, starmap and their asynchronous forms in _map_async.
        *((Pool, name, _patched_pool) for name in ("apply_async", "_map_async", "imap", "imap_unordered")),
    ]
    for owner, name, patched in patches:
        before = getattr(owner, name)
        ours = patched(before)
        setattr(owner, name, ours)
        _installed.append((owner, name, before, ours))
    return True


def uninstall() -> None:
    """Undo :func:`install`, where nobody has patched on top of it."""
    while _installed:
        owner, name, before, ours = _installed.pop()
        if owner.__dict__.get(name) is ours:
            setattr(owner, name, before)
