"""Who waits for the model, and which of them can be answered together."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import ModelError
from spanfold.pyfunc._chats import RowCountError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

_STOP_WAIT_S: Final = 5.0


class BusyError(Exception):
    """As many requests wait as may wait; the caller may come again in a moment."""


@dataclass(eq=False, slots=True)
class Job:
    """Rows to be answered with the same parameters, or work that is done by itself."""

    key: Hashable
    """Jobs of one key may share a call; None: this one shares with nobody."""
    rows: Sequence[Any] = ()
    run: Callable[[], Any] | None = None
    """The work, where the job is not rows."""
    context: Context = field(default_factory=copy_context)
    """Where it came from: a call for one job alone is part of that job's trace."""
    future: Future[Any] = field(default_factory=Future)
    """Gets the outputs, a value a row; or what ``run`` returns."""


class Jobs:
    """A bounded queue, and the threads that empty it.

    A thread takes the job that has waited longest, and with it others of its key that wait already, up to
    ``batch_rows`` rows. Nobody waits for a batch to fill: while the model is busy, the next one gathers.
    """

    def __init__(
        self,
        predict: Callable[[Hashable, Sequence[Any]], Sequence[Any]],
        *,
        batch_rows: int,
        workers: int,
        max_waiting: int,
    ) -> None:
        """Start the threads.

        Args:
            predict: answers rows of one key; raises RowCountError where it cannot answer several at once.
            batch_rows: most rows of a call.
            workers: calls under way at once.
            max_waiting: jobs that may wait.
        """
        self._predict, self._batch_rows, self._max_waiting = predict, batch_rows, max_waiting
        self._waiting = deque[Job]()
        self._changed = threading.Condition()
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"model-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> Future[Any]:
        """Queue a job.

        Raises:
            BusyError: the queue is full, or is being closed.
        """
        with self._changed:
            if self._is_closed or len(self._waiting) >= self._max_waiting:
                raise BusyError
            self._waiting.append(job)
            self._changed.notify()
        return job.future

    def close(self) -> None:
        """Take no more; jobs that wait are given up, those under way get a few seconds."""
        with self._changed:
            self._is_closed = True
            for job in self._waiting:
                job.future.cancel()
            self._waiting.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_STOP_WAIT_S)

    def _work(self) -> None:
        while batch := self._take():
            taken = [job for job in batch if job.future.set_running_or_notify_cancel()]
            if len(taken) == 1:
                taken[0].context.run(self._answer, taken)
            elif taken:
                self._answer(taken)

    def _take(self) -> list[Job]:
        """The jobs of the next call; none where all is over."""
        with self._changed:
            while not self._waiting:
                if self._is_closed:
                    return []
                self._changed.wait()
            batch = [self._waiting.popleft()]
            if batch[0].key is None:
                return batch
            left, rows = deque[Job](), len(batch[0].rows)
            for job in self._waiting:
                if job.key == batch[0].key and rows + len(job.rows) <= self._batch_rows:
                    batch.append(job)
                    rows += len(job.rows)
                else:
                    left.append(job)
            self._waiting = left
            return batch

    def _answer(self, batch: Sequence[Job]) -> None:
        """Answer together; each by itself where one of them spoils it for the others."""
        if batch[0].run is not None:
            _settle(batch[0].future, batch[0].run)
            return
        rows = [row for job in batch for row in job.rows]
        key = batch[0].key
        try:
            outputs = iter(_kept_alive(partial(self._predict, key, rows)))
        except Exception as fault:  # noqa: BLE001 - it is told to whoever asked
            if len(batch) == 1 and not isinstance(fault, RowCountError):
                batch[0].future.set_exception(fault)
                return
            if isinstance(fault, RowCountError):
                self._batch_rows = 1  # the model will not learn it
            for job in batch:
                job.context.run(_settle, job.future, partial(self._one_by_one, job))
            return
        for job in batch:
            job.future.set_result([next(outputs) for _ in job.rows])

    def _one_by_one(self, job: Job) -> list[Any]:
        return [self._predict(job.key, [row])[0] for row in job.rows]


def _settle(future: Future[Any], run: Callable[[], Any]) -> None:
    try:
        result = _kept_alive(run)
    except Exception as fault:  # noqa: BLE001 - it is told to whoever asked
        future.set_exception(fault)
    else:
        future.set_result(result)


def _kept_alive(run: Callable[[], Any]) -> Any:
    """What ``run`` returns.

    Raises:
        ModelError: it tried to end the process, as ``sys.exit()`` does. That would end the thread alone, and
            with it all answers to come.

    Whatever else it raises comes as it is.
    """
    try:
        return run()
    except Exception:
        raise
    except BaseException as fault:
        message = f"the model tried to end the process: {type(fault).__name__}: {fault}"
        raise ModelError(message) from fault
