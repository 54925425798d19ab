"""``spanfold.evaluate``: checks what the caller says, and hands it to rows or to recorded traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold.evaluation._mapping import GivenMapping
    from spanfold.evaluation._result import EvaluationResult
    from spanfold.metrics._registry import AnyMetric

_EVALUATORS: Final = (None, "default")
_OF_TRACES: Final = ("traces", "sample", "stratify_by", "seed", "mapping", "resume")


def evaluate(  # noqa: PLR0913 - MLflow's arguments, and those of traces
    model: Any = None,
    data: Any = None,
    *,
    model_type: str | None = None,
    targets: str | None = None,
    predictions: str | None = None,
    evaluators: str | None = None,
    evaluator_config: Mapping[str, Any] | None = None,
    metrics: Sequence[AnyMetric] | None = None,
    extra_metrics: Sequence[AnyMetric] | None = None,
    traces: Any = None,
    sample: float | str | None = None,
    stratify_by: str | None = None,
    seed: int = 0,
    mapping: GivenMapping | None = None,
    resume: str | None = None,
    model_id: str | None = None,
    run_id: str | None = None,
    name: str | None = None,
    max_cost_usd: float | None = None,
    max_calls: int | None = None,
    concurrency: int | None = None,
    progress: bool | None = None,
) -> EvaluationResult:
    """Score rows (a table, or what a function or an endpoint makes of one), or recorded traces.

    Numbers are logged to the active run (rows start one if there is none) and the given or active version.

    Args:
        model: a function from rows (a data frame, or without pandas a dict of columns) to an output a row;
            a logged model, loaded or as ``models:/<ID or name>`` or ``runs:/<run ID>/<path>``; a gateway's
            ``endpoints:/<name>``; with traces, the version they are of.
        data: a data frame, an Arrow table, a list of dicts, a dict of columns, or a .csv/.jsonl/.json path.
        model_type: brings the usual metrics: ``question-answering``, ``text``, ``retriever``, ...
        targets: the column that holds what would be right.
        predictions: the column of the outputs; with a model, the column of what it returns that counts.
        evaluators: MLflow's; there is only ``default``.
        evaluator_config: ``col_mapping`` (a metric's argument to a column), ``retriever_k``, ...
        metrics: those of :mod:`spanfold.metrics`, their names, functions, or ``file.py:attribute``.
        extra_metrics: likewise; MLflow's name.
        traces: a ``TraceSelection``, a filter, a list of IDs, or a data frame with a column ``trace_id``.
        sample: of the traces: a share (``0.1``, ``"10%"``) or a number.
        stratify_by: a field of the filter language; the sample has its share of each of its values.
        seed: which of all samples.
        mapping: where the values of a trace are, if not where they usually are.
        resume: ID of an evaluation of traces that was cut off, to go on with.
        model_id: the version that is evaluated; the active one by default.
        run_id: the run to log to; the active one by default.
        name: of the evaluation; a readable random name by default.
        max_cost_usd: what judges and the endpoint may cost together, in US dollars.
        max_calls: calls to them that may be paid for.
        concurrency: calls under way at once.
        progress: whether to show a bar; only at a terminal by default.

    Raises:
        InvalidArgumentError: an argument cannot be right; the message names it, and says what to write.
        NotFoundError: the server has no such model version, run or evaluation.

    Example:
        >>> rows = {"answer": ["2", "3"], "right": ["2", "4"]}
        >>> evaluate(data=rows, predictions="answer", targets="right", metrics=["exact_match"]).metrics[
        ...     "exact_match/v1"
        ... ]
        0.5
    """
    return _checked(**locals())


def _checked(*, evaluators: str | None, **asked: Any) -> EvaluationResult:
    """Hand the call to rows or to traces.

    Raises:
        InvalidArgumentError: arguments do not go together.
    """
    if evaluators not in _EVALUATORS:
        raise InvalidArgumentError(f"evaluators: there is only 'default', not {evaluators!r}")
    if asked["traces"] is not None or asked["resume"] is not None:
        from spanfold.evaluation import _traces  # noqa: PLC0415 - `import spanfold` stays light

        return _traces.evaluate_traces(_traces.Request(**asked))
    from spanfold.evaluation import _rows  # noqa: PLC0415 - `import spanfold` stays light

    of_traces = {name: asked.pop(name) for name in _OF_TRACES}
    if said := next((name for name, value in of_traces.items() if value), None):
        raise InvalidArgumentError(f"{said}: goes with traces=..., not with rows")
    return _rows.evaluate_rows(_rows.Request(**asked))
