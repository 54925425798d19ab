"""Processes that run metrics on the other cores: ``python -m spanfold.evaluation work``.

Not :mod:`multiprocessing`: it would run the application's main module again in each process. Metrics travel
as specs, rows and scores as lines of JSON over pipes; a process ends when its pipe closes.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final

from spanfold._internal.faults import warn_once
from spanfold.errors import SpanfoldError
from spanfold.metrics._metric import MetricError, MetricSpec, MetricValue
from spanfold.metrics._registry import from_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold.metrics._metric import Columns, EvaluationMetric

WORTH_S: Final = 5.0
"""Work on this machine's cores from which on processes are worth their start."""
SAMPLE_ROWS: Final = 500
"""Rows after which it is known how long a row takes."""
MAX_WORKERS: Final = 16
_STOP_TIMEOUT_S: Final = 5.0


class Workers:
    """Runs metrics that have a spec: here while there is little to do, on all cores once there is much."""

    def __init__(self, metrics: Sequence[EvaluationMetric], max_workers: int | None = None) -> None:
        """Prepare; no process is started yet.

        Args:
            metrics: those that may run elsewhere.
            max_workers: processes at most; by default one a core. 0: none.
        """
        self._keys: Final = {metric.key: index for index, metric in enumerate(metrics)}
        self._specs: Final = [metric.spec.to_dict() for metric in metrics if metric.spec is not None]
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        wanted = cores if max_workers is None else max_workers
        self._wanted: Final = min(wanted, MAX_WORKERS) if len(self._specs) == len(self._keys) else 0
        self._free: Final[queue.Queue[subprocess.Popen[str]]] = queue.Queue()
        self._started: Final[list[subprocess.Popen[str]]] = []
        self._lock: Final = threading.Lock()
        self._spent_s = 0.0
        self._spent_rows = 0

    def score(self, metric: EvaluationMetric, columns: Columns, rows: int, rows_left: int) -> MetricValue:
        """Score rows with a metric.

        Args:
            metric: one of those that it was made for.
            columns: the rows.
            rows: how many they are.
            rows_left: how many are to come, as far as is known.

        Raises:
            MetricError: the metric failed.
        """
        if self._started and (process := self._taken()) is not None:
            return self._elsewhere(process, metric, columns)
        begun = time.thread_time()
        value = metric.score(columns)
        with self._lock:
            self._spent_s += time.thread_time() - begun
            self._spent_rows += rows
            is_known = self._spent_rows >= SAMPLE_ROWS
            a_row_s = self._spent_s / max(1, self._spent_rows) * len(self._keys)
            if is_known and not self._started and self._wanted > 1 and a_row_s * rows_left > WORTH_S:
                self._start()
        return value

    def close(self) -> None:
        """End the processes."""
        for process in self._started:
            if process.stdin is not None:
                # What could not be written to one that was killed is written again, in vain.
                with suppress(OSError):
                    process.stdin.close()
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        for process in self._started:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _start(self) -> None:
        command = [sys.executable, "-m", "spanfold.evaluation", "work"]
        for _ in range(self._wanted):
            try:
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
            except OSError as fault:
                warn_once("evaluation-worker", "metrics use one core: no process can be started: %s", fault)
                return
            self._started.append(process)
            _write(process, self._specs)
            self._free.put(process)

    def _taken(self) -> subprocess.Popen[str] | None:
        while any(process.poll() is None for process in self._started):
            try:
                return self._free.get(timeout=1.0)
            except queue.Empty:
                continue
        return None

    def _elsewhere(
        self, process: subprocess.Popen[str], metric: EvaluationMetric, columns: Columns
    ) -> MetricValue:
        try:
            _write(
                process,
                {"metric": self._keys[metric.key], "columns": {k: list(v) for k, v in columns.items()}},
            )
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line.endswith("\n"):  # killed, perhaps within a line
                raise BrokenPipeError
        except OSError:
            # Killed, perhaps for its memory: what it was to do is done here.
            warn_once("evaluation-worker", "a process that runs metrics ended: its work is done here")
            return metric.score(columns)
        self._free.put(process)
        answer = json.loads(line)
        if "fault" in answer:
            raise MetricError(answer["fault"])
        return MetricValue(**answer["value"])


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Be such a process: read specs, then rows, and write scores, until the pipe closes."""
    metrics: list[EvaluationMetric] = []
    for line in requests:
        said: Any = json.loads(line)
        if isinstance(said, list):
            metrics = [from_spec(MetricSpec(**spec)) for spec in said]
            continue
        answers.write(json.dumps(_scored(metrics[said["metric"]], said["columns"])) + "\n")
        answers.flush()


def _scored(metric: EvaluationMetric, columns: Columns) -> dict[str, Any]:
    try:
        value = metric.score(columns)
    except SpanfoldError as fault:
        return {"fault": str(fault)}
    return {
        "value": {
            "scores": None if value.scores is None else [_plain(score) for score in value.scores],
            "justifications": None if value.justifications is None else list(value.justifications),
            "errors": None if value.errors is None else list(value.errors),
        }
    }


def _plain(score: Any) -> Any:
    """A score without NumPy's types."""
    return score.item() if hasattr(score, "item") else score


def _write(process: subprocess.Popen[str], message: Any) -> None:
    if process.stdin is None:
        raise BrokenPipeError
    process.stdin.write(json.dumps(message, default=str) + "\n")
    process.stdin.flush()
