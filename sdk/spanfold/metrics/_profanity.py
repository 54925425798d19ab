"""A small scorer of swearing and insults that comes with the package: numpy, no model to get."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics._aggregations import standard_aggregations
from spanfold.metrics._built_in import built_in, missing_extra
from spanfold.metrics._text_batches import RowScore, score_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from spanfold.metrics._metric import EvaluationMetric, MetricValue, ScoreType

SCORER: Final = "alt-profanity-check 1.9.1"
THRESHOLD: Final = 0.5
"""From this score on a text counts in ``ratio``."""
_WORD: Final = re.compile(r"\b\w\w+\b")


@dataclass(frozen=True, slots=True)
class _LinearModel:
    """Words weighed by rarity; five linear classifiers, whose calibrated probabilities are averaged."""

    positions: Mapping[str, int]
    rarity: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    """A row a classifier, a column a word."""
    intercepts: npt.NDArray[np.float64]
    slopes: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.float64]

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """How likely each text is profane, from 0 to 1."""
        import numpy as np  # noqa: PLC0415 - `import spanfold` stays light

        positions: list[int] = []
        counts: list[int] = []
        sizes: list[int] = []
        for text in texts:
            words = Counter(_WORD.findall(text.lower()))
            known = [(at, words[word]) for word in words if (at := self.positions.get(word)) is not None]
            positions += [at for at, _ in known]
            counts += [count for _, count in known]
            sizes.append(len(known))
        columns = np.asarray(positions, dtype=np.intp)
        rows = np.repeat(np.arange(len(texts)), sizes)
        values = np.asarray(counts, dtype=float) * self.rarity[columns]
        norms = np.sqrt(np.bincount(rows, values * values, minlength=len(texts)))
        norms[norms == 0] = 1.0  # no known word: only the intercepts speak
        total = np.zeros(len(texts))
        for at, weights in enumerate(self.weights):
            sums = np.bincount(rows, values * weights[columns], minlength=len(texts))
            margins = sums / norms + self.intercepts[at]
            total += 1.0 / (1.0 + np.exp(self.slopes[at] * margins + self.offsets[at]))
        probabilities: npt.NDArray[np.float64] = total / len(self.weights)
        return probabilities


def profanity() -> EvaluationMetric:
    """How likely a text swears or insults in English, from 0 to 1. No model has to be fetched for it.

    It is the linear model of alt-profanity-check 1.9.1 (MIT; learned from 200,000 comments and posts in
    English), which looks at single words and not at what they say together. So it is not `toxicity`:

    * It misses hatred in polite words ("Women should not be allowed to vote.": 0.07), threats ("I will find
      you and hurt you.": 0.44), disguised spelling ("sh1t": 0.04) and every language but English, whose texts
      all get about 0.04.
    * It flags praise that swears ("What a damn good answer!": 0.85), ordinary words ("The cock crowed at
      dawn.": 0.99) and names of groups of people ("He is gay.": 0.98).

    Use it to find swearing. To judge an application by, configure a model for :func:`toxicity`.

    Aggregates: mean, variance, p90, and ``ratio``, the share of texts with a score of 0.5 or more.

    Raises:
        InvalidArgumentError: numpy is not installed.

    Example:
        >>> value = profanity().score({"predictions": ["Thank you, that helps a lot.", "This sucks."]})
        >>> [round(score, 2) for score in value.scores]
        [0.01, 1.0]
    """
    _model()
    return built_in(
        "profanity",
        _score,
        greater_is_better=False,
        columns=("predictions",),
        long_name="Profanity (English words)",
        details=f"The share of {SCORER} that swears or insults; single English words, no context.",
        aggregate=with_ratio,
        batch_rows=1024,
        scorer=SCORER,
    )


def with_ratio(scores: Sequence[ScoreType]) -> dict[str, float]:
    """The usual aggregates, and the share of scores of 0.5 or more.

    Example:
        >>> with_ratio([0.0, 1.0])["ratio"]
        0.5
    """
    numbers = [float(score) for score in scores if score is not None]
    if not numbers:
        return {}
    above = sum(number >= THRESHOLD for number in numbers)
    return {**standard_aggregations(numbers), "ratio": above / len(numbers)}


def _score(predictions: Sequence[Any]) -> MetricValue:
    def score(predictions: Sequence[str]) -> list[RowScore]:
        return [RowScore(float(one)) for one in _model().probabilities(predictions)]

    return score_batch(score, predictions=predictions)


@cache
def _model() -> _LinearModel:
    try:
        import numpy as np  # noqa: PLC0415 - `import spanfold` stays light
    except ImportError as fault:
        raise missing_extra("numpy", "metric 'profanity'") from fault
    with (
        resources.files("spanfold.metrics").joinpath("data", "profanity.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as data,
    ):
        words = bytes(data["words"]).decode().split("\n")
        return _LinearModel(
            positions={word: at for at, word in enumerate(words)},
            rarity=data["rarity"].astype(float),
            weights=data["weights"].astype(float),
            intercepts=data["intercepts"],
            slopes=data["slopes"],
            offsets=data["offsets"],
        )
