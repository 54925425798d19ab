"""Reads the gateway's file: YAML in, a table of endpoints out, or a list of what is wrong and where.

MLflow's files work unchanged. Keys are never in the file itself: it names an environment variable (`$NAME`)
or a file that holds the key.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from pydantic import ValidationError

from spanfold_query_api.gateway import config_checks, config_yaml, providers
from spanfold_query_api.gateway.config import Endpoint, EndpointType, Limit, RouteTable, Spend, Target
from spanfold_query_api.gateway.config_secrets import Resolver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from spanfold_query_api.gateway.config_checks import Check
    from spanfold_query_api.gateway.config_yaml import Document, Place

MAX_FAULTS: Final = 20
"""Shown of one file."""
_FIX_ENDPOINTS: Final = "begin the file with  endpoints:  and a list of endpoints below it"
_MEMBERS: Final[Mapping[str, type[BaseModel]]] = {
    "endpoints": Endpoint,
    "model": Target,
    "models": Target,
    "limit": Limit,
    "spend": Spend,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a file."""

    place: Place
    where: str
    """The member, such as `endpoints[0].model.provider`; empty for the whole file."""
    message: str
    fix: str = ""

    def text(self, file: str) -> str:
        """For a person, on one line or two."""
        where = f"{self.where}: " if self.where else ""
        fix = f"\n  Fix: {self.fix}" if self.fix else ""
        return f"{file}:{self.place.line}:{self.place.column}: {where}{self.message}{fix}"


class ConfigError(Exception):
    """The file cannot be used. The message names each place; no value that may be a key is in it."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        shown = [fault.text(file) for fault in faults[:MAX_FAULTS]]
        if len(faults) > MAX_FAULTS:
            shown.append(f"... and {len(faults) - MAX_FAULTS} more")
        super().__init__("\n".join(shown))
        self.file = file
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file that was read."""

    table: RouteTable
    secret_files: tuple[Path, ...]
    """Files that hold keys: when one changes, so does the table."""


def load(
    path: Path,
    *,
    environment: Mapping[str, str] | None = None,
    check_target: Check = providers.check_target,
) -> Loaded:
    """Read a file.

    Args:
        path: of the file; files with keys are looked for beside it.
        environment: where `$NAME` is looked up; by default, this process's environment.
        check_target: says whether a provider can work with what it is given; raises ValueError.

    Raises:
        ConfigError: the file cannot be read or used.

    Example:
        >>> load(Path("gateway.yaml")).table.endpoint("completions")  # doctest: +SKIP
    """
    try:
        with path.open("rb") as file:
            text = file.read(config_yaml.MAX_CHARS * 4 + 1).decode()
    except UnicodeDecodeError:
        raise ConfigError(str(path), [Fault(config_yaml.Place(1, 1), "", "the file is not UTF-8")]) from None
    except OSError as error:
        fault = Fault(
            config_yaml.Place(1, 1),
            "",
            f"the file cannot be read: {error.strerror or error}",
            "name an existing file with --config",
        )
        raise ConfigError(str(path), [fault]) from None
    return parse(text, file=path, environment=environment, check_target=check_target)


def parse(
    text: str,
    *,
    file: Path,
    environment: Mapping[str, str] | None = None,
    check_target: Check = providers.check_target,
) -> Loaded:
    """As :func:`load`, of a text that was read already."""
    name = str(file)
    try:
        document = config_yaml.read(text)
    except config_yaml.YamlError as error:
        raise ConfigError(name, [Fault(error.place, "", error.message)]) from None
    resolver = Resolver(os.environ if environment is None else environment, file.parent)
    data = resolver.resolve(document.data)
    faults = [
        Fault(document.place(path), shown(path), message, fix) for path, message, fix in resolver.faults
    ]
    try:
        table = RouteTable.model_validate({**_as_mapping(data), "secrets": frozenset(resolver.secrets)})
    except ValidationError as error:
        faults += [_explained(detail, document) for detail in error.errors(include_input=False)]
    else:
        found = config_checks.check_table(table, check_target)
        unresolved = {path for path, *_ in resolver.faults}
        for path, message, fix in found:
            written = _as_written(path, document)
            if written not in unresolved:
                faults.append(Fault(document.place(written), shown(written), message, fix))
        if not faults:
            return Loaded(table, tuple(resolver.files))
    raise ConfigError(name, sorted(faults, key=lambda fault: fault.place))


def shown(path: config_yaml.Path) -> str:
    """A path as a person writes it.

    Example:
        >>> shown(("endpoints", 0, "model", "name"))
        'endpoints[0].model.name'
    """
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


def _as_mapping(data: object) -> dict[str, object]:
    # `secrets` is a field of the table, but none of the file.
    if not isinstance(data, dict):
        return {"endpoints": None}
    return {("secrets " if name == "secrets" else name): value for name, value in data.items()}


def _as_written(path: config_yaml.Path, document: Document) -> config_yaml.Path:
    """The file may say `model:` where the table has a list of one."""
    if len(path) > 3 and path[2:4] == ("models", 0):  # noqa: PLR2004 - endpoints, its index, models, its index
        written = (*path[:2], "model", *path[4:])
        if (*path[:2], "model") in document.values:
            return written
    return path


def _explained(detail: ErrorDetails, document: Document) -> Fault:
    """What pydantic found, in this file's words."""
    path = _as_written(detail["loc"], document)
    last = str(path[-1]).strip() if path else ""
    kind, message = detail["type"], detail["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        known = _known(path)
        close = difflib.get_close_matches(last, known, n=1)
        fix = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
        if last == "model":
            return Fault(
                document.place(path, of_name=True), shown(path), "both model and models", "leave one out"
            )
        return Fault(document.place(path, of_name=True), shown(path).strip(), "there is no such setting", fix)
    if kind == "missing":
        around = path[:-1]
        if last == "models":
            return Fault(
                document.place(around), shown(around), "has no model", "add  model:  with provider and name"
            )
        if last == "endpoints":
            return Fault(document.place(()), "", "the file has no endpoints", _FIX_ENDPOINTS)
        return Fault(document.place(around), shown(around), f"{last} is missing", f"add  {last}: ...")
    if path == ("endpoints",) or not path:
        return Fault(document.place(path), shown(path), "must be a list of endpoints", _FIX_ENDPOINTS)
    fix = ""
    if kind == "literal_error":
        message = f"must be one of {detail['ctx']['expected']}".replace("'", "").replace(" or ", ", ")
        given = document_value(document, path)
        choices = get_args(EndpointType) if last == "endpoint_type" else ()
        close = difflib.get_close_matches(given, choices, n=1, cutoff=0.5) if isinstance(given, str) else []
        fix = f"did you mean {close[0]}?" if close else ""
    message = message.replace("Input should be", "must be")
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        message = "must be a mapping: names and values, each  name: value"
    return Fault(document.place(path), shown(path), message[:1].lower() + message[1:], fix)


def document_value(document: Document, path: config_yaml.Path) -> object:
    """What stands at a path; None where nothing does."""
    value = document.data
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _known(path: config_yaml.Path) -> list[str]:
    """What may stand beside the last part of a path."""
    around = next((part for part in reversed(path[:-1]) if isinstance(part, str)), "")
    if not around:
        return ["endpoints"]
    model = _MEMBERS.get(around)
    names = list(model.model_fields) if model is not None else []
    return ["model", *names] if model is Endpoint else [name for name in names if name != "key"]
