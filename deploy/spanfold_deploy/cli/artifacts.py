"""``spanfold models artifacts|download`` and ``spanfold artifacts``: files of logged models."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer

from spanfold_deploy.cli._options import (  # noqa: TC001 - typer reads the annotations of commands
    Config,
    Data,
    Database,
    Endpoint,
    Json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold.artifacts._local import LocalStore
    from spanfold.artifacts._remote import RemoteStore
    from spanfold_deploy.cli._client import ApiClient
    from spanfold_deploy.settings import Settings

app = typer.Typer(
    help="The store of files of logged models; for the machine of the server.", no_args_is_help=True
)

_MOST: Final = 10_000_000
Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="Model ID (m-...), or a name: its newest version.")
]
Place = Annotated[
    str | None,
    typer.Option("--artifacts", help="Folder or URL of the store. Default: that of the server's settings."),
]


def list_artifacts(
    model: Model,
    path: Annotated[str, typer.Argument(help="A folder among its files, or a file.")] = "",
    *,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="All files below it.")] = False,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List the files of a model version.

    Example: `spanfold models artifacts support-model --recursive`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        model_id = api.find_model(model)["model_id"]
        found = api.pages(_path_of(model_id), "artifacts", _MOST, path=path or None, recursive=recursive)
    if json_output:
        _output.print_json({"model_id": model_id, "artifacts": found})
        return
    table = _output.table("path", "bytes", "sha256", right=frozenset({"bytes"}))
    for item in found:
        if item["is_dir"]:
            table.add_row(f"{item['path']}/", "", "")
        else:
            table.add_row(item["path"], f"{item['size_bytes']:,}", item["sha256"][:12])
    _output.console().print(table if found else "This version has no files.")


def download(
    model: Model,
    path: Annotated[str, typer.Argument(help="A folder among its files, or a file.")] = "",
    *,
    to: Annotated[Path, typer.Option("--to", help="Where to put them.")] = Path(),
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Fetch files of a model version; every hash is checked.

    Example: `spanfold models download support-model --to support-model`
    """
    import spanfold
    from spanfold import artifacts
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api, _explained():
        model_id = api.find_model(model)["model_id"]
        spanfold.configure(endpoint=api.endpoint)
        fetched = artifacts.download(model_id, to, path)
    if json_output:
        _output.print_json({"model_id": model_id, "path": str(fetched)})
    else:
        _output.console().print(str(fetched))


@app.command()
def gc(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    older_than: Annotated[
        str, typer.Option(help="Leave what came, or was logged again, since: 30m, 24h, 7d.")
    ] = "24h",
    place: Place = None,
    data: Data = None,
    database: Database = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Remove what no model version has: uploads that nobody finished, and whose event never came.

    Files of deleted versions stay, since deletion can be undone. A server of the database must be running.

    Example: `spanfold artifacts gc --dry-run`
    """
    from spanfold_deploy.cli import _client, _output

    before_s = _output.start_of(older_than).timestamp()
    with _explained():
        store = _store(_settings(place, data, database, endpoint, config))
        old = {blob.sha256: blob.size_bytes for blob in store.blobs() if blob.modified_s < before_s}
        # In this order: what is logged in between is seen, since its event comes after its blobs.
        with _client.connect(endpoint, config) as api:
            used = _used(api)
        orphans = {sha256: size for sha256, size in old.items() if sha256 not in used}
        for sha256 in () if dry_run else orphans:
            store.forget(sha256, unless_since_s=before_s)
    size_bytes = sum(orphans.values())
    if json_output:
        _output.print_json({"removed": not dry_run, "bytes": size_bytes, "sha256": sorted(orphans)})
    else:
        done = "would be removed" if dry_run else "removed"
        _output.console().print(f"{len(orphans):,} blobs of {size_bytes:,} bytes {done}")


@app.command()
def verify(
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Remove damaged ones, to log them again.")] = False,
    place: Place = None,
    data: Data = None,
    database: Database = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Read every blob of the store and compare its hash. The exit status is 1 if one is damaged.

    Example: `spanfold artifacts verify`
    """
    from spanfold_deploy.cli import _output

    damaged: list[str] = []
    count = size_bytes = 0
    started = time.monotonic()
    with _explained():
        store = _store(_settings(place, data, database, None, config))
        for blob in store.blobs():
            digest = hashlib.sha256()
            for piece in store.read(blob.sha256):
                digest.update(piece)
            count, size_bytes = count + 1, size_bytes + blob.size_bytes
            if digest.hexdigest() != blob.sha256:
                damaged.append(blob.sha256)
                if remove:
                    store.forget(blob.sha256)
    if json_output:
        _output.print_json({"blobs": count, "bytes": size_bytes, "damaged": damaged, "removed": remove})
    else:
        screen = _output.console()
        for sha256 in damaged:
            screen.print(f"damaged{' and removed' if remove else ''}: {sha256}")
        taken_s = time.monotonic() - started
        screen.print(f"{count:,} blobs, {size_bytes:,} bytes, {len(damaged)} damaged, {taken_s:.1f} s")
    if damaged:
        raise typer.Exit(1)


def _settings(
    place: str | None, data: Path | None, database: str | None, endpoint: str | None, config: Path | None
) -> Settings:
    from spanfold_deploy.settings import load_settings

    if data is not None:
        database = f"chdb://{quote(str(data))}"
    flags = {"artifacts": place, "database": database, "endpoint": endpoint}
    return load_settings(flags, config=config)


def _store(settings: Settings) -> LocalStore | RemoteStore:
    from spanfold.artifacts._places import open_store

    return open_store(settings.artifacts_place())


def _used(api: ApiClient) -> set[str]:
    """The blobs of all model versions, deleted ones too."""
    models = api.pages("/v1/models", "models", _MOST, include_deleted=True)
    return {
        item["sha256"]
        for model in models
        if "/" not in model["model_id"]
        for item in api.pages(_path_of(model["model_id"]), "artifacts", _MOST, recursive=True)
    }


def _path_of(model_id: str) -> str:
    return f"/v1/models/{quote(model_id, safe='')}/artifacts"


@contextmanager
def _explained() -> Iterator[None]:
    """Errors of the SDK as those of a command.

    Raises:
        ApiError: instead of what the SDK raises in the block.
    """
    from spanfold.errors import SpanfoldError
    from spanfold_deploy.errors import ApiError

    try:
        yield
    except SpanfoldError as error:
        raise ApiError(str(error)) from error
