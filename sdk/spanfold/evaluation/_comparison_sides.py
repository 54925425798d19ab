"""What a comparison compares: the scores of an evaluation, of a version in one, or of a table in memory."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from spanfold.errors import InvalidArgumentError, NotFoundError

if TYPE_CHECKING:
    from spanfold.evaluation._result import EvaluationResult

_EVALUATION_ID: Final = re.compile(r"e-[0-9a-f]{32}")
_SCORE: Final = "/score"
_VERSION: Final = re.compile(r"/v\d+$")
_LARGEST: Final = 1e100
"""Of larger scores, variances would be no numbers any more."""
MAX_EVALUATIONS: Final = 100
"""Evaluations of a version that are looked through, newest first."""
MAX_LABELS: Final = 20
"""Labels of one metric whose shares are compared: the most frequent ones."""


class Scored(NamedTuple):
    """One score, and what it is of."""

    trace_id: str
    """Of rows that no trace tells of, their number from 0."""
    input_hash: str
    """Empty where the input is not known: then it makes no pair."""
    value: float


@dataclass(slots=True)
class Scores:
    """All scores of one metric on one side."""

    rows: list[Scored] = field(default_factory=list)
    errors: int = 0
    """Rows whose scoring failed."""
    greater_is_better: bool | None = None
    _labels: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, trace_id: str, input_hash: str, value: float | None, label: str | None) -> None:
        """Note what one row got: a number, a label, or neither."""
        if value is not None and abs(value) <= _LARGEST:  # NaN is not
            self.rows.append(Scored(trace_id, input_hash, float(value)))
        elif label is not None:
            self._labels.append((trace_id, input_hash, label))
        else:
            self.errors += 1

    def labels(self) -> dict[str, int]:
        """How often each label was given."""
        counts: dict[str, int] = {}
        for _, _, label in self._labels:
            counts[label] = counts.get(label, 0) + 1
        return counts

    def of_label(self, label: str) -> Scores:
        """1 for each row that has the label, 0 for each that has another."""
        rows = [Scored(trace, known_by, float(one == label)) for trace, known_by, one in self._labels]
        return Scores(rows, self.errors)


class Texts(NamedTuple):
    """What was asked and answered."""

    inputs: str | None
    outputs: str | None


@dataclass(slots=True)
class Side:
    """One of the two that are compared."""

    reference: str
    """As the caller named it."""
    name: str
    scores: dict[str, Scores]
    evaluation_id: str | None = None
    model_id: str | None = None
    model_ids: tuple[str, ...] = ()
    texts: Mapping[str, Texts] | None = None
    """By the rows' IDs; None where the traces on the server tell."""


class Reader(Protocol):
    """Where evaluations are read. Over HTTP for applications, from the database in the query API."""

    def evaluation(self, evaluation_id: str) -> Mapping[str, Any] | None:
        """One evaluation as the query API answers it; None if there is none."""

    def finished(self, model_id: str) -> Iterable[Mapping[str, Any]]:
        """Finished evaluations that cover a version, newest first."""

    def model(self, id_or_name: str) -> Mapping[str, Any] | None:
        """The version with this ID, or the newest of this name: ``model_id`` and ``name``."""

    def scores(self, evaluation_id: str, model_id: str) -> Iterator[Mapping[str, Any]]:
        """Scores of an evaluation, of one version if it is not empty."""

    def texts(self, trace_ids: Sequence[str]) -> dict[str, Texts]:
        """What traces were asked and what they answered, as recorded; those that there are."""


def sides(reader: Reader, a: object, b: object, metrics: Collection[str] = ()) -> tuple[Side, Side]:
    """The two sides. Two versions that one evaluation covers are compared in the newest that does.

    Args:
        reader: where evaluations are read.
        a: a reference, or a table in memory.
        b: the other one.
        metrics: evaluations of versions that have all of these are preferred.

    Raises:
        InvalidArgumentError: one of them cannot be compared; the message says why.
        NotFoundError: there is no such evaluation, or no such version.
    """
    version_a, version_b = _version(reader, a), _version(reader, b)
    if version_a is None or version_b is None:
        return _side(reader, a, version_a), _side(reader, b, version_b)
    if version_a["model_id"] == version_b["model_id"]:
        message = f"a and b: {a!r} and {b!r} are the same version"
        raise InvalidArgumentError(message)
    told_a, told_b = _both_told(_told(reader, version_a), _told(reader, version_b), metrics)
    return (
        _side(reader, a, version_a) if told_a is None else _of_evaluation(reader, str(a), told_a, version_a),
        _side(reader, b, version_b) if told_b is None else _of_evaluation(reader, str(b), told_b, version_b),
    )


_Told: TypeAlias = Mapping[str, Any]


def _told(reader: Reader, version: Mapping[str, Any]) -> list[_Told]:
    """The newest finished evaluations of traces that cover a version."""
    finished = islice(reader.finished(version["model_id"]), MAX_EVALUATIONS)
    return [told for told in finished if told["source"] != "rows"]


def _both_told(
    of_a: list[_Told], of_b: list[_Told], metrics: Collection[str]
) -> tuple[_Told | None, _Told | None]:
    """What two versions are compared by: one evaluation of both if there is one, else one each.

    Those that have what was asked for are preferred; two that share no metric are no use.
    """
    ids_b = {told["evaluation_id"] for told in of_b}
    pairs = [(told, told) for told in of_a if told["evaluation_id"] in ids_b]
    pairs += product(of_a, of_b)
    for wanted in ({_bare(name) for name in metrics}, set[str]()):
        for first, second in pairs:
            shared = _metric_names(first) & _metric_names(second)
            if shared and shared >= wanted:
                return first, second
    return next(iter(of_a), None), next(iter(of_b), None)


def _metric_names(told: _Told) -> set[str]:
    return {metric["name"] for metric in told["metrics"]}


def _bare(name: str) -> str:
    """A metric's name: what is asked for may name one of its labels, too."""
    return name.partition("/")[0]


def _version(reader: Reader, given: object) -> Mapping[str, Any] | None:
    """The version that is meant, if one is."""
    if not isinstance(given, str) or _EVALUATION_ID.fullmatch(given):
        return None
    found = reader.model(given)
    if found is None:
        message = f"there is neither an evaluation nor a model version {given!r}"
        raise NotFoundError(message)
    return found


def _side(reader: Reader, given: object, version: Mapping[str, Any] | None) -> Side:
    if version is not None:
        newest = next(iter(_told(reader, version)), None)
        if newest is None:
            message = (
                f"no finished evaluation covers {given!r}: spanfold.evaluate(traces=TraceSelection("
                f"model={given!r}), metrics=[...]) makes one"
            )
            raise InvalidArgumentError(message)
        return _of_evaluation(reader, str(given), newest, version)
    if isinstance(given, str):
        told = reader.evaluation(given)
        if told is None:
            message = f"there is no evaluation {given!r}"
            raise NotFoundError(message)
        return _of_evaluation(reader, given, told, None)
    return of_table(given)


def _of_evaluation(
    reader: Reader, reference: str, told: Mapping[str, Any], version: Mapping[str, Any] | None
) -> Side:
    """The scores of an evaluation, or those of one version in it."""
    if told["source"] == "rows":
        message = (
            f"{reference!r} is an evaluation of rows ({told['evaluation_id']}): the server keeps only its "
            "aggregates, so pass the result that evaluate() returned, or EvaluationResult.load(folder)"
        )
        raise InvalidArgumentError(message)
    better = {metric["name"]: metric.get("greater_is_better") for metric in told["metrics"]}
    side = Side(
        reference=reference,
        name=told["name"] if version is None else version["name"],
        scores={name: Scores(greater_is_better=which) for name, which in better.items()},
        evaluation_id=told["evaluation_id"],
        model_id=None if version is None else version["model_id"],
        model_ids=tuple(told["model_ids"]),
    )
    for row in reader.scores(told["evaluation_id"], side.model_id or ""):
        scores = side.scores.setdefault(row["name"], Scores(greater_is_better=better.get(row["name"])))
        has_failed = bool(row["error"])
        scores.add(
            row["trace_id"],
            row["input_hash"],
            None if has_failed else row["value"],
            None if has_failed else row["label"] or None,
        )
    return side


def of_table(given: object) -> Side:
    """The scores of a result, a data frame, or rows with members ``<key>/score``.

    Raises:
        InvalidArgumentError: it is none of these, or has no scores.

    Example:
        >>> side = of_table([{"inputs": "why?", "token_f1/score": 0.5}])
        >>> side.scores["token_f1"].rows[0].value
        0.5
    """
    better: dict[str, bool | None] = {}
    columns: tuple[str, ...] = ("inputs",)
    outputs = "outputs"
    name = "rows"
    evaluation_id: str | None = None
    model_ids: tuple[str, ...] = ()
    if hasattr(given, "iter_rows") and hasattr(given, "infos"):
        result: EvaluationResult = given  # type: ignore[assignment] # told by its members, not imported
        better = {_plain(info.key): info.greater_is_better for info in result.infos}
        columns, outputs = result.roles.inputs, result.roles.outputs or "outputs"
        name, evaluation_id, model_ids = result.name, result.evaluation_id, result.model_ids
    side = Side(name or "rows", name or "rows", {}, evaluation_id, model_ids=tuple(model_ids), texts={})
    texts: dict[str, Texts] = {}
    known = {key: Scores(greater_is_better=which) for key, which in better.items()}
    side.scores, side.texts = known, texts
    for number, row in enumerate(_rows(given)):
        asked = _asked(row, columns)
        row_id = str(row.get("trace_id") or number)
        texts[row_id] = Texts(_text(asked), _text(row.get(outputs, row.get("predictions"))))
        hashed = str(row.get("input_hash") or "") or _hash(asked)
        for key in [key for key in row if str(key).endswith(_SCORE)]:
            scores = known.setdefault(_plain(key.removesuffix(_SCORE)), Scores())
            value = row[key]
            is_text = isinstance(value, str)
            scores.add(row_id, hashed, None if is_text else _number(value), value if is_text else None)
    if not known:
        raise InvalidArgumentError("a and b: the rows have no column such as 'token_f1/score'")
    return side


def _plain(key: str) -> str:
    """The metric's name without its version, as scores of traces have it."""
    return _VERSION.sub("", key)


def _number(value: Any) -> float | None:
    """None where there is no number: for pandas' missing values, and for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _rows(given: object) -> Iterator[Mapping[str, Any]]:
    if hasattr(given, "iter_rows") and hasattr(given, "infos"):
        yield from given.iter_rows()
    elif hasattr(given, "to_dict") and hasattr(given, "columns"):  # a data frame
        yield from given.to_dict(orient="records")
    elif isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping):
        for row in given:
            if not isinstance(row, Mapping):
                message = (
                    f"a and b: rows are mappings with members '<metric>/score', not {type(row).__name__}"
                )
                raise InvalidArgumentError(message)
            yield row
    else:
        message = (
            "a and b: an evaluation's ID, a version's ID or name, an EvaluationResult, a data frame, or a "
            f"list of rows, not {type(given).__name__}"
        )
        raise InvalidArgumentError(message)


def _asked(row: Mapping[str, Any], columns: Sequence[str]) -> Any:
    given = {column: row[column] for column in columns if not _is_absent(row.get(column))}
    return next(iter(given.values())) if len(given) == 1 else given or None


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _hash(asked: Any) -> str:
    from spanfold.evaluation._mapping import input_hash  # noqa: PLC0415 - needed for rows only

    text = _text(asked)
    return "" if text is None else input_hash(text)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
