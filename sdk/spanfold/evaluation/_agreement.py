"""Whether a judge says what people say: how often, in which direction it errs, and where."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _agreement_measures as measures
from spanfold.evaluation import _intervals, _statistics
from spanfold.evaluation._agreement_measures import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Kind: TypeAlias = Literal["grades", "numbers", "labels"]

FEW: Final = 50
"""Below so many traces an interval of kappa is about 0.5 wide: nothing can be decided on it."""
MAX_CLASSES: Final = 20
_LARGEST: Final = 1e100
"""Of larger scores, variances would be no numbers any more."""
_MAX_GRADES: Final = 11
_GROUPS: Final = 3
_FEWEST_BY_LENGTH: Final = 9
"""With fewer rows, thirds of them tell nothing."""


@dataclass(frozen=True, slots=True)
class Rated:
    """What a judge and people said of one trace."""

    trace_id: str
    judge: float | str
    human: float | str
    """Of several people, the mean; of labels, the newest."""
    justification: str | None = None
    """The judge's."""
    answer_chars: int | None = None
    """Length of the recorded output."""
    position: str | None = None
    """Where the answer stood among others when it was judged, if the score says so."""


@dataclass(frozen=True, slots=True)
class Group:
    """How far the judge is from people in a part of the traces."""

    name: str
    count: int
    bias: Measure
    """The judge's score less the people's, on average."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What :func:`spanfold.agreement` returns.

    Example:
        >>> rated = [Rated(f"{n:032x}", judge=n % 3 + 1, human=n % 3 + 1) for n in range(60)]
        >>> agreement_of("professionalism", "professionalism", rated).kappa.value
        1.0
    """

    judge: str
    """Name of the judge's scores."""
    human: str
    """Name of the people's scores."""
    kind: Kind
    """``grades`` (whole numbers), other ``numbers``, or ``labels``."""
    count: int
    """Traces that both scored."""
    confidence: float
    accuracy: Measure
    """Share of traces of which both say the same; None of ``numbers``."""
    kappa: Measure
    """Cohen's: agreement beyond chance. Of ``grades`` and ``labels``."""
    weighted_kappa: Measure
    """The same with squared distances as weights. Of ``grades``."""
    strength: str
    """A word for the (weighted) kappa."""
    spearman: Measure
    """Rank correlation. Of ``grades`` and ``numbers``."""
    bias: Measure
    """The judge's score less the people's, on average. Of ``grades`` and ``numbers``."""
    classes: tuple[float | str, ...]
    confusion: tuple[tuple[int, ...], ...]
    """A row for each class of the people, a column for each of the judge."""
    bias_and_length: Measure
    """Rank correlation of the judge's score less the people's with the length of the answer: above 0, long
    answers get more from the judge than from people."""
    by_length: tuple[Group, ...]
    """Thirds of the traces by the length of their answers, shortest first."""
    by_position: tuple[Group, ...]
    """By where the answer stood, if scores tell."""
    disagreements: tuple[Rated, ...]
    """Traces on which the two differ most."""
    notes: tuple[str, ...]
    """What a reader should know before trusting the numbers."""

    def to_dict(self) -> dict[str, Any]:
        """The same as dictionaries, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Agreement:
        """What :meth:`to_dict` told.

        Raises:
            KeyError: a member is missing.
            TypeError: one has another type.
        """
        given = dict(told)
        for name in ("accuracy", "kappa", "weighted_kappa", "spearman", "bias", "bias_and_length"):
            given[name] = Measure(**told[name])
        for name in ("by_length", "by_position"):
            given[name] = tuple(
                Group(one["name"], one["count"], Measure(**one["bias"])) for one in told[name]
            )
        given["classes"] = tuple(told["classes"])
        given["confusion"] = tuple(tuple(row) for row in told["confusion"])
        given["disagreements"] = tuple(Rated(**one) for one in told["disagreements"])
        given["notes"] = tuple(told["notes"])
        return cls(**given)

    def __repr__(self) -> str:
        lines = [f"Agreement({self.judge} with {self.human}, {self.count} traces: {self.strength})"]
        for name in ("accuracy", "kappa", "weighted_kappa", "spearman", "bias", "bias_and_length"):
            one: Measure = getattr(self, name)
            if one.value is not None:
                limits = "" if one.lower is None else f" (from {one.lower:.2f} to {one.upper:.2f})"
                lines.append(f"  {name}: {one.value:.2f}{limits}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def agreement_of(
    judge: str,
    human: str,
    rated: Sequence[Rated],
    *,
    confidence: float = 0.95,
    limit: int = 20,
) -> Agreement:
    """The agreement on traces that both have scored.

    Args:
        judge: name of the judge's scores.
        human: name of the people's scores.
        rated: what they say; at least one trace.
        confidence: of the intervals.
        limit: of the traces that differ most.

    Raises:
        InvalidArgumentError: there is nothing to compare, or one gives labels and the other numbers.
    """
    rated = [one for one in rated if _is_usable(one.judge) and _is_usable(one.human)]
    if not rated:
        message = (
            f"no trace has both a score {judge!r} of a judge and a score {human!r} of a person: "
            "spanfold.log_feedback(trace_id, name, value) records what people think"
        )
        raise InvalidArgumentError(message)
    kind = _kind(rated)
    notes = _notes(kind, rated)
    same_scale = not any("scales differ" in note for note in notes)
    classes, table = _table(kind, rated) if same_scale else ((), ())
    numeric = kind != "labels" and same_scale
    kappa = measures.kappa(table, confidence=confidence) if table else Measure(None)
    grades = [float(one) for one in classes] if kind == "grades" else []
    weighted = measures.kappa(table, grades, confidence=confidence) if table and grades else Measure(None)
    gaps = [_gap(one) for one in rated] if numeric else []
    return Agreement(
        judge=judge,
        human=human,
        kind=kind,
        count=len(rated),
        confidence=confidence,
        accuracy=_accuracy(table, confidence),
        kappa=kappa,
        weighted_kappa=weighted,
        strength=measures.strength(weighted.value if weighted.value is not None else kappa.value),
        spearman=Measure(None)
        if kind == "labels"
        else measures.spearman(
            [float(one.human) for one in rated], [float(one.judge) for one in rated], confidence=confidence
        ),
        bias=_bias(gaps, confidence),
        classes=classes,
        confusion=tuple(tuple(row) for row in table),
        bias_and_length=_length_bias(rated, confidence) if numeric else Measure(None),
        by_length=_by_length(rated, confidence) if numeric else (),
        by_position=_by_position(rated, confidence) if numeric else (),
        disagreements=_disagreements(rated, kind, limit),
        notes=notes,
    )


def _is_usable(score: float | str) -> bool:
    """Whether it is a label, or a number that has a square: whoever sends scores may send any."""
    return isinstance(score, str) or abs(score) <= _LARGEST


def _kind(rated: Sequence[Rated]) -> Kind:
    texts = [isinstance(value, str) for one in rated for value in (one.judge, one.human)]
    if all(texts):
        return "labels"
    if any(texts):
        raise InvalidArgumentError("the one gives labels and the other numbers: they cannot be compared")
    judged = {float(one.judge) for one in rated}
    said = {float(one.human) for one in rated}
    # People's means lie between grades; the judge's scores tell what the grades are.
    is_graded = all(value.is_integer() for value in judged) and len(judged) <= _MAX_GRADES
    return "grades" if is_graded and len({round(value) for value in said}) <= _MAX_GRADES else "numbers"


def _notes(kind: Kind, rated: Sequence[Rated]) -> tuple[str, ...]:
    notes = []
    if len(rated) < FEW:
        notes.append(
            f"only {len(rated)} traces: too few to decide on; the intervals show how little is known. "
            f"Some {2 * FEW} make them useful"
        )
    if kind != "labels":
        judged, said = ([float(value) for value in values] for values in _both(rated))
        ranges = [max(values) - min(values) for values in (judged, said)]
        apart = min(judged) > max(said) or min(said) > max(judged)
        # Some 1 to 5 against 0 and 1: only which is more can be compared.
        if (max(judged) > 1) != (max(said) > 1) and (apart or max(ranges) > 1):
            notes.append("the scales differ: only the order of the scores is compared")
        if any(not value.is_integer() for value in said) and kind == "grades":
            notes.append("the mean of several people is rounded to a grade where grades are counted")
    if any(len(set(values)) == 1 for values in _both(rated)):
        notes.append(
            "one of the two says the same of every trace: kappa and correlation cannot tell anything"
        )
    return tuple(notes)


def _both(rated: Sequence[Rated]) -> tuple[Sequence[float | str], Sequence[float | str]]:
    return [one.judge for one in rated], [one.human for one in rated]


def _table(kind: Kind, rated: Sequence[Rated]) -> tuple[tuple[float | str, ...], list[list[int]]]:
    """The classes, and how often each pair of them occurs. Empty where there are none, or too many."""
    if kind == "numbers":
        return (), []
    judged, said = _both(rated)
    if kind == "grades":
        judged, said = ([float(round(float(value))) for value in values] for values in (judged, said))
    every = {*judged, *said}
    classes: tuple[float | str, ...] = tuple(sorted(every, key=float if kind == "grades" else str))
    if len(classes) > MAX_CLASSES:
        return (), []
    return classes, measures.confusion(said, judged, classes)


def _accuracy(table: Sequence[Sequence[int]], confidence: float) -> Measure:
    if not table:
        return Measure(None)
    total = sum(map(sum, table))
    interval = _intervals.proportion(sum(row[place] for place, row in enumerate(table)), total, confidence)
    return Measure(interval.value, interval.lower, interval.upper)


def _gap(one: Rated) -> float:
    return float(one.judge) - float(one.human)


def _bias(gaps: Sequence[float], confidence: float) -> Measure:
    """How far the judge is above the people, on average."""
    if not gaps:
        return Measure(None)
    outcome = _statistics.paired([0.0] * len(gaps), gaps, confidence=confidence)
    return Measure(outcome.difference, outcome.lower, outcome.upper)


def _length_bias(rated: Sequence[Rated], confidence: float) -> Measure:
    known = [one for one in rated if one.answer_chars is not None]
    return measures.spearman(
        [_gap(one) for one in known], [float(one.answer_chars or 0) for one in known], confidence=confidence
    )


def _by_length(rated: Sequence[Rated], confidence: float) -> tuple[Group, ...]:
    known = sorted(
        (one for one in rated if one.answer_chars is not None),
        key=lambda one: (one.answer_chars or 0, one.trace_id),
    )
    if len(known) < _FEWEST_BY_LENGTH:
        return ()
    groups = []
    for number in range(_GROUPS):
        part = known[number * len(known) // _GROUPS : (number + 1) * len(known) // _GROUPS]
        name = f"{part[0].answer_chars} to {part[-1].answer_chars} characters"
        groups.append(Group(name, len(part), _bias([_gap(one) for one in part], confidence)))
    return tuple(groups)


def _by_position(rated: Sequence[Rated], confidence: float) -> tuple[Group, ...]:
    positions: dict[str, list[float]] = {}
    for one in rated:
        if one.position:
            positions.setdefault(one.position, []).append(_gap(one))
    return tuple(Group(name, len(gaps), _bias(gaps, confidence)) for name, gaps in sorted(positions.items()))[
        :MAX_CLASSES
    ]


def _disagreements(rated: Sequence[Rated], kind: Kind, limit: int) -> tuple[Rated, ...]:
    size: Callable[[Rated], float] = (
        (lambda one: float(one.judge != one.human)) if kind == "labels" else (lambda one: abs(_gap(one)))
    )
    differing = [one for one in rated if size(one)]
    return tuple(sorted(differing, key=lambda one: (-size(one), one.trace_id))[:limit])
