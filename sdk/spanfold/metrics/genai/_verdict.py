"""What a judge must reply: a schema for the model, and a check for what it did reply."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from spanfold._internal.cutting import encodable
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_REPLY_CHARS: Final = 100_000
_LARGEST: Final = 1e100
"""Of larger scores, where the scale has no end, there would be no mean."""
_MAX_LISTED_SCORES: Final = 101
_NUMBER: Final = r"-?[0-9]+(?:\.[0-9]+)?"
_SCORE_IS: Final = re.compile(rf"(?i)(?:\bscores?|スコア|評価)\s*(?:of|is)?\s*[:=]?\s*({_NUMBER})")
_FROM_TO: Final = re.compile(
    rf"(?i)(?:\b(?:scores?|scale|from|between|rate|range|grades?)\b[^.\n0-9]{{0,30}}|スコア[^。\n0-9]{{0,30}})"
    rf"({_NUMBER})\s*(?:-|–|to|and|\.\.\.?|から|〜|~)\s*({_NUMBER})"  # noqa: RUF001
)
_FENCE: Final = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)


class VerdictError(Exception):
    """A reply that cannot be used; the message tells the judge what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's score of one row, and why."""

    score: int | float
    justification: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Which scores there are.

    Example:
        >>> Scale.said_in("Score 0: bad. Score 4: good.", ()).words
        'an integer from 0 to 4'
        >>> Scale.said_in("Rate it on a scale from 1 to 5.", ()).words
        'an integer from 1 to 5'
    """

    low: float | None = None
    """None: unbounded."""
    high: float | None = None
    is_integer: bool = True

    @classmethod
    def of(cls, score_range: tuple[float, float]) -> Scale:
        """The scale that the caller names; decimals in it allow decimals between.

        Raises:
            InvalidArgumentError: it is no range.
        """
        try:
            low, high = score_range
            is_integer = all(isinstance(one, int) and not isinstance(one, bool) for one in (low, high))
            is_fine = math.isfinite(low) and math.isfinite(high) and low < high
        except (TypeError, ValueError):
            is_fine = is_integer = False
            low = high = 0
        if not is_fine:
            raise InvalidArgumentError(f"score_range is {score_range!r}: write (lowest, highest)")
        return cls(low, high, is_integer)

    @classmethod
    def said_in(cls, grading_prompt: str, example_scores: Iterable[float]) -> Scale:
        """The scale that a grading prompt speaks of, wide enough for the scores of the examples."""
        scores = list(example_scores)
        texts = _SCORE_IS.findall(grading_prompt)
        texts += [one for pair in _FROM_TO.findall(grading_prompt) for one in pair]
        is_integer = all("." not in text for text in texts) and all(float(one).is_integer() for one in scores)
        named = {float(text) for text in texts}
        if len(named) < 2:  # noqa: PLR2004 - one number is no range
            return cls(is_integer=is_integer)
        low, high = min(*named, *scores), max(*named, *scores)
        return cls(low, high, is_integer)

    @property
    def words(self) -> str:
        """For the prompt."""
        kind = "an integer" if self.is_integer else "a number"
        return kind if self.low is None else f"{kind} from {self.low:g} to {self.high:g}"

    def schema(self) -> dict[str, Any]:
        """JSON schema of a reply. It first reasons, then scores.

        Scores are listed rather than bounded: providers do not all enforce bounds.
        """
        score: dict[str, Any] = {"type": "integer" if self.is_integer else "number"}
        if self.is_integer and self.low is not None and self.high is not None:
            scores = range(int(self.low), int(self.high) + 1)
            if len(scores) <= _MAX_LISTED_SCORES:
                score["enum"] = list(scores)
        return {
            "type": "object",
            "properties": {"justification": {"type": "string"}, "score": score},
            "required": ["justification", "score"],
            "additionalProperties": False,
        }

    def read(self, text: str) -> Verdict:
        """A judge's reply.

        Raises:
            VerdictError: it is no JSON object of that schema, or the score is none that there is.
        """
        given = _object_in(text)
        score, justification = given.get("score"), given.get("justification")
        if isinstance(score, str) and re.fullmatch(_NUMBER, score.strip()):
            score = float(score)  # the number is there, only in quotes
        if isinstance(score, bool) or not isinstance(score, (int, float)):
            raise VerdictError(f'"score" must be {self.words}, and it is {json.dumps(score)[:80]}')
        if isinstance(score, float) and score.is_integer():
            score = int(score)
        if not abs(score) <= _LARGEST:
            raise VerdictError(f'"score" must be {self.words}, and it is {score!r}'[:200])
        is_outside = self.low is not None and self.high is not None and not self.low <= score <= self.high
        if is_outside or (self.is_integer and not isinstance(score, int)):
            raise VerdictError(f'"score" must be {self.words}, and it is {score!r}'[:200])
        if not isinstance(justification, str) or not justification.strip():
            raise VerdictError('"justification" must be a text that says why')
        return Verdict(score, encodable(justification.strip()))


def _object_in(text: str) -> dict[str, Any]:
    if len(text) > MAX_REPLY_CHARS:
        raise VerdictError(f"the reply has more than {MAX_REPLY_CHARS} characters")
    fenced = _FENCE.search(text)
    first, last = text.find("{"), text.rfind("}")
    for candidate in (text, fenced[1] if fenced else "", text[first : last + 1] if first >= 0 else ""):
        try:
            given = json.loads(candidate, parse_constant=_no_number)
        except (ValueError, RecursionError):
            continue
        if isinstance(given, dict):
            return given
    raise VerdictError("the reply is not one JSON object")


def _no_number(text: str) -> NoReturn:
    """NaN and Infinity are no JSON."""
    raise ValueError(text)
