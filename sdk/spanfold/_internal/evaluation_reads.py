"""Questions to finished evaluations: which of two is better, and whether judges and people agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spanfold._internal.instants import Instant
    from spanfold.evaluation._agreement import Agreement
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


def agreement(  # noqa: PLR0913 - all but the names are by name
    judge: str,
    human: str | None = None,
    *,
    evaluation_id: str | None = None,
    model: str | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
    confidence: float = 0.95,
    limit: int = 20,
) -> Agreement:
    """Whether a judge says what people say, on the traces that both have scored.

    A judge's newest score of a trace counts, and each person's newest: of several people the mean, of labels
    the newest. See ``docs/feedback.md`` for what the numbers mean.

    Args:
        judge: name of the judge's scores, or of any metric's.
        human: name of the people's scores; by default the same name, of which those with the source ``HUMAN``
            are people's.
        evaluation_id: only the judge's scores of this evaluation.
        model: only traces of this version: ID, or name.
        start: only the judge's scores from this instant on: a date and time with a zone, milliseconds since
            1970, or RFC 3339 text.
        end: only those before this instant.
        confidence: of the intervals, from 0.5 to 0.999.
        limit: of the traces that differ most, up to 1,000.

    Raises:
        InvalidArgumentError: an argument cannot be right, or no trace has both scores.
        NotFoundError: the server has no such version.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> found = agreement("professionalism")  # doctest: +SKIP
        >>> found.weighted_kappa, found.bias  # doctest: +SKIP
        (Measure(value=0.41, lower=0.22, upper=0.58), Measure(value=0.6, lower=0.4, upper=0.8))
    """
    from spanfold._internal import events, instants, reading  # noqa: PLC0415 - `import spanfold` stays light
    from spanfold.errors import ModelNotFoundError, ServerUnavailableError  # noqa: PLC0415
    from spanfold.evaluation._agreement import Agreement  # noqa: PLC0415

    events.check_text("judge", judge)
    answer = reading.query_api().get(
        "/v1/agreement",
        judge=judge,
        human=human,
        evaluation_id=evaluation_id,
        model=model,
        start=None if start is None else instants.to_rfc3339("start", start),
        end=None if end is None else instants.to_rfc3339("end", end),
        confidence=confidence,
        limit=limit,
    )
    if answer is None:
        raise ModelNotFoundError(model or "")
    try:
        return Agreement.from_dict(answer)
    except (KeyError, TypeError) as fault:
        message = f"the query API's answer is not an agreement: {fault!r}"
        raise ServerUnavailableError(message) from fault
