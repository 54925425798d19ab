"""``spanfold models predict`` and ``serve``: logged models without a program of one's own."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: PLR0913 - a command has the options it has
# ruff: noqa: TC003 - typer reads the annotations of commands

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spanfold_deploy.errors import CommandError

ModelUri = Annotated[
    str,
    typer.Argument(
        metavar="MODEL_URI", help="models:/<ID>, models:/<name>, runs:/<run ID>/<artifact path>, or a folder."
    ),
]


def predict(
    model_uri: ModelUri,
    *,
    data: Annotated[
        Path,
        typer.Option("--data", "-d", help="Rows: a .jsonl, .json or .csv file.", exists=True, dir_okay=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where outputs go, a JSON line a row. Default: printed."),
    ] = None,
    params: Annotated[
        str | None, typer.Option(help='Parameters of the model, as JSON: {"temperature": 0}')
    ] = None,
    batch_rows: Annotated[int, typer.Option(min=1, max=100_000, help="Rows a call.")] = 64,
) -> None:
    """Run a logged model over the rows of a file; each batch is a trace of its version.

    Runs code of that model, and needs the packages that it was logged with.

    Example: `spanfold models predict models:/support-bot --data questions.jsonl --output answers.jsonl`
    """
    import json
    from contextlib import ExitStack

    import spanfold
    from spanfold.errors import SpanfoldError
    from spanfold.evaluation import _table
    from spanfold.pyfunc._chats import RowCountError, outputs_of, plain

    try:
        given = None if params is None else json.loads(params)
    except ValueError as fault:
        raise CommandError(f"--params: {params!r} is no JSON: {fault}") from fault
    try:
        rows = list(_table.read(data))
        model = spanfold.pyfunc.load_model(model_uri)
        with ExitStack() as opened:
            file = None if output is None else opened.enter_context(output.open("w", encoding="utf-8"))
            starts = range(0, len(rows), batch_rows)
            batches = model.predict_batches(rows, given, batch_rows=batch_rows)
            for start, made in zip(starts, batches, strict=True):
                for one in outputs_of(made, len(rows[start : start + batch_rows])):
                    line = json.dumps(plain(one), ensure_ascii=False)
                    typer.echo(line, file=file)
        spanfold.flush()
    except SpanfoldError as fault:
        raise CommandError(str(fault)) from fault
    except RowCountError as fault:
        raise CommandError(f"{model_uri} does not give an output a row: try --batch-rows 1") from fault


def serve(
    model_uri: ModelUri,
    *,
    host: Annotated[str, typer.Option(help="Address. Whoever reaches it may use the model.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: a free one.")] = 5_000,
    socket: Annotated[
        Path | None, typer.Option("--socket", help="A Unix socket for this user alone, instead of a port.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Calls at once. Default: 1; 32 of a model that asks a provider."),
    ] = None,
    batch_rows: Annotated[
        int | None,
        typer.Option(min=1, max=4_096, help="Rows a call. Default: 32; 1 of a model that asks a provider."),
    ] = None,
    max_waiting: Annotated[
        int, typer.Option(min=1, max=100_000, help="Requests that may wait; more are refused with 429.")
    ] = 256,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="For one request, waiting included.")] = 600.0,
    ends_with_parent: Annotated[
        bool, typer.Option("--ends-with-parent", help="Stop when the process that started it is gone.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Say in JSON that it is ready.")] = False,
) -> None:
    """Serve a logged model over HTTP: OpenAI's protocol under /v1, and MLflow's /invocations and /ping.

    Runs code of that model. A folder that `save_pretrained` of transformers wrote is served as a chat model.

    Example: `spanfold models serve models:/support-bot --port 5000`
    """
    from spanfold_deploy.model_server.run import Options
    from spanfold_deploy.model_server.run import serve as run

    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "socket_path": socket,
        "workers": workers,
        "batch_rows": batch_rows,
        "max_waiting": max_waiting,
        "timeout_s": timeout_s,
        "ends_with_parent": ends_with_parent,
    }
    run(Options(model_uri, **options), as_json=json_output)
