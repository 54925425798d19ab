"""Questions to finished evaluations: which of two is better, and whether judges and people agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spanfold.evaluation._comparison_result import EvaluationComparison


def compare_evaluations(  # noqa: PLR0913 - all but the two are by name
    a: object,
    b: object,
    metrics: Iterable[str] | None = None,
    confidence: float = 0.95,
    *,
    power: float = 0.8,
    pairing: Literal["auto", "paired", "unpaired"] = "auto",
    seed: int = 0,
) -> EvaluationComparison:
    """What got better or worse from ``a`` to ``b``, and how sure that is.

    Rows of the same input are compared with one another, where at least 10 inputs and half of those of the
    smaller side match; else all rows of one side with all of the other. See ``docs/evaluate-compare.md`` for
    the statistics.

    Args:
        a: what to compare with: an evaluation's ID, a model version's ID or name (the newest finished
            evaluation that covers it, and of that only its own traces), what :func:`spanfold.evaluate`
            returned, a data frame, or a list of rows with members such as ``token_f1/score`` and ``inputs``.
            If both are versions that one evaluation covers, the newest such one counts.
        b: what is compared, in the same forms.
        metrics: names; all that both have if None.
        confidence: of the intervals, from 0.5 to 0.999. The rest is the level at which a difference counts.
        power: the chance of finding a difference that is there, for the sample sizes that are told.
        pairing: ``paired`` and ``unpaired`` decide what ``auto`` leaves to the inputs.
        seed: of what is drawn at random: the same seed gives the same answer.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the two cannot be compared; the message tells.
        NotFoundError: the server has no such evaluation, or no such version.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> found = compare_evaluations("support-v2", "support-v3")  # doctest: +SKIP
        >>> found.metrics["token_f1"].verdict  # doctest: +SKIP
        'worse'
        >>> found.rows("token_f1", 3)  # doctest: +SKIP
        [ChangedPair(inputs='...', trace_id_a='4bf9...', ...), ...]
    """
    from spanfold.evaluation import _comparison, _comparison_reader  # noqa: PLC0415 - numpy is slow to import

    return _comparison.compare(
        _comparison_reader.HttpReader(),
        a,
        b,
        metrics=metrics,
        confidence=confidence,
        power=power,
        pairing=pairing,
        seed=seed,
    )
