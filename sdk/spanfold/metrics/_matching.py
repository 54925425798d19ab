"""Answers compared with right answers, and with patterns."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._aggregations import standard_aggregations
from spanfold.metrics._built_in import (
    RowError,
    built_in,
    check_choice,
    missing_extra,
    score_rows,
    score_texts,
)
from spanfold.metrics._words import answer_words, shared_count, unicode_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricValue, ScoreType

MAX_PATTERN_CHARS: Final = 2_000
SEARCH_LIMIT_S: Final = 1.0


def _equal(prediction: object, target: object) -> float:
    return float(bool(prediction == target))


def _score_equal(predictions: Sequence[Any], targets: Sequence[Any]) -> MetricValue:
    return score_rows(_equal, predictions=predictions, targets=targets)


def _exact_match_aggregates(scores: Sequence[ScoreType]) -> Mapping[str, float]:
    """MLflow's one number, under its name, beside those that every metric has."""
    usual = standard_aggregations(scores)
    return {"exact_match": usual["mean"], **usual} if usual else {}


def exact_match() -> EvaluationMetric:
    """1 where the prediction equals the target, 0 elsewhere.

    Needs ``predictions`` and ``targets``, of any type. ``exact_match/v1`` is the share of rows that match,
    as in MLflow.

    Example:
        >>> exact_match().score({"predictions": ["42", "b"], "targets": ["42", "B"]}).scores
        [1.0, 0.0]
    """
    return built_in(
        "exact_match",
        _score_equal,
        greater_is_better=True,
        columns=("predictions", "targets"),
        version="v1",
        aggregate=_exact_match_aggregates,
    )


def _token_f1(prediction: str, target: str) -> float:
    predicted, wanted = answer_words(prediction), answer_words(target)
    if not predicted or not wanted:
        return float(predicted == wanted)
    shared = shared_count(predicted, wanted)
    return 2 * shared / (len(predicted) + len(wanted))


def _score_token_f1(predictions: Sequence[Any], targets: Sequence[Any]) -> MetricValue:
    return score_texts(_token_f1, predictions=predictions, targets=targets)


def token_f1() -> EvaluationMetric:
    """Harmonic mean of precision and recall of the answer's words against those of the right answer.

    Needs ``predictions`` and ``targets``. Case, punctuation and English articles do not count; of Japanese,
    Chinese and other scripts without spaces, each character is a word. Two answers without any word are
    equal: 1.

    Source: Rajpurkar and others, SQuAD (2016), and the evaluation script of SQuAD 2.0.

    Example:
        >>> token_f1().score({"predictions": ["The Eiffel Tower"], "targets": ["eiffel tower, Paris"]}).scores
        [0.8]
    """
    return built_in("token_f1", _score_token_f1, greater_is_better=True, columns=("predictions", "targets"))


def _score_edits(predictions: Sequence[Any], targets: Sequence[Any]) -> MetricValue:
    try:
        from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - an extra
    except ImportError as fault:
        raise missing_extra("rapidfuzz", "edit_similarity") from fault
    return score_texts(
        Levenshtein.normalized_similarity,
        predictions=predictions,
        targets=targets,
    )


def edit_similarity() -> EvaluationMetric:
    """1 - edits / length: how few characters must be changed to get from the answer to the right one.

    Needs ``predictions`` and ``targets``. The edits are Levenshtein's: a character put in, taken out or
    replaced; the length is that of the longer text. Two empty texts are equal: 1.

    Source: Levenshtein, Binary codes capable of correcting deletions, insertions, and reversals (1966).

    Example:
        >>> edit_similarity().score({"predictions": ["kitten"], "targets": ["mitten"]}).scores
        [0.8333333333333334]
    """
    return built_in(
        "edit_similarity", _score_edits, greater_is_better=True, columns=("predictions", "targets")
    )


def _compiled(pattern: object, *, ignore_case: bool) -> Any:
    try:
        import regex  # noqa: PLC0415 - comes with an extra; unlike the standard library's, it knows time limits
    except ImportError as fault:
        raise missing_extra("regex", "regex_match") from fault
    if not isinstance(pattern, str):
        message = f'pattern={pattern!r}: text is needed; on the command line, write pattern="{pattern}"'
        raise InvalidArgumentError(message)
    if len(pattern) > MAX_PATTERN_CHARS:
        raise InvalidArgumentError(f"pattern: {len(pattern)} characters; it may have {MAX_PATTERN_CHARS}")
    try:
        return regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except regex.error as fault:
        raise InvalidArgumentError(f"pattern={pattern!r} is no regular expression: {fault}") from fault


def _search(pattern: Any, text: str) -> float:
    try:
        return float(pattern.search(text, timeout=SEARCH_LIMIT_S) is not None)
    except TimeoutError:
        message = f"the pattern takes longer than {SEARCH_LIMIT_S:g} s on this text of {len(text)} characters"
        raise RowError(message) from None


def _score_pattern(predictions: Sequence[Any], *, pattern: Any) -> MetricValue:
    return score_texts(functools.partial(_search, pattern), predictions=predictions)


def regex_match(pattern: str, *, ignore_case: bool = False) -> EvaluationMetric:
    r"""1 where a regular expression is found in the answer, 0 elsewhere.

    Needs ``predictions``. Write ``^`` and ``$`` (or ``\A`` and ``\Z``) for the whole text.

    Args:
        pattern: as of Python's ``re``, at most 2,000 characters. There are patterns and texts that take for
            ever, such as ``(a+)+$``: a row that takes longer than a second gets an error instead of a score.
        ignore_case: whether upper and lower case are alike.

    Raises:
        InvalidArgumentError: the pattern is no regular expression.

    Example:
        >>> regex_match("^[0-9]+$").score({"predictions": ["42", "forty-two"]}).scores
        [1.0, 0.0]
    """
    compiled = _compiled(pattern, ignore_case=ignore_case)
    return built_in(
        "regex_match",
        functools.partial(_score_pattern, pattern=compiled),
        greater_is_better=True,
        columns=("predictions",),
        parameters={"pattern": pattern, **({"ignore_case": True} if ignore_case else {})},
        details=f"whether {pattern!r} is found",
    )


def _holds(prediction: str, target: str) -> float:
    return float(target in prediction)


def _holds_ignoring_case(prediction: str, target: str) -> float:
    return float(target.casefold() in prediction.casefold())


def _score_contains(
    predictions: Sequence[Any],
    targets: Sequence[Any] | None = None,
    *,
    text: str | None,
    holds: Callable[[str, str], float],
) -> MetricValue:
    if text is not None:
        return score_texts(lambda prediction: holds(prediction, text), predictions=predictions)
    return score_texts(holds, predictions=predictions, targets=targets or [])


def contains(text: str | None = None, *, ignore_case: bool = False) -> EvaluationMetric:
    """1 where the answer holds a text, 0 elsewhere.

    Needs ``predictions``, and ``targets`` where no text is given: then each row's right answer is looked for.

    Args:
        text: that is looked for; None: each row's target.
        ignore_case: whether upper and lower case are alike.

    Raises:
        InvalidArgumentError: the text is none.

    Example:
        >>> contains("Paris").score({"predictions": ["It is Paris.", "It is Rome."]}).scores
        [1.0, 0.0]
    """
    if text is not None and not isinstance(text, str):
        raise InvalidArgumentError(f'text={text!r}: text is needed; on the command line, write text="{text}"')
    given = {"text": text, "ignore_case": ignore_case or None}
    return built_in(
        "contains",
        functools.partial(_score_contains, text=text, holds=_holds_ignoring_case if ignore_case else _holds),
        greater_is_better=True,
        columns=("predictions",) if text is not None else ("predictions", "targets"),
        parameters={name: value for name, value in given.items() if value is not None},
    )


def _word_count(text: str) -> int:
    return len(unicode_words(text))


_MEASURES: Final[Mapping[str, Callable[[str], int]]] = {"characters": len, "words": _word_count}


def _score_length(predictions: Sequence[Any], *, unit: str) -> MetricValue:
    return score_texts(_MEASURES[unit], predictions=predictions)


def length(unit: str = "characters") -> EvaluationMetric:
    """How long the answer is. Neither direction is better.

    Needs ``predictions``.

    Args:
        unit: ``characters``, or ``words`` (of Japanese, Chinese and other scripts without spaces, each
            character counts as one; the results' keys then begin with ``length_words``).

    Raises:
        InvalidArgumentError: the unit is neither.

    Example:
        >>> length().score({"predictions": ["four"]}).scores
        [4]
        >>> length("words").score({"predictions": ["Two words."]}).scores
        [2]
    """
    check_choice("unit", unit, tuple(_MEASURES))
    return built_in(
        "length" if unit == "characters" else f"length_{unit}",
        functools.partial(_score_length, unit=unit),
        greater_is_better=None,
        columns=("predictions",),
        registered="length",
        parameters={} if unit == "characters" else {"unit": unit},
    )
