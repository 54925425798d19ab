"""All metrics that can be made by name: on the command line, on the server, and in another process."""

from __future__ import annotations

import difflib
import importlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeAlias

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._files import from_file, is_file_text
from spanfold.metrics._metric import EvaluationMetric, MetricSpec, make_metric

AnyMetric: TypeAlias = "str | Mapping[str, Any] | MetricSpec | EvaluationMetric | Callable[..., Any]"

_HERE: Final = "spanfold.metrics"
_MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "_matching": ("exact_match", "token_f1", "edit_similarity", "regex_match", "contains", "length"),
    "_readability": ("ari_grade_level", "flesch_kincaid_grade_level"),
    "_rouge": ("rouge1", "rouge2", "rougeL", "rougeLsum"),
    "_translation": ("bleu", "chrf", "corpus_bleu", "corpus_chrf"),
    "_structure": ("json_valid", "json_schema_match"),
    "_recorded": ("latency", "token_count", "cost"),
    "_retrieval": ("precision_at_k", "recall_at_k", "ndcg_at_k"),
    "_classifier": ("classifier", "precision_score", "recall_score", "f1_score"),
    "_regressor": (
        "regressor",
        "mean_absolute_error",
        "mean_squared_error",
        "root_mean_squared_error",
        "r2_score",
        "max_error",
        "mean_absolute_percentage_error",
    ),
    "_toxicity": ("toxicity",),
    "_profanity": ("profanity",),
    "_embeddings": ("semantic_similarity", "bertscore"),
    "genai": (
        "answer_similarity",
        "answer_correctness",
        "answer_relevance",
        "relevance",
        "faithfulness",
        "professionalism",
        "safety",
        "guidelines",
    ),
}

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {name: f"{_HERE}.{module}:{name}" for module, names in _MODULES.items() for name in names}
    | {
        "genai": f"{_HERE}.genai:make_genai_metric",
        "genai_prompt": f"{_HERE}.genai:make_genai_metric_from_prompt",
    }
)
"""Where each metric's factory is: ``module:name``. Nothing is imported before it is asked for."""

_AT_K: Final = re.compile(r"(?P<name>precision|recall|ndcg)_at_(?P<k>[0-9]{1,6})")
_SPEC_KEYS: Final = frozenset({"name", "parameters"})
_SHOWN_KEYS: Final = frozenset({"key", "greater_is_better", "resource", "scorer", "version"})
"""What recorded specs have besides, for those who read them."""


def factory(name: str) -> Callable[..., EvaluationMetric]:
    """The factory of a metric.

    Raises:
        InvalidArgumentError: there is no metric of this name.
    """
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, n=3)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        message = f"no metric is called {name!r}: {hint}There are {', '.join(sorted(NAMES))}"
        raise InvalidArgumentError(message)
    module, _, attribute = NAMES[name].partition(":")
    made: Callable[..., EvaluationMetric] = getattr(importlib.import_module(module), attribute)
    return made


def from_spec(spec: MetricSpec | Mapping[str, Any]) -> EvaluationMetric:
    """Make the metric that a spec describes.

    Args:
        spec: or its JSON: ``{"name": ..., "parameters": {...}}``.

    Raises:
        InvalidArgumentError: no metric has this name, or it cannot have these parameters; the message lists
            those that there are.

    Example:
        >>> from_spec({"name": "regex_match", "parameters": {"pattern": "^[0-9]+$"}}).name
        'regex_match'
    """
    wanted = spec if isinstance(spec, MetricSpec) else _read(spec)
    if (at_k := _AT_K.fullmatch(wanted.name)) is not None:
        wanted = MetricSpec(f"{at_k['name']}_at_k", {"k": int(at_k["k"]), **wanted.parameters})
    make = factory(wanted.name)
    signature = inspect.signature(make)
    try:
        signature.bind(**wanted.parameters)
    except TypeError as fault:
        known = ", ".join(signature.parameters) or "none"
        message = f"metric {wanted.name!r}: {fault}; its parameters are {known}"
        raise InvalidArgumentError(message) from fault
    return make(**wanted.parameters)


def parse(text: str) -> MetricSpec:
    r"""Read a metric as the command line has it: ``name`` or ``name:parameter=value,parameter=value``.

    The first colon ends the name. A value is JSON where it reads as JSON, and text otherwise; a comma inside
    a value is written ``\,``.

    Raises:
        InvalidArgumentError: the text has another form.

    Example:
        >>> parse("answer_correctness:model=openai:/gpt-5-mini,temperature=0").parameters
        {'model': 'openai:/gpt-5-mini', 'temperature': 0}
    """
    name, colon, rest = text.partition(":")
    name = name.strip()
    if not name:
        raise InvalidArgumentError(f"{text!r}: a metric starts with its name, such as token_f1")
    parameters: dict[str, Any] = {}
    for part in re.split(r"(?<!\\),", rest) if colon else ():
        key, equals, value = part.replace("\\,", ",").partition("=")
        key = key.strip()
        if not equals or not key.isidentifier():
            message = (
                f"{text!r}: {part!r} is no parameter=value. Write name:parameter=value,parameter=value, and "
                "a comma inside a value as \\,"
            )
            raise InvalidArgumentError(message)
        if key in parameters:
            raise InvalidArgumentError(f"{text!r}: {key} is given twice")
        parameters[key] = _value(value)
    return MetricSpec(name, parameters)


def resolve(metric: AnyMetric, *, files: bool = False) -> EvaluationMetric:
    """The metric that is meant.

    Args:
        metric: a metric; a spec, or its JSON; text as :func:`parse` reads it; a function, which
            :func:`make_metric` would take; with ``files`` also ``"path/to/file.py:attribute"``.
        files: whether Python files of the caller may be run.

    Raises:
        InvalidArgumentError: it is none of these; the message says what is wrong.

    Example:
        >>> resolve("exact_match").key
        'exact_match/v1'
    """
    match metric:
        case EvaluationMetric():
            return metric
        case str() if is_file_text(metric):
            if not files:
                raise InvalidArgumentError(f"{metric!r}: files with metrics cannot be used here")
            return from_file(metric)
        case str():
            return from_spec(parse(metric))
        case MetricSpec() | Mapping():
            return from_spec(metric)
    if not callable(metric):
        message = f"{metric!r} is no metric: give its name, a function, or what make_metric() returned"
        raise InvalidArgumentError(message)
    name = getattr(metric, "__name__", "")
    if name in NAMES and getattr(metric, "__module__", "").startswith(f"{_HERE}."):
        return from_spec(MetricSpec(name))  # ``exact_match`` was written for ``exact_match()``
    return make_metric(eval_fn=metric, greater_is_better=None)


def _read(spec: Mapping[str, Any]) -> MetricSpec:
    if not isinstance(spec, Mapping):
        raise InvalidArgumentError(f"{spec!r} is no metric: write {{'name': ..., 'parameters': {{...}}}}")
    name, parameters = spec.get("name"), spec.get("parameters") or {}
    if not isinstance(name, str) or not name:
        raise InvalidArgumentError(f"{dict(spec)!r}: a metric needs a name")
    if spec.get("local"):
        message = (
            f"metric {name!r} is a function that only the process has which started the evaluation: run it "
            "there again"
        )
        raise InvalidArgumentError(message)
    if unknown := sorted(map(str, set(spec) - _SPEC_KEYS - _SHOWN_KEYS - {"local"})):
        raise InvalidArgumentError(f"metric {name!r}: {unknown[0]} is neither name nor parameters")
    if not isinstance(parameters, Mapping) or not all(isinstance(key, str) for key in parameters):
        raise InvalidArgumentError(f"metric {name!r}: parameters={parameters!r} is no object with names")
    return MetricSpec(name, dict(parameters))


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _no_number(text: str) -> NoReturn:
    """NaN and Infinity are no JSON."""
    raise ValueError(text)
