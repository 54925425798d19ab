"""The intake: groups close by bytes, records or age, and memory has a limit."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_collector.errors import OverloadedError
from spanfold_collector.intake import Answer, Intake, Pending, Recent

LONG_S = 10.0


def pending(size: int = 10, records: int = 1) -> Pending:
    return Pending(bytes(size), records, Answer(), Future())


def make_intake(
    max_held_bytes: int = 1000, group_bytes: int = 100, group_records: int = 10, linger_s: float = LONG_S
) -> Intake:
    return Intake(
        max_held_bytes=max_held_bytes, group_bytes=group_bytes, group_records=group_records, linger_s=linger_s
    )


def test_a_group_closes_when_it_has_its_bytes() -> None:
    intake = make_intake()
    for _ in range(11):
        intake.offer(pending(10))

    assert len(intake.take(LONG_S)) == 10


def test_a_group_closes_when_it_has_its_records() -> None:
    intake = make_intake()
    for _ in range(4):
        intake.offer(pending(records=3))

    assert [request.records for request in intake.take(LONG_S)] == [3, 3, 3]


def test_a_group_closes_when_its_first_request_has_waited_long_enough() -> None:
    intake = make_intake(linger_s=0.05)
    started = time.monotonic()
    intake.offer(pending())

    assert len(intake.take(LONG_S)) == 1
    assert 0.04 < time.monotonic() - started < LONG_S


def test_a_group_may_be_told_to_wait_longer_for_company() -> None:
    intake = make_intake(linger_s=0.0)
    started = time.monotonic()
    intake.offer(pending())

    assert len(intake.take(LONG_S, linger_s=0.05)) == 1
    assert time.monotonic() - started > 0.04


def test_a_request_larger_than_a_group_goes_alone() -> None:
    intake = make_intake()
    intake.offer(pending(500, records=50))
    intake.offer(pending(100))

    assert [len(request.framed) for request in intake.take(LONG_S)] == [500]
    assert [len(request.framed) for request in intake.take(LONG_S)] == [100]


def test_nothing_comes_when_nothing_arrives() -> None:
    assert make_intake().take(0.01) == []


def test_past_its_limit_the_intake_refuses_until_a_group_is_released() -> None:
    intake = make_intake(max_held_bytes=250)
    intake.offer(pending(100))
    intake.offer(pending(100))
    group = intake.take(LONG_S)

    with pytest.raises(OverloadedError) as caught:
        intake.offer(pending(100))
    assert caught.value.retry_after_s > 0
    assert intake.held_bytes == 200

    intake.release(group)
    intake.offer(pending(100))
    assert intake.held_bytes == 200


def test_a_closed_intake_refuses_but_hands_out_what_it_has_at_once() -> None:
    intake = make_intake()
    intake.offer(pending())
    intake.close()

    with pytest.raises(OverloadedError, match="shutting down"):
        intake.offer(pending())
    assert len(intake.take(0)) == 1
    assert intake.take(LONG_S) == []


def test_a_taker_that_waits_is_woken_by_a_request() -> None:
    intake = make_intake(linger_s=0.0)
    taken: list[list[Pending]] = []
    taker = threading.Thread(target=lambda: taken.append(intake.take(LONG_S)))
    taker.start()

    intake.offer(pending())

    taker.join(LONG_S)
    assert [len(group) for group in taken] == [1]


@given(sizes=st.lists(st.tuples(st.integers(1, 150), st.integers(1, 12)), max_size=30))
def test_any_requests_come_out_once_in_order_and_in_groups_within_the_limits(
    sizes: list[tuple[int, int]],
) -> None:
    intake = make_intake(max_held_bytes=10_000, linger_s=0.0)
    offered = [pending(size, records) for size, records in sizes]
    for request in offered:
        intake.offer(request)

    groups = []
    while group := intake.take(0):
        groups.append(group)
        intake.release(group)

    assert [request for group in groups for request in group] == offered
    assert intake.held_bytes == 0
    for group in groups:
        within = sum(len(one.framed) for one in group) <= 100 and sum(one.records for one in group) <= 10
        assert within or len(group) == 1


def test_a_request_sent_again_gets_the_first_promise_and_later_its_answer() -> None:
    recent = Recent(window_s=LONG_S)
    first: Future[Answer] = Future()
    assert recent.claim(b"k", first) is first

    assert recent.claim(b"k", Future()) is first
    first.set_result(Answer(3, "why"))

    assert recent.claim(b"k", Future()).result(0) == Answer(3, "why")


def test_a_request_whose_promise_failed_may_be_sent_again() -> None:
    recent = Recent(window_s=LONG_S)
    failed: Future[Answer] = Future()
    recent.claim(b"k", failed)
    failed.set_exception(OverloadedError("no room", 1))

    again: Future[Answer] = Future()
    assert recent.claim(b"k", again) is again


def test_requests_are_forgotten_after_the_window() -> None:
    recent = Recent(window_s=0.0)
    recent.claim(b"k", Future())

    again: Future[Answer] = Future()
    time.sleep(0.001)  # the window is over once the clock has moved
    assert recent.claim(b"k", again) is again


def test_no_more_than_a_bounded_number_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanfold_collector.intake._MAX_REMEMBERED", 2)
    recent = Recent(window_s=LONG_S)
    promises: list[Future[Answer]] = [Future() for _ in range(3)]
    for number, promise in enumerate(promises):
        recent.claim(bytes([number]), promise)

    assert recent.claim(b"\x02", Future()) is promises[2]
    fresh: Future[Answer] = Future()
    assert recent.claim(b"\x00", fresh) is fresh


def test_of_many_that_send_the_same_at_once_only_one_is_the_first() -> None:
    recent = Recent(window_s=LONG_S)
    barrier = threading.Barrier(8)
    firsts: list[bool] = []

    def send() -> None:
        mine: Future[Answer] = Future()
        barrier.wait(LONG_S)
        firsts.append(recent.claim(b"k", mine) is mine)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    assert sorted(firsts) == [False] * 7 + [True]
