"""The command tree. Each command is defined in the module of its group."""

from __future__ import annotations

import typer

from spanfold_deploy.cli import (
    artifacts,
    compare,
    demo,
    deployments,
    evaluate,
    evaluate_compare,
    evaluations,
    experiments,
    feedback,
    instrumentation,
    model_serving,
    models,
    monitors,
    prompts,
    runs,
    servers,
    traces,
)

app = typer.Typer(
    name="spanfold",
    help="Traces of GenAI applications, by model version: OpenTelemetry in, ClickHouse underneath.",
    epilog="New here? `spanfold demo` starts everything and sends real traffic.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(servers.serve)
app.command()(servers.collector)
app.command(name="query-api")(servers.query_api)
app.command()(servers.migrate)
app.command()(demo.demo)
app.command(context_settings=instrumentation.PASSED_ON)(instrumentation.run)
app.command(context_settings=instrumentation.PASSED_ON)(instrumentation.doctor)
models.app.command()(compare.diff)
models.app.command()(compare.compare)
models.app.command()(model_serving.predict)
models.app.command()(model_serving.serve)
models.app.command("artifacts")(artifacts.list_artifacts)
models.app.command()(artifacts.download)
app.add_typer(models.app, name="models")
app.add_typer(artifacts.app, name="artifacts")
app.add_typer(deployments.app, name="deployments")
app.add_typer(runs.app, name="runs")
app.add_typer(experiments.app, name="experiments")
app.add_typer(traces.app, name="traces")
evaluate.app.command("list")(evaluations.list_evaluations)
evaluate.app.command()(evaluations.show)
evaluate.app.command()(evaluations.rows)
evaluate.app.command()(evaluations.cancel)
evaluate.app.command()(evaluate_compare.compare)
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(monitors.app, name="monitors")
app.add_typer(prompts.app, name="prompts")
app.add_typer(feedback.app, name="feedback")
