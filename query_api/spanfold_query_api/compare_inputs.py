"""What requests for comparisons may say."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from spanfold_query_api.inputs import MAX_ID_CHARS, Instant, PeriodParameters
from spanfold_query_api.problems import invalid

MAX_MODELS: Final = 10
MIN_MODELS: Final = 2
_Reference = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]


class DiffParameters(PeriodParameters):
    """Of the difference between two versions, or between two states of one."""

    a: Annotated[_Reference, Field(description="Model ID, or a name: its newest version.")]
    b: Annotated[_Reference, Field(description="What to compare it with: model ID or name.")]
    as_of_a: Annotated[Instant | None, Field(description="State of `a` at this instant instead of now.")] = (
        None
    )
    as_of_b: Annotated[Instant | None, Field(description="State of `b` at this instant instead of now.")] = (
        None
    )


class CompareParameters(PeriodParameters):
    """Of the comparison of several versions."""

    models: Annotated[
        list[str],
        Field(
            min_length=1,
            max_length=MAX_MODELS,
            description="Model IDs or names (the newest version of each), from 2 to 10: separated by commas, "
            "or, if they hold commas, one a parameter.",
            examples=[["support-v1,support-v2"]],
        ),
    ]
    baseline: Annotated[
        str,
        Field(
            max_length=MAX_ID_CHARS,
            description="One of them, which the others are compared with; the first if left out.",
        ),
    ] = ""
    filter: Annotated[
        str,
        Field(
            description="Only traces that meet this condition; see docs/filter.md.",
            examples=["attributes['user.tier'] = 'pro'"],
        ),
    ] = ""
    confidence: Annotated[
        float, Field(ge=0.5, le=0.999, description="Of the intervals: how often they hold the truth.")
    ] = 0.95

    def references(self) -> list[str]:
        """What ``models`` names, in order.

        Raises:
            ProblemError: too few, too many, or one with an impossible length.
        """
        named = [text.strip() for text in self.models[0].split(",")] if len(self.models) == 1 else self.models
        if not MIN_MODELS <= len(named) <= MAX_MODELS:
            raise invalid("models", f"name {MIN_MODELS} to {MAX_MODELS} versions, not {len(named)}")
        if not all(1 <= len(text) <= MAX_ID_CHARS for text in named):
            raise invalid("models", f"a model ID or name has 1 to {MAX_ID_CHARS} characters")
        return named
