"""Traces know their prompt version: the span that formatted, those around it, the call that follows."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

import spanfold
from spanfold import testing
from spanfold._internal import used_prompts
from spanfold.prompts import PromptVersion
from spanfold_query_api.trace_answers import TracePage
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

GREETING = PromptVersion("team/greeting", 3, "Hello {{ name }}")
OTHER = PromptVersion("other", 1, "Bye")


@pytest.fixture
def captured() -> Iterator[testing.Captured]:
    with testing.capture() as recorded:
        yield recorded


def used(captured: testing.Captured) -> dict[str, Any]:
    return {span.name: (span.attributes or {}).get(keys.USED_PROMPTS) for span in captured.spans}


def test_the_span_that_formats_and_those_around_it_note_the_version(captured: testing.Captured) -> None:
    with spanfold.start_span("root"):
        with spanfold.start_span("before"):
            pass
        with spanfold.start_span("middle"), spanfold.start_span("formats"):
            GREETING.format(name="Ann")
            GREETING.format(name="Bob")
            OTHER.format()
        with spanfold.start_span("after"):
            pass
    both = ("team/greeting/3", "other/1")
    expected = {"before": None, "formats": both, "middle": both, "after": None, "root": both}
    assert used(captured) == expected


def test_a_call_to_a_model_notes_what_the_nearest_span_around_it_formatted(
    captured: testing.Captured,
) -> None:
    with spanfold.start_span("root"):
        OTHER.format()
        with spanfold.start_span("step"):
            with spanfold.start_span("early chat", attributes={"gen_ai.operation.name": "chat"}):
                pass
            GREETING.format(name="Ann")
            with spanfold.start_span("chain"), spanfold.start_span("chat", span_type="LLM"):
                pass
            with spanfold.start_span("older", attributes={"openinference.span.kind": "LLM"}):
                pass
            with spanfold.start_span("tool", span_type="TOOL"):
                pass
    found = used(captured)
    assert found["early chat"] == ("other/1",)
    assert found["chat"] == found["older"] == ("team/greeting/3",)
    assert found["chain"] is None
    assert found["tool"] is None
    assert found["root"] == ("other/1", "team/greeting/3")


def test_what_only_awaits_values_is_not_used_yet(captured: testing.Captured) -> None:
    with spanfold.start_span("root"):
        half = GREETING.format(allow_partial=True)
        GREETING.render({"name": "Ann"})
    with spanfold.start_span("later"):
        half.format(name="Ann")
    assert used(captured) == {"root": None, "later": ("team/greeting/3",)}


def test_no_more_than_a_few_are_noted(captured: testing.Captured) -> None:
    with spanfold.start_span("root"):
        for number in range(100):
            PromptVersion("many", number + 1, "").format()
    noted = used(captured)["root"]
    assert noted == tuple(f"many/{number + 1}" for number in range(used_prompts.MAX_NOTED))


def test_tasks_and_threads_note_each_their_own(captured: testing.Captured) -> None:
    @spanfold.trace(name="task")
    async def task(number: int) -> None:
        await asyncio.sleep(0)
        PromptVersion("p", number, "").format()

    async def both() -> None:
        await asyncio.gather(task(1), task(2))

    asyncio.run(both())
    thread = threading.Thread(target=lambda: asyncio.run(task(3)))
    thread.start()
    thread.join()
    noted = [span.attributes[keys.USED_PROMPTS] for span in captured.spans if span.attributes]
    assert sorted(map(str, noted)) == ["('p/1',)", "('p/2',)", "('p/3',)"]


def test_outside_of_any_span_nothing_happens() -> None:
    assert GREETING.format(name="Ann") == "Hello Ann"


def test_traces_are_found_by_the_version_that_they_used(api: httpx.Client) -> None:
    for version in (1, 2):
        with spanfold.start_span("ask"), spanfold.start_span("inside"):
            PromptVersion("found/here", version, "x").format()
            OTHER.format()
    with spanfold.start_span("plain"):
        pass
    assert spanfold.flush()

    def names(condition: str) -> list[str]:
        response = api.get("/v1/traces", params={"filter": condition})
        page = TracePage.model_validate_json(response.content, strict=True)
        return [str(trace.name) for trace in page.traces]

    assert names("prompt = 'found/here/1'") == ["ask"]
    assert names("prompt LIKE 'found/here/%'") == ["ask", "ask"]
    assert names("prompt IN ('found/here/2', 'nothing/1')") == ["ask"]
    assert names("span.prompt = 'found/here/1' AND span.name = 'inside'") == ["ask"]
    assert names("prompt != 'found/here/1'") == ["plain", "ask"]
    assert names("prompt IS NULL") == ["plain"]
    assert names("NOT prompt IS NULL AND prompt NOT LIKE '%/2'") == ["ask"]
    for refused in ("prompt > 'a'", "prompt = 3"):
        assert api.get("/v1/traces", params={"filter": refused}).status_code == 422
