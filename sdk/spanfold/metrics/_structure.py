"""Answers that should be JSON."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._built_in import RowError, built_in, missing_extra, score_texts
from spanfold.metrics._metric import MetricValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold.metrics._metric import EvaluationMetric

MAX_SCHEMA_CHARS: Final = 100_000
MAX_JSON_CHARS: Final = 1_000_000
"""Longer answers are not checked."""
MAX_WHY_CHARS: Final = 500


class _NotJsonError(ValueError):
    """The text is no JSON."""


def _no_number(text: str) -> NoReturn:
    raise _NotJsonError(f"{text} is no JSON")


def _read(text: str) -> Any:
    if len(text) > MAX_JSON_CHARS:
        raise RowError(f"the text has {len(text)} characters; {MAX_JSON_CHARS} are checked at most")
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        raise _NotJsonError(str(fault)) from None


def _is_json(text: str) -> float:
    try:
        _read(text)
    except _NotJsonError:
        return 0.0
    return 1.0


def _score_json(predictions: Sequence[Any]) -> MetricValue:
    return score_texts(_is_json, predictions=predictions)


def json_valid() -> EvaluationMetric:
    """1 where the answer is JSON (RFC 8259) and nothing else, 0 elsewhere.

    Needs ``predictions``.

    Example:
        >>> json_valid().score({"predictions": ['{"a": 1}', "Sure! {}"]}).scores
        [1.0, 0.0]
    """
    return built_in("json_valid", _score_json, greater_is_better=True, columns=("predictions",))


@functools.lru_cache(maxsize=64)
def _validator(schema_text: str) -> Any:
    """Checks values against the schema; kept, because the metric itself must be able to travel."""
    try:
        import jsonschema  # noqa: PLC0415 - an extra
        import referencing  # noqa: PLC0415
    except ImportError as fault:
        raise missing_extra("jsonschema", "json_schema_match") from fault
    schema = json.loads(schema_text)
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as fault:
        message = f"schema is no JSON schema: {fault.message}"
        raise InvalidArgumentError(message) from fault
    return kind(schema, registry=referencing.Registry())  # an empty one: nothing is fetched


def _why_not(validator: Any, text: str) -> str | None:
    """The first fault; None where there is none."""
    try:
        value = _read(text)
    except _NotJsonError as fault:
        return f"no JSON: {fault}"
    try:
        first = next(validator.iter_errors(value), None)
    except RecursionError:
        raise RowError("the answer, or the schema, is nested too deeply") from None
    except Exception as failure:
        message = f"the schema cannot be used: {type(failure).__name__}: {failure}"
        raise RowError(message) from failure
    return None if first is None else f"{first.json_path}: {first.message}"[:MAX_WHY_CHARS]


def _score_schema(predictions: Sequence[Any], *, schema_text: str) -> MetricValue:
    validator = _validator(schema_text)
    why: list[str | None] = []

    def matches(text: str) -> float:
        why[-1] = _why_not(validator, text)
        return float(why[-1] is None)

    values = []
    for prediction in predictions:
        why.append(None)
        values.append(score_texts(matches, predictions=[prediction]))
    return MetricValue(
        scores=[(value.scores or [None])[0] for value in values],
        justifications=why,
        errors=[(value.errors or [None])[0] for value in values],
    )


def json_schema_match(schema: Mapping[str, Any]) -> EvaluationMetric:
    """1 where the answer is JSON that fits a schema, 0 elsewhere; the justification names the first fault.

    Needs ``predictions``. Text that is no JSON does not fit. References to other documents are not followed.

    Args:
        schema: a JSON schema, of the draft that its ``$schema`` names (2020-12 by default).

    Raises:
        InvalidArgumentError: it is none, or has more than 100,000 characters as JSON.

    Example:
        >>> metric = json_schema_match({"type": "object", "required": ["city"]})
        >>> metric.score({"predictions": ['{"city": "Paris"}', "{}"]}).scores
        [1.0, 0.0]
    """
    if not isinstance(schema, Mapping):
        raise InvalidArgumentError(f"schema={schema!r}: a JSON schema is an object")
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as fault:
        raise InvalidArgumentError(f"schema: not JSON: {fault}") from fault
    if len(text) > MAX_SCHEMA_CHARS:
        raise InvalidArgumentError(f"schema: {len(text)} characters; it may have {MAX_SCHEMA_CHARS}")
    _validator(text)
    return built_in(
        "json_schema_match",
        functools.partial(_score_schema, schema_text=text),
        greater_is_better=True,
        columns=("predictions",),
        parameters={"schema": json.loads(text)},
    )
