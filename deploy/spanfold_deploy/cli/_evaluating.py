"""What ``spanfold evaluate`` does: here or on the server, over traces or the rows of a file."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from spanfold_deploy.cli import _output
from spanfold_deploy.errors import ApiError, CommandError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from spanfold.evaluation._result import EvaluationResult
    from spanfold_deploy.cli._client import ApiClient
    from spanfold_deploy.cli._wanted import Wanted

_SHOWN_REASONS: Final = 8


class EvaluationError(CommandError):
    """An evaluation did not finish. The message says why, and how to go on."""

    exit_code = 1


def evaluate(wanted: Wanted, endpoint: str | None, config: Path | None) -> None:
    """Do it, and print what came of it.

    Raises:
        CommandError: the options do not fit, the server is away, or the evaluation did not finish.
    """
    from spanfold_deploy.cli import _client, _evaluating_traces, evaluations

    wanted.check()
    with _client.connect(endpoint, config) as api:
        os.environ["SPANFOLD_ENDPOINT"] = api.endpoint  # the SDK shall talk to the same server
        if wanted.data is not None:
            _finish_rows(wanted, _evaluate_rows(wanted))
            return
        resumed = None if wanted.resume is None else evaluations.find(api, wanted.resume)
        if wanted.on_server or (resumed is not None and resumed["runner"] == "server"):
            _evaluating_traces.on_server(wanted, api, resumed)
        else:
            _evaluating_traces.here(wanted, api, resumed)


def report(evaluation: str, outputs: list[Path], endpoint: str | None, config: Path | None) -> None:
    """Write files of an evaluation that the server knows.

    Raises:
        CommandError: there is none, or a file cannot be written.
    """
    from spanfold_deploy.cli import _client, _wanted, evaluations

    for output in outputs:
        _wanted.check_output(output)
    with _client.connect(endpoint, config) as api:
        os.environ["SPANFOLD_ENDPOINT"] = api.endpoint
        write_all(evaluations.find(api, evaluation), outputs)


def write_all(found: Mapping[str, Any], outputs: Iterable[Path]) -> None:
    """Write the rows of an evaluation that the server knows, in each of the forms.

    Raises:
        CommandError: the server is away, or a file cannot be written.
        SettingsError: it was of rows, which the server does not have.
    """
    if found["source"] != "traces":
        message = (
            "this was an evaluation of rows, which the server does not have.\n"
            "  Fix: evaluate them again with --output."
        )
        raise SettingsError(message)
    result = _stored(found)
    for output in outputs:
        write(result, output)
        sys.stderr.write(f"written: {output}\n")


def _stored(found: Mapping[str, Any]) -> EvaluationResult:
    """An evaluation of traces as the server has it; its rows are read when they are asked for."""
    from spanfold.evaluation._result import EvaluationResult, MetricInfo
    from spanfold.evaluation._trace_rows import TraceRows
    from spanfold_deploy.cli import _evaluation_output

    infos = tuple(
        MetricInfo(
            metric.get("key") or metric["name"],
            _evaluation_output.metric_name(metric),
            metric.get("greater_is_better"),
            metric.get("scorer") or "",
            metric.get("resource") or "cpu",
        )
        for metric in found["metrics"]
    )
    mapping = (found["options"] or {}).get("mapping")
    return EvaluationResult(
        evaluation_id=found["evaluation_id"],
        name=found["name"],
        source="traces",
        metrics=found["aggregates"],
        rows=TraceRows(found["evaluation_id"], infos, None, mapping),
        status=found["status"],
        reason=found["reason"],
        run_id=found["run_id"],
        model_ids=tuple(found["model_ids"]),
        infos=infos,
        unmapped=found["unmapped_reasons"],
        cost_usd=found["progress"]["cost_usd"],
        calls=found["progress"]["calls"],
    )


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors of the SDK into those of commands.

    Raises:
        EvaluationError: the SDK cannot do it now.
        SettingsError: what was asked for cannot be right.
    """
    from spanfold.errors import InvalidArgumentError, SpanfoldError

    try:
        yield
    except InvalidArgumentError as error:
        said, mapped, _ = str(error).partition(" Rename a column, or map one: evaluator_config")
        fix = '\n  Fix: --targets COLUMN, --predictions COLUMN, or --mapping \'{"context": "COLUMN"}\''
        raise SettingsError(said + (fix if mapped else "")) from error
    except SpanfoldError as error:
        fix = ""
        if "the collector" in str(error):
            fix = "\n  Fix: say where the collector is: OTEL_EXPORTER_OTLP_ENDPOINT=http://host:4318"
        raise EvaluationError(f"{error}{fix}") from error


def _evaluate_rows(wanted: Wanted) -> EvaluationResult:
    """Evaluate the rows of a file.

    Raises:
        SettingsError: the file, a column or a metric is not there.
        EvaluationError: a metric failed, or the budget is used up.
    """
    from spanfold.evaluation import _evaluate
    from spanfold_deploy.cli import _metrics

    mapping = wanted.mapped()
    with explained():
        return _evaluate.evaluate(
            data=wanted.data,
            predictions=wanted.predictions,
            targets=wanted.targets,
            model_type=wanted.model_type,
            extra_metrics=list(_metrics.made(wanted.metrics or (), wanted.judge)),
            evaluator_config=None if mapping is None else {"col_mapping": mapping},
            name=wanted.name,
            max_cost_usd=wanted.max_cost_usd,
            max_calls=wanted.max_calls,
            concurrency=wanted.concurrency,
        )


def _finish_rows(wanted: Wanted, result: EvaluationResult) -> None:
    """Print the numbers of rows, and write the files that are asked for.

    Raises:
        EvaluationError: it did not finish.
    """
    from collections import Counter

    for output in wanted.output or ():
        write(result, output)
        sys.stderr.write(f"written: {output}\n")
    if wanted.json_output:
        _output.print_json(result.to_dict())
    else:
        screen = _output.console()
        screen.print(f"{result.name}  {result.evaluation_id}", style="bold")
        table = _output.table("metric", "value", right=frozenset({"value"}))
        for key, value in result.metrics.items():
            table.add_row(key, f"{value:.4g}")
        screen.print(table)
        reasons = Counter[tuple[str, str]]()
        for row in result.iter_rows():
            keys = [info.key for info in result.infos]
            reasons.update((key, row[name]) for key in keys if row.get(name := f"{key}/error"))
        for (key, why), count in reasons.most_common(_SHOWN_REASONS):
            screen.print(f"no score: {key}: {count:,} x {_output.shorten(why, 150)}", style="dim")
        for key, why in result.errors.items():
            screen.print(f"left out: {key}: {why}", style="dim", soft_wrap=True)
    if result.status != "FINISHED":
        raise EvaluationError(result.reason or f"the evaluation ended as {result.status}")


def confirm(wanted: Wanted, *, rows: int, judges: Mapping[str, float | None]) -> None:
    """Say what judges will be asked, and at a terminal ask if they shall be.

    Args:
        wanted: the options.
        rows: how many rows there are to score.
        judges: what one answer of each judge costs, about, in US dollars; None: not known.

    Raises:
        EvaluationError: the person at the terminal said no.
    """
    import typer

    from spanfold_deploy.cli import _evaluation_output

    if not judges:
        return
    calls = rows * len(judges)
    costs = [cost for cost in judges.values() if cost is not None]
    known = f"about {_evaluation_output.usd(rows * sum(costs)) if any(costs) else '$0'}"
    cost = known if len(costs) == len(judges) else "at a price that is not known"
    limits = {"--max-calls": wanted.max_calls, "--max-cost-usd": wanted.max_cost_usd}
    given = ", ".join(f"{flag} {value:g}" for flag, value in limits.items() if value is not None)
    asked = "1 judge" if len(judges) == 1 else f"{len(judges)} judges"
    line = f"{rows:,} rows x {asked} ({', '.join(judges)}): up to {calls:,} calls, {cost}"
    sys.stderr.write(f"{line}; {f'limited by {given}' if given else 'no limit is set'}\n")
    if wanted.yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    if not typer.confirm("Ask them?", err=True):
        message = "nothing was asked.\n  Fix: --sample, --max-calls and --max-cost-usd make it less."
        raise EvaluationError(message)


def write(result: EvaluationResult, output: Path) -> None:
    """Write the rows of a result, in the form that the name of the file says.

    Raises:
        CommandError: the file cannot be written.
        SettingsError: it needs a library that is not installed.
    """
    try:
        with explained():
            match output.suffix.lower():
                case ".html":
                    result.to_html(output)
                case ".csv":
                    result.to_csv(output)
                case ".parquet":
                    _write_parquet(result, output)
                case _:
                    _write_lines(result, output)
    except OSError as error:
        message = f"cannot write {output}: {error}"
        raise CommandError(message) from error


def _write_parquet(result: EvaluationResult, output: Path) -> None:
    from pyarrow import parquet

    write_table: Any = parquet.write_table
    write_table(result.to_arrow(), output, compression="zstd")


def _write_lines(result: EvaluationResult, output: Path) -> None:
    with output.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in result.iter_rows())


def followed(api: ApiClient, evaluation_id: str) -> Iterator[Mapping[str, Any]]:
    """The states of an evaluation until it is over; the stream is opened again if it breaks."""
    while True:
        try:
            for state in _events(api, evaluation_id):
                yield state
                if state["status"] in {"FINISHED", "FAILED", "CANCELLED"}:
                    return
        except ApiError as error:
            if "broke off" not in str(error) and "took more than" not in str(error):
                raise


def _events(api: ApiClient, evaluation_id: str) -> Iterator[Mapping[str, Any]]:
    """The data of server-sent events, which each are one line of JSON."""
    with api.stream(f"/v1/evaluations/{evaluation_id}/events") as pieces:
        rest = b""
        for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            yield from (json.loads(line[5:]) for line in lines if line.startswith(b"data:"))
