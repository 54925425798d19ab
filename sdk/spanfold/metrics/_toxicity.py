"""Toxicity by a text classifier on this machine's own disk."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._built_in import built_in
from spanfold.metrics._profanity import with_ratio
from spanfold.metrics._text_batches import RowScore, score_batch
from spanfold.metrics._torch import BATCH_ROWS, distinct, find_model, in_batches, load_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricValue
    from spanfold.metrics._torch import LocalModel

VARIABLE: Final = "SPANFOLD_TOXICITY_MODEL"
DEFAULT_MODEL: Final = "facebook/roberta-hate-speech-dynabench-r4-target"
"""MLflow's."""
LABELS: Final = ("hate", "toxic", "toxicity", "hateful", "hate speech", "hatespeech", "offensive")
"""Labels that mean toxic text, in the order in which they are looked for."""
_INSTEAD: Final = "The metric profanity finds swearing in English without any model"
_ROWS_AT_A_TIME: Final = 128


def toxicity(model: str | None = None, *, label: str | None = None) -> EvaluationMetric:
    """How likely a text is toxic, from 0 to 1, by a text classifier of transformers. MLflow's name and keys.

    Nothing is downloaded: the model is a folder, or is in the Hugging Face cache of this machine. It is
    loaded when the first rows come. Texts that are longer than the model can read are cut, and the
    justification of such a row says so.

    Aggregates: mean, variance, p90, and ``ratio``, the share of texts with a score of 0.5 or more.

    Args:
        model: a folder or a name; by default ``SPANFOLD_TOXICITY_MODEL``, or else
            ``facebook/roberta-hate-speech-dynabench-r4-target``, as MLflow's.
        label: the model's label whose probability is the score; by default the first that it has of hate,
            toxic, toxicity, hateful, offensive.

    Raises:
        InvalidArgumentError: the model is not on this machine; the message says how to get it. When rows are
            scored: it is no trained classifier, or has no such label.

    Example:
        >>> metric = toxicity(model="./models/roberta-hate-speech")  # doctest: +SKIP
        >>> metric.score({"predictions": ["Thank you, that helps."]}).scores  # doctest: +SKIP
        [0.0001]
    """
    name = model or os.environ.get(VARIABLE) or DEFAULT_MODEL
    folder = find_model(name, variable=VARIABLE, instead=_INSTEAD)
    lasting = str(folder) if os.path.isdir(os.path.expanduser(name)) else name  # noqa: PTH111, PTH112 - text
    parameters = {"model": lasting} | ({"label": label} if label is not None else {})
    return built_in(
        "toxicity",
        partial(_score, lasting, label),
        greater_is_better=False,
        columns=("predictions",),
        parameters=parameters,
        version="v1",
        long_name="Toxicity",
        details="The probability that a text classifier gives to its label for toxic text.",
        aggregate=with_ratio,
        batch_rows=_ROWS_AT_A_TIME,
        resource="torch",
        scorer=lasting,
    )


def _score(name: str, label: str | None, predictions: Sequence[Any]) -> MetricValue:
    loaded = load_model(name, "classifier", variable=VARIABLE, instead=_INSTEAD)
    position = _position(loaded, label)

    def score(predictions: Sequence[str]) -> list[RowScore]:
        texts, where = distinct(predictions)
        encoded = loaded.encode(texts)
        found = [RowScore(None, error="the model finds no token in the text")] * len(texts)
        read = [at for at, row in enumerate(encoded) if row.tokens]

        def probabilities(batch: list[int]) -> list[float]:
            inputs = loaded.inputs([encoded[read[at]] for at in batch])
            with loaded.lock.current:
                logits = loaded.model(**inputs).logits.float()
            # As transformers' own pipeline chooses between the two.
            alone = loaded.model.config.problem_type == "multi_label_classification" or logits.shape[-1] == 1
            chances = logits.sigmoid() if alone else logits.softmax(dim=-1)
            values: list[float] = chances[:, position].tolist()
            return values

        # Causal models read the last token's answer, and tell it from padding only by the pad's ID.
        rows = 1 if loaded.model.config.pad_token_id is None else BATCH_ROWS
        for batch, values in in_batches([encoded[at].tokens for at in read], probabilities, rows=rows):
            for at, value in zip(batch, values, strict=True):
                found[read[at]] = RowScore(value, encoded[read[at]].truncation)
        return [found[at] for at in where]

    return score_batch(score, predictions=predictions)


def _position(loaded: LocalModel, label: str | None) -> int:
    """Which of the classifier's outputs means toxic."""
    config = loaded.model.config
    if config.problem_type == "regression":
        raise InvalidArgumentError(f"the model {loaded.name!r} gives no probabilities: it is a regression")
    names = {str(name).lower(): int(at) for at, name in config.id2label.items()}
    wanted = LABELS if label is None else (label.lower(),)
    for one in wanted:
        if one in names:
            return names[one]
    if label is None and len(names) == 1:
        return 0
    message = (
        f"the model {loaded.name!r} has no label {label or ' or '.join(LABELS)!r}: name one of its own by "
        f"label=...; it has {', '.join(map(str, config.id2label.values()))}"
    )
    raise InvalidArgumentError(message)
