"""From what the caller of ``evaluate`` says to the metrics and columns that are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal.faults import logger
from spanfold.errors import InvalidArgumentError
from spanfold.metrics import _registry
from spanfold.metrics._metric import EvaluationMetric, MetricSpec

if TYPE_CHECKING:
    from spanfold.metrics._registry import AnyMetric

_READABILITY: Final = ("ari_grade_level", "flesch_kincaid_grade_level")
_ROUGE: Final = ("rouge1", "rouge2", "rougeL", "rougeLsum")
_AT_K: Final = ("precision_at_k", "recall_at_k", "ndcg_at_k")
DEFAULT_K: Final = 3

MODEL_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "question-answering": ("exact_match", "toxicity", *_READABILITY),
    "text-summarization": (*_ROUGE, "toxicity", *_READABILITY),
    "text": ("toxicity", *_READABILITY),
    "retriever": _AT_K,
    "classifier": ("classifier",),
    "regressor": ("regressor",),
}
"""MLflow's types of models, and the metrics of each."""

_CLASSIFIER: Final = ("pos_label", "average")
_KNOWN: Final = ("col_mapping", "default_metrics", "retriever_k", *_CLASSIFIER)
_IGNORED: Final = frozenset(
    {
        "explainability_algorithm",
        "explainability_kernel_link",
        "explainability_nsamples",
        "log_explainer",
        "log_metrics_with_dataset_info",
        "log_model_explainability",
        "max_classes_for_multiclass_roc_pr",
    }
)
"""MLflow's, about plots and explanations that are not made here."""


@dataclass(frozen=True, slots=True)
class Config:
    """``evaluator_config``, checked."""

    column_of: Mapping[str, str] = field(default_factory=dict)
    """The data's column by the metric's argument (MLflow's ``col_mapping``)."""
    default_metrics: bool = True
    """Whether ``model_type`` brings metrics."""
    retriever_k: int = DEFAULT_K
    classifier: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the classifier's metrics."""


def config_of(given: object) -> Config:
    """Read ``evaluator_config``.

    Raises:
        InvalidArgumentError: it says something that is not known; the message lists what is.
    """
    if given is None:
        return Config()
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(f"evaluator_config: a dict, not {type(given).__name__}")
    if set(given) == {"default"} and isinstance(given["default"], Mapping):
        given = given["default"]  # MLflow: by evaluator, of which there is one
    if unknown := sorted(map(str, set(given) - set(_KNOWN) - _IGNORED)):
        message = f"evaluator_config[{unknown[0]!r}] is not known; there are {', '.join(_KNOWN)}"
        raise InvalidArgumentError(message)
    mapping = given.get("col_mapping") or {}
    if not isinstance(mapping, Mapping) or not all(
        isinstance(argument, str) and isinstance(column, str) for argument, column in mapping.items()
    ):
        message = "evaluator_config['col_mapping']: a dict from a metric's argument to a column's name"
        raise InvalidArgumentError(message)
    top_k = given.get("retriever_k", DEFAULT_K)
    if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1:
        raise InvalidArgumentError(f"evaluator_config['retriever_k']: a number from 1, not {top_k!r}")
    return Config(
        column_of=dict(mapping),
        default_metrics=bool(given.get("default_metrics", True)),
        retriever_k=top_k,
        classifier={name: given[name] for name in _CLASSIFIER if given.get(name) is not None},
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The metrics of an evaluation."""

    metrics: tuple[EvaluationMetric, ...]
    optional: frozenset[str]
    """Keys of those that the model's type brought: where they cannot be computed, the others still are."""
    errors: Mapping[str, str]
    """Those that could not even be made, by name, and why."""


def choose(
    model_type: object, metrics: object, extra_metrics: object, config: Config, *, files: bool = True
) -> Chosen:
    """The metrics that are meant, each key once: what was named wins over what the type brings.

    Raises:
        InvalidArgumentError: a name is not known, two metrics have one key, or there is no metric at all.
    """
    named = [
        _registry.resolve(one, files=files)
        for one in (*_listed("metrics", metrics), *_listed("extra_metrics", extra_metrics))
    ]
    keys = [metric.key for metric in named]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        message = (
            f"extra_metrics: two metrics are called {twice!r}; give one of them another name, as in "
            "make_metric(name=...)"
        )
        raise InvalidArgumentError(message)
    brought = list[EvaluationMetric]()
    errors = dict[str, str]()
    for spec in _specs(model_type, config):
        try:
            made = _registry.from_spec(spec)
        except InvalidArgumentError as fault:  # such as a library that is not installed
            errors[spec.name] = str(fault)
            logger.warning("metric %r of model_type=%r is left out: %s", spec.name, model_type, fault)
        else:
            if made.key not in keys:
                brought.append(made)
    if not brought and not named and not errors:
        message = (
            "extra_metrics: there is nothing to compute; name metrics, or a model_type: "
            f"{', '.join(MODEL_TYPES)}"
        )
        raise InvalidArgumentError(message)
    return Chosen((*brought, *named), frozenset(metric.key for metric in brought), errors)


def _specs(model_type: object, config: Config) -> list[MetricSpec]:
    if model_type is None:
        return []
    if not isinstance(model_type, str) or model_type not in MODEL_TYPES:
        message = f"model_type={model_type!r} is not known; there are {', '.join(MODEL_TYPES)}"
        raise InvalidArgumentError(message)
    if not config.default_metrics:
        return []
    parameters: Mapping[str, Any] = {}
    if model_type == "retriever":
        parameters = {"k": config.retriever_k}
    elif model_type == "classifier":
        parameters = config.classifier
    return [MetricSpec(name, parameters) for name in MODEL_TYPES[model_type]]


def _listed(argument: str, metrics: object) -> Sequence[AnyMetric]:
    if metrics is None:
        return ()
    if isinstance(metrics, str | EvaluationMetric | MetricSpec | Mapping) or callable(metrics):
        message = f"{argument}: a list of metrics: [{getattr(metrics, 'name', metrics)!s}]"
        raise InvalidArgumentError(message)
    if not isinstance(metrics, Sequence):
        raise InvalidArgumentError(f"{argument}: a list of metrics, not {type(metrics).__name__}")
    return metrics
