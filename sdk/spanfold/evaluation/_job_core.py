"""The evaluation of recorded traces: read, map, score, send; killed at any moment, it goes on where it was.

A score counts once the collector has it for good. A part that was not sent when the process was killed is
scored again when it is resumed: judges' replies are cached before they are used, so nothing is paid twice,
and a score that did arrive is known by its evaluation, metric and trace, so nothing counts twice.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from contextvars import copy_context
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Self

from spanfold.evaluation import _job_traces
from spanfold.evaluation._job_scores import Scores, Seen, key_of
from spanfold.evaluation._mapping import TraceMapping, map_trace, mapping_of
from spanfold.evaluation._progress import Progress, Ticker, Unmapped
from spanfold.evaluation._scoring import Scorer, score_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold._internal.lookup import QueryApi
    from spanfold.evaluation._mapping import GivenMapping, Row
    from spanfold.evaluation._progress import Tell
    from spanfold.evaluation._sender import EventSender
    from spanfold.evaluation._settling import Resolved
    from spanfold.metrics._metric import EvaluationMetric
    from spanfold.metrics.genai._budget import Budget

BATCH_ROWS: Final = 256
JUDGE_BATCH_ROWS: Final = 64
"""Of evaluations with judges: what a killed process has not sent is little."""
MIN_THREADS: Final = 4
THREADS_WITH_JUDGES: Final = 8
"""Batches under way: judges stay busy while others are read, mapped and sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an evaluation of traces runs."""

    max_cost_usd: float | None = None
    """What judges may cost, over all parts of a resumed evaluation."""
    max_calls: int | None = None
    concurrency: int | None = None
    """Calls to each judge that are under way at once; by default as the judge says."""
    mapping: GivenMapping | None = None
    batch_rows: int | None = None
    """Traces that are scored and sent together."""
    retry_failed: bool = False
    """When resuming, try again what could not be scored."""
    max_workers: int | None = None
    """Processes for metrics that need cores; by default one a core, where there is enough to do."""

    def to_dict(self) -> dict[str, Any]:
        """As events have it; a mapping function cannot be said."""
        said: dict[str, Any] = {
            name: value
            for name, value in asdict(replace(self, mapping=None)).items()
            if value is not None and value is not False
        }
        if (mapping := mapping_of(self.mapping).to_dict()) is not None:
            said["mapping"] = mapping
        return said

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Options:
        """From what an event says; members of later releases are left out."""
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in said.items() if name in known and value is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an evaluation of traces ended."""

    evaluation_id: str
    status: str
    """``FINISHED``, ``FAILED`` or ``CANCELLED``."""
    reason: str | None = None
    """Why it did not finish, and how to go on."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    unmapped_reasons: Mapping[str, int] = field(default_factory=dict)
    unmapped_examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Some trace IDs of each reason."""
    model_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class Job:
    """One run of an evaluation in this process."""

    query_api: QueryApi
    sender: EventSender
    evaluation_id: str
    resolved: Resolved
    metrics: Sequence[EvaluationMetric]
    options: Options
    scores: Scores
    budget: Budget
    stop: threading.Event = field(default_factory=threading.Event)
    unmapped: Unmapped = field(default_factory=Unmapped)
    mapping: TraceMapping = field(init=False)
    _seen: Seen = field(default_factory=Seen)
    _done: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Read the mapping; raises InvalidArgumentError."""
        self.mapping = mapping_of(self.options.mapping)

    def progress(self) -> Progress:
        """Numbers so far."""
        return Progress(
            done=self._done,
            total=self.resolved.total
            if self.resolved.total is None
            else max(self.resolved.total, self._done),
            failed=self.scores.errors,
            unmapped=self.unmapped.count,
            calls=self.budget.calls,
            cost_usd=self.budget.cost_usd,
            scores=self.scores.count,
        )

    def run(self, tell: Tell | None, tell_server: Any, is_cancelled: Any) -> None:
        """Score every trace of the selection, or as many as there is time for until ``stop`` is set.

        Raises:
            SpanfoldError: it cannot go on; all that was scored before was sent, or will be scored again.
        """
        has_judges = any(metric.resource == "judge" for metric in self.metrics)
        threads = THREADS_WITH_JUDGES if has_judges else MIN_THREADS
        batch_rows = self.options.batch_rows or (JUDGE_BATCH_ROWS if has_judges else BATCH_ROWS)
        scorer = Scorer(
            self.metrics,
            self.mapping,
            stop=self.stop,
            rows_left=self._rows_left,
            max_workers=self.options.max_workers,
        )
        ticker = Ticker(self.progress, tell_server, is_cancelled, self.stop.set, tell)
        with ExitStack() as opened:
            opened.callback(scorer.close)
            opened.enter_context(ticker)
            opened.enter_context(self.budget.in_force())
            pool = opened.enter_context(ThreadPoolExecutor(threads, "spanfold-evaluate"))
            try:
                self._feed(pool, scorer, threads, batch_rows)
            except BaseException:
                # A fault, or Ctrl-C: batches under way end early, and are sent as far as they are.
                self.stop.set()
                raise

    def _feed(self, pool: ThreadPoolExecutor, scorer: Scorer, threads: int, batch_rows: int) -> None:
        """Hand batches to the threads, never more than they can take soon."""
        under_way = set[Future[None]]()
        with _Pages(self) as pages:
            for read in pages:
                page = [one for one in read if self._is_new(one)]
                for first in range(0, len(page), batch_rows):
                    while len(under_way) >= threads + 1:
                        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                        for future in done:
                            future.result()
                    part = page[first : first + batch_rows]
                    under_way.add(pool.submit(copy_context().run, self._batch, scorer, part))
                if self.stop.is_set():
                    break
            for future in under_way:
                future.result()

    def _batch(self, scorer: Scorer, page: list[dict[str, Any]]) -> None:
        """Map, score and send some traces."""
        if self.stop.is_set():
            return
        fresh = [one for one in page if not self.scores.has_all(key_of(one["trace_id"], one["model_id"]))]
        rows: list[Row] = []
        declined = list[tuple[str, str]]()
        for one in fresh:
            try:
                rows.append(map_trace(one, self.mapping))
            except Exception as fault:
                if self.mapping.function is None:
                    raise
                declined.append((f"the mapping function failed: {type(fault).__name__}", one["trace_id"]))
        batch, lacking = scorer.plan(rows, self._is_done)
        try:
            scorer.score(batch)
        finally:
            events, counted = score_events(self.metrics, batch, self.evaluation_id)
            self.sender.send(events)
            self.scores.add(counted)
        if self.stop.is_set() and len(batch.results) < sum(map(bool, batch.todo.values())):
            return
        self.unmapped.add([*declined, *lacking])
        with self._lock:
            self._done += len(page)

    def _is_new(self, exported: Mapping[str, Any]) -> bool:
        """False where the trace was read before: its root came in since, and is its entry now."""
        model_id = exported["model_id"] if self.resolved.model_ids else ""
        return self._seen.is_new(key_of(exported["trace_id"], model_id))

    def _is_done(self, metric: EvaluationMetric, row: Row) -> bool:
        return self.scores.has(metric.name, key_of(row["trace_id"], row["model_id"]))

    def _rows_left(self) -> int:
        return max(0, (self.resolved.total or 0) - self._done)


class _Pages:
    """Reads the next page while the one before is scored. A context manager, and an iterable."""

    def __init__(self, job: Job) -> None:
        self._queue: Final[queue.Queue[list[dict[str, Any]] | BaseException | None]] = queue.Queue(1)
        self._closed: Final = threading.Event()
        self._job: Final = job
        self._thread: Final = threading.Thread(target=self._read, name="spanfold-pages", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()

    def __iter__(self) -> Any:
        while not self._job.stop.is_set():
            try:
                page = self._queue.get(timeout=0.5)
            except queue.Empty:
                continue
            if page is None:
                return
            if isinstance(page, BaseException):
                raise page
            yield page

    def _read(self) -> None:
        job = self._job
        try:
            for page in _job_traces.exported(
                job.query_api, job.resolved, job.mapping.attributes, self._closed
            ):
                if not self._put(page):
                    return
            self._put(None)
        except Exception as fault:  # noqa: BLE001 - raised where the pages are taken
            self._put(fault)

    def _put(self, page: list[dict[str, Any]] | BaseException | None) -> bool:
        while not (self._closed.is_set() or self._job.stop.is_set()):
            try:
                self._queue.put(page, timeout=0.5)
            except queue.Full:
                continue
            return True
        return False
