"""The answer service, one process a version: retrieves passages and extracts an answer. ``POST /answer``."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import httpx
from fastapi import FastAPI, HTTPException
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.propagators import TraceResponsePropagator, set_global_response_propagator
from pydantic import BaseModel, StringConstraints

import spanfold
from spanfold_deploy.demo.corpus import sentences
from spanfold_deploy.demo.process import serve_until_orphaned
from spanfold_deploy.demo.ranking import tokenize
from spanfold_deploy.demo.versions import VERSIONS
from spanfold_schemas.keys import INPUT, OUTPUT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from spanfold_deploy.demo.versions import Version

RETRIEVER_VARIABLE = "DOCS_QA_RETRIEVER_URL"
_RANK_FUSION_CONSTANT = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)."""


class Question(BaseModel):
    """What a user asks."""

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000_000)]


class Answer(BaseModel):
    """Sentences of the documentation, and where they are from, best first."""

    answer: str
    sources: list[str]


class Passage(BaseModel):
    """A passage as the retriever returns it."""

    name: str
    text: str


class DocsQa:
    """The application itself, in one version."""

    def __init__(self, version: Version, retriever: httpx.AsyncClient) -> None:
        self._version = version
        self._retriever = retriever

    @spanfold.trace(name="answer_question", span_type="CHAIN")
    async def answer(self, question: str) -> Answer:
        """Answer from the documentation.

        Raises:
            HTTPException: 404 where nothing is known of it, 504 where the retriever took too long.
        """
        queries = [question]
        if self._version.queries == "question+names":
            queries += [" ".join(names)] if (names := re.findall(r"\w+(?:\.\w+)+", question)) else []
        passages = fuse(await asyncio.gather(*(self._retrieve(query) for query in queries)))
        best = passages[: self._version.top_k]
        if self._version.extraction == "first sentences":
            text = first_sentences(best)
        elif not best:
            raise HTTPException(404, "nothing in the documentation matches the question")
        else:
            text = best_sentences(question, best)
        return Answer(answer=text, sources=list(dict.fromkeys(passage.name for passage in best)))

    async def _retrieve(self, query: str) -> list[Passage]:
        version = self._version
        request = {
            "query": query,
            "passage_words": version.passage_words,
            "title_boost": version.title_boost,
            "k1": version.k1,
            "b": version.b,
            "top_k": version.top_k,
            "unique_words": version.unique_words,
        }
        try:
            response = await self._retriever.post("/search", json=request)
        except httpx.TimeoutException as error:
            message = f"the retriever took more than {version.budget_ms} ms"
            raise HTTPException(504, message) from error
        response.raise_for_status()
        return [Passage.model_validate(found) for found in response.json()]


def fuse(rankings: list[list[Passage]]) -> list[Passage]:
    """Several rankings as one: reciprocal rank fusion."""
    scores: dict[tuple[str, str], float] = defaultdict(float)
    for ranking in rankings:
        for rank, passage in enumerate(ranking, start=1):
            scores[passage.name, passage.text] += 1 / (_RANK_FUSION_CONSTANT + rank)
    best_first = sorted(scores, key=scores.__getitem__, reverse=True)
    return [Passage(name=name, text=text) for name, text in best_first]


@spanfold.trace(name="extract_answer")
def first_sentences(passages: list[Passage]) -> str:
    """The beginning of the best passage."""
    return " ".join(sentences(passages[0].text)[:2])


@spanfold.trace(name="extract_answer")
def best_sentences(question: str, passages: list[Passage]) -> str:
    """The two sentences that share the most words with the question, each passage's first one favoured."""
    asked = set(tokenize(question))
    scored = [
        (len(asked & set(tokenize(sentence))) + (2 if place == 0 else 0) - rank, sentence)
        for rank, passage in enumerate(passages)
        for place, sentence in enumerate(sentences(passage.text))
    ]
    best = sorted(scored, key=lambda item: item[0], reverse=True)[:2]
    return " ".join(sentence for _, sentence in best)


def create_app(version: Version, retriever_url: str) -> FastAPI:
    """The service around one version."""
    client = httpx.AsyncClient(base_url=retriever_url, timeout=version.budget_ms / 1000)
    qa = DocsQa(version, client)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(title=f"spanfold demo: {version.name}", lifespan=lifespan)

    @app.post("/answer")
    async def ask(question: Question) -> Answer:
        """Answer a question about Python's standard library."""
        # On the request's own span, because listings show what its first span says.
        request_span = trace.get_current_span()
        request_span.set_attribute(INPUT, question.question)
        answer = await qa.answer(question.question)
        request_span.set_attribute(OUTPUT, answer.answer)
        return answer

    return app


def main() -> None:
    """Serve the version named by the first argument until the parent process lets go."""
    version = VERSIONS[sys.argv[1]]
    spanfold.configure(service_name="docs-answer")
    # Tells callers which trace was theirs, so that they can score it.
    set_global_response_propagator(TraceResponsePropagator())  # type: ignore[no-untyped-call]
    HTTPXClientInstrumentor().instrument()
    app = create_app(version, os.environ[RETRIEVER_VARIABLE])
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])
    serve_until_orphaned(app)


if __name__ == "__main__":
    main()
