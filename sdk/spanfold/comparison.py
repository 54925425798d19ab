"""What :func:`spanfold.compare` and :func:`spanfold.diff` return: plain values, read once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from spanfold._internal.model import LoggedModel

_COLUMNS: Final = (
    "model_id",
    "name",
    "metric",
    "unit",
    "value",
    "lower",
    "upper",
    "trace_count",
    "change",
    "change_lower",
    "change_upper",
    "relative",
    "relative_lower",
    "relative_upper",
    "significant",
    "baseline_trace_count",
)


@dataclass(frozen=True)
class Estimate:
    """A value and its confidence interval; a limit of None: the sample is too small to give one."""

    value: float | None
    """None where it is not defined, such as a change in percent from zero."""
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Change:
    """How a metric of a version differs from the baseline's."""

    absolute: Estimate
    """The version's value minus the baseline's, in the metric's unit."""
    relative: Estimate | None
    """The same as a share of the baseline's: 0.1 is 10 % more. None for a metric that can be below zero."""
    significant: bool
    """Whether the interval leaves out that nothing changed."""
    baseline_trace_count: int
    """Traces that the baseline's value rests on."""


@dataclass(frozen=True)
class Metric:
    """One metric of one version."""

    unit: str | None
    """``per_hour``, or of a trace each ``ratio``, ``ms``, ``tokens``, ``usd`` or ``score``; None: unknown."""
    method: str | None
    """Of its interval: ``wilson``, ``order_statistics``, ``t_skewness_corrected`` or ``batch_means``."""
    estimate: Estimate | None
    """None where no trace of this version tells."""
    trace_count: int
    """Traces that it rests on."""
    difference: Change | None
    """From the baseline; None for the baseline itself, and where one of the two has no value."""


@dataclass(frozen=True)
class ComparedModel:
    """How one version did."""

    model_id: str
    name: str
    trace_count: int
    """Traces that entered it; within 1 % if ``sampled``."""
    sampled: bool
    """Whether a sample of its traces, the same at each call, stands for all."""
    sample_count: int
    """Traces that were looked at."""
    total_cost_usd: float | None
    """Of the traces whose cost is known; an estimate if ``sampled``."""
    metrics: Mapping[str, Metric]
    """By name: ``traces_per_hour``, ``error_rate``, ``latency_mean``, ``latency_p50``, ``latency_p95``,
    ``latency_p99``, ``input_tokens``, ``output_tokens``, ``cached_input_tokens``, ``cost``,
    ``score.NAME``."""


@dataclass(frozen=True)
class Comparison:
    """How versions did, each against the baseline. From :func:`spanfold.compare`.

    Example:
        >>> Comparison("m-1", 0.95, None, None, {}, {}, {}).to_dict()["baseline"]
        'm-1'
    """

    baseline: str
    """Model ID of the version that the others are compared with."""
    confidence: float
    start_time: str | None
    """Of the traffic (RFC 3339): as asked for, or the first trace; None without traffic."""
    end_time: str | None
    params: Mapping[str, Mapping[str, str | None]]
    """Parameters that differ: by key, and then by model ID; None where a version has none."""
    tags: Mapping[str, Mapping[str, str | None]]
    models: Mapping[str, ComparedModel]
    """By model ID, in the order in which they were named."""

    def to_dict(self) -> dict[str, Any]:
        """The same as dictionaries, for JSON."""
        return asdict(self)

    def to_pandas(self) -> pd.DataFrame:
        """A row for each version and metric.

        Raises:
            ImportError: pandas is not installed: ``pip install 'spanfold[dataframe]'``.
        """
        from spanfold._internal import frames  # noqa: PLC0415 - needed by few

        return frames.of_rows(
            [
                _row(model, name, metric)
                for model in self.models.values()
                for name, metric in model.metrics.items()
            ],
            _COLUMNS,
        )


@dataclass(frozen=True)
class Difference:
    """One key that two states do not say the same of. Of git's tags the same ones are shown too."""

    key: str
    change: str
    """``added``, ``removed``, ``changed`` or ``same``, from a to b."""
    a: str | float | None
    b: str | float | None


@dataclass(frozen=True)
class Traffic:
    """How a version did in a period. Percentiles are in milliseconds; None where nothing tells."""

    trace_count: int
    error_count: int
    error_rate: float | None
    latency_ms: Mapping[str, float] | None
    """``p50``, ``p95`` and ``p99``."""
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    approximate: bool
    """Whether it was answered from counts by the minute, as for very many spans."""


@dataclass(frozen=True)
class ModelDiff:
    """What differs between two versions, or between two states of one. From :func:`spanfold.diff`.

    Example:
        >>> version = LoggedModel("m-1", "bot")
        >>> idle = Traffic(0, 0, None, None, None, None, None, False)
        >>> ModelDiff(version, version, (), (), (), (), (), idle, idle).to_dict()["params"]
        ()
    """

    a: LoggedModel
    b: LoggedModel
    properties: tuple[Difference, ...]
    """Name, experiment, type, source run, status, deletion."""
    params: tuple[Difference, ...]
    tags: tuple[Difference, ...]
    """But those of git."""
    git: tuple[Difference, ...]
    """All tags of the git family, side by side."""
    metrics: tuple[Difference, ...]
    """Metrics that were logged for the versions."""
    traffic_a: Traffic
    traffic_b: Traffic

    def to_dict(self) -> dict[str, Any]:
        """The same as dictionaries, for JSON."""
        return asdict(self)

    def to_pandas(self) -> pd.DataFrame:
        """A row for each difference: ``section``, ``key``, ``change``, ``a`` and ``b``.

        Raises:
            ImportError: pandas is not installed: ``pip install 'spanfold[dataframe]'``.
        """
        from spanfold._internal import frames  # noqa: PLC0415 - needed by few

        sections = ("properties", "params", "tags", "git", "metrics")
        rows = [{"section": name, **asdict(each)} for name in sections for each in getattr(self, name)]
        return frames.of_rows(rows, ("section", "key", "change", "a", "b"))


def _row(model: ComparedModel, name: str, metric: Metric) -> dict[str, Any]:
    nothing = Estimate(None, None, None)
    own, change = metric.estimate or nothing, metric.difference
    absolute = nothing if change is None else change.absolute
    relative = nothing if change is None else change.relative or nothing
    return {
        "model_id": model.model_id,
        "name": model.name,
        "metric": name,
        "unit": metric.unit,
        **_limits("value", "", own),
        "trace_count": metric.trace_count,
        **_limits("change", "change_", absolute),
        **_limits("relative", "relative_", relative),
        "significant": None if change is None else change.significant,
        "baseline_trace_count": None if change is None else change.baseline_trace_count,
    }


def _limits(value: str, prefix: str, estimate: Estimate) -> dict[str, float | None]:
    return {value: estimate.value, f"{prefix}lower": estimate.lower, f"{prefix}upper": estimate.upper}
