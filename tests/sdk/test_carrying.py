"""A block's work belongs to its model and its trace, in whichever thread or process it is done."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import logging
import multiprocessing
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING, Any

import pytest

import spanfold
from spanfold._internal import carrying, faults
from tests.sdk import otlp_receiver
from tests.sdk.otlp_receiver import attributes_of
from tests.sdk.process_work import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spanfold.testing import Captured
    from tests.sdk.conftest import RunScript

theirs = contextvars.ContextVar("theirs", default="unset")


@pytest.fixture(autouse=True)
def _patched() -> Iterator[None]:
    carrying.install()
    yield
    carrying.uninstall()


def step(name: str) -> str | None:
    with spanfold.start_span(name):
        return spanfold.get_active_model_id()


def by_thread(task: Callable[[], None]) -> None:
    thread = threading.Thread(target=task)
    thread.start()
    thread.join()


def by_subclass(task: Callable[[], None]) -> None:
    class Worker(threading.Thread):
        def run(self) -> None:
            task()

    worker = Worker()
    worker.start()
    worker.join()
    assert "run" not in vars(worker), "nothing of ours stays on it"


def by_timer(task: Callable[[], None]) -> None:
    timer = threading.Timer(0, task)
    timer.start()
    timer.join()


def by_pool(task: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(task).result()


def by_old_pool(task: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        contextvars.Context().run(pool.submit, int).result()
        pool.submit(task).result()


def by_map(task: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda _: task(), [1]))


def by_thread_pool(task: Callable[[], None]) -> None:
    with ThreadPool(1) as pool:
        pool.apply(task)


def by_asyncio(task: Callable[[], None]) -> None:
    async def main() -> None:
        await asyncio.create_task(asyncio.to_thread(task))

    asyncio.run(main())


def by_executor_of_the_loop(task: Callable[[], None]) -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, task)

    asyncio.run(main())


WAYS = [
    by_thread,
    by_subclass,
    by_timer,
    by_pool,
    by_old_pool,
    by_map,
    by_thread_pool,
    by_asyncio,
    by_executor_of_the_loop,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_threads_work_belongs_to_the_block_that_started_it(
    captured: Captured, way: Callable[[Callable[[], None]], None]
) -> None:
    seen: list[Any] = []
    with spanfold.set_active_model(name="v1") as model, running() as run, spanfold.start_span("request"):
        way(lambda: seen.append(step("work")))
    way(lambda: seen.append(step("other")))
    assert seen == [model.model_id, None]
    spans = {span.name: span for span in captured.spans}
    work, request, other = spans["work"], spans["request"], spans["other"]
    assert (work.attributes or {})["spanfold.run.id"] == run.run_id
    assert work.parent is not None
    assert request.context is not None
    assert work.parent.span_id == request.context.span_id
    assert other.parent is None
    assert "spanfold.model.id" not in (other.attributes or {})


@pytest.mark.usefixtures("captured")
def test_a_pools_workers_do_not_belong_to_the_block_that_first_used_it() -> None:
    with ThreadPoolExecutor(1) as pool:
        with spanfold.set_active_model(name="v1") as model:
            assert pool.submit(step, "one").result() == model.model_id
        assert pool.submit(step, "two").result() is None
        with spanfold.set_active_model(name="v2") as model:
            assert pool.submit(step, "three").result() == model.model_id


@pytest.mark.usefixtures("captured")
def test_overlapping_blocks_keep_their_threads_apart() -> None:
    def request(version: str) -> bool:
        with spanfold.set_active_model(name=version) as model, ThreadPoolExecutor(2) as pool:
            return all(pool.submit(step, "s").result() == model.model_id for _ in range(20))

    with ThreadPoolExecutor(8) as requests:
        assert all(requests.map(request, [f"v{number}" for number in range(8)]))


@pytest.mark.usefixtures("captured")
def test_the_applications_own_context_variables_keep_pythons_rules() -> None:
    theirs.set("set")
    seen: list[str] = []
    with spanfold.set_active_model(name="v1"):
        by_thread(lambda: seen.append(theirs.get()))
        by_pool(lambda: seen.append(theirs.get()))
    assert seen == ["unset", "unset"]


def both(value: int, *, key: int) -> tuple[int, int]:
    return value, key


@pytest.mark.usefixtures("captured")
def test_errors_and_results_pass_through_and_nothing_is_kept_alive() -> None:
    class Result:
        pass

    with spanfold.set_active_model(name="v1"), ThreadPoolExecutor(1) as pool:
        result = pool.submit(both, 1, key=2).result()
        with pytest.raises(ZeroDivisionError):
            pool.submit(lambda: 1 / 0).result()
        thread = threading.Thread(target=lambda kept: kept, args=(Result(),))
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError, match="only be started once"):
            thread.start()
    assert result == (1, 2)
    gone = weakref.ref(thread)
    gc.collect()
    gc.disable()
    try:
        del thread
        assert gone() is None, "no reference cycle"
    finally:
        gc.enable()


def test_what_was_patched_is_put_back() -> None:
    carrying.uninstall()
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit
    carrying.install()
    carrying.install()
    assert threading.Thread.start is not start
    carrying.uninstall()
    assert (threading.Thread.start, ThreadPoolExecutor.submit) == (start, submit)
    carrying.install()
    theirs_too = functools.partial(threading.Thread.start)
    threading.Thread.start = theirs_too  # type: ignore[method-assign]
    carrying.uninstall()
    assert threading.Thread.start is theirs_too, "somebody else's patch on top of ours stays"
    threading.Thread.start = start  # type: ignore[method-assign]


@pytest.mark.usefixtures("captured")
def test_a_fault_of_ours_does_not_stop_the_thread(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError

    before = faults.set_raising(False)
    monkeypatch.setattr(faults, "_logged", set[str]())
    monkeypatch.setattr(carrying.Carried, "from_here", broken)
    seen: list[int] = []
    with caplog.at_level(logging.ERROR, "spanfold"), spanfold.set_active_model(name="v1"):
        by_thread(lambda: seen.append(1))
        by_pool(lambda: seen.append(2))
    faults.set_raising(before)
    assert seen == [1, 2]
    assert len([record for record in caplog.records if "carry" in record.getMessage()]) == 2


PROCESSES = """
import multiprocessing, sys
import concurrent.futures
import spanfold
from tests.sdk.process_work import running, work

method, otlp = sys.argv[1:]
if __name__ == "__main__":
    spanfold.configure(endpoint=otlp, otlp_endpoint=otlp, service_name="parent")
    context = multiprocessing.get_context(method)
    pool = concurrent.futures.ProcessPoolExecutor(1, mp_context=context)
    older = context.Pool(1)
    with spanfold.set_active_model(name="v1") as model, running() as run, spanfold.start_span("parent"):
        process = context.Process(target=work, args=("process",))
        process.start()
        assert pool.submit(work, "pool").result() == model.model_id
        assert list(pool.map(work, ["map"])) == [model.model_id]
        assert older.map(work, ["older map"]) == [model.model_id]
        assert older.apply(work, ("older apply",)) == model.model_id
        assert list(older.imap(work, ["older imap"])) == [model.model_id]
        process.join()
        assert process.exitcode == 0
    assert pool.submit(work, "after").result() is None
    assert older.apply(work, ("older after",)) is None
    pool.shutdown()
    older.close()
    older.join()
    print(model.model_id, run.run_id)
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_process_pools_tasks_belong_to_the_block_that_handed_them_over(
    run_script: RunScript, method: str
) -> None:
    """And what they record arrives, though their processes end without Python's exit handlers."""
    with otlp_receiver.running() as server:
        done = run_script(
            f"import sys; sys.argv[1:] = [{method!r}, {server.address!r}]\n" + PROCESSES,
            OTEL_BSP_SCHEDULE_DELAY="600000",
            PYTHONWARNINGS="ignore::DeprecationWarning",
        )
    model_id, run_id = done.stdout.split()
    inside = {"process", "pool", "map", "older map", "older apply", "older imap"}
    assert sorted(span.name for span in server.spans) == sorted({"parent", "after", "older after", *inside})
    parent = server.span("parent")
    for name in inside:
        span = server.span(name)
        attributes = attributes_of(span.attributes)
        assert (attributes["spanfold.model.id"], attributes["spanfold.run.id"]) == (model_id, run_id)
        assert span.parent_span_id == parent.span_id
    for name in ("after", "older after"):
        assert server.model_of(name) is None
        assert server.span(name).trace_id != parent.trace_id
