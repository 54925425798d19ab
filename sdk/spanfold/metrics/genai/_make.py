"""Makes metrics of judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics._metric import EvaluationMetric, MetricSpec
from spanfold.metrics.genai._arguments import (
    Aggregation,
    checked_parameters,
    chosen_model,
    columns_of,
    connection_of,
    is_local,
    limits_of,
    named,
    pieces_of,
    scale_of,
)
from spanfold.metrics.genai._examples import EvaluationExample
from spanfold.metrics.genai._judge import Judge
from spanfold.metrics.genai._prompts import Criterion, Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold.metrics.genai._backend import Connection, Limits

BATCH_ROWS: Final = 256
LOCAL_BATCH_ROWS: Final = 32
"""A model on this machine takes minutes for more, without a sign of life."""


@dataclass(frozen=True, slots=True)
class _Options:
    """What all judges have in common."""

    name: str
    version: str | None
    model: str
    parameters: Mapping[str, Any]
    aggregation: Aggregation
    greater_is_better: bool | None
    limits: Limits
    connection: Connection
    metadata: Mapping[str, Any] | None
    score_range: Sequence[float] | None

    def to_dict(self) -> dict[str, Any]:
        """The arguments that make them again."""
        limits = self.limits
        return {
            "name": self.name,
            "model": self.model,
            "parameters": dict(self.parameters),
            "aggregations": list(self.aggregation.names),
            "greater_is_better": self.greater_is_better,
            "max_workers": limits.concurrency,
            "metric_metadata": dict(self.metadata) if self.metadata else None,
            "score_range": list(self.score_range) if self.score_range is not None else None,
            "limits": {
                "requests_per_minute": limits.requests_per_minute,
                "timeout_s": limits.timeout_s,
                "total_timeout_s": limits.total_timeout_s,
                "max_retries": limits.max_retries,
            },
            "cache": self.connection.is_cached,
        }


def make_genai_metric(  # noqa: PLR0913, PLR0917 - MLflow's signature
    name: str,
    definition: str,
    grading_prompt: str,
    examples: Sequence[EvaluationExample | Mapping[str, Any]] | None = None,
    version: str | None = "v1",
    model: str | None = None,
    grading_context_columns: str | Sequence[str] | None = (),
    include_input: bool = True,  # noqa: FBT001, FBT002
    parameters: Mapping[str, Any] | None = None,
    aggregations: Sequence[str] | None = ("mean", "variance", "p90"),
    greater_is_better: bool | None = True,  # noqa: FBT001, FBT002
    max_workers: int = 10,
    metric_metadata: Mapping[str, Any] | None = None,
    extra_headers: Mapping[str, str] | None = None,
    proxy_url: str | None = None,
    *,
    score_range: Sequence[float] | None = None,
    limits: Limits | Mapping[str, Any] | None = None,
    cache: bool = True,
) -> EvaluationMetric:
    """Make a metric that asks a language model for a score and a justification of each row.

    Args:
        name: of the results' keys: ``professionalism/v1/score``.
        definition: what is judged.
        grading_prompt: what each score means. ``Score 3: ...`` or ``from 1 to 5`` says which there are.
        examples: outputs with the score that they deserve: they make judges better.
        version: of the results' keys; None: none.
        model: ``openai:/...``, ``anthropic:/...``, ``endpoints:/...`` or ``transformers:/folder``; None:
            ``SPANFOLD_JUDGE_MODEL``, else ``openai:/gpt-5-mini``.
        grading_context_columns: columns that the judge sees besides: ``targets``, ``context``, ...
        include_input: whether it sees the column ``inputs``.
        parameters: passed on to the model, such as ``{"temperature": 0}``.
        aggregations: of ``mean``, ``variance``, ``p90``, ``median``, ``min``, ``max``.
        greater_is_better: whether a higher score is the better one.
        max_workers: calls under way at once.
        metric_metadata: anything to keep with it.
        extra_headers: sent with each call. They may hold secrets: such a metric has no ``spec``.
        proxy_url: a proxy to the provider; likewise.
        score_range: lowest and highest score, if the prompt does not say; decimals in it allow decimals.
        limits: how hard the model may be asked; ``concurrency`` is ``max_workers``.
        cache: whether replies are kept on disk, and used again for equal questions.

    Raises:
        InvalidArgumentError: an argument makes no sense; the message says what to write.

    Example:
        >>> make_genai_metric("brevity", "No word too many.", "Score 1: rambles. Score 3: to the point.").key
        'brevity/v1'
    """
    options = _Options(
        named(name), version, chosen_model(model), checked_parameters(parameters),
        Aggregation(tuple(aggregations or ())), greater_is_better, limits_of(limits, max_workers),
        connection_of(extra_headers, proxy_url, is_cached=cache), metric_metadata, score_range,
    )  # fmt: skip
    shown = tuple(EvaluationExample.read(one) for one in examples or ())
    return _criterion_metric(
        options,
        definition,
        grading_prompt,
        shown,
        columns_of(grading_context_columns),
        include_input=include_input,
    )


def make_genai_metric_from_prompt(  # noqa: PLR0913, PLR0917 - MLflow's signature
    name: str,
    judge_prompt: str,
    model: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    aggregations: Sequence[str] | None = ("mean", "variance", "p90"),
    greater_is_better: bool | None = True,  # noqa: FBT001, FBT002
    max_workers: int = 10,
    metric_metadata: Mapping[str, Any] | None = None,
    extra_headers: Mapping[str, str] | None = None,
    proxy_url: str | None = None,
    *,
    score_range: Sequence[float] | None = None,
    limits: Limits | Mapping[str, Any] | None = None,
    cache: bool = True,
) -> EvaluationMetric:
    """Make a judge of a prompt of one's own, with columns in braces: ``{inputs}``, ``{predictions}``.

    What the columns hold is marked as material, and the form of the reply is asked for: neither needs to be
    in the prompt. The other arguments are those of :func:`make_genai_metric`.

    Args:
        name: of the results' keys: ``<name>/mean``.
        judge_prompt: ``{input}``, ``{output}`` and ``{target}`` are short for ``{inputs}``,
            ``{predictions}`` and ``{targets}``; any other column goes by its own name.
        model: URI of the model.
        parameters: passed on to the model.
        aggregations: of all scores.
        greater_is_better: whether a higher score is the better one.
        max_workers: calls under way at once.
        metric_metadata: anything to keep with it.
        extra_headers: sent with each call.
        proxy_url: a proxy to the provider.
        score_range: lowest and highest score.
        limits: how hard the model may be asked.
        cache: whether replies are kept on disk.

    Raises:
        InvalidArgumentError: the prompt names no column, or another argument makes no sense.

    Example:
        >>> make_genai_metric_from_prompt("polite", "Is {output} polite? Score 0: no. Score 1: yes.").key
        'polite'
    """
    options = _Options(
        named(name), None, chosen_model(model), checked_parameters(parameters),
        Aggregation(tuple(aggregations or ())), greater_is_better, limits_of(limits, max_workers),
        connection_of(extra_headers, proxy_url, is_cached=cache), metric_metadata, score_range,
    )  # fmt: skip
    pieces = pieces_of(judge_prompt)
    question = Template(pieces, scale_of(score_range, judge_prompt, []))
    arguments = {"judge_prompt": judge_prompt}
    return _metric(question, tuple(dict.fromkeys(pieces[1::2])), options, "genai_prompt", arguments)


def _criterion_metric(  # noqa: PLR0913
    options: _Options,
    definition: str,
    grading_prompt: str,
    examples: tuple[EvaluationExample, ...],
    context_columns: tuple[str, ...],
    *,
    include_input: bool,
) -> EvaluationMetric:
    for one in examples:
        one.context(context_columns)  # raises where it is not clear
    scale = scale_of(options.score_range, grading_prompt, [one.score for one in examples])
    criterion = Criterion(
        options.name, definition, grading_prompt, examples, context_columns, include_input, scale
    )
    columns = (*(("inputs",) if include_input else ()), *context_columns, "predictions")
    arguments = {
        "version": options.version,
        "definition": definition,
        "grading_prompt": grading_prompt,
        "examples": [one.to_dict() for one in examples],
        "grading_context_columns": list(context_columns),
        "include_input": include_input,
    }
    return _metric(criterion, tuple(dict.fromkeys(columns)), options, "genai", arguments)


def _metric(
    question: Criterion | Template,
    columns: tuple[str, ...],
    options: _Options,
    kind: str,
    arguments: Mapping[str, Any],
) -> EvaluationMetric:
    connection = options.connection
    judge = Judge(question, columns, options.model, options.parameters, options.limits, connection)
    batch_rows = max(BATCH_ROWS, 8 * options.limits.concurrency)
    has_secrets = bool(connection.headers or connection.proxy_url)
    return EvaluationMetric(
        eval_fn=judge,
        name=options.name,
        greater_is_better=options.greater_is_better,
        version=options.version,
        metric_details=question.shown(),
        metric_metadata=options.metadata,
        aggregate=options.aggregation,
        resource="torch" if is_local(options.model) else "judge",
        batch_rows=LOCAL_BATCH_ROWS if is_local(options.model) else batch_rows,
        spec=None if has_secrets else MetricSpec(kind, {**options.to_dict(), **arguments}),
        scorer=options.model,
        requires=columns,
        accepts=columns,
    )


def renamed(metric: EvaluationMetric, name: str, arguments: Mapping[str, Any]) -> EvaluationMetric:
    """A ready judge: its spec says what makes it rather than what it is made of."""
    if metric.spec is None:
        return metric
    of_all = ("model", "parameters", "examples", "max_workers", "limits", "cache", "metric_metadata")
    kept = {key: metric.spec.parameters[key] for key in of_all}
    return replace(metric, spec=MetricSpec(name, {**kept, **arguments}))
