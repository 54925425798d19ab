"""What is answered about the metrics that can be made by name, and about what an evaluation would cost."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from spanfold_query_api.answers import Answer

GreaterIsBetter = Annotated[
    bool | None, Field(description="Whether more is better; null where neither is, or nobody said.")
]


class MetricParameter(Answer):
    """An argument of a metric."""

    name: Annotated[str, Field(examples=["pattern"])]
    type: Annotated[
        Literal["text", "boolean", "integer", "number", "json"],
        Field(description="`json`: a list or an object."),
    ]
    default: Annotated[Any, Field(description="Null where there is none.")]
    is_required: bool
    description: str


class MetricDescription(Answer):
    """A metric that evaluations and monitors can name."""

    name: Annotated[str, Field(examples=["token_f1"])]
    description: str
    kind: Annotated[
        Literal[
            "text",
            "structure",
            "recorded",
            "retrieval",
            "classification",
            "regression",
            "safety",
            "embedding",
            "judge",
        ],
        Field(description="`recorded`: what traces tell; `judge`: a language model is asked."),
    ]
    greater_is_better: GreaterIsBetter
    needs: Annotated[list[str], Field(description="Columns without which a row has no score.")]
    is_paid: Annotated[bool, Field(description="Whether calls may cost money: those of judges elsewhere do.")]
    unavailable: Annotated[
        str | None, Field(description="Why it cannot be made on this server, and what to do; null if it can.")
    ]
    parameters: list[MetricParameter]


class MetricList(Answer):
    """All metrics that can be made by name."""

    metrics: list[MetricDescription]


class CostRange(Answer):
    """Between what the cost is expected, in US dollars."""

    low: float
    high: float


class EvaluationEstimate(Answer):
    """What an evaluation would do, and about what it would cost. Nothing was started."""

    trace_count: Annotated[int, Field(description="Traces that meet the condition, before sample and limit.")]
    selected_count: Annotated[int, Field(description="Those of them that would be scored.")]
    call_count: Annotated[
        int, Field(description="Calls to judges, if the cache knew none of them and each reply was usable.")
    ]
    cost_usd: Annotated[
        CostRange | None, Field(description="Null: the price list does not know a judge that would be paid.")
    ]
    basis: Annotated[str, Field(description="How this was reckoned, in a sentence.")]
    notes: Annotated[list[str], Field(description="What limits it: budgets, rows that lack something, ...")]
