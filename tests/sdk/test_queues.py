"""A full queue drops the newest and says so; the application never waits for it."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from opentelemetry import _logs

import spanfold
from spanfold import testing
from spanfold._internal import faults
from spanfold._internal.queues import BoundedQueue
from tests.sdk.otlp_receiver import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sdk.otlp_receiver import Server


class Slow:
    """An exporter that waits until it may go on."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.called = threading.Event()
        self.batches = list[list[str]]()

    def export(self, batch: Sequence[str]) -> None:
        self.called.set()
        self.go.wait(20)
        self.batches.append(list(batch))

    def items(self) -> list[str]:
        return [item for batch in self.batches for item in batch]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "4")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2")
    monkeypatch.setenv("SPANFOLD_QUEUE_MAX_BYTES", "9000")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    monkeypatch.setattr(faults, "_logged", set[str]())
    return Slow()


def test_a_full_queue_drops_the_newest_and_counts_them(slow: Slow, caplog: pytest.LogCaptureFixture) -> None:
    queue: BoundedQueue[str] = BoundedQueue("spans", "OTEL_BSP", slow.export, len)
    before = testing.dropped_count()
    with caplog.at_level(logging.WARNING, "spanfold"):
        for name in "ab":
            queue.put(name)
        assert slow.called.wait(20), "a full batch does not wait for its time"
        for name in "cdefgh":
            queue.put(name)
        assert len(queue) == 6
        slow.go.set()
        queue.stop()
    assert slow.batches == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert testing.dropped_count() - before == 2
    assert [record.getMessage() for record in caplog.records] == [
        "the queue of spans is full (4, or 9000 bytes): the newest are dropped and counted (logged once)",
        "2 spans were dropped in all: the queue was full",
    ]


def test_a_queue_is_bounded_by_bytes_too(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFOLD_QUEUE_MAX_BYTES", "10")
    slow.go.set()
    queue: BoundedQueue[str] = BoundedQueue("spans", "OTEL_BSP", slow.export, len)
    queue.put("a" * 8)
    queue.put("b" * 3)
    queue.put("c" * 2)
    queue.flush()
    queue.put("d" * 9)
    queue.stop()
    assert slow.items() == ["a" * 8, "c" * 2, "d" * 9]


def test_items_put_by_many_threads_all_come_once(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100000")
    monkeypatch.setenv("SPANFOLD_QUEUE_MAX_BYTES", "1000000")
    slow.go.set()
    queue: BoundedQueue[str] = BoundedQueue("spans", "OTEL_BSP", slow.export, len)

    def put(who: int) -> None:
        for turn in range(1_000):
            queue.put(f"{who}-{turn}")

    threads = [threading.Thread(target=put, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.stop()
    assert sorted(slow.items()) == sorted(f"{who}-{turn}" for who in range(8) for turn in range(1_000))


def test_what_has_more_room_is_not_crowded_out(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "2")
    monkeypatch.setenv("SPANFOLD_QUEUE_MAX_BYTES", "8")
    queue: BoundedQueue[str] = BoundedQueue("spans", "OTEL_BSP", slow.export, len)
    for name in "ab":
        queue.put(name)
    assert slow.called.wait(20)
    for name in "cde":
        queue.put(name)
    for name in "FGHIJKL":
        queue.put(name, rooms=3)
    queue.put("m", rooms=1)
    queue.put("M" * 20, rooms=100)
    slow.go.set()
    queue.stop()
    assert slow.items() == list("abcdFGHI")
    assert len(slow.batches) == 3, "what is beyond the ordinary room goes at once"


def test_a_version_is_not_lost_among_metrics_and_log_lines(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    spanfold.shutdown()
    monkeypatch.setenv("OTEL_BLRP_MAX_QUEUE_SIZE", "10")
    monkeypatch.setattr(faults, "_logged", set[str]())
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)
    lines = _logs.get_logger("app")
    with server.changed:  # the server cannot answer while we hold this
        metrics = spanfold.create_external_model(name="metrics").model_id
        for number in range(200):
            lines.emit(body=f"line {number}")
            spanfold.log_metric("loss", 1 / (number + 1), model_id=metrics)
        spanfold.create_external_model(name="late")
    assert spanfold.flush()
    sent = Counter(record.event_name for record in server.records)
    assert sent["spanfold.model.created"] == 2
    assert 150 <= sent["spanfold.model.metrics_logged"] <= 200
    assert sent[""] <= 40


def test_what_a_version_is_known_by_is_sent_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may be given its ID the moment after, and asks the server whether there is such."""
    spanfold.shutdown()
    monkeypatch.setenv("OTEL_BLRP_SCHEDULE_DELAY", "600000")
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)
    _logs.get_logger("app").emit(body="line")
    for name in ("first", "second"):
        spanfold.create_external_model(name=name)
        server.wait_for(lambda: bool(server.records) and name in server.records[-1].body.string_value)  # noqa: B023


def test_an_exporter_that_raises_costs_its_batch_only(slow: Slow, caplog: pytest.LogCaptureFixture) -> None:
    def export(batch: Sequence[str]) -> None:
        if "a" in batch:
            raise RuntimeError
        slow.batches.append(list(batch))

    queue: BoundedQueue[str] = BoundedQueue("spans", "OTEL_BSP", export, len)
    before = faults.set_raising(False)
    with caplog.at_level(logging.ERROR, "spanfold"):
        for name in "abcd":
            queue.put(name)
        queue.stop()
    faults.set_raising(before)
    assert slow.batches == [["c", "d"]]


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_a_limit_that_is_no_number_is_reported_and_the_default_holds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, slow: Slow, text: str
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", text)
    with caplog.at_level(logging.WARNING, "spanfold"):
        queue: BoundedQueue[str] = BoundedQueue("spans", "OTEL_BSP", slow.export, len)
    assert queue._max_items == 8_192
    assert "OTEL_BSP_MAX_QUEUE_SIZE" in caplog.text


def test_while_the_collector_is_slow_the_application_goes_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    spanfold.shutdown()
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    monkeypatch.setattr(faults, "_logged", set[str]())
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)
    before = testing.dropped_count()
    with server.changed:  # the server cannot answer while we hold this
        for number in range(100):
            with spanfold.start_span(str(number)):
                pass
        # At most one batch is in the exporter's hands, and one queue behind it.
        wait_until(lambda: testing.dropped_count() - before >= 80)
    assert spanfold.flush()
    arrived = [int(span.name) for span in server.spans]
    assert arrived[:10] == list(range(10)), "the oldest are kept"
    assert len(arrived) == 100 - (testing.dropped_count() - before)


def test_unless_told_otherwise_all_that_waits_leaves_in_one_batch(
    monkeypatch: pytest.MonkeyPatch, slow: Slow
) -> None:
    for variable in ("OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "SPANFOLD_QUEUE_MAX_BYTES"):
        monkeypatch.delenv(variable)
    queue: BoundedQueue[str] = BoundedQueue("spans", "OTEL_BSP", slow.export, len)
    for number in range(500):
        queue.put(str(number))
    slow.go.set()
    queue.flush()
    assert [len(batch) for batch in slow.batches] == [500]
