"""Loads an instrumentor at the moment when its library is imported: start-up does not pay for the others."""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal.faults import contained, logger, swallow
from spanfold._internal.instrumentation import catalogue, late

if TYPE_CHECKING:
    from collections.abc import Callable

    from spanfold._internal.instrumentation.choice import Candidate


@dataclass(slots=True)
class _Queue:
    """Runs jobs one after the other, and never waits.

    An instrumentor's import can import another library, whose hook then fires in the middle of it: such a job
    waits for the one that runs. Nor may a hook wait for another thread: it holds the import lock of its
    module, which that thread may be waiting for. So the thread that is at it does the newcomer's job too.
    """

    jobs: deque[Callable[[], None]] = field(default_factory=deque)
    is_running: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, job: Callable[[], None]) -> None:
        """Do the job now, or leave it to the thread that does jobs already."""
        with self.lock:
            self.jobs.append(job)
            if self.is_running:
                return
            self.is_running = True
        while True:
            with self.lock:
                if not self.jobs:
                    self.is_running = False
                    return
                following = self.jobs.popleft()
            try:
                following()
            except BaseException:  # Ctrl-C, or a fault that a test wants raised
                with self.lock:
                    self.is_running = False
                raise


_queue = _Queue()

_waiting: Final = set[str]()
"""Libraries whose instrumentor is not loaded yet."""


def prepare(candidate: Candidate) -> None:
    """Load an instrumentor as soon as its library is imported: now, if it is or if nobody knows when."""
    _waiting.add(candidate.library)
    job = partial(_load, candidate)
    if candidate.library in late.MOMENTS:
        moment, arrange = late.MOMENTS[candidate.library]
        call_after_import(moment, lambda imported: arrange(imported, partial(_queue.run, job)))
        return
    if not candidate.modules:
        _queue.run(job)
    for module in candidate.modules:
        call_after_import(module, lambda _: job())


def call_after_import(module: str, action: Callable[[Any], None]) -> None:
    """Call ``action`` with a module once it is imported: now, if it is."""
    from wrapt import register_post_import_hook  # noqa: PLC0415 - a dependency of the instrumentors

    register_post_import_hook(lambda imported: _queue.run(partial(_guarded, action, imported)), module)


def _load(candidate: Candidate) -> None:
    library = candidate.library
    if library not in _waiting:
        return
    _waiting.discard(library)
    try:
        instrumentor = candidate.entry_point.load()()
        if not getattr(instrumentor, "is_instrumented_by_opentelemetry", False):
            options = catalogue.OPTIONS.get(candidate.distribution, {})
            instrumentor.instrument(skip_dep_check=True, **options)
    except Exception as fault:
        # One instrumentor that does not load must not keep the application, or the others, from running.
        if not swallow(f"instrument {library} by {candidate.distribution}", fault):
            raise
    else:
        logger.debug("%s instruments %s", candidate.distribution, library)


def _guarded(action: Callable[[Any], None], module: object) -> None:
    with contained("act on the import of a library"):
        action(module)


def _renew_queue() -> None:
    # Another thread of the parent may have been at it at the fork; that thread does not exist in the child.
    global _queue  # noqa: PLW0603 - a queue of the process
    _queue = _Queue()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_queue)
