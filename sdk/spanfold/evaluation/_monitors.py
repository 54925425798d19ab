"""Scores traces as they come in: the process that the query API keeps as long as a monitor is active.

Each pass lists the traces that came in, and those of the last hour, which may have come late. What is new is
scored as an evaluation scores it, under the monitor's ID. A score counts once the collector has it, and is
known by monitor, metric and trace: a process that was killed reads what there is, and goes on from there.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import pages, reading
from spanfold._internal.faults import logger
from spanfold._internal.lookup import path_of
from spanfold.errors import SpanfoldError
from spanfold.evaluation import _job_traces
from spanfold.evaluation._job_core import Job, Options
from spanfold.evaluation._job_scores import Scores, key_of
from spanfold.evaluation._progress import Progress
from spanfold.evaluation._selection import TraceSelection, rfc3339
from spanfold.evaluation._sender import EventSender, OutgoingEvent, entity_event
from spanfold.evaluation._settling import settle
from spanfold.metrics._registry import from_spec
from spanfold.metrics.genai._budget import Budget, BudgetExceededError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold._internal.lookup import QueryApi
    from spanfold.metrics._metric import EvaluationMetric

ACTIVE: Final = frozenset({"ACTIVE", "FAILING"})
TRACES_A_JOB: Final = 2_000
"""After which it is told how far a monitor is."""
SLICE_NS: Final = 6 * 3_600 * 10**9
"""Of the time that a monitor has missed, so much is listed at once."""
UNMAPPED_AGAIN_S: Final = 600.0
"""When traces that lacked what a metric needs are looked at again: somebody may have added it."""
TELL_IDLE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 300.0
_NS: Final = 10**9
_DAY_NS: Final = 86_400 * _NS
_MAX_REASON_CHARS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Timing:
    """When traces are looked at; all in seconds."""

    interval_s: float
    settle_s: float
    """How old a trace must be."""
    overlap_s: float
    """How far each pass looks back."""


def main(arguments: Sequence[str]) -> int:
    """Run all active monitors until there is none; returns the exit status.

    Args:
        arguments: ``--interval-s``, ``--settle-s`` and ``--overlap-s``, each with a number of seconds.

    Raises:
        ServerUnavailableError: the query API is away for minutes.
    """
    parser = argparse.ArgumentParser(prog="python -m spanfold.evaluation monitors")
    for name in ("--interval-s", "--settle-s", "--overlap-s"):
        parser.add_argument(name, type=float, required=True)
    timing = Timing(**vars(parser.parse_args(arguments)))
    query_api = reading.query_api()
    sender = EventSender()
    watches: dict[str, Watch] = {}
    while True:
        every = list(_job_traces.patiently(lambda: _listed(query_api), threading.Event()))
        active = [one for one in every if one["status"] in ACTIVE]
        if not active:
            return 0
        for one in active:
            monitor_id = one["monitor_id"]
            known = watches.get(monitor_id)
            if known is None or known.configuration != configuration(one):
                watches[monitor_id] = known = Watch(query_api, sender, one, timing)
            known.look(one)
        for gone in set(watches) - {one["monitor_id"] for one in active}:
            del watches[gone]
        time.sleep(timing.interval_s)


def configuration(monitor: Mapping[str, Any]) -> str:
    """What a monitor does, as text that changes with it."""
    return json.dumps([monitor[name] for name in ("metrics", "selection", "options")], sort_keys=True)


class Watch:
    """One monitor, as this process knows it."""

    def __init__(
        self, query_api: QueryApi, sender: EventSender, monitor: Mapping[str, Any], timing: Timing
    ) -> None:
        """Begin; nothing is read yet."""
        self.configuration: Final = configuration(monitor)
        self._id: Final[str] = monitor["monitor_id"]
        self._query_api: Final = query_api
        self._sender: Final = sender
        self._timing: Final = timing
        self._options: Final[Mapping[str, Any]] = monitor["options"]
        self._metrics: list[EvaluationMetric] | None = None
        self._seen = Seen()
        self._spent: _Day | None = None
        self._progress = Progress(**monitor["progress"])
        self._until_ns: int = monitor["until_time_unix_ns"]
        self._reason: str | None = monitor["reason"]
        self._told: Progress | None = None
        self._told_at = 0.0
        self._pause_s = timing.interval_s
        self._not_before = 0.0

    def look(self, monitor: Mapping[str, Any]) -> None:
        """Score what is new. What goes wrong is told by the monitor's reason, and tried again later."""
        if time.monotonic() < self._not_before:
            return
        try:
            self._pass(monitor)
        except BudgetExceededError as fault:
            self._pass_over(str(fault))
        except Exception as fault:  # noqa: BLE001 - one monitor's fault must not end the others
            logger.warning("the monitor %s failed: %s", self._id, fault, exc_info=not _expected(fault))
            self._fail(str(fault) if _expected(fault) else f"{type(fault).__name__}: {fault}")
            self._not_before = time.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        else:
            self._pause_s = self._timing.interval_s

    def _pass(self, monitor: Mapping[str, Any]) -> None:
        now_ns = time.time_ns()
        end_ns = now_ns - int(self._timing.settle_s * _NS)
        since_ns: int = monitor["since_time_unix_ns"]
        start_ns = max(since_ns, self._until_ns - int(self._timing.overlap_s * _NS))
        if self._metrics is None:
            metrics = [from_spec(metric) for metric in monitor["metrics"]]
            self._seen.restore(self._query_api, self._id, [one.name for one in metrics], start_ns)
            self._metrics = metrics
        if self._spent is None or self._spent.day != now_ns // _DAY_NS:
            self._spent = _Day.read(self._query_api, self._id, self._options, now_ns // _DAY_NS)
        while start_ns < end_ns:
            stop_ns = min(end_ns, start_ns + SLICE_NS)
            if not self._slice(monitor, start_ns, stop_ns, self._metrics, self._spent.budget):
                return
            start_ns = stop_ns
            self._advance(stop_ns)

    def _slice(
        self,
        monitor: Mapping[str, Any],
        start_ns: int,
        end_ns: int,
        metrics: Sequence[EvaluationMetric],
        budget: Budget,
    ) -> bool:
        """Score what is new in a range of time; whether all of it was looked at."""
        selection = TraceSelection.from_dict(
            {
                **monitor["selection"],
                "since": rfc3339(start_ns),
                "until": rfc3339(end_ns),
                "sample": self._options.get("sample"),
                "seed": int(self._id[-15:], 16),
            }
        )
        resolved = settle(selection, self._query_api)
        listed = dict[int, str]()
        for question in resolved.questions():
            for row in _job_traces.lines(
                self._query_api,
                "/v1/traces/export",
                rows="traces",
                format="jsonl",
                columns=("trace_id", "model_id"),
                **question,
            ):
                listed[key_of(row["trace_id"], row["model_id"])] = row["trace_id"]
        fresh = [key for key in listed if not self._seen.has(key)]
        for first in range(0, len(fresh), TRACES_A_JOB):
            part = fresh[first : first + TRACES_A_JOB]
            chosen = TraceSelection.from_dict(
                {**selection.to_dict(), "sample": None, "trace_ids": list({listed[key] for key in part})}
            )
            job = Job(
                query_api=self._query_api,
                sender=_Noting(self._sender, self._seen),
                evaluation_id=self._id,
                resolved=settle(chosen, self._query_api),
                metrics=metrics,
                options=Options(mapping=self._options.get("mapping")),
                scores=self._seen.scores(metrics),
                budget=budget,
            )
            try:
                job.run(None, lambda _: None, self._is_over)
            finally:
                self._count(job)
            if job.stop.is_set():
                return False
            self._seen.settle(part, [metric.name for metric in metrics])
        self._seen.keep_only(listed)
        return True

    def _is_over(self) -> bool:
        found = self._query_api.get(path_of("monitors", self._id))
        return found is None or found["status"] not in ACTIVE

    def _count(self, job: Job) -> None:
        """Add what a job did to what the monitor did so far."""
        before, did, spent = self._progress, job.progress(), self._spent
        self._progress = Progress(
            done=before.done + did.done,
            failed=before.failed + did.failed,
            unmapped=before.unmapped + did.unmapped,
            calls=before.calls + (0 if spent is None else spent.new_calls()),
            cost_usd=before.cost_usd + (0.0 if spent is None else spent.new_cost_usd()),
            scores=before.scores + did.scores,
        )

    def _advance(self, until_ns: int) -> None:
        """Tell how far it is: at once if something was scored or is well again, else now and then."""
        self._until_ns = until_ns
        is_news = self._told != self._progress or self._reason is not None
        if is_news or time.monotonic() - self._told_at > TELL_IDLE_S:
            self._tell(
                keys.MONITOR_ADVANCED, {**asdict(self._progress), "until_unix_ns": until_ns, "total": None}
            )
            self._told, self._reason, self._told_at = self._progress, None, time.monotonic()

    def _fail(self, reason: str) -> None:
        if reason != self._reason:
            self._tell(keys.MONITOR_FAILED, {"reason": reason[:_MAX_REASON_CHARS]})
            self._reason = reason

    def _pass_over(self, reason: str) -> None:
        """The day's budget is used up: what comes in until midnight is passed over, and the reason tells."""
        self._reason = self._reason or ""
        self._advance(time.time_ns() - int(self._timing.settle_s * _NS))
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._fail(
            f"the budget of {midnight:%Y-%m-%d} (UTC) is used up: {reason}. Traces are passed over until "
            "midnight; a monitor of the same name with other options has another budget"
        )
        left_s = (_DAY_NS - time.time_ns() % _DAY_NS) / _NS
        self._not_before = time.monotonic() + min(left_s, UNMAPPED_AGAIN_S)

    def _tell(self, event_type: str, payload: Mapping[str, Any]) -> None:
        self._sender.send([entity_event(event_type, self._id, payload)])


@dataclass(slots=True)
class Seen:
    """Which traces need not be looked at again. Keys are those of :func:`key_of`."""

    whole: set[int] = field(default_factory=set)
    """Scored by all metrics."""
    lacking: set[int] = field(default_factory=set)
    """Looked at, and not scored by all: they lack something."""
    scored: dict[str, set[int]] = field(default_factory=dict)
    """By metric, of traces that are not whole."""
    _forget_at: float = 0.0

    def has(self, key: int) -> bool:
        """Whether a trace need not be looked at."""
        if time.monotonic() > self._forget_at:
            self.lacking.clear()
            self._forget_at = time.monotonic() + UNMAPPED_AGAIN_S
        return key in self.whole or key in self.lacking

    def restore(self, query_api: QueryApi, monitor_id: str, names: Sequence[str], since_ns: int) -> None:
        """Read which scores were given from an instant (unix ns) on: no score is older than its trace.

        Raises:
            ServerUnavailableError: no usable answer.
        """
        for row in _stored(query_api, monitor_id, since_ns, "trace_id,model_id,name"):
            self.note(row["name"], key_of(row["trace_id"], row["model_id"]))
        self.settle([], names)

    def note(self, name: str, key: int) -> None:
        """A score was given."""
        self.scored.setdefault(name, set()).add(key)

    def settle(self, looked_at: Sequence[int], names: Sequence[str]) -> None:
        """These traces were looked at to the end."""
        whole = set.intersection(*(self.scored.get(name, set()) for name in names))
        self.whole |= whole
        self.lacking.update(key for key in looked_at if key not in whole)
        for keys_of_name in self.scored.values():
            keys_of_name.difference_update(whole)

    def keep_only(self, listed: Mapping[int, object]) -> None:
        """Forget traces that no pass will list again."""
        self.whole.intersection_update(listed)
        self.lacking.intersection_update(listed)
        for keys_of_name in self.scored.values():
            keys_of_name.intersection_update(listed)

    def scores(self, metrics: Sequence[EvaluationMetric]) -> Scores:
        """What a job is to leave out."""
        made = Scores(metrics)
        made.leave_out(self.scored)
        return made


class _Noting(EventSender):
    """Sends, and then notes which scores were sent."""

    def __init__(self, sender: EventSender, seen: Seen) -> None:  # the connections are the other's
        self._to: Final = sender
        self._seen: Final = seen

    def send(self, outgoing: Sequence[OutgoingEvent]) -> None:
        """As :meth:`EventSender.send`."""
        self._to.send(outgoing)
        for event in outgoing:
            model_id = str(event.attributes.get(keys.MODEL_ID, ""))
            self._seen.note(str(event.attributes[keys.SCORE_NAME]), key_of(event.trace_id, model_id))


@dataclass(slots=True)
class _Day:
    """What judges spent on a UTC day."""

    day: int
    budget: Budget
    _calls: int
    _cost_usd: float

    @classmethod
    def read(cls, query_api: QueryApi, monitor_id: str, options: Mapping[str, Any], day: int) -> _Day:
        """What was spent so far, by the scores that were given.

        Raises:
            ServerUnavailableError: no usable answer.
        """
        calls, cost_usd = 0, 0.0
        if options.get("max_calls") is not None or options.get("max_cost_usd") is not None:
            for row in _stored(query_api, monitor_id, day * _DAY_NS, "calls,cost_usd"):
                calls += row["calls"] or 0
                cost_usd += row["cost_usd"] or 0.0
        limits = options.get("max_cost_usd"), options.get("max_calls")
        return cls(day, Budget(*limits, cost_usd=cost_usd, calls=calls), calls, cost_usd)

    def new_calls(self) -> int:
        """Calls since this was asked last."""
        new, self._calls = self.budget.calls - self._calls, self.budget.calls
        return new

    def new_cost_usd(self) -> float:
        """US dollars since this was asked last."""
        new, self._cost_usd = self.budget.cost_usd - self._cost_usd, self.budget.cost_usd
        return max(0.0, new)


def _listed(query_api: QueryApi) -> list[dict[str, Any]]:
    return list(pages.items(query_api, "/v1/monitors", "monitors"))


def _stored(query_api: QueryApi, monitor_id: str, since_ns: int, columns: str) -> Iterator[dict[str, Any]]:
    path = path_of("evaluations", monitor_id) + "/scores"
    return _job_traces.lines(query_api, path, columns=columns, format="jsonl", since=rfc3339(since_ns))


def _expected(fault: Exception) -> bool:
    """Whether a fault is one that its message explains."""
    return isinstance(fault, SpanfoldError)
