"""Metrics: what evaluations score with."""

from __future__ import annotations

from spanfold.metrics._aggregations import standard_aggregations
from spanfold.metrics._metric import (
    Columns,
    EvaluationMetric,
    MetricArgumentError,
    MetricError,
    MetricSpec,
    MetricValue,
    make_metric,
)

__all__ = [
    "Columns",
    "EvaluationMetric",
    "MetricArgumentError",
    "MetricError",
    "MetricSpec",
    "MetricValue",
    "make_metric",
    "standard_aggregations",
]
