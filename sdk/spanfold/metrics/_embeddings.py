"""How close answers are in meaning to the right ones, by an encoder on this machine's own disk."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._built_in import built_in, check_count
from spanfold.metrics._text_batches import RowScore, score_batch
from spanfold.metrics._torch import distinct, find_model, in_batches, load_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricValue
    from spanfold.metrics._torch import Encoded, LocalModel

    PairScore: TypeAlias = Callable[
        ["LocalModel", Sequence[Encoded], Any, list[int], list[int]], list[RowScore]
    ]

VARIABLE: Final = "SPANFOLD_EMBEDDING_MODEL"
DEFAULT_MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"
_INSTEAD: Final = "The metrics token_f1, rougeL and chrf compare texts without any model"
_BATCH_ROWS: Final = 128
_MODES: Final = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""How sentence-transformers writes them down."""


def semantic_similarity(model: str | None = None) -> EvaluationMetric:
    """How close an answer is in meaning to the right one: cosine of sentence embeddings, from -1 to 1.

    A text's embedding is the mean of its tokens' last hidden states, or the first of them where the model's
    ``1_Pooling/config.json`` says so; space around the text is left out. Use a model that was trained to
    embed sentences, such as the ``sentence-transformers`` ones: others call everything alike.

    Args:
        model: a folder or a name in the Hugging Face cache of this machine; by default
            ``SPANFOLD_EMBEDDING_MODEL``, or else ``sentence-transformers/all-MiniLM-L6-v2``.

    Raises:
        InvalidArgumentError: the model is not on this machine; the message says how to get it.

    Example:
        >>> metric = semantic_similarity(model="./models/all-MiniLM-L6-v2")  # doctest: +SKIP
        >>> metric.score({"predictions": ["Hello!"], "targets": ["Hi!"]}).scores  # doctest: +SKIP
        [0.81]
    """
    lasting = _lasting(model)
    return built_in(
        "semantic_similarity",
        partial(_score, _similarities, lasting, None),
        greater_is_better=True,
        columns=("predictions", "targets"),
        parameters={"model": lasting},
        long_name="Semantic similarity",
        details="Cosine of pooled sentence embeddings of prediction and target.",
        batch_rows=_BATCH_ROWS,
        resource="torch",
        scorer=lasting,
    )


def bertscore(model: str | None = None, *, layer: int | None = None) -> EvaluationMetric:
    """How well the tokens of an answer and of the right one match in context: BERTScore's F1.

    Each token of one text is matched with the most similar one of the other, by the cosine of their
    contextual embeddings; precision is the mean over the prediction's tokens, recall over the target's, and
    the score is their harmonic mean. The justification has both. As in the authors' package: the marks of a
    text's ends do not count, nor does space around it; tokens are not weighed by rarity, nothing is rescaled,
    and an empty text scores 0.

    Scores compare only with those of the same model and layer.

    Source: Zhang, Kishore, Wu, Weinberger, Artzi: BERTScore: Evaluating Text Generation with BERT. ICLR 2020.

    Args:
        model: a folder or a name in the Hugging Face cache of this machine; by default
            ``SPANFOLD_EMBEDDING_MODEL``, or else ``sentence-transformers/all-MiniLM-L6-v2``.
        layer: whose hidden states are compared, from 1; the last by default. The authors recommend 17 for
            ``roberta-large``.

    Raises:
        InvalidArgumentError: the model is not on this machine, or has no such layer.

    Example:
        >>> metric = bertscore(model="./models/roberta-large", layer=17)  # doctest: +SKIP
        >>> metric.score({"predictions": ["Hello!"], "targets": ["Hi!"]}).scores  # doctest: +SKIP
        [0.93]
    """
    lasting = _lasting(model)
    if layer is not None:
        check_count("layer", layer)
    return built_in(
        "bertscore",
        partial(_score, _matches, lasting, layer),
        greater_is_better=True,
        columns=("predictions", "targets"),
        parameters={"model": lasting} | ({"layer": layer} if layer is not None else {}),
        long_name="BERTScore F1",
        details="Greedy matching of contextual token embeddings; no rarity weights, no rescaling.",
        batch_rows=_BATCH_ROWS,
        resource="torch",
        scorer=lasting if layer is None else f"{lasting}, layer {layer}",
    )


def _lasting(model: str | None) -> str:
    """The model's name, or its folder in full: another process may have another working directory."""
    name = model or os.environ.get(VARIABLE) or DEFAULT_MODEL
    folder = find_model(name, variable=VARIABLE, instead=_INSTEAD)
    return str(folder) if os.path.isdir(os.path.expanduser(name)) else name  # noqa: PTH111, PTH112 - text


def _score(
    compare: PairScore, name: str, layer: int | None, predictions: Sequence[Any], targets: Sequence[Any]
) -> MetricValue:
    loaded = load_model(name, "encoder", variable=VARIABLE, instead=_INSTEAD)
    layers = int(loaded.model.config.get_text_config().num_hidden_layers)
    if layer is not None and layer > layers:
        raise InvalidArgumentError(f"layer={layer}: the model {name!r} has {layers}")

    def score(predictions: Sequence[str], targets: Sequence[str]) -> list[RowScore]:
        texts, where = distinct([text.strip() for text in (*predictions, *targets)])
        encoded = loaded.encode(texts)
        count = len(predictions)
        left, right = where[:count], where[count:]
        found: list[RowScore] = [RowScore(None)] * count

        def run(batch: list[int]) -> list[RowScore]:
            # Both sides of a pair are in one pass, and leave it before the next: memory stays bounded.
            used = sorted({left[at] for at in batch} | {right[at] for at in batch})
            place = {text: at for at, text in enumerate(used)}
            rows = [encoded[at] for at in used]
            states = _hidden_states(loaded, rows, layer)
            return compare(
                loaded, rows, states, [place[left[at]] for at in batch], [place[right[at]] for at in batch]
            )

        lengths = [
            2 * max(1, encoded[one].tokens, encoded[other].tokens)
            for one, other in zip(left, right, strict=True)
        ]
        for batch, scores in in_batches(lengths, run):
            for at, row in zip(batch, scores, strict=True):
                found[at] = row
        return found

    return score_batch(score, predictions=predictions, targets=targets)


def _hidden_states(loaded: LocalModel, rows: Sequence[Encoded], layer: int | None) -> Any:
    """Contextual embeddings: text, token, dimension; zeros where a shorter text is padded."""
    inputs = loaded.inputs(rows, side="right")
    with loaded.lock.current:
        output = loaded.model(**inputs, output_hidden_states=layer is not None)
    states = output.last_hidden_state if layer is None else output.hidden_states[layer]
    return states.float() * inputs["attention_mask"].unsqueeze(-1)


def _truncation(rows: Sequence[Encoded], one: int, other: int) -> str | None:
    told = [
        f"{name}: {rows[at].truncation}"
        for name, at in (("prediction", one), ("target", other))
        if rows[at].truncation is not None
    ]
    return "; ".join(told) or None


def _pooling(loaded: LocalModel) -> str:
    """How many embeddings become one: what sentence-transformers saved beside the model, else the mean."""
    file = loaded.folder / "1_Pooling" / "config.json"
    if not file.is_file():
        return "mean"
    try:
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        modes = [_MODES.get(name, name) for name, is_on in said.items() if name in _MODES and is_on is True]
        modes = modes or [str(said.get("pooling_mode", "an unknown pooling"))]
    except (OSError, ValueError, AttributeError) as fault:
        raise InvalidArgumentError(f"the model {loaded.name!r}: {file} cannot be read: {fault}") from fault
    if modes not in (["mean"], ["cls"]):
        raise InvalidArgumentError(
            f"the model {loaded.name!r} makes embeddings by {' and '.join(modes)}; only mean and cls can be "
            "used"
        )
    return modes[0]


def _similarities(
    loaded: LocalModel, rows: Sequence[Encoded], states: Any, left: list[int], right: list[int]
) -> list[RowScore]:
    counts = states.new_tensor([max(1, row.tokens) for row in rows]).unsqueeze(-1)
    pooled = states[:, 0] if _pooling(loaded) == "cls" else states.sum(dim=1) / counts
    unit = pooled / pooled.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    cosines = (unit[left] * unit[right]).sum(dim=-1).clamp(-1.0, 1.0).tolist()
    return [
        RowScore(cosine, _truncation(rows, one, other))
        if rows[one].tokens and rows[other].tokens
        else RowScore(None, error="an empty text has no embedding")
        for cosine, one, other in zip(cosines, left, right, strict=True)
    ]


def _matches(
    loaded: LocalModel, rows: Sequence[Encoded], states: Any, left: list[int], right: list[int]
) -> list[RowScore]:
    tokenizer = loaded.tokenizer
    marks = {
        tokenizer.cls_token_id,
        tokenizer.sep_token_id,
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
    }
    width = states.shape[1]

    def flags(of: Callable[[int], bool]) -> Any:
        padded = [
            [float(of(one)) for one in row.inputs["input_ids"]] + [0.0] * (width - row.tokens) for row in rows
        ]
        return states.new_tensor(padded)

    # A pad is nobody's match. The marks of a text's ends may be matched, but do not count themselves.
    is_read, counts = flags(lambda _: True), flags(lambda one: one not in marks)
    unit = states / states.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    cosines = (unit[left] @ unit[right].transpose(1, 2)).clamp(-1.0, 1.0)
    best = cosines.masked_fill(is_read[right].unsqueeze(1) == 0, -1.0).amax(dim=2)
    best_back = cosines.masked_fill(is_read[left].unsqueeze(2) == 0, -1.0).amax(dim=1)
    sizes = counts.sum(dim=1)
    precisions = ((best * counts[left]).sum(dim=1) / sizes[left].clamp_min(1)).tolist()
    recalls = ((best_back * counts[right]).sum(dim=1) / sizes[right].clamp_min(1)).tolist()
    is_empty = (sizes == 0).tolist()
    found = []
    for one, other, precision, recall in zip(left, right, precisions, recalls, strict=True):
        if is_empty[one] or is_empty[other]:
            found.append(RowScore(0.0, "an empty text matches nothing"))
            continue
        both = precision + recall
        why = f"precision {precision:.4f}, recall {recall:.4f}"
        cut = _truncation(rows, one, other)
        score = 2 * precision * recall / both if both else 0.0
        found.append(RowScore(score, f"{why}; {cut}" if cut else why))
    return found
