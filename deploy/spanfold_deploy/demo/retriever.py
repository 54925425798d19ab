"""The retriever service: ranks passages of the corpus. ``POST /search``."""

from __future__ import annotations

from functools import cache

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from pydantic import BaseModel, Field

import spanfold
from spanfold_deploy.demo.corpus import cut_passages, load_documents
from spanfold_deploy.demo.process import serve_until_orphaned
from spanfold_deploy.demo.ranking import Index, tokenize


class SearchRequest(BaseModel):
    """What to look for, and how to rank."""

    query: str = Field(max_length=1_000_000)
    passage_words: int = Field(ge=10, le=1000)
    title_boost: int = Field(ge=0, le=10)
    k1: float = Field(gt=0, le=10)
    b: float = Field(ge=0, le=1)
    top_k: int = Field(ge=1, le=50)
    unique_words: bool


class FoundPassage(BaseModel):
    """One passage, best first in its list."""

    name: str
    text: str
    score: float


app = FastAPI(title="spanfold demo: retriever")


@cache
def index_of(passage_words: int, title_boost: int) -> Index:
    """The index for these parameters, built once."""
    return Index(cut_passages(_documents(), passage_words), title_boost=title_boost)


_documents = cache(load_documents)


@app.post("/search")
def search(request: SearchRequest) -> list[FoundPassage]:
    """The best passages for the query."""
    index = index_of(request.passage_words, request.title_boost)
    with spanfold.start_span("rank_passages", span_type="RETRIEVER") as span:
        span.set_attributes(
            {
                "gen_ai.operation.name": "retrieval",
                "gen_ai.data_source.id": "python-standard-library",
                "gen_ai.request.top_k": request.top_k,
                "gen_ai.retrieval.query.text": request.query[:1000],
            }
        )
        words = tokenize(request.query)
        ranked = sorted(set(words)) if request.unique_words else words
        hits = index.search(ranked, top_k=request.top_k, k1=request.k1, b=request.b)
        span.set_attributes({"docs_qa.query_words": len(ranked), "docs_qa.passages_found": len(hits)})
    return [FoundPassage(name=hit.passage.name, text=hit.passage.text, score=hit.score) for hit in hits]


@app.put("/indexes")
def build_index(passage_words: int, title_boost: int) -> None:
    """Build an index before it is needed, as a deployment does before it takes traffic."""
    index_of(passage_words, title_boost)


def main() -> None:
    """Serve until the parent process lets go."""
    spanfold.configure(service_name="docs-retriever")
    FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"], excluded_urls="/indexes")
    serve_until_orphaned(app)


if __name__ == "__main__":
    main()
