"""Threads that answer rows, and hand the answers over as they are done."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from spanfold.metrics.genai._pace import StoppedError
from spanfold.metrics.genai._quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Row = TypeVar("Row")
Result = TypeVar("Result")


def in_threads(
    rows: Sequence[Row], answer: Callable[[Row, threading.Event], Result], thread_count: int
) -> Iterator[tuple[Row, Result]]:
    """Answer each row in one of some threads; yields in the order in which they are done.

    The first exception ends the taking of rows. What was under way is still yielded, then it is raised.
    Works wherever a thread can wait, inside a running event loop too. If the iterator is closed early, what
    is under way is left to itself.

    Args:
        rows: what to answer.
        answer: gets the event that is set once nobody waits any more.
        thread_count: most threads.
    """
    left = iter(rows)
    taking, stop = threading.Lock(), threading.Event()
    done: SimpleQueue[tuple[Row, Result] | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            with quiet():
                while not stop.is_set():
                    with taking:
                        row = next(left)
                    done.put((row, answer(row, stop)))
        except (StopIteration, StoppedError):
            pass
        except BaseException as fault:  # noqa: BLE001 - it is raised where the answer is asked for
            stop.set()
            done.put(fault)
        finally:
            done.put(None)

    running = min(thread_count, len(rows))
    for number in range(running):
        # Daemons: whoever interrupts a program does not want to wait for a provider.
        threading.Thread(target=work, name=f"spanfold-judge-{number}", daemon=True).start()
    first_fault: BaseException | None = None
    try:
        while running:
            one = done.get()
            if one is None:
                running -= 1
            elif isinstance(one, BaseException):
                first_fault = first_fault or one
            else:
                yield one
    finally:
        stop.set()
    if first_fault is not None:
        raise first_fault
