"""A traced generator is one span, open until its consumer is done, whoever and wherever that is."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import StatusCode, get_current_span

import spanfold
from spanfold._internal import content
from spanfold_schemas.ids import derive_model_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from spanfold.testing import Captured
    from tests.sdk.otlp_receiver import Server


@spanfold.trace
def count(limit: int) -> Iterator[int]:
    for number in range(limit):
        with spanfold.start_span(f"item {number}"):
            pass
        yield number


@spanfold.trace
async def count_async(limit: int) -> AsyncIterator[int]:
    for number in range(limit):
        with spanfold.start_span(f"item {number}"):
            await asyncio.sleep(0)
        yield number


def named(captured: Captured, name: str) -> ReadableSpan:
    (span,) = [span for span in captured.spans if span.name == name]
    return span


def output(span: ReadableSpan) -> Any:
    return json.loads(str((span.attributes or {})["spanfold.output"]))


def consume(kind: str, limit: int) -> str:
    """Consume a generator of one kind, with a span of the consumer's own for each item."""
    if kind == "count":
        for number in count(limit):
            with spanfold.start_span(f"consumer {number}"):
                pass
        return kind

    async def run() -> None:
        async for number in count_async(limit):
            with spanfold.start_span(f"consumer {number}"):
                pass

    asyncio.run(run())
    return kind


@pytest.mark.parametrize("kind", ["count", "count_async"])
def test_the_body_is_inside_the_span_and_the_consumer_is_not(captured: Captured, kind: str) -> None:
    with spanfold.start_span("request"):
        consume(kind, 2)
    span, request = named(captured, kind), named(captured, "request")
    assert output(span) == [0, 1]
    assert span.parent == request.get_span_context()
    for number in range(2):
        assert named(captured, f"item {number}").parent == span.get_span_context()
        assert named(captured, f"consumer {number}").parent == request.get_span_context()
    assert (span.end_time or 0) >= (named(captured, "consumer 1").end_time or 0)


def test_a_stream_consumed_after_its_block_belongs_to_the_version_of_its_call(server: Server) -> None:
    """As where a web handler returns a streaming response."""
    with spanfold.set_active_model(name="v1"), spanfold.start_span("handler"):
        stream = count(1)
    with spanfold.set_active_model(name="v2"):
        assert list(stream) == [0]
        with spanfold.start_span("consumer"):
            pass
    assert spanfold.flush()
    assert server.model_of("count") == server.model_of("item 0") == derive_model_id("0", "v1")
    assert server.model_of("consumer") == derive_model_id("0", "v2")
    assert server.span("count").parent_span_id == server.span("handler").span_id


def test_closing_early_ends_the_span_with_what_came_so_far(captured: Captured) -> None:
    stream = count(10)
    assert next(stream) == 0
    del stream
    gc.collect()
    span = named(captured, "count")
    assert output(span) == [0]
    assert (span.attributes or {})["spanfold.closed_early"] is True
    assert span.status.status_code is StatusCode.UNSET


def test_closing_an_asynchronous_generator_early_ends_its_span(captured: Captured) -> None:
    async def take_one() -> None:
        stream = count_async(10)
        assert await anext(stream) == 0
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(take_one())
    assert (named(captured, "count_async").attributes or {})["spanfold.closed_early"] is True


def test_a_generator_that_is_never_consumed_makes_no_span(captured: Captured) -> None:
    count(3)
    gc.collect()
    assert captured.spans == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_exception_in_the_body_reaches_the_consumer_and_marks_the_span(
    captured: Captured, *, asynchronous: bool
) -> None:
    @spanfold.trace(name="failing")
    def fail() -> Iterator[int]:
        yield 1
        message = "boom"
        raise ValueError(message)

    @spanfold.trace(name="failing")
    async def fail_async() -> AsyncIterator[int]:
        for number in fail.__wrapped__():  # type: ignore[attr-defined]
            yield number

    async def drain() -> list[int]:
        return [number async for number in fail_async()]

    with pytest.raises(ValueError, match="boom"):
        asyncio.run(drain()) if asynchronous else list(fail())
    span = named(captured, "failing")
    assert span.status.description == "ValueError: boom"
    assert output(span) == [1]


def test_values_exceptions_and_the_result_pass_through_as_without_the_decorator(captured: Captured) -> None:
    def talk() -> Generator[str, Any, str]:
        heard: list[Any] = []
        said = "first"
        while len(heard) < 3:
            try:
                heard.append((yield said))
                said = f"heard {heard[-1]}"
            except KeyError:
                heard.append("error")
                said = "caught"
        return ",".join(map(str, heard))

    def converse(generator: Generator[str, Any, str]) -> list[str]:
        said = [next(generator), generator.send(1), generator.throw(KeyError())]
        try:
            generator.send(2)
        except StopIteration as stop:
            said.append(stop.value)
        return said

    traced = spanfold.trace(name="talk")(talk)
    assert inspect.isgenerator(traced())
    assert converse(traced()) == converse(talk()) == ["first", "heard 1", "caught", "1,error,2"]
    assert output(named(captured, "talk")) == ["first", "heard 1", "caught"]


def test_the_same_holds_for_asynchronous_generators(captured: Captured) -> None:
    @spanfold.trace(name="talk")
    async def talk() -> Any:
        try:
            heard = yield "first"
            yield f"heard {heard}"
        except KeyError:
            yield "caught"

    async def converse() -> list[str]:
        generator = talk()
        said = [await anext(generator), await generator.asend(1), await generator.athrow(KeyError())]
        said.extend([item async for item in generator])
        return said

    assert asyncio.run(converse()) == ["first", "heard 1", "caught"]
    assert output(named(captured, "talk")) == ["first", "heard 1", "caught"]


def test_a_generator_that_yields_again_when_closed_is_an_error_as_in_python(captured: Captured) -> None:
    @spanfold.trace(name="stubborn")
    def stubborn() -> Iterator[int]:
        try:
            yield 1
        except GeneratorExit:
            yield 2

    stream = stubborn()
    next(stream)
    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        stream.close()  # type: ignore[attr-defined]
    assert named(captured, "stubborn").status.status_code is StatusCode.ERROR


def test_an_endless_stream_costs_bounded_memory_and_says_how_much_was_left_out(captured: Captured) -> None:
    @spanfold.trace(name="long")
    def long() -> Iterator[str]:
        for _ in range(3000):
            yield "x" * 100

    assert sum(map(len, long())) == 300_000
    value = str((named(captured, "long").attributes or {})["spanfold.output"])
    assert len(value) < content.MAX_CHARS + 1000
    items = json.loads(value)
    kept = sum(1 for item in items if item == "x" * 100)
    assert items[-1].startswith("… (cut: ")
    assert str(3000 - len(items) + 1) in items[-1]
    assert 900 < kept < 1000


def test_nothing_stays_current_after_a_step(captured: Captured) -> None:
    before = get_current_span()
    stream = count(2)
    next(stream)
    assert get_current_span() is before
    list(stream)
    assert get_current_span() is before
    assert len(captured.spans) == 3
