"""What a collector that is away was to get is kept within a bound, and sent when it is back."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk._logs.export import LogRecordExportResult

from spanfold._internal import retry
from spanfold_schemas import keys

if TYPE_CHECKING:
    import pytest


class Away:
    """An exporter whose collector is away until it is not."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.result = LogRecordExportResult.FAILURE

    def export(self, batch: Any) -> LogRecordExportResult:
        if self.result is LogRecordExportResult.SUCCESS:
            self.sent.extend(batch)
        return self.result

    def shutdown(self) -> None: ...

    def force_flush(self, _: int = 0) -> bool:
        return True


class Record:
    def __init__(self, timestamp: int) -> None:
        self.log_record = self
        self.timestamp = timestamp
        self.body = self.attributes = self.event_name = None


def test_kept_events_are_bounded_in_number_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_RETRY_S", 60)
    away, now = Away(), 10**18
    monkeypatch.setattr("time.time_ns", lambda: now)
    keeping = retry.PersistentLogExporter(away)  # type: ignore[arg-type]
    old: Any = Record(now - 3_601 * 10**9)
    young: Any = [Record(now) for _ in range(retry.MAX_KEPT + 5)]
    assert keeping.export([old, *young]) is LogRecordExportResult.FAILURE
    assert not keeping.force_flush()
    away.result = LogRecordExportResult.SUCCESS
    keeping.shutdown()
    assert away.sent == young[: retry.MAX_KEPT]


def test_while_the_collector_is_away_log_lines_and_metrics_crowd_no_version_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "FIRST_RETRY_S", 60)
    monkeypatch.setattr(retry, "MAX_KEPT", 4)

    def record(event_name: str, attributes: Any) -> Any:
        made: Any = Record(time.time_ns())
        made.event_name, made.attributes = event_name, attributes
        return made

    line, late_line = record("", {}), record("", None)
    event = {keys.EVENT_ID: "1"}
    metric, late_metric = record(keys.MODEL_METRICS_LOGGED, event), record(keys.RUN_METRICS_LOGGED, event)
    first, second, third = (record(keys.MODEL_CREATED, event) for _ in range(3))
    away = Away()
    keeping = retry.PersistentLogExporter(away)  # type: ignore[arg-type]
    keeping.export([line, metric, first, late_line])
    keeping.export([late_metric, second, third])
    away.result = LogRecordExportResult.SUCCESS
    keeping.shutdown()
    assert away.sent == [metric, first, second, third]


def test_a_forked_child_does_not_send_what_its_parent_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_RETRY_S", 60)
    away, now = Away(), time.time_ns()
    keeping = retry.PersistentLogExporter(away)  # type: ignore[arg-type]
    parents, childs = Record(now), Record(now)
    keeping.export([parents])  # type: ignore[list-item]
    pid = os.getpid()
    with monkeypatch.context() as in_child:
        in_child.setattr(os, "getpid", lambda: pid + 1)
        assert keeping.force_flush()
        away.result = LogRecordExportResult.SUCCESS
        keeping.export([childs])  # type: ignore[list-item]
    assert away.sent == [childs]
