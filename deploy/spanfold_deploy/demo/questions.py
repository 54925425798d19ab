"""What is asked: real names and descriptions of the corpus, and the odd things that people really send."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Final

from spanfold_deploy.demo.corpus import load_documents
from spanfold_deploy.demo.ranking import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spanfold_deploy.demo.corpus import Document

_SEED: Final = 20260101
"""Every version and every run gets the same questions, so that versions differ by what they do alone."""
_PASTED_CHARACTERS: Final = 80_000
_SUMMARY_WORDS: Final = range(5, 20)

_NOT_IN_THE_CORPUS: Final = (
    "明日の天気を教えて",
    "夕食に何を作ればいいですか",
    "오늘 환율이 얼마예요?",
    "Где ближайшая аптека?",
)
"""Real questions that share no word with Python's documentation."""

_BY_NAME: Final = ("What does {0} do?", "How do I use {0}?", "{0}", "Explain {0} please")
_BY_PURPOSE: Final = ("How can I do this: {0}?", "Which function is for this: {0}?", "python {0}")


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question, and where there is one right answer, what it is about and what it would say."""

    text: str
    expected: str | None = None
    """The documented name that it is about."""
    answer: str | None = None
    """What a right answer says: the opening of that name's documentation."""


def ask(number: int) -> list[AskedQuestion]:
    """The first ``number`` questions of a fixed sequence."""
    return list(islice(_questions(load_documents(), random.Random(_SEED)), number))  # noqa: S311 - not a secret


def _questions(documents: Sequence[Document], chance: random.Random) -> Iterator[AskedQuestion]:
    texts = Counter(document.text for document in documents)
    summaries = Counter(document.summary for document in documents)
    named = [document for document in documents if texts[document.text] == 1 and "." in document.name]
    described = [
        document
        for document in named
        if summaries[document.summary] == 1 and len(document.summary.split()) in _SUMMARY_WORDS
    ]
    for number in count():
        if number % 25 == 12:  # noqa: PLR2004 - the odd ones, spread out
            yield AskedQuestion(f"Where is this from?\n{_pasted(documents, chance)}")
        elif number % 15 == 7:  # noqa: PLR2004 - as above
            yield AskedQuestion(chance.choice(_NOT_IN_THE_CORPUS))
        elif number % 40 == 20:  # noqa: PLR2004 - as above
            yield AskedQuestion(chance.choice(("", "   ")))
        elif number % 2:
            document = chance.choice(named)
            yield AskedQuestion(
                chance.choice(_BY_NAME).format(document.name), document.name, document.opening
            )
        else:
            document = chance.choice(described)
            purpose = _half(document.summary, chance)
            yield AskedQuestion(chance.choice(_BY_PURPOSE).format(purpose), document.name, document.opening)


def _half(summary: str, chance: random.Random) -> str:
    """Half of the telling words of a sentence, as somebody would recall it."""
    words = [word for word in dict.fromkeys(tokenize(summary)) if len(word) > 2]  # noqa: PLR2004 - "s" of "it's"
    kept = set(chance.sample(words, max(3, len(words) // 2)) if len(words) > 3 else words)  # noqa: PLR2004 - too few to drop any
    return " ".join(word for word in words if word in kept)


def _pasted(documents: Sequence[Document], chance: random.Random) -> str:
    """A long page of documentation, pasted whole into the question."""
    shuffled = chance.sample(documents, len(documents))
    return "\n\n".join(document.text for document in shuffled)[:_PASTED_CHARACTERS]
