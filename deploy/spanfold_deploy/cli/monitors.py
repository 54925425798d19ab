"""``spanfold monitors``: metrics that score new traces as they come."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanfold_deploy.cli._options import Config, Endpoint, Json

if TYPE_CHECKING:
    from spanfold_deploy.cli._client import ApiClient

app = typer.Typer(
    help="Monitors: metrics that score new traces as they come, each trace at most once.",
    no_args_is_help=True,
)

Monitor = Annotated[str, typer.Argument(metavar="MONITOR", help="Its name, or its ID (mon-...).")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it; an existing one is changed.")],
    *,
    metrics: Annotated[
        list[str],
        typer.Option(
            "--metrics",
            metavar="METRIC",
            help="Such as token_f1,length or 'safety:model=openai:/gpt-5-mini'. May be repeated.",
        ),
    ],
    judge: Annotated[
        str | None, typer.Option(metavar="URI", help="Model of judges that name none: openai:/gpt-5-mini.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="Only traces of this version: model ID or name. May be repeated."),
    ] = None,
    where: Annotated[
        str, typer.Option(metavar="CONDITION", help="Only traces that meet it: docs/filter.md.")
    ] = "",
    sample: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Score this share of them, such as 10%.")
    ] = None,
    max_cost_usd: Annotated[
        float | None, typer.Option(min=0, metavar="USD", help="Most that judges may cost a day.")
    ] = None,
    max_calls: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Most calls to judges a day.")
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Experiment that it belongs to, by ID or name.")
    ] = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Score new traces from now on. The server does it, also after a restart.

    Example: `spanfold monitors add tone --model docs-qa-v3 --metrics flesch_kincaid_grade_level,length`

    Example: `spanfold monitors add safe --metrics safety --judge openai:/gpt-5-mini --max-calls 900`
    """
    from spanfold_deploy.cli import _client, _metrics, _output
    from spanfold_deploy.cli._options import experiment_ids

    body: dict[str, Any] = {
        "name": name,
        "metrics": [spec.to_dict() for spec in _metrics.specs(metrics, judge)],
        "selection": _given(model=model, where=where),
        "options": _given(max_cost_usd=max_cost_usd, max_calls=max_calls, sample=_share(sample)),
    }
    if ids := experiment_ids([experiment] if experiment else None):
        body["experiment_id"] = ids[0]
    with _client.connect(endpoint, config) as api:
        made = api.post("/v1/monitors", body)
    if json_output:
        _output.print_json(made)
        return
    screen = _output.console()
    screen.print(f"{made['name']}  {made['monitor_id']}", style="bold")
    screen.print(f"scores new traces from now on; see them: spanfold monitors show {name}", soft_wrap=True)


@app.command("list")
def list_monitors(
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most monitors to print.")] = 50,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List monitors: what they score, how much they did, and what it cost.

    Example: `spanfold monitors list`
    """
    from spanfold_deploy.cli import _client, _evaluation_output, _output

    with _client.connect(endpoint, config) as api:
        found = api.pages("/v1/monitors", "monitors", limit)
    if json_output:
        _output.print_json({"monitors": found})
        return
    screen = _output.console()
    _evaluation_output.print_monitors(screen, found)
    if not found:
        screen.print("No monitors yet. Add one: spanfold monitors add NAME --model MODEL --metrics length")


@app.command()
def show(
    monitor: Monitor, *, endpoint: Endpoint = None, config: Config = None, json_output: Json = False
) -> None:
    """Show one monitor, and its scores by version.

    Example: `spanfold monitors show tone`
    """
    from spanfold_deploy.cli import _client, _evaluation_output, _output, evaluations

    with _client.connect(endpoint, config) as api:
        found = _find(api, monitor)
        lines = evaluations.summary_of(api, {**found, "evaluation_id": found["monitor_id"]})
    if json_output:
        _output.print_json({"monitor": found, "summary": lines})
        return
    _evaluation_output.print_monitor(_output.console(), found, lines)


@app.command()
def pause(
    monitor: Monitor, *, endpoint: Endpoint = None, config: Config = None, json_output: Json = False
) -> None:
    """Stop scoring for now. Traces that come meanwhile are scored when it is resumed.

    Example: `spanfold monitors pause tone`
    """
    _change(monitor, "pause", "paused", endpoint, config, json_output=json_output)


@app.command()
def resume(
    monitor: Monitor, *, endpoint: Endpoint = None, config: Config = None, json_output: Json = False
) -> None:
    """Go on scoring after a pause, or after a failure.

    Example: `spanfold monitors resume tone`
    """
    _change(monitor, "resume", "scoring again", endpoint, config, json_output=json_output)


@app.command()
def delete(
    monitor: Monitor, *, endpoint: Endpoint = None, config: Config = None, json_output: Json = False
) -> None:
    """Delete a monitor. Its scores stay.

    Example: `spanfold monitors delete tone`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        found = _find(api, monitor)
        answer = api.delete(f"/v1/monitors/{found['monitor_id']}")
    if json_output:
        _output.print_json(answer or {"monitor_id": found["monitor_id"], "deleted": True})
        return
    _output.console().print(f"{found['name']} is deleted; its scores stay")


def _change(
    monitor: str, action: str, told: str, endpoint: str | None, config: Config, *, json_output: bool
) -> None:
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        found = _find(api, monitor)
        answer = api.post(f"/v1/monitors/{found['monitor_id']}/{action}")
    if json_output:
        _output.print_json(answer)
        return
    _output.console().print(f"{found['name']} is {told}")


def _find(api: ApiClient, name_or_id: str) -> dict[str, Any]:
    """A monitor by its ID or name.

    Raises:
        ApiError: there is none.
    """
    from spanfold_deploy.errors import ApiError
    from spanfold_schemas import ids

    monitor_id = (
        name_or_id if name_or_id.startswith(ids.MONITOR_ID_PREFIX) else ids.derive_monitor_id(name_or_id)
    )
    try:
        found: dict[str, Any] = api.get(f"/v1/monitors/{monitor_id}")
    except ApiError as error:
        if "no monitor" not in str(error):
            raise
        message = f"there is no monitor {name_or_id}.\n  Fix: see `spanfold monitors list`."
        raise ApiError(message) from None
    return found


def _share(text: str | None) -> float | None:
    """A share such as ``10%`` or ``0.1``.

    Raises:
        SettingsError: it is none.

    Example:
        >>> _share("10%"), _share("0.25")
        (0.1, 0.25)
    """
    from spanfold_deploy.errors import SettingsError

    if text is None:
        return None
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        message = (
            f"--sample {text} is no share.\n  Fix: such as 10% or 0.1; a monitor has no end to count to."
        )
        raise SettingsError(message)
    return share


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}
