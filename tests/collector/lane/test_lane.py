"""The lane: it answers when a request is durable, not before, whatever the database does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from spanfold_collector.errors import OverloadedError
from tests.collector._database import LIMIT_S, ScriptedDatabase, until
from tests.collector._lane import AWAY, figure, names, request, spooled
from tests.collector._otlp import make_span, make_traces

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from spanfold_collector.intake import Answer
    from spanfold_collector.lane import Lane


def test_a_request_is_acknowledged_when_the_database_has_it_and_not_before(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane()
    database.is_open.clear()
    promise = lane.submit(request(1))
    assert database.is_entered.wait(LIMIT_S)
    assert not promise.done()

    database.is_open.set()

    assert promise.result(LIMIT_S).rejected == 0
    assert database.names == names(1)


def test_requests_that_arrive_together_are_inserted_together(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane(linger_ms=200)

    for promise in [lane.submit(request(number)) for number in range(20)]:
        promise.result(LIMIT_S)

    assert len(database.calls) == 1
    assert database.names == names(*range(20))


def test_while_the_database_is_away_the_spool_takes_requests_and_replays_them_in_order(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    lane = make_lane()
    database.broken = AWAY
    for number in range(6):
        lane.submit(request(number)).result(LIMIT_S)
    assert spooled(tmp_path) == names(*range(6))
    assert (lane.road, database.names) == ("spool", [])

    database.broken = None

    until(lambda: not lane.is_detoured, "the lane leaves the detour")
    assert database.names == names(*range(6))
    assert spooled(tmp_path) == []
    lane.submit(request(6)).result(LIMIT_S)
    until(lambda: database.names == names(*range(7)), "new requests reach the database again")


def test_a_detour_ends_under_load_that_never_pauses(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    """Each spooled group costs an insert of its own, so there must be fewer of them than of requests."""
    lane = make_lane()
    database.errors.append(AWAY)
    lane.submit(request(0)).result(LIMIT_S)
    database.seconds_a_call = 0.05
    promises = []
    numbers = itertools.count(1)

    def is_direct_under_load() -> bool:
        promises.append(lane.submit(request(next(numbers))))
        return not lane.is_detoured

    until(is_direct_under_load, "the lane leaves the detour")
    for promise in promises:
        promise.result(LIMIT_S)
    until(lambda: len(database.names) == len(promises) + 1, "everything is in the database")


def test_an_insert_whose_answer_was_lost_is_repeated_under_its_token_and_counts_once(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane()
    database.lost_answers.append(AWAY)

    lane.submit(request(1)).result(LIMIT_S)

    until(lambda: not lane.is_detoured, "the lane leaves the detour")
    assert database.names == names(1)
    assert len(database.calls) == 2
    assert len(set(database.calls)) == 1


def test_a_slow_insert_is_acknowledged_from_the_spool_and_forgotten_there_once_it_is_in(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    lane = make_lane(slow_after_s=0.1)
    database.is_open.clear()

    lane.submit(request(1)).result(LIMIT_S)
    lane.submit(request(2)).result(LIMIT_S)
    assert spooled(tmp_path) == names(1, 2)

    database.is_open.set()
    until(lambda: not lane.is_detoured, "the lane leaves the detour")
    assert spooled(tmp_path) == []
    assert database.names == names(1, 2)
    assert len(database.calls) == 2
    assert figure(lane, "accepted_records_total") == 2


def test_what_an_earlier_process_left_in_the_spool_is_replayed_under_the_same_tokens(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    first = make_lane()
    # The insert happens, its answer is lost, and the process ends before it can ask again.
    database.lost_answers.append(AWAY)
    database.errors.extend([AWAY] * 100)
    first.submit(request(1)).result(LIMIT_S)
    until(lambda: len(database.calls) > 1, "the first replay")
    first.stop(LIMIT_S)
    database.errors.clear()
    assert spooled(tmp_path) == names(1)

    second = make_lane()

    until(lambda: not second.is_detoured, "the lane leaves the detour")
    assert database.names == names(1)
    assert spooled(tmp_path) == []


def test_a_full_spool_refuses_as_retryable_and_recovers(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane(spool_max_bytes=2_000)
    database.broken = AWAY
    lane.submit(request(1, size=1_500)).result(LIMIT_S)

    with pytest.raises(OverloadedError, match="the spool is full") as caught:
        lane.submit(request(2, size=1_500)).result(LIMIT_S)
    assert caught.value.retry_after_s > 0
    assert lane.road == "spool"
    with pytest.raises(OverloadedError):
        lane.submit(request(2, size=1_500)).result(LIMIT_S)

    database.broken = None
    until(lambda: not lane.is_detoured, "the lane leaves the detour")
    lane.submit(request(2, size=1_500)).result(LIMIT_S)
    until(lambda: database.names == names(1, 2), "both requests are in the database")


def test_a_disk_below_its_reserve_refuses_before_anything_is_taken(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane(min_free_disk_bytes=2**60)

    with pytest.raises(OverloadedError, match="bytes of disk are free"):
        lane.submit(request(1))

    assert (lane.road, database.calls) == ("refused", [])


def test_the_same_bytes_sent_again_are_stored_once(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane()
    database.is_open.clear()
    first = lane.submit(request(1))
    again = lane.submit(request(1))
    assert again is first

    database.is_open.set()
    again.result(LIMIT_S)

    lane.submit(request(1)).result(LIMIT_S)
    assert database.names == names(1)
    assert figure(lane, "repeated_requests_total") == 2


def test_a_refused_request_may_be_sent_again(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane(max_held_bytes=10)
    with pytest.raises(OverloadedError):
        lane.submit(request(1))
    with pytest.raises(OverloadedError):
        lane.submit(request(1))

    assert figure(lane, "repeated_requests_total") == 0
    assert database.calls == []


def test_memory_stays_within_its_limit_when_the_database_stalls(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    limit = 200_000
    lane = make_lane(max_held_bytes=limit)
    database.is_open.clear()
    promises: list[Future[Answer]] = []
    with pytest.raises(OverloadedError, match="bytes are waiting to be written") as caught:
        promises.extend(lane.submit(request(number, size=1_000)) for number in range(1_000))
    assert caught.value.retry_after_s > 0
    assert limit * 0.9 < figure(lane, "held_bytes") <= limit

    database.is_open.set()

    for promise in promises:
        promise.result(LIMIT_S)
    until(lambda: figure(lane, "held_bytes") == 0, "all memory is released")
    assert sorted(database.names) == sorted(names(*range(len(promises))))


def test_a_fault_of_ours_is_answered_as_retryable_and_the_writer_goes_on(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane()
    database.errors.append(RuntimeError("a bug"))

    with pytest.raises(OverloadedError, match="unexpected fault: a bug"):
        lane.submit(request(1)).result(LIMIT_S)

    lane.submit(request(1)).result(LIMIT_S)
    assert database.names == names(1)


def test_faults_of_ours_during_replay_keep_the_group_and_the_writer(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane()
    database.errors.extend([AWAY, RuntimeError("a bug"), RuntimeError("a bug")])

    lane.submit(request(1)).result(LIMIT_S)

    until(lambda: not lane.is_detoured, "the lane leaves the detour")
    assert database.names == names(1)


def test_stopping_writes_what_was_taken(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    lane = make_lane(linger_ms=60_000)
    promises = [lane.submit(request(number)) for number in range(5)]

    assert lane.stop(LIMIT_S)

    assert all(promise.done() for promise in promises)
    assert database.names == names(*range(5))
    assert spooled(tmp_path) == []
    with pytest.raises(OverloadedError, match="shutting down"):
        lane.submit(request(9))


def test_stopping_spools_what_the_database_does_not_take_in_time(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    lane = make_lane()
    database.is_open.clear()
    promises = [lane.submit(request(1))]
    assert database.is_entered.wait(LIMIT_S)
    promises.append(lane.submit(request(2)))

    assert not lane.stop(0.2)

    assert all(promise.result(0).rejected == 0 for promise in promises)
    assert spooled(tmp_path) == names(1, 2)


def test_an_empty_request_and_one_of_faults_alone_are_answered_at_once(
    make_lane: Callable[..., Lane], database: ScriptedDatabase
) -> None:
    lane = make_lane()

    assert lane.submit(b"").result(0).rejected == 0
    assert lane.submit(make_traces(make_span(1, trace_id=b""))).result(0).rejected == 1
    assert database.calls == []
