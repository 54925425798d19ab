"""``spanfold.evaluate``: checks what the caller says, and hands it to rows or to recorded traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold.evaluation._result import EvaluationResult
    from spanfold.metrics._registry import AnyMetric

_EVALUATORS: Final = (None, "default")


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
    model_id: str | None = None,
    run_id: str | None = None,
    name: str | None = None,
    max_cost_usd: float | None = None,
    max_calls: int | None = None,
    concurrency: int | None = None,
    progress: bool | None = None,
) -> EvaluationResult:
    """Score rows: a table that has its outputs, or what a function or an endpoint makes of one.

    The numbers are logged to the active run, or to a new one that ends with the call, and to the model
    version that is given or active. Without a server all but its list of evaluations works.

    Args:
        model: a function that gets the rows (a data frame, or without pandas a dict of columns) and returns
            an output a row; a gateway's ``endpoints:/<name>``; None: the data has its outputs.
        data: a data frame, an Arrow table, a list of dicts, a dict of columns, or a .csv/.jsonl/.json path.
        model_type: brings the usual metrics: ``question-answering``, ``text-summarization``, ``text``,
            ``retriever``, ``classifier`` or ``regressor``.
        targets: the column that holds what would be right.
        predictions: the column of the outputs; with a model, the column of what it returns that counts.
        evaluators: MLflow's; there is only ``default``.
        evaluator_config: ``col_mapping`` (a metric's argument to a column), ``default_metrics`` (False: only
            those named), ``retriever_k`` (3), ``pos_label`` and ``average`` of classifiers.
        metrics: those of :mod:`spanfold.metrics`, their names, functions, or ``file.py:attribute``.
        extra_metrics: likewise; MLflow's name.
        model_id: the version that is evaluated; the active one by default.
        run_id: the run to log to; the active one by default.
        name: of the evaluation; a readable random name by default.
        max_cost_usd: what judges and the endpoint may cost together, in US dollars.
        max_calls: calls to them that may be paid for.
        concurrency: calls to the endpoint under way at once.
        progress: whether to show a bar; only at a terminal by default.

    Returns:
        Numbers and rows. A metric that fails is in ``errors``, and the others count. Where the budget did not
        suffice, ``status`` is ``FAILED`` and ``reason`` says how to go on.

    Raises:
        InvalidArgumentError: an argument cannot be right; the message names it, and says what to write.
        NotFoundError: the server has no such model version, or no such run.

    Example:
        >>> rows = {"answer": ["2", "3"], "right": ["2", "4"]}
        >>> evaluate(data=rows, predictions="answer", targets="right", metrics=["exact_match"]).metrics
        {'exact_match/v1': 0.5}
    """
    return _checked(**locals())


def _checked(*, evaluators: str | None, **asked: Any) -> EvaluationResult:
    from spanfold.evaluation import _rows  # noqa: PLC0415 - `import spanfold` stays light

    if evaluators not in _EVALUATORS:
        raise InvalidArgumentError(f"evaluators: there is only 'default', not {evaluators!r}")
    return _rows.evaluate_rows(_rows.Request(**asked))
