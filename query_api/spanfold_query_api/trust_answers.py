"""What is answered about comparisons of evaluations, and about the agreement of judges and people."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from spanfold_query_api.answers import Answer


class Estimate(Answer):
    """A value and its confidence interval; null where it is not defined."""

    value: float | None
    lower: float | None
    upper: float | None


class Disagreement(Answer):
    """What both said of one trace."""

    trace_id: str
    judge: float | str
    human: float | str
    justification: Annotated[str | None, Field(description="The judge's.")]
    answer_chars: Annotated[int | None, Field(description="Length of the recorded output.")]
    position: str | None


class BiasOfGroup(Answer):
    """How far the judge is from people in a part of the traces."""

    name: str
    count: int
    bias: Estimate


class AgreementAnswer(Answer):
    """Whether a judge says what people say."""

    judge: str
    human: str
    kind: Annotated[str, Field(description="`grades` (whole numbers), other `numbers`, or `labels`.")]
    count: Annotated[int, Field(description="Traces that both scored.")]
    confidence: float
    accuracy: Annotated[Estimate, Field(description="Share of traces of which both say the same.")]
    kappa: Annotated[Estimate, Field(description="Cohen's: agreement beyond chance.")]
    weighted_kappa: Annotated[Estimate, Field(description="With squared distances as weights.")]
    strength: str
    spearman: Annotated[Estimate, Field(description="Rank correlation.")]
    bias: Annotated[Estimate, Field(description="The judge's score less the people's, on average.")]
    classes: list[float | str]
    confusion: Annotated[
        list[list[int]], Field(description="A row for each class of the people, a column for the judge's.")
    ]
    bias_and_length: Annotated[
        Estimate, Field(description="Rank correlation of judge less people with the answer's length.")
    ]
    by_length: list[BiasOfGroup]
    by_position: list[BiasOfGroup]
    disagreements: Annotated[list[Disagreement], Field(description="Those that differ most, first.")]
    notes: Annotated[list[str], Field(description="What a reader should know before trusting the numbers.")]


class EffectSize(Answer):
    """How large a difference is, whatever the metric's unit."""

    name: str
    value: float | None
    size: str


class ComparedMetric(Answer):
    """How one metric of `b` differs from that of `a`."""

    metric: str
    greater_is_better: bool | None
    verdict: Annotated[str, Field(description="`better`, `worse`, `higher`, `lower` or `no evidence`.")]
    paired: Annotated[bool, Field(description="Whether the same inputs were compared with one another.")]
    count_a: int
    count_b: int
    unmatched_a: int
    unmatched_b: int
    errors_a: int
    errors_b: int
    repeats: bool
    mean_a: float | None
    mean_b: float | None
    difference: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    p_corrected: Annotated[float | None, Field(description="After Holm, for the number of metrics.")]
    method: str
    test: str
    effect: EffectSize | None
    needed: Annotated[
        int | None, Field(description="Pairs, or rows of each side, that find a difference of this size.")
    ]
    detectable: Annotated[float | None, Field(description="The smallest difference so many rows find.")]


class ComparedEvaluation(Answer):
    """One of the two."""

    reference: str
    name: str
    evaluation_id: str | None
    model_id: str | None


class ChangedPair(Answer):
    """One input, and what became of it."""

    inputs: str | None
    trace_id_a: str
    trace_id_b: str
    score_a: float
    score_b: float
    change: float
    outputs_a: str | None
    outputs_b: str | None


class EvaluationComparisonAnswer(Answer):
    """What got better or worse from `a` to `b`."""

    a: ComparedEvaluation
    b: ComparedEvaluation
    confidence: float
    power: float
    metrics: list[ComparedMetric]
    notes: list[str]
    rows: Annotated[
        dict[str, list[ChangedPair]], Field(description="By metric, the pairs that changed most.")
    ]
