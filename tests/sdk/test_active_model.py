"""Which version a span belongs to: blocks before the process, the process before the environment."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from opentelemetry import trace as otel_trace

import spanfold
from spanfold._internal import active, active_run, carrying
from spanfold_schemas.ids import derive_model_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold.testing import Captured
    from tests.sdk.otlp_receiver import Server


def id_of(name: str) -> str:
    return derive_model_id("0", name)


def linked(captured: Captured) -> dict[str, object]:
    """Model ID by span name."""
    return {span.name: (span.attributes or {}).get("spanfold.model.id") for span in captured.spans}


def span(name: str) -> None:
    with spanfold.start_span(name):
        pass


def test_spans_of_overlapping_asyncio_tasks_reach_the_collector_with_their_own_version(
    server: Server,
) -> None:
    """MLflow links one request's trace to the other's version here."""

    async def request(name: str, mine: asyncio.Event, other: asyncio.Event) -> None:
        with spanfold.set_active_model(name=name):
            mine.set()
            await other.wait()
            span(f"{name} inside")
            await asyncio.sleep(0)
        span(f"{name} after")

    async def overlap() -> None:
        first, second = asyncio.Event(), asyncio.Event()
        await asyncio.gather(request("v1.0", first, second), request("v2.0", second, first))

    asyncio.run(overlap())
    assert spanfold.flush()
    assert server.model_of("v1.0 inside") == id_of("v1.0")
    assert server.model_of("v2.0 inside") == id_of("v2.0")
    assert server.model_of("v1.0 after") is None
    assert server.model_of("v2.0 after") is None


def test_overlapping_threads_keep_their_own_version_and_leave_none_behind(captured: Captured) -> None:
    barrier = threading.Barrier(8, timeout=10)

    def request(number: int) -> None:
        for turn in range(20):
            with spanfold.set_active_model(name=f"v{number}"):
                barrier.wait()
                span(f"{number}/{turn}")
                barrier.wait()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(request, range(8)))
    assert {name: id_of(f"v{name.split('/')[0]}") for name in linked(captured)} == linked(captured)
    assert len(captured.spans) == 160
    assert spanfold.get_active_model_id() is None


def test_a_thread_started_with_a_copied_context_belongs_to_its_starters_version(captured: Captured) -> None:
    with spanfold.set_active_model(name="v1"):
        copied = contextvars.copy_context()
        thread = threading.Thread(target=copied.run, args=(span, "child"))
    thread.start()
    thread.join(10)
    assert linked(captured) == {"child": id_of("v1")}


def test_a_plain_call_holds_for_every_thread_of_the_process(captured: Captured) -> None:
    spanfold.set_active_model(name="v1")
    thread = threading.Thread(target=span, args=("elsewhere",))
    thread.start()
    thread.join(10)
    assert linked(captured) == {"elsewhere": id_of("v1")}


def in_another_thread() -> str | None:
    """What a thread sees that was there before, and that nobody handed anything."""
    with ThreadPoolExecutor(1) as pool, active_in_nothing():
        return pool.submit(active.current).result(10)


@contextmanager
def active_in_nothing() -> Iterator[None]:
    """Hand work on without saying so: as a thread does that waits at a queue."""
    carrying.uninstall()
    try:
        yield
    finally:
        carrying.install()


def test_a_thread_stopped_between_its_call_and_its_block_shows_its_model_to_no_other(
    captured: Captured,
) -> None:
    spanfold.set_active_model(name="process")
    stopped = spanfold.set_active_model(name="block")
    assert in_another_thread() == id_of("process")
    with stopped:
        assert in_another_thread() == id_of("process")
    span("after")
    assert linked(captured) == {"after": id_of("process")}


@pytest.mark.usefixtures("captured")
def test_a_plain_call_whose_object_is_kept_holds_for_other_threads_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = spanfold.set_active_model(name="kept")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(active.current).result(10) == kept.model_id
    asked = spanfold.set_active_model(name="asked")
    assert spanfold.get_active_model_id() == asked.model_id
    assert in_another_thread() == asked.model_id
    late = spanfold.set_active_model(name="late")
    assert in_another_thread() == asked.model_id
    monkeypatch.setattr(active, "UNDECIDED_S", 0.0)
    assert in_another_thread() == late.model_id


@pytest.mark.usefixtures("captured")
def test_a_thread_outside_all_blocks_never_sees_those_that_open_meanwhile() -> None:
    """Threads are stopped at any instruction: without care, most looks would see another's version."""
    is_over = threading.Event()
    seen = set[str | None]()

    def request(number: int) -> None:
        while not is_over.is_set():
            with spanfold.set_active_model(name=f"v{number}"), spanfold.start_run():
                sum(range(50))

    def bystander() -> None:
        for _ in range(100):
            time.sleep(0.001)
            seen.update((active.current(), active_run.current()))
        is_over.set()

    carrying.uninstall()
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=request, args=(number,)) for number in range(4)]
    for thread in (*threads, watcher := threading.Thread(target=bystander)):
        thread.start()
    watcher.join(60)
    is_over.set()
    for thread in threads:
        thread.join(10)
    sys.setswitchinterval(interval_s)
    carrying.install()
    assert seen == {None}


def test_blocks_nest_and_each_exit_restores_what_was_before(captured: Captured) -> None:
    spanfold.set_active_model(name="process")
    with spanfold.set_active_model(name="outer"):
        with spanfold.set_active_model(name="inner"):
            span("inner")
        span("outer")
    span("process")
    assert linked(captured) == {name: id_of(name) for name in ("inner", "outer", "process")}


def test_an_exception_leaves_the_block_and_restores_what_was_before(captured: Captured) -> None:
    def fail() -> None:
        with spanfold.set_active_model(name="failing"):
            message = "no"
            raise RuntimeError(message)

    spanfold.set_active_model(name="process")
    with pytest.raises(RuntimeError):
        fail()
    span("after")
    assert linked(captured) == {"after": id_of("process")}


def test_a_plain_call_inside_a_block_holds_until_the_blocks_end_and_only_there(captured: Captured) -> None:
    with spanfold.set_active_model(name="outer"):
        spanfold.set_active_model(name="changed")
        span("changed")
        with spanfold.set_active_model(name="inner"):
            span("inner")
        assert spanfold.get_active_model_id() == id_of("changed")
    span("after")
    assert linked(captured) == {"changed": id_of("changed"), "inner": id_of("inner"), "after": None}


def test_one_object_can_be_entered_again_and_by_several_tasks(captured: Captured) -> None:
    model = spanfold.set_active_model(name="shared")

    async def request(number: int, barrier: asyncio.Barrier) -> None:
        with model:
            await barrier.wait()
            with model:
                span(f"{number} inside")
            assert spanfold.get_active_model_id() == id_of("shared")
        span(f"{number} after")

    async def all_at_once() -> None:
        barrier = asyncio.Barrier(3)
        await asyncio.gather(*(request(number, barrier) for number in range(3)))

    asyncio.run(all_at_once())
    ids = linked(captured)
    assert [ids[f"{n} inside"] for n in range(3)] == [id_of("shared")] * 3
    assert [ids[f"{n} after"] for n in range(3)] == [None] * 3


def test_an_exit_stack_may_enter_it(captured: Captured) -> None:
    """The call cannot see its ``with``: what counts is that it is entered."""
    with ExitStack() as stack:
        stack.enter_context(spanfold.set_active_model(name="stacked"))
        span("inside")
    span("after")
    assert linked(captured) == {"inside": id_of("stacked"), "after": None}


def test_two_calls_that_are_entered_in_the_other_order_leave_nothing_behind(captured: Captured) -> None:
    """Between call and entry another thread may come: neither order may leave a version active."""
    spanfold.set_active_model(name="process")
    first = spanfold.set_active_model(name="first")
    second = spanfold.set_active_model(name="second")
    with first, second:
        span("second")
    span("after")
    assert linked(captured) == {"second": id_of("second"), "after": id_of("process")}


def test_calls_in_a_loop_do_not_pile_up(captured: Captured) -> None:
    for number in range(500):
        spanfold.set_active_model(name=f"v{number % 3}")
    gc.collect()
    spanfold.set_active_model(name="last")
    assert len(active.swap_process()[0]) <= 3
    with spanfold.set_active_model(name="block"):
        for number in range(500):
            spanfold.set_active_model(name=f"v{number % 3}")
        assert len(active.snapshot().blocks) <= 4
    assert captured.spans == []


def test_clearing_outside_blocks_clears_the_process_and_its_default(captured: Captured) -> None:
    active.set_default(id_of("environment"))
    spanfold.set_active_model(name="process")
    spanfold.clear_active_model()
    assert spanfold.get_active_model_id() is None
    assert captured.spans == []


def test_clearing_inside_a_block_clears_the_block_only(captured: Captured) -> None:
    spanfold.set_active_model(name="process")
    with spanfold.set_active_model(name="block"):
        spanfold.clear_active_model()
        span("cleared")
        assert spanfold.get_active_model_id() is None
    span("after")
    assert linked(captured) == {"cleared": None, "after": id_of("process")}


def test_spans_of_other_instrumentations_are_stamped_too(captured: Captured) -> None:
    with spanfold.set_active_model(name="v1"):
        otel_trace.get_tracer("somebody.else").start_span("foreign").end()
    assert linked(captured) == {"foreign": id_of("v1")}


@pytest.mark.parametrize("key", ["spanfold.model.id", "mlflow.modelId"])
def test_an_id_that_the_application_set_itself_is_left_alone(captured: Captured, key: str) -> None:
    with spanfold.set_active_model(name="v1"), spanfold.start_span("own", attributes={key: "mine"}):
        pass
    (made,) = captured.spans
    assert dict(made.attributes or {}) == {key: "mine"}
