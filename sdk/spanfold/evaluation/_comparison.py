"""Compares two evaluations: what got better, what got worse, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _statistics
from spanfold.evaluation._comparison_result import (
    ComparedSide,
    EvaluationComparison,
    MetricComparison,
    by_input,
    scores_of,
    unknown,
)
from spanfold.evaluation._comparison_sides import MAX_LABELS, sides

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spanfold.evaluation._comparison_sides import Reader, Side
    from spanfold.evaluation._statistics import Outcome, Verdict

Pairing: TypeAlias = Literal["auto", "paired", "unpaired"]

FEWEST_PAIRS: Final = 10
"""Fewer pairs are not enough to leave all other rows out."""
FEW: Final = 30
"""With fewer pairs, or rows of a side, intervals of skewed scores hold the truth less often than they say."""


def compare(  # noqa: PLR0913 - what a comparison may be told
    reader: Reader,
    a: object,
    b: object,
    *,
    metrics: Iterable[str] | None = None,
    confidence: float = 0.95,
    power: float = 0.8,
    pairing: Pairing = "auto",
    seed: int = 0,
) -> EvaluationComparison:
    """As :func:`spanfold.compare_evaluations`, with where to read.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the two cannot be compared.
        NotFoundError: there is no such evaluation, or no such version.
    """
    _check(confidence, power, pairing, metrics)
    wanted = None if metrics is None else list(metrics)
    both = sides(reader, a, b, wanted or ())
    better = _directions(both)
    names, notes = _names(both, wanted)
    found = {name: _outcome(both, name, confidence, power, pairing, seed) for name in names}
    corrected = _statistics.holm([None if told is None else told.p_value for told, _ in found.values()])
    compared = {
        name: _compared(name, told, facts, p_corrected, confidence, better.get(name))
        for (name, (told, facts)), p_corrected in zip(found.items(), corrected, strict=True)
    }
    return EvaluationComparison(
        _described(both[0]),
        _described(both[1]),
        confidence,
        power,
        compared,
        (*notes, *_warnings(compared.values())),
        both,
        reader,
    )


def _described(side: Side) -> ComparedSide:
    return ComparedSide(side.reference, side.name, side.evaluation_id, side.model_id)


def _check(confidence: object, power: object, pairing: str, metrics: object) -> None:
    if not isinstance(confidence, int | float) or not 0.5 <= confidence <= 0.999:  # noqa: PLR2004 - as the comparison of versions
        message = f"confidence: a number from 0.5 to 0.999, not {confidence!r}"
        raise InvalidArgumentError(message)
    if not isinstance(power, int | float) or not 0.5 < power <= 0.999:  # noqa: PLR2004
        message = f"power: a number above 0.5 and up to 0.999, not {power!r}"
        raise InvalidArgumentError(message)
    if pairing not in {"auto", "paired", "unpaired"}:
        message = f"pairing: auto, paired or unpaired, not {pairing!r}"
        raise InvalidArgumentError(message)
    if isinstance(metrics, str):
        message = f"metrics: a list of names, such as [{metrics!r}]"
        raise InvalidArgumentError(message)


def _directions(both: tuple[Side, Side]) -> dict[str, bool | None]:
    """Which direction is better; what the two do not say alike is not known."""
    a, b = ({name: one.greater_is_better for name, one in side.scores.items()} for side in both)
    return {name: a[name] for name in a.keys() & b.keys() if a[name] == b[name]}


def _names(both: tuple[Side, Side], wanted: Iterable[str] | None) -> tuple[list[str], list[str]]:
    """The metrics to compare, in order, and what is to be said of the others."""
    have = [_available(side, other) for side, other in zip(both, reversed(both), strict=True)]
    common = [name for name in have[0] if name in have[1]]
    if wanted is None:
        notes = [
            f"{name}: only {side.name} has it"
            for side, own, other in zip(both, have, reversed(have), strict=True)
            for name in own
            if name not in other and "/" not in name
        ]
        if not common:
            message = (
                f"the two have no metric in common: a has {', '.join(have[0]) or 'none'}; b has "
                f"{', '.join(have[1]) or 'none'}"
            )
            raise InvalidArgumentError(message)
        return common, notes
    chosen: list[str] = []
    for name in wanted:
        # A metric with labels stands for all of its labels.
        meant = [name] if name in common else [one for one in common if one.startswith(f"{name}/")]
        if not meant:
            raise unknown([name], common)
        chosen += meant
    return list(dict.fromkeys(chosen)), []


def _available(side: Side, other: Side) -> list[str]:
    """What a side can be compared by. Of a metric with labels, each label: the other side may have more."""
    names: list[str] = []
    for name, scores in side.scores.items():
        counts = scores.labels()
        if scores.rows or not counts:
            names.append(name)
        if not counts:
            continue
        for label, count in (other.scores[name].labels() if name in other.scores else {}).items():
            counts[label] = counts.get(label, 0) + count
        most = sorted(counts, key=lambda label: (-counts[label], label))[:MAX_LABELS]
        names += [f"{name}/{label}" for label in sorted(most)]
    return names


def _outcome(  # noqa: PLR0913, PLR0917 - what a comparison was told
    both: tuple[Side, Side], name: str, confidence: float, power: float, pairing: Pairing, seed: int
) -> tuple[Outcome | None, dict[str, Any]]:
    """The statistics of one metric, if both sides have scores, and the facts that they rest on."""
    own_a, own_b = (scores_of(side, name) for side in both)
    a, b = by_input(own_a), by_input(own_b)
    common = sorted(a.keys() & b.keys())
    enough = len(common) >= FEWEST_PAIRS and 2 * len(common) >= min(len(a), len(b))
    is_paired = pairing == "paired" or (pairing == "auto" and enough)
    facts: dict[str, Any] = {
        "unmatched_a": len(a) - len(common),
        "unmatched_b": len(b) - len(common),
        "errors_a": own_a.errors,
        "errors_b": own_b.errors,
        "repeats": any(side[one].row_count > 1 for side in (a, b) for one in common),
        "paired": is_paired,
    }
    told: Outcome | None = None
    if is_paired and common:
        told = _statistics.paired(
            [a[one].value for one in common],
            [b[one].value for one in common],
            confidence=confidence,
            power=power,
            seed=seed,
        )
    elif not is_paired and own_a.rows and own_b.rows:
        told = _statistics.unpaired(
            [row.value for row in own_a.rows],
            [row.value for row in own_b.rows],
            confidence=confidence,
            power=power,
            seed=seed,
        )
    return told, facts


def _compared(  # noqa: PLR0913, PLR0917 - all that is known of one metric
    name: str,
    told: Outcome | None,
    facts: dict[str, Any],
    p_corrected: float | None,
    confidence: float,
    greater_is_better: bool | None,  # noqa: FBT001
) -> MetricComparison:
    verdict: Verdict = "no evidence"
    if told is not None:
        verdict = _statistics.verdict(told, p_corrected, confidence, greater_is_better=greater_is_better)
    return MetricComparison(
        metric=name,
        greater_is_better=greater_is_better,
        verdict=verdict,
        count_a=0 if told is None else told.count_a,
        count_b=0 if told is None else told.count_b,
        mean_a=None if told is None else told.mean_a,
        mean_b=None if told is None else told.mean_b,
        difference=None if told is None else told.difference,
        lower=None if told is None else told.lower,
        upper=None if told is None else told.upper,
        p_value=None if told is None else told.p_value,
        p_corrected=p_corrected,
        method="none" if told is None else told.method,
        test="none" if told is None else told.test,
        effect=None if told is None else told.effect,
        needed=None if told is None or verdict != "no evidence" else told.needed,
        detectable=None if told is None else told.detectable,
        **facts,
    )


def _warnings(compared: Iterable[MetricComparison]) -> list[str]:
    """What a reader should know, each once."""
    every = list(compared)
    notes = []
    if any(one.paired and one.repeats for one in every):
        notes.append("several rows of one input count as their mean")
    if few := [one.metric for one in every if min(one.count_a, one.count_b) < FEW]:
        notes.append(
            f"fewer than {FEW} rows: of skewed scores the interval may be too narrow ({', '.join(few)})"
        )
    if not_paired := [one.metric for one in every if not one.paired]:
        notes.append(f"too few inputs match: rows are compared without pairs ({', '.join(not_paired)})")
    if left_out := [one.metric for one in every if one.paired and (one.unmatched_a or one.unmatched_b)]:
        notes.append(f"inputs that only one side has are left out ({', '.join(left_out)})")
    lost = [one for one in every if one.errors_a or one.errors_b]
    notes += [
        f"{one.metric}: {one.errors_a} and {one.errors_b} rows have no score, because scoring them failed"
        for one in lost
    ]
    return notes
