"""From what the caller of ``evaluate`` says to the metrics and columns that are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics import _registry
from spanfold.metrics._metric import EvaluationMetric, MetricSpec
from spanfold.metrics._model_types import MODEL_TYPES, metrics_of_model_type

if TYPE_CHECKING:
    from spanfold.metrics._registry import AnyMetric

_OF_METRICS: Final = ("retriever_k", "label_list", "pos_label", "average")
_KNOWN: Final = ("col_mapping", "default_metrics", *_OF_METRICS)
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
    of_metrics: Mapping[str, Any] = field(default_factory=dict)
    """What the metrics of a model's type read."""


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
    return Config(
        column_of=dict(mapping),
        default_metrics=bool(given.get("default_metrics", True)),
        of_metrics={name: given[name] for name in _OF_METRICS if given.get(name) is not None},
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The metrics of an evaluation."""

    metrics: tuple[EvaluationMetric, ...]
    optional: frozenset[str]
    """Keys of those that the model's type brought: where they cannot be computed, the others still are."""


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
    brought = [metric for metric in _of_type(model_type, config) if metric.key not in keys]
    if not brought and not named:
        message = (
            "extra_metrics: there is nothing to compute; name metrics, or a model_type: "
            f"{', '.join(MODEL_TYPES)}"
        )
        raise InvalidArgumentError(message)
    return Chosen((*brought, *named), frozenset(metric.key for metric in brought))


def _of_type(model_type: object, config: Config) -> list[EvaluationMetric]:
    if model_type is None:
        return []
    if not isinstance(model_type, str) or model_type not in MODEL_TYPES:
        message = f"model_type={model_type!r} is not known; there are {', '.join(MODEL_TYPES)}"
        raise InvalidArgumentError(message)
    return metrics_of_model_type(model_type, config.of_metrics) if config.default_metrics else []


def _listed(argument: str, metrics: object) -> Sequence[AnyMetric]:
    if metrics is None:
        return ()
    if isinstance(metrics, str | EvaluationMetric | MetricSpec | Mapping) or callable(metrics):
        message = f"{argument}: a list of metrics: [{getattr(metrics, 'name', metrics)!s}]"
        raise InvalidArgumentError(message)
    if not isinstance(metrics, Sequence):
        raise InvalidArgumentError(f"{argument}: a list of metrics, not {type(metrics).__name__}")
    return metrics
