"""User code keeps its types under the decorator: mypy checks this file, the test runs it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_type

import pytest

import spanfold
from spanfold.errors import ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from spanfold.testing import Captured


@spanfold.trace
def plain(question: str, *, top_k: int = 3) -> list[str]:
    return [question] * top_k


@spanfold.trace(name="named", span_type="TOOL")
async def coroutine(number: int) -> str:
    return str(number)


@spanfold.trace
def generator() -> Iterator[int]:
    yield 1


@spanfold.trace()
async def async_generator() -> AsyncIterator[int]:
    yield 1


def test_decorated_functions_keep_their_types(captured: Captured) -> None:
    assert_type(plain("a", top_k=1), list[str])
    assert_type(generator(), "Iterator[int]")
    assert_type(async_generator(), "AsyncIterator[int]")
    assert_type(asyncio.run(coroutine(1)), str)
    with spanfold.set_active_model(name="v1") as model:
        assert_type(model, spanfold.ActiveModel)
    assert len(captured.spans) == 2


def test_the_format_of_a_search_decides_its_type(captured: Captured) -> None:
    with pytest.raises(ServerUnavailableError):
        assert_type(spanfold.search_logged_models(output_format="list"), list[spanfold.LoggedModel])
    with pytest.raises(ServerUnavailableError):
        assert_type(spanfold.search_runs(output_format="list"), list[spanfold.Run])
    with spanfold.start_run() as run:
        assert_type(run, spanfold.ActiveRun)
    assert len(captured.events) == 2


def test_wrong_arguments_are_still_found(captured: Captured) -> None:
    """An unused ``type: ignore`` is an error: so mypy must find these calls wrong."""
    plain(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        plain("a", wrong=1)  # type: ignore[call-arg]
    assert len(captured.spans) == 2
