"""An application that calls OpenAI in every way there is. It knows nothing of spanfold.

Each way asks for a model of its own name, by which its spans are found.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import openai
import pydantic

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


class City(pydantic.BaseModel):
    name: str
    population: int


def says(text: str) -> Any:
    return [{"role": "user", "content": text}]


def ask(client: openai.OpenAI) -> None:
    create = client.chat.completions.create
    create(model="sync", messages=says("hello"), temperature=0.5, max_tokens=99)
    create(model="two-choices", messages=says("hello"), n=2)
    create(model="tool", messages=says("weather?"), tools=[TOOL])
    client.chat.completions.parse(model="parsed", messages=says("a city"), response_format=City)
    client.chat.completions.with_raw_response.create(model="raw", messages=says("hello")).parse()
    for _ in create(model="stream", messages=says("hello"), stream=True):
        pass
    for _ in create(
        model="stream-usage", messages=says("hello"), stream=True, stream_options={"include_usage": True}
    ):
        pass
    for _ in create(model="stream-tool", messages=says("weather?"), tools=[TOOL], stream=True):
        pass
    with create(model="stream-left", messages=says("long"), stream=True) as stream:
        next(iter(stream))
    with contextlib.suppress(openai.APIError):
        list(create(model="stream-cut", messages=says("cut"), stream=True))
    client.responses.create(model="responses", input="hello", instructions="Be brief.")
    for _ in client.responses.create(model="responses-stream", input="hello", stream=True):
        pass
    client.embeddings.create(model="embeddings", input=["one", "two"])


def fail(client: openai.OpenAI) -> None:
    for status in (400, 401, 429, 500):
        with contextlib.suppress(openai.APIStatusError):
            client.with_options(max_retries=1).chat.completions.create(
                model=f"fails-{status}", messages=says(f"fail:{status}")
            )
    client.chat.completions.create(model="retried", messages=says("fail:429:2"))
    nobody = client.with_options(base_url="http://127.0.0.1:9/v1", max_retries=0)
    with contextlib.suppress(openai.APIConnectionError):
        nobody.chat.completions.create(model="nobody", messages=says("hello"))


async def ask_async() -> None:
    async with openai.AsyncOpenAI() as client:
        create = client.chat.completions.create
        await asyncio.gather(
            create(model="async", messages=says("hello")),
            create(model="async-tool", messages=says("weather?"), tools=[TOOL]),
            client.responses.create(model="async-responses", input="hello"),
            client.embeddings.create(model="async-embeddings", input="one"),
        )
        async for _ in await create(model="async-stream", messages=says("hello"), stream=True):
            pass
        left = await create(model="async-stream-left", messages=says("long"), stream=True)
        await anext(aiter(left))
        await left.close()
        with contextlib.suppress(openai.APIStatusError):
            await client.with_options(max_retries=0).chat.completions.create(
                model="async-fails", messages=says("fail:500")
            )
        await create(model="async-retried", messages=says("fail:500:1"))


with openai.OpenAI() as shared:
    ask(shared)
    fail(shared)
asyncio.run(ask_async())
