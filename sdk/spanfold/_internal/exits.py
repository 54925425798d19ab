"""What is queued is sent before the process ends in order, whichever way that is.

Python's own exit handlers cover ``sys.exit``, the end of the program and an unhandled exception. They do not
run when SIGTERM has its default action, when ``os.exec*`` replaces the program, and in the children of
multiprocessing. ``os._exit``, SIGKILL and a crash of the interpreter leave no moment to send anything.
"""

from __future__ import annotations

import _thread
import os
import signal
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from spanfold._internal.faults import contained
from spanfold._internal.settings import switched_on

_SLACK_S: Final = 0.5

_drain: Callable[[], object] | None = None
_drain_here: Callable[[], object] | None = None
_limit_s = 0.0
_last_words: Final = list[Callable[[], object]]()
_installed: Final = list[tuple[Any, str, Any, Any]]()
_watching = False
"""Whether multiprocessing knows of us: it cannot be told to forget."""


class _InChild:
    """What multiprocessing remembers us by."""


_in_child: Final = _InChild()


def install(drain: Callable[[], object], drain_here: Callable[[], object], limit_s: float) -> None:
    """From now on, send what is queued before the process ends.

    Args:
        drain: sends it, for ``limit_s`` at most.
        drain_here: sends it in the calling thread, however long it takes: for the handler of a signal, which
            sets the limit itself.
        limit_s: how long a signal may wait.
    """
    global _drain, _drain_here, _limit_s
    _drain, _drain_here, _limit_s = drain, drain_here, limit_s
    if _installed:
        return
    for name in ("execv", "execve"):
        # All of the exec functions end in one of these two.
        _patch(os, name, _before_exec)
    _watch_children()
    if switched_on("SPANFOLD_FLUSH_ON_SIGTERM") and hasattr(signal, "SIGTERM"):
        _patch(signal, "signal", _keeping_our_handler)
        _handle_sigterm()


def before_sigterm(record: Callable[[], object]) -> None:
    """Call ``record`` before SIGTERM sends what is queued.

    It is called in a thread of its own while the main thread stands still: it must not wait for a lock.
    """
    _last_words.append(record)


def uninstall() -> None:
    """Undo :func:`install`, where nobody has patched on top of it."""
    global _drain, _drain_here  # noqa: PLW0603 - the state of the process
    _drain = _drain_here = None
    while _installed:
        owner, name, before, ours = _installed.pop()
        if getattr(owner, name) is ours:
            setattr(owner, name, before)
    if signal.getsignal(signal.SIGTERM) is _on_sigterm:
        _set_handler(signal.SIG_DFL)


def _patch(owner: Any, name: str, patched: Callable[[Any], Any]) -> None:
    before = getattr(owner, name)
    ours = patched(before)
    setattr(owner, name, ours)
    _installed.append((owner, name, before, ours))


def _send() -> None:
    if _drain is not None:
        with contained("send what was queued at the end of the process"):
            _drain()


def _before_exec(execute: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(execute)
    def execute_after_sending(*args: Any, **kwargs: Any) -> Any:
        _send()
        return execute(*args, **kwargs)

    return execute_after_sending


def _watch_children() -> None:
    """See to it that processes of multiprocessing send what they hold: they end by ``os._exit``."""
    global _watching  # noqa: PLW0603 - the state of the process
    if _watching:
        return
    _watching = True
    from multiprocessing import parent_process, util  # noqa: PLC0415 - `import spanfold` stays light

    util.register_after_fork(_in_child, _finalize)
    if parent_process() is not None:
        _finalize()


def _finalize(_: object = None) -> None:
    from multiprocessing import util  # noqa: PLC0415

    # After all that the application registered: its finalizers may still record something.
    util.Finalize(None, _send, exitpriority=-1_000)


def _handle_sigterm() -> None:
    """Stand in for the default action. A handler of the application's own is left alone.

    It decides what becomes of the process, and most end it in order, which sends what is queued.
    """
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        _set_handler(_on_sigterm)


def _set_handler(handler: Any) -> None:
    # Only the main thread may do so; elsewhere the default action stays.
    if _thread.get_ident() == _main_thread():
        _original_signal()(signal.SIGTERM, handler)


def _main_thread() -> int | None:
    import threading  # noqa: PLC0415

    return threading.main_thread().ident


def _original_signal() -> Callable[..., Any]:
    for owner, name, before, _ in _installed:
        if owner is signal and name == "signal":
            return before  # type: ignore[no-any-return]
    return signal.signal


def _keeping_our_handler(set_handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """``signal.signal``, for which the default action of SIGTERM is ours.

    Servers such as uvicorn put the default action back and raise the signal again when they are done.
    """

    @wraps(set_handler)
    def set_keeping(signalnum: Any, handler: Any) -> Any:
        ours = signalnum == signal.SIGTERM and handler == signal.SIG_DFL
        before = set_handler(signalnum, _on_sigterm if ours else handler)
        return signal.SIG_DFL if before is _on_sigterm else before

    return set_keeping


def _on_sigterm(signalnum: int, _: object) -> None:
    """Send what is queued, then do what the signal does by default: the exit status stays what it is."""
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            for record in _last_words:
                with contained("record what ends with SIGTERM"):
                    record()
            if _drain_here is not None:
                with contained("send what was queued at SIGTERM"):
                    _drain_here()
        finally:
            done.release()

    with contained("wait for what was queued at SIGTERM"):
        # Not by threading.Thread: the main thread may stand in the midst of starting one, with its lock held.
        _thread.start_new_thread(run, ())
        done.acquire(timeout=_limit_s + _SLACK_S)
    _original_signal()(signalnum, signal.SIG_DFL)
    os.kill(os.getpid(), signalnum)
