"""What ``@spanfold.trace`` and ``start_span`` record of functions, methods and coroutines."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import StatusCode, get_current_span

import spanfold
from spanfold._internal import content
from spanfold.errors import InvalidArgumentError
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from spanfold.testing import Captured
    from tests.sdk.otlp_receiver import Server


def only(captured: Captured) -> ReadableSpan:
    (span,) = captured.spans
    return span


def recorded(span: ReadableSpan, key: str) -> Any:
    return json.loads(str((span.attributes or {})[f"spanfold.{key}"]))


def test_a_traced_call_reaches_the_collector_with_its_arguments_and_result(server: Server) -> None:
    @spanfold.trace
    def answer(question: str, *more: int, top_k: int = 3, **options: bool) -> dict[str, Any]:
        with spanfold.start_span("inner", span_type="TOOL"):
            return {"to": question, "sum": sum(more) + top_k, **options}

    assert answer("Wie geht's? 元気?", 1, 2, top_k=4, fast=True)["sum"] == 7
    assert spanfold.flush()
    outer, inner = server.span(answer.__qualname__.rpartition(".")[2]), server.span("inner")
    attributes = attributes_of(outer.attributes)
    assert json.loads(attributes["spanfold.input"]) == {
        "question": "Wie geht's? 元気?",
        "more": [1, 2],
        "top_k": 4,
        "fast": True,
    }
    assert "元気" in attributes["spanfold.input"]
    assert json.loads(attributes["spanfold.output"]) == {"to": "Wie geht's? 元気?", "sum": 7, "fast": True}
    assert attributes_of(inner.attributes) == {"spanfold.span.type": "TOOL"}
    assert inner.parent_span_id == outer.span_id
    assert inner.trace_id == outer.trace_id
    assert (outer.parent_span_id, outer.status.code) == (b"", 0)


def test_the_decorator_with_arguments_names_types_and_tags_the_span(captured: Captured) -> None:
    @spanfold.trace(name="find", span_type="RETRIEVER", attributes={"index": "docs"})
    def function(query: str) -> int:
        return len(query)

    assert function("abc") == 3
    span = only(captured)
    assert span.name == "find"
    attributes = dict(span.attributes or {})
    assert attributes["spanfold.span.type"] == "RETRIEVER"
    assert attributes["index"] == "docs"


def test_a_decorated_function_keeps_its_identity() -> None:
    @spanfold.trace
    def function(question: str) -> str:
        """Say something."""
        return question

    @spanfold.trace
    async def coroutine() -> None: ...

    assert function.__name__ == "function"
    assert function.__doc__ == "Say something."
    assert list(inspect.signature(function).parameters) == ["question"]
    assert inspect.iscoroutinefunction(coroutine)


def test_methods_of_all_kinds_are_named_after_their_class_and_leave_self_out(captured: Captured) -> None:
    class Agent:
        @spanfold.trace
        def run(self, question: str) -> str:
            return question

        @classmethod
        @spanfold.trace
        def make(cls, kind: str) -> str:
            return kind

        @staticmethod
        @spanfold.trace
        def help(topic: str) -> str:
            return topic

    assert [Agent().run("a"), Agent.make("b"), Agent.help("c")] == ["a", "b", "c"]
    assert [span.name for span in captured.spans] == ["Agent.run", "Agent.make", "Agent.help"]
    assert [recorded(span, "input") for span in captured.spans] == [
        {"question": "a"},
        {"kind": "b"},
        {"topic": "c"},
    ]


def test_coroutines_record_their_result_and_stay_parents_across_awaits(captured: Captured) -> None:
    @spanfold.trace
    async def inner(number: int) -> int:
        await asyncio.sleep(0)
        return number

    @spanfold.trace
    async def outer(number: int) -> list[int]:
        await asyncio.sleep(0)
        return list(await asyncio.gather(inner(number), inner(number + 1)))

    async def both() -> None:
        await asyncio.gather(outer(1), outer(10))

    asyncio.run(both())
    outers = {recorded(s, "input")["number"]: s for s in captured.spans if s.name == "outer"}
    for span in captured.spans:
        if span.name == "inner":
            number = recorded(span, "output")
            assert span.parent == outers[1 if number < 10 else 10].get_span_context()
    assert recorded(outers[10], "output") == [10, 11]


def test_objects_and_partials_can_be_traced(captured: Captured) -> None:
    class Scorer:
        async def __call__(self, text: str) -> int:
            return len(text)

    def add(left: int, right: int) -> int:
        return left + right

    assert asyncio.run(spanfold.trace(Scorer())("abc")) == 3
    assert spanfold.trace(functools.partial(add, right=2))(1) == 3
    assert spanfold.trace(len)("ab") == 2
    assert [span.name.rpartition(".")[2] for span in captured.spans] == ["Scorer", "add", "len"]
    assert recorded(captured.spans[0], "output") == 3


def test_an_exception_reaches_the_caller_and_marks_the_span(server: Server) -> None:
    @spanfold.trace
    def fail(question: str) -> str:
        raise ValueError(question)

    with pytest.raises(ValueError, match="boom"):
        fail("boom")
    assert spanfold.flush()
    span = server.span("fail")
    assert (span.status.code, span.status.message) == (2, "ValueError: boom")
    (event,) = span.events
    attributes = attributes_of(event.attributes)
    assert event.name == "exception"
    assert attributes["exception.type"] == "ValueError"
    assert "raise ValueError(question)" in attributes["exception.stacktrace"]
    assert "spanfold.output" not in attributes_of(span.attributes)


def test_a_cancelled_coroutine_was_closed_early_and_has_not_failed(captured: Captured) -> None:
    @spanfold.trace
    async def wait() -> None:
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(wait(), 0.01))
    span = only(captured)
    assert span.status.status_code is StatusCode.UNSET
    assert (span.attributes or {})["spanfold.closed_early"] is True
    assert not span.events


def test_an_exception_that_cannot_tell_what_it_is_fails_its_span(captured: Captured) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @spanfold.trace
    def fail() -> None:
        raise MuteError

    with pytest.raises(MuteError):
        fail()
    status = only(captured).status
    assert (status.status_code, status.description) == (StatusCode.ERROR, "MuteError")


def test_a_span_may_end_in_another_context_than_it_began_in(
    captured: Captured, caplog: pytest.LogCaptureFixture
) -> None:
    """Web frameworks resume generators that clean up after a request in any worker thread."""

    def dependency() -> Iterator[None]:
        with spanfold.start_span("dependency"):
            yield

    opened = dependency()
    copy_context().run(next, opened)
    with spanfold.start_span("meanwhile") as meanwhile:
        copy_context().run(next, opened, None)
        assert get_current_span() is meanwhile.otel_span
    assert [span.name for span in captured.spans] == ["dependency", "meanwhile"]
    assert caplog.records == []


def test_a_span_handle_records_and_tells_its_ids(captured: Captured) -> None:
    with spanfold.start_span("step", attributes={"a": 1}) as span:
        span.set_inputs({"x": 1})
        span.set_outputs([1, 2])
        span.set_attribute("b", 2)
        span.set_attributes({"c": 3})
        assert span.otel_span.is_recording()
    made = only(captured)
    assert made.attributes == {
        "a": 1,
        "spanfold.input": '{"x": 1}',
        "spanfold.output": "[1, 2]",
        "b": 2,
        "c": 3,
    }
    context = made.get_span_context()
    assert context is not None
    assert (int(span.trace_id, 16), int(span.span_id, 16)) == (context.trace_id, context.span_id)
    assert (len(span.trace_id), len(span.span_id)) == (32, 16)


def test_a_failing_block_marks_its_span(captured: Captured) -> None:
    with pytest.raises(KeyError), spanfold.start_span("step"):
        raise KeyError(1)
    assert only(captured).status.status_code is StatusCode.ERROR
    with spanfold.start_span("next"):
        pass
    assert captured.spans[1].parent is None


ON_A_CLASS: Any = classmethod(lambda _: None)


@pytest.mark.parametrize("wrong", [ON_A_CLASS, staticmethod(len), property(len), 5])
def test_decorating_something_that_cannot_be_called_says_where_the_decorator_goes(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="below @classmethod"):
        spanfold.trace(wrong)


def test_a_huge_argument_is_cut_with_a_mark_and_does_not_stop_the_call(captured: Captured) -> None:
    @spanfold.trace
    def echo(text: str) -> list[str]:
        return [text] * 3

    assert len(echo("x" * 1_000_000)) == 3
    for key in ("input", "output"):
        value = str((only(captured).attributes or {})[f"spanfold.{key}"])
        assert len(value) < content.MAX_CHARS + 1000
        assert "(cut: " in value
        json.loads(value)
