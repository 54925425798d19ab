"""``spanfold.iter_traces``, ``iter_spans`` and ``arrow_traces``: any number of them, in bounded memory."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal

from spanfold._internal import reading
from spanfold._internal.traces import conditions
from spanfold.errors import InvalidArgumentError, ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from spanfold._internal.instants import Instant
    from spanfold.entities import Span, TraceInfo

READ_TIMEOUT_S: Final = 120.0
"""The longest wait for a piece: a rare condition makes the server look through much before it finds one."""
_ROWS: Final = 1_000
"""Rows that are Python objects at one time."""


def iter_traces(  # noqa: PLR0913 - what a search may say
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    *,
    run_id: str | None = None,
    model_id: str | None = None,
    caller_model_id: str | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
) -> Iterator[TraceInfo]:
    """Every trace that a filter describes, newest first, however many there are.

    They are read as they are needed: memory stays the same for ten or ten million. Ends the question when
    the iterator is dropped.

    Args:
        experiment_ids: the experiments to look in; all of them by default.
        filter_string: as for :func:`search_traces`.
        run_id: only traces that were recorded under this run.
        model_id: only traces that entered this version.
        caller_model_id: only traces in which this version called another service.
        start: only traces that started at this instant or later: a date and time with a zone, milliseconds
            since 1970, or RFC 3339 text.
        end: only traces that started before this instant.

    Raises:
        InvalidArgumentError: pyarrow is not installed, or an argument cannot be right; the message tells.
        ServerUnavailableError: the query API gave no usable answer, or broke it off.

    Example:
        >>> sum(info.cost_usd or 0 for info in iter_traces(model_id="m-0123..."))  # doctest: +SKIP
        1234.5
    """
    reader = arrow_traces(
        experiment_ids,
        filter_string,
        run_id=run_id,
        model_id=model_id,
        caller_model_id=caller_model_id,
        start=start,
        end=end,
    )
    return _objects(reader, "traces")


def iter_spans(  # noqa: PLR0913 - what a search may say
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    *,
    run_id: str | None = None,
    model_id: str | None = None,
    caller_model_id: str | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
) -> Iterator[Span]:
    """Every span that meets all conditions itself, newest first, however many there are.

    Otherwise as :func:`iter_traces`: same arguments, same errors.

    Example:
        >>> calls = iter_spans(filter_string="span_type = 'LLM' AND provider = 'openai'")  # doctest: +SKIP
        >>> sum(span.output_tokens or 0 for span in calls)  # doctest: +SKIP
        987654
    """
    reader = arrow_traces(
        experiment_ids,
        filter_string,
        rows="spans",
        run_id=run_id,
        model_id=model_id,
        caller_model_id=caller_model_id,
        start=start,
        end=end,
    )
    return _objects(reader, "spans")


def arrow_traces(  # noqa: PLR0913 - what a search may say
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    *,
    rows: Literal["traces", "spans"] = "traces",
    columns: Sequence[str] | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    caller_model_id: str | None = None,
    start: Instant | None = None,
    end: Instant | None = None,
) -> pa.RecordBatchReader:
    """As :func:`iter_traces` or :func:`iter_spans`, but as Arrow record batches: far faster, for analytics.

    The reader fetches as it is read. Closing it, or dropping it, ends the question.

    Args:
        experiment_ids: as for :func:`iter_traces`, like all arguments that are not below.
        filter_string: as for :func:`search_traces`.
        rows: a row a trace or a row a span.
        columns: only these, in this order; ``docs/traces.md`` lists them. Fewer columns are faster.
        run_id: only what was recorded under this run.
        model_id: only what entered this version.
        caller_model_id: only what this version of a calling service caused.
        start: only from this instant on.
        end: only before this instant.

    Raises:
        InvalidArgumentError: pyarrow is not installed, or an argument cannot be right; the message tells.
        ServerUnavailableError: the query API gave no usable answer, or broke it off.

    Example:
        >>> reader = arrow_traces(columns=["model_id", "latency_ms"])  # doctest: +SKIP
        >>> reader.read_pandas().groupby("model_id").latency_ms.median()  # doctest: +SKIP
    """
    if find_spec("pyarrow") is None:
        message = "streams of traces need pyarrow: pip install 'spanfold[dataframe]'"
        raise InvalidArgumentError(message)
    asked = conditions.parameters(
        experiment_ids=experiment_ids,
        filter_string=filter_string,
        run_id=run_id,
        model_id=model_id,
        caller_model_id=caller_model_id,
        start=start,
        end=end,
    )
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and optional

    opened = ExitStack()
    with opened:
        response = opened.enter_context(
            reading.query_api().open(
                "/v1/traces/export",
                timeout_s=READ_TIMEOUT_S,
                rows=rows,
                columns=None if columns is None else list(columns),
                format="arrow",
                **asked,
            )
        )
        with _arrow_errors():
            source = pa.ipc.open_stream(response)
        kept = opened.pop_all()
    return pa.RecordBatchReader.from_batches(source.schema, _batches(kept, source))


def _batches(opened: ExitStack, source: Any) -> Iterator[Any]:
    with opened, _arrow_errors():
        yield from source


@contextmanager
def _arrow_errors() -> Iterator[None]:
    """What Arrow raises for an answer that was broken off, as an answer that was broken off.

    Raises:
        ServerUnavailableError: instead of it.
    """
    import pyarrow as pa  # noqa: PLC0415

    try:
        yield
    except pa.ArrowException as fault:
        message = f"the query API's answer broke off, or is no Arrow stream: {fault}"
        raise ServerUnavailableError(message) from fault


def _objects(reader: Any, rows: Literal["traces", "spans"]) -> Iterator[Any]:
    from spanfold._internal.traces import from_arrow  # noqa: PLC0415

    convert = from_arrow.infos if rows == "traces" else from_arrow.spans
    with reader:
        for batch in reader:
            for first in range(0, batch.num_rows, _ROWS):
                yield from convert(batch.slice(first, _ROWS))
