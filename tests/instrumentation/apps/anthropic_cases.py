"""An application that calls Anthropic in every way there is. It knows nothing of spanfold.

Each way asks for a model of its own name, by which its spans are found.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import anthropic

TOOL: Any = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def says(text: str) -> Any:
    return [{"role": "user", "content": text}]


def ask(client: anthropic.Anthropic) -> None:
    create = client.messages.create
    create(model="sync", max_tokens=99, messages=says("hello"), system="Be brief.")
    create(model="tool", max_tokens=99, messages=says("weather?"), tools=[TOOL])
    for _ in create(model="stream", max_tokens=99, messages=says("hello"), stream=True):
        pass
    with client.messages.stream(model="stream-helper", max_tokens=99, messages=says("hello")) as stream:
        stream.get_final_message()
    with client.messages.stream(
        model="stream-tool", max_tokens=99, messages=says("weather?"), tools=[TOOL]
    ) as stream:
        stream.until_done()
    with create(model="stream-left", max_tokens=99, messages=says("long"), stream=True) as left:
        next(iter(left))
    for status in (401, 429, 529):
        with contextlib.suppress(anthropic.APIStatusError):
            client.with_options(max_retries=1).messages.create(
                model=f"fails-{status}", max_tokens=99, messages=says(f"fail:{status}")
            )
    create(model="retried", max_tokens=99, messages=says("fail:529:2"))


async def ask_async() -> None:
    async with anthropic.AsyncAnthropic() as client:
        create = client.messages.create
        await asyncio.gather(
            create(model="async", max_tokens=99, messages=says("hello")),
            create(model="async-tool", max_tokens=99, messages=says("weather?"), tools=[TOOL]),
        )
        async for _ in await create(model="async-stream", max_tokens=99, messages=says("hello"), stream=True):
            pass
        async with client.messages.stream(
            model="async-stream-helper", max_tokens=99, messages=says("hello")
        ) as stream:
            await stream.get_final_message()
        with contextlib.suppress(anthropic.APIStatusError):
            await client.with_options(max_retries=0).messages.create(
                model="async-fails", max_tokens=99, messages=says("fail:500")
            )


with anthropic.Anthropic() as shared:
    ask(shared)
asyncio.run(ask_async())
