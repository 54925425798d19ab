"""How many traces meet a condition, and what makes a sample of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanfold_query_api import trace_sampling
from spanfold_query_api.trace_conditions import query_of, tree_of

if TYPE_CHECKING:
    from spanfold_query_api.trace_inputs import TraceCountParameters
    from spanfold_schemas.database import Database


def counted(database: Database, parameters: TraceCountParameters) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.trace_answers.TraceCount` says.

    Raises:
        ProblemError: there are no strata by the field that is named.
        FilterError: the filter cannot be used.
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    strata = trace_sampling.count(
        database,
        query_of(parameters, tree_of(parameters)),
        trace_sampling.Sample(parameters.sample_seed, parameters.sample_rate, parameters.stratify_by),
        parameters.sample_size,
    )
    described = [
        {
            "stratum": one.name,
            "count": one.count,
            "sampled": one.sampled,
            "sample_threshold": f"{one.threshold:016x}:{one.name}" if one.sampled else None,
        }
        for one in strata
    ]
    counts = {"count": sum(one.count for one in strata), "sampled": sum(one.sampled for one in strata)}
    return {**counts, "strata": described}
