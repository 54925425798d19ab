"""``spanfold prompts``: templates as versions."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: PLR0913 - a command has the options it has
# ruff: noqa: TC001, TC003 - typer reads the annotations of commands

from __future__ import annotations

import json
import sys
from contextlib import suppress
from getpass import getuser
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from spanfold_deploy.cli._options import AsOf, Config, Endpoint, Filter, Json, OrderBy

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    help="Prompts: versions of templates, and the aliases that applications load them by.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the prompt.")]
_VERSION = "A number, an alias, or latest."


@app.command("list")
def list_prompts(
    *,
    condition: Filter = None,
    order_by: OrderBy = None,
    include_deleted: Annotated[bool, typer.Option("--include-deleted", help="Deleted ones, too.")] = False,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most prompts to print.")] = 50,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List prompts, newest first unless ordered otherwise.

    Example: `spanfold prompts list --filter "tags.team = 'ml' AND name LIKE 'support-%'"`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        found = api.pages(
            "/v1/prompts",
            "prompts",
            limit,
            filter=condition,
            order_by=order_by,
            include_deleted=include_deleted,
            as_of=as_of,
        )
    if json_output:
        _output.print_json({"prompts": found})
        return
    table = _output.table("name", "latest", "aliases", "tags", "changed", right=frozenset({"latest"}))
    for prompt in found:
        table.add_row(
            prompt["name"] + (" (deleted)" if prompt["deleted"] else ""),
            str(prompt["latest_version"]),
            _output.pairs(prompt["aliases"]),
            _output.shorten(_output.pairs(prompt["tags"]), 60),
            _output.local_time(prompt["last_updated_time"]),
        )
    screen = _output.console()
    screen.print(table)
    if not found:
        narrowed = condition is not None or as_of is not None
        screen.print(
            "No prompt is like that." if narrowed else "No prompts yet: `spanfold prompts register`."
        )


@app.command()
def show(
    prompt: Annotated[
        str, typer.Argument(metavar="PROMPT", help="prompts:/NAME/3, prompts:/NAME@production, or a name.")
    ],
    *,
    as_of: AsOf = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Show a version: its template, variables and settings.

    Example: `spanfold prompts show prompts:/greeting@production`
    """
    from spanfold_deploy.cli import _client, _output

    name, which = _reference(prompt)
    with _client.connect(endpoint, config) as api:
        found = api.get(_path(name, "versions", which), as_of=as_of)
    if json_output:
        _output.print_json(found)
    else:
        _print_version(_output.console(), found)


@app.command()
def versions(
    name: Name,
    *,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most versions to print.")] = 50,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List the versions of a prompt, newest first.

    Example: `spanfold prompts versions greeting`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        found = api.pages(_path(name, "versions"), "versions", limit, page_size=100, as_of=as_of)
    if json_output:
        _output.print_json({"versions": found})
        return
    table = _output.table("version", "aliases", "registered", "by", "message", right=frozenset({"version"}))
    for version in found:
        table.add_row(
            str(version["version"]),
            " ".join(version["aliases"]),
            _output.local_time(version["creation_time"]),
            version["user"] or "",
            _output.shorten(version["commit_message"], 80),
        )
    _output.console().print(table)


@app.command()
def register(
    name: Name,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="Template; .json: a list of messages. Default: what is piped in."
        ),
    ] = None,
    *,
    message: Annotated[str | None, typer.Option("--message", "-m", help="What changed, and why.")] = None,
    settings: Annotated[
        str | None, typer.Option(metavar="JSON", help="For the model, such as '{\"temperature\": 0}'.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="May be repeated.")] = None,
    alias: Annotated[str | None, typer.Option(help="Let this alias stand for it, too.")] = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Register a version of a prompt, under the next number.

    Example: `spanfold prompts register greeting greeting.txt -m "more polite" --alias production`
    """
    from spanfold_deploy.cli import _client, _output

    given = {
        "template": _template(file),
        "commit_message": message,
        "model_settings": None if settings is None else _json("--settings", settings),
        "tags": dict(map(_tag, tag or ())),
        "user": _user(),
    }
    with _client.connect(endpoint, config) as api:
        body = {key: value for key, value in given.items() if value is not None}
        found = api.post(_path(name, "versions"), body)
        if alias is not None:
            api.put(_path(name, "aliases", alias), {"version": found["version"], "user": _user() or ""})
            found["aliases"] = sorted({*found["aliases"], alias})
    if json_output:
        _output.print_json(found)
        return
    variables = ", ".join(found["variables"]) or "none"
    _output.console().print(f"registered {found['uri']}; variables: {variables}")


@app.command()
def diff(
    name: Name,
    a: Annotated[str, typer.Argument(metavar="A", help=_VERSION)],
    b: Annotated[str, typer.Argument(metavar="B", help=_VERSION)] = "latest",
    *,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Show what differs between two versions: template and settings, line by line.

    Example: `spanfold prompts diff greeting production latest`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        found = api.get(_path(name, "diff"), a=a, b=b)
    if json_output:
        _output.print_json(found)
        return
    screen = _output.console()
    if found["diff"] is None:
        screen.print("Too many lines to be compared: see `spanfold prompts show`.")
    elif not found["diff"]:
        screen.print(f"{found['a']['uri']} and {found['b']['uri']} say the same.")
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in (found["diff"] or "").splitlines():
        screen.print(line, style=styles.get(line[:1]))


@app.command()
def alias(
    name: Name,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="Such as production.")],
    version: Annotated[
        int | None, typer.Argument(metavar="VERSION", min=1, help="What it is to stand for.")
    ] = None,
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Remove it.")] = False,
    endpoint: Endpoint = None,
    config: Config = None,
) -> None:
    """Let an alias stand for a version; running applications follow within a minute.

    Example: `spanfold prompts alias greeting production 3`
    """
    from spanfold_deploy.cli import _client, _output

    if delete == (version is not None):
        raise typer.BadParameter("name a version, or --delete", param_hint="VERSION")
    path = _path(name, "aliases", alias)
    with _client.connect(endpoint, config) as api:
        found = api.delete(path) if delete else api.put(path, {"version": version, "user": _user() or ""})
    _output.console().print(f"aliases of {name}: {_output.pairs(found['aliases']) or 'none'}")


@app.command()
def history(
    name: Name,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most events to print.")] = 200,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Print what happened to a prompt: which version and alias came when, and by whom.

    Example: `spanfold prompts history greeting`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        events = api.pages(_path(name, "events"), "events", limit)
    if json_output:
        _output.print_json({"events": events})
        return
    table = _output.table("time", "event", "actor", "payload")
    for event in events:
        table.add_row(
            _output.local_time(event["event_time"]),
            event["event_type"].removeprefix("spanfold.prompt."),
            event["actor"],
            _output.shorten(json.dumps(event["payload"], ensure_ascii=False), 100),
        )
    _output.console().print(table)


@app.command()
def delete(name: Name, *, endpoint: Endpoint = None, config: Config = None) -> None:
    """Delete a prompt with all its versions. One that is registered later brings them back.

    Example: `spanfold prompts delete greeting`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        api.delete(_path(name))
    _output.console().print(f"deleted {name}")


def _print_version(screen: Console, version: dict[str, Any]) -> None:
    from spanfold_deploy.cli import _output

    screen.print(version["uri"], style="bold")
    facts = {
        "aliases": " ".join(version["aliases"]),
        "registered": _output.local_time(version["creation_time"]),
        "by": version["user"],
        "message": version["commit_message"],
        "tags": _output.pairs(version["tags"]),
        "variables": " ".join(version["variables"]),
        "settings": version["model_settings"] and json.dumps(version["model_settings"], ensure_ascii=False),
        "format": version["response_format"] and json.dumps(version["response_format"], ensure_ascii=False),
    }
    for name, value in facts.items():
        if value:
            screen.print(f"  {name:<11} {value}")
    template = version["template"]
    for message in [{"content": template}] if isinstance(template, str) else template:
        screen.print("\n" + (f"[{message['role']}]\n" if "role" in message else "") + message["content"])


def _path(name: str, *more: object) -> str:
    return "/".join(("/v1/prompts", *(quote(str(part), safe="") for part in (name, *more))))


def _reference(prompt: str) -> tuple[str, int | str]:
    from spanfold.errors import InvalidArgumentError
    from spanfold.prompts import reference

    try:
        return reference(prompt)
    except InvalidArgumentError as error:
        raise typer.BadParameter(str(error), param_hint="PROMPT") from None


def _template(file: Path | None) -> object:
    try:
        if file is None:
            # Not as the locale has it: a byte that is no UTF-8 must not get any further.
            return TextIOWrapper(sys.stdin.buffer, encoding="utf-8").read()
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"cannot be read: {error}", param_hint="FILE") from None
    return _json("FILE", text) if file.suffix == ".json" else text


def _json(where: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"is no JSON: {error}", param_hint=where) from None


def _tag(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise typer.BadParameter(f"{text!r} has no =: write KEY=VALUE", param_hint="--tag")
    return key, value


def _user() -> str | None:
    with suppress(OSError, KeyError, ImportError):  # a container may have no name for its user
        return getuser()
    return None
