"""The three versions of the demo application. Each change is one that a team would really make."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of the application: everything by which its behaviour differs from the others'."""

    name: str
    passage_words: int
    """Length at which documents are cut into passages."""
    title_boost: int
    """How often the dotted name counts as part of the text."""
    k1: float
    b: float
    top_k: int
    """Passages that the answer is taken from."""
    queries: Literal["question", "question+names"]
    """Ask for the question only, or also for the identifiers in it, and fuse both rankings."""
    unique_words: bool
    """Rank each word of the question once, however often it is repeated."""
    extraction: Literal["first sentences", "best sentences"]
    budget_ms: int = 400
    """How long the retriever may take before the request is given up."""

    def params(self) -> dict[str, str]:
        """The parameters as they are recorded with the model version."""
        return {key: str(value) for key, value in asdict(self).items() if key != "name"}


VERSIONS: Final = {
    version.name: version
    for version in (
        # The first try: plain BM25, and the beginning of the best passage is the answer. Names do not count
        # as text, a question without a known word crashes it, and a pasted page is ranked word by word.
        Version(
            name="docs-qa-v1",
            passage_words=200,
            title_boost=0,
            k1=1.2,
            b=0.75,
            top_k=1,
            queries="question",
            unique_words=False,
            extraction="first sentences",
        ),
        # Names count, and the answer is what the best passage says nearest to the question.
        Version(
            name="docs-qa-v2",
            passage_words=200,
            title_boost=3,
            k1=1.2,
            b=0.75,
            top_k=1,
            queries="question",
            unique_words=False,
            extraction="best sentences",
        ),
        # Meant to be quicker, and to see more: repeated words are ranked once, passages are short, a second
        # query asks for the identifiers, and the answer is picked from five passages instead of one.
        Version(
            name="docs-qa-v3",
            passage_words=60,
            title_boost=3,
            k1=1.6,
            b=0.4,
            top_k=5,
            queries="question+names",
            unique_words=True,
            extraction="best sentences",
        ),
    )
}
