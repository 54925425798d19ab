"""Compares versions: what differs, and how they did. Each call is a question to the query API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spanfold._internal import events, instants, reading
from spanfold._internal.model import LoggedModel
from spanfold.errors import InvalidArgumentError, ModelNotFoundError, ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold._internal.instants import Instant
    from spanfold._internal.lookup import QueryApi
    from spanfold.comparison import Comparison, ModelDiff

_FEWEST = 2


def compare(  # noqa: PLR0913 - all but the versions are by name
    models: Sequence[str | LoggedModel],
    *,
    baseline: str | LoggedModel | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
    filter_string: str | None = None,
    confidence: float = 0.95,
) -> Comparison:
    """How versions did, each against a baseline, and how sure each difference is.

    The unit is the trace that entered a version; see ``docs/compare.md`` for the statistics.

    Args:
        models: 2 to 10 versions: IDs, names (the newest version of each), or what other calls returned.
        baseline: one of them; the first if None.
        start: only traces from this instant on: a date and time with a zone, milliseconds since 1970, or
            RFC 3339 text.
        end: only traces before this instant.
        filter_string: only traces that meet this condition, such as ``attributes['user.tier'] = 'pro'``.
        confidence: of the intervals, from 0.5 to 0.999.

    Raises:
        InvalidArgumentError: an argument cannot be right; the message says which.
        ModelNotFoundError: the server has no such version.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> found = compare(["support-v1", "support-v2"])  # doctest: +SKIP
        >>> found.models["m-0123..."].metrics["latency_p95"].difference.relative  # doctest: +SKIP
        Estimate(value=0.12, lower=0.03, upper=0.2)
    """
    if isinstance(models, str) or len(models) < _FEWEST:
        message = f"models: a list of at least two IDs or names, not {models!r}"
        raise InvalidArgumentError(message)
    from spanfold._internal.comparison import comparison_of  # noqa: PLC0415 - `import spanfold` stays light

    references = [_reference("models", model) for model in models]
    query_api = reading.query_api()
    answer = query_api.get(
        "/v1/compare",
        models=references,
        baseline=None if baseline is None else _reference("baseline", baseline),
        start=None if start is None else instants.to_rfc3339("start", start),
        end=None if end is None else instants.to_rfc3339("end", end),
        filter=filter_string or None,
        confidence=confidence,
    )
    if answer is None:
        raise _missing(query_api, [*references, *([] if baseline is None else [_reference("", baseline)])])
    try:
        return comparison_of(answer)
    except (KeyError, TypeError, ValueError) as fault:
        message = f"the query API's answer is not a comparison: {fault!r}"
        raise ServerUnavailableError(message) from fault


def diff(  # noqa: PLR0913 - all but the versions are by name
    model_a: str | LoggedModel,
    model_b: str | LoggedModel,
    *,
    as_of_a: Instant | None = None,
    as_of_b: Instant | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
) -> ModelDiff:
    """What differs between two versions, or between two states of one: parameters, tags, git, traffic.

    Args:
        model_a: ID, name (its newest version), or what another call returned.
        model_b: what to compare it with; the same version for its states at two instants.
        as_of_a: the first as it was then, instead of now.
        as_of_b: the second as it was then.
        start: of the traffic that is summed up: a date and time with a zone, milliseconds since 1970, or
            RFC 3339 text; from the first trace on if None.
        end: first instant after it.

    Raises:
        InvalidArgumentError: an argument cannot be right; the message says which.
        ModelNotFoundError: the server has, or had, no such version.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> diff("support-v1", "support-v2").params  # doctest: +SKIP
        (Difference(key='temperature', change='changed', a='0.7', b='0.2'),)
    """
    from spanfold._internal.comparison import diff_of  # noqa: PLC0415 - `import spanfold` stays light

    a, b = _reference("model_a", model_a), _reference("model_b", model_b)
    then_a = None if as_of_a is None else instants.to_rfc3339("as_of_a", as_of_a)
    then_b = None if as_of_b is None else instants.to_rfc3339("as_of_b", as_of_b)
    query_api = reading.query_api()
    answer = query_api.get(
        "/v1/diff",
        a=a,
        b=b,
        as_of_a=then_a,
        as_of_b=then_b,
        start=None if start is None else instants.to_rfc3339("start", start),
        end=None if end is None else instants.to_rfc3339("end", end),
    )
    if answer is None:
        there = query_api.get("/v1/diff", a=a, b=a, as_of_a=then_a, as_of_b=then_a)
        raise ModelNotFoundError(a if there is None else b)
    try:
        return diff_of(answer)
    except (KeyError, TypeError) as fault:
        message = f"the query API's answer is not a difference: {fault!r}"
        raise ServerUnavailableError(message) from fault


def _reference(name: str, model: str | LoggedModel) -> str:
    if isinstance(model, LoggedModel):
        return model.model_id
    events.check_text(name, model)
    return model


def _missing(query_api: QueryApi, references: Sequence[str]) -> ModelNotFoundError:
    """Which of the versions the server does not know."""
    unknown = [one for one in references if query_api.get("/v1/diff", a=one, b=one) is None]
    return ModelNotFoundError(", ".join(unknown or references))
