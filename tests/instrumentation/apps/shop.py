"""A small service in the usual style, written without spanfold: FastAPI in front, OpenAI behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI, OpenAIError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

app = FastAPI(title="shop")
client = AsyncOpenAI(max_retries=0)


@app.get("/health")
async def health() -> dict[str, int]:
    return {"pid": os.getpid()}


@app.get("/ask")
async def ask(question: str) -> dict[str, str]:
    try:
        completion = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
        )
    except OpenAIError as error:
        raise HTTPException(502, "the model is away") from error
    return {"answer": completion.choices[0].message.content or ""}


@app.get("/stream")
async def stream(question: str) -> StreamingResponse:
    async def words() -> AsyncIterator[str]:
        chunks = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": question}], stream=True
        )
        async for chunk in chunks:
            yield chunk.choices[0].delta.content or ""

    return StreamingResponse(words(), media_type="text/plain")
