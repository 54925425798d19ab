"""Predicted classes against the right ones. Of all rows together; names and values as MLflow's."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._built_in import built_in, check_choice, missing_extra, plain
from spanfold.metrics._metric import EvaluationMetric, MetricValue

CLASSIFIER_METRICS: Final[Mapping[str, bool | None]] = {
    "example_count": None,
    "accuracy_score": True,
    "precision_score": True,
    "recall_score": True,
    "f1_score": True,
    "log_loss": False,
    "roc_auc": True,
    "precision_recall_auc": True,
    "true_negatives": True,
    "false_positives": False,
    "false_negatives": False,
    "true_positives": True,
}
"""Each with whether more is better. The confusion counts and ``precision_recall_auc`` are of two classes
only; ``log_loss`` and both areas need ``probabilities``."""
AVERAGES: Final = ("weighted", "macro", "micro")


def _sorted(labels: set[Any]) -> list[Any]:
    try:
        return sorted(labels)
    except TypeError:  # of several types: any order will do, as long as it is always the same
        return sorted(labels, key=lambda label: (type(label).__name__, str(label)))


class Classes:
    """Rows with their classes as positions in the sorted list of labels."""

    def __init__(
        self, columns: Mapping[str, Sequence[Any]], labels: Sequence[Any] | None, pos_label: Any
    ) -> None:
        """Rows without a prediction or a target are left out."""
        try:
            import numpy as np  # noqa: PLC0415 - `import spanfold` stays light
        except ImportError as fault:
            raise missing_extra("numpy", "classifier metrics") from fault
        predictions, targets = ([plain(one) for one in columns[name]] for name in ("predictions", "targets"))
        kept = [
            index
            for index, pair in enumerate(zip(predictions, targets, strict=True))
            if pair[0] is not None and pair[1] is not None
        ]
        predicted, wanted = [predictions[index] for index in kept], [targets[index] for index in kept]
        self.labels = _sorted({*labels} if labels is not None else {*predicted, *wanted})
        if len(self.labels) < 2:  # noqa: PLR2004 - one class cannot be told from another
            message = (
                f"the rows have the classes {self.labels}: at least two are needed. Name all that there "
                'can be: evaluator_config={"label_list": [...]}'
            )
            raise InvalidArgumentError(message)
        place = {label: index for index, label in enumerate(self.labels)}
        if strange := next((one for one in (*predicted, *wanted) if one not in place), None):
            raise InvalidArgumentError(f"the class {strange!r} is none of {self.labels}")
        self.predicted = np.array([place[one] for one in predicted], dtype=int)
        self.wanted = np.array([place[one] for one in wanted], dtype=int)
        self.positive = len(self.labels) - 1
        if pos_label is not None:
            if pos_label not in place:
                raise InvalidArgumentError(f"pos_label={pos_label!r} is none of {self.labels}")
            self.positive = place[pos_label]
        weights = list(columns.get("sample_weights", [1.0] * len(targets)))
        self.weights = np.array([float(weights[index]) for index in kept])
        given = list(columns["probabilities"]) if "probabilities" in columns else None
        self.probabilities: Any = None
        if given is not None:
            self.probabilities = self._matrix([given[index] for index in kept])

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes."""
        return len(self.labels) == 2  # noqa: PLR2004 - as it says

    def _matrix(self, rows: Sequence[Any]) -> Any:
        import numpy as np  # noqa: PLC0415 - see above

        def of_row(row: Any) -> list[float]:
            if isinstance(row, Mapping):
                return [float(row.get(label, 0.0)) for label in self.labels]
            if self.is_binary and not hasattr(row, "__len__"):
                positive = float(row)
                return [positive, 1 - positive] if self.positive == 0 else [1 - positive, positive]
            return [float(one) for one in row]

        try:
            read = [of_row(row) for row in rows]
        except (TypeError, ValueError) as fault:
            raise InvalidArgumentError(f"probabilities: {fault}") from fault
        if any(len(row) != len(self.labels) for row in read):
            message = (
                f"probabilities: each row needs {len(self.labels)} numbers, for the classes {self.labels}, "
                "or an object with them by class"
            )
            raise InvalidArgumentError(message)
        return np.array(read)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def _counts(rows: Classes, label: int) -> tuple[float, float, float]:
    """Weights of what was rightly, wrongly and not taken for the label."""
    predicted, wanted = rows.predicted == label, rows.wanted == label
    return (
        float(rows.weights[predicted & wanted].sum()),
        float(rows.weights[predicted & ~wanted].sum()),
        float(rows.weights[~predicted & wanted].sum()),
    )


def _rates(right: float, wrong: float, missed: float) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    return (
        _ratio(right, right + wrong),
        _ratio(right, right + missed),
        _ratio(2 * right, 2 * right + wrong + missed),
    )


def _averaged(rows: Classes, average: str) -> tuple[float, float, float]:
    import numpy as np  # noqa: PLC0415 - see above

    present = sorted({*rows.predicted.tolist(), *rows.wanted.tolist()})
    counts = [_counts(rows, label) for label in present]
    if average == "micro":
        return _rates(*(sum(column) for column in zip(*counts, strict=True)))
    shares = [right + missed for right, _, missed in counts] if average == "weighted" else [1.0] * len(counts)
    if not sum(shares):
        return 0.0, 0.0, 0.0
    precision, recall, f1 = np.average([_rates(*one) for one in counts], axis=0, weights=shares)
    return float(precision), float(recall), float(f1)


def _curve(scores: Any, is_right: Any, weights: Any) -> tuple[Any, Any]:
    """Weights of right and wrong rows above each distinct score, from the highest down."""
    import numpy as np  # noqa: PLC0415 - see above

    order = np.argsort(-scores, kind="stable")
    scores, is_right, weights = scores[order], is_right[order], weights[order]
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    return np.cumsum(weights * is_right)[ends], np.cumsum(weights * ~is_right)[ends]


def _areas(rows: Classes, label: int) -> tuple[float | None, float | None]:
    """Under the ROC curve, and average precision; None where the rows have one class only."""
    import numpy as np  # noqa: PLC0415 - see above

    is_right = rows.wanted == label
    right, wrong = _curve(rows.probabilities[:, label], is_right, rows.weights)
    precisions = right / (right + wrong)
    average = float(np.sum(np.diff(right, prepend=0.0) * precisions) / right[-1]) if right[-1] else None
    if not right[-1] or not wrong[-1]:
        return None, average
    heights = np.append(0.0, right / right[-1])
    return float(np.trapezoid(heights, np.append(0.0, wrong / wrong[-1]))), average


def _multiclass_area(rows: Classes, average: str) -> float | None:
    """Each class against the rest."""
    import numpy as np  # noqa: PLC0415 - see above

    if average == "micro":
        return None
    areas = [_areas(rows, label)[0] for label in range(len(rows.labels))]
    if any(area is None for area in areas):
        return None
    shares = [float(rows.weights[rows.wanted == label].sum()) for label in range(len(rows.labels))]
    return float(np.average(areas, weights=shares if average == "weighted" else None))  # type: ignore[arg-type] # no None


def _log_loss(rows: Classes) -> float:
    import numpy as np  # noqa: PLC0415 - see above

    least = np.finfo(float).eps
    given = np.clip(rows.probabilities[np.arange(len(rows.wanted)), rows.wanted], least, 1 - least)
    return float(np.average(-np.log(given), weights=rows.weights))


def _all(rows: Classes, average: str) -> dict[str, float | None]:
    import numpy as np  # noqa: PLC0415 - see above

    accuracy = np.average(rows.predicted == rows.wanted, weights=rows.weights)
    found: dict[str, float | None] = {
        "example_count": float(len(rows.wanted)),
        "accuracy_score": float(accuracy),
    }
    if rows.is_binary:
        rates = _rates(*_counts(rows, rows.positive))
        is_wanted, is_predicted = rows.wanted == rows.positive, rows.predicted == rows.positive
        found["true_negatives"] = float((~is_wanted & ~is_predicted).sum())
        found["false_positives"] = float((~is_wanted & is_predicted).sum())
        found["false_negatives"] = float((is_wanted & ~is_predicted).sum())
        found["true_positives"] = float((is_wanted & is_predicted).sum())
    else:
        rates = _averaged(rows, average)
    found["precision_score"], found["recall_score"], found["f1_score"] = rates
    if rows.probabilities is not None:
        found["log_loss"] = _log_loss(rows)
        if rows.is_binary:
            found["roc_auc"], found["precision_recall_auc"] = _areas(rows, rows.positive)
        else:
            found["roc_auc"] = _multiclass_area(rows, average)
    return found


def _score(
    *, name: str, labels: Sequence[Any] | None, pos_label: Any, average: str, **columns: Sequence[Any]
) -> MetricValue:
    rows = Classes(columns, labels, pos_label)
    if not len(rows.wanted):
        return MetricValue(aggregate_results={})
    value = _all(rows, average).get(name)
    return MetricValue(aggregate_results={} if value is None else {name: value})


def classifier(
    name: str = "accuracy_score",
    *,
    labels: Sequence[Any] | None = None,
    pos_label: Any = None,
    average: str = "weighted",
) -> EvaluationMetric:
    """One of the usual figures of a classifier.

    Needs ``predictions`` and ``targets``: classes, as text or numbers. Uses ``probabilities`` where they are
    there (a row's are a list in the order of the sorted classes, or an object by class, or, of two classes,
    a number: that of the positive one) and ``sample_weights``. Rows that lack a prediction or a target do not
    count. It gives no scores a row.

    Args:
        name: ``accuracy_score``, ``precision_score``, ``recall_score``, ``f1_score``, ``log_loss``,
            ``roc_auc``, ``precision_recall_auc``, ``true_positives``, ``true_negatives``,
            ``false_positives``, ``false_negatives`` or ``example_count``.
        labels: all classes; by default those that the rows have.
        pos_label: the positive one of two; the last in order by default.
        average: over more than two classes: ``weighted`` by how many rows have it, ``macro`` or ``micro``.

    Raises:
        InvalidArgumentError: an argument is none of these; while scoring: there is only one class.

    Example:
        >>> rows = {"predictions": ["yes", "no", "no"], "targets": ["yes", "yes", "no"]}
        >>> classifier("recall_score").score(rows).aggregate_results
        {'recall_score': 0.5}
    """
    check_choice("name", name, tuple(CLASSIFIER_METRICS))
    check_choice("average", average, AVERAGES)
    listed = None if labels is None else [plain(label) for label in labels]
    given = {"labels": listed, "pos_label": plain(pos_label)}
    parameters = {"name": name, **{key: value for key, value in given.items() if value is not None}}
    if average != "weighted":
        parameters["average"] = average
    return built_in(
        name,
        functools.partial(_score, name=name, labels=listed, pos_label=plain(pos_label), average=average),
        greater_is_better=CLASSIFIER_METRICS[name],
        columns=("predictions", "targets"),
        optional=("probabilities", "sample_weights"),
        registered="classifier",
        parameters=parameters,
    )


def precision_score() -> EvaluationMetric:
    """Share of rows taken for the positive class that are of it; see :func:`classifier`."""
    return classifier("precision_score")


def recall_score() -> EvaluationMetric:
    """Share of rows of the positive class that were taken for it; see :func:`classifier`."""
    return classifier("recall_score")


def f1_score() -> EvaluationMetric:
    """Harmonic mean of precision and recall; see :func:`classifier`."""
    return classifier("f1_score")
