"""A LangChain chain over OpenAI, sync, streamed and async."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI, OpenAIEmbeddings


def chain_of(model: str) -> Any:
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])
    return prompt | ChatOpenAI(model=model)


question = {"question": "What is the capital of France?"}
chain_of("chain").invoke(question)
for _ in chain_of("chain-stream").stream(question):
    pass
asyncio.run(chain_of("chain-async").ainvoke(question))
OpenAIEmbeddings(model="chain-embeddings", check_embedding_ctx_length=False).embed_query("one")
