"""What ``spanfold feedback`` reads from files, and how an agreement looks in a terminal."""

from __future__ import annotations

import csv
import json
import math
from contextlib import suppress
from getpass import getuser
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from spanfold_deploy.cli import _output
from spanfold_deploy.errors import ApiError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from spanfold_deploy.cli._client import ApiClient

_PATHS: Final = {"feedback": "feedback", "expectation": "expectations"}
_OPTIONAL: Final = ("rationale", "source_id", "span_id", "metadata")
_COLUMNS: Final = ("kind", "trace_id", "name", "value", *_OPTIONAL)
_TRACE_ID_CHARS: Final = 32
_TEXT_CHARS: Final = 80


def value_of(text: str) -> bool | float | str:
    """A value as people type it.

    Example:
        >>> [value_of(text) for text in ("true", "4", "0.5", "polite", "nan")]
        [True, 4, 0.5, 'polite', 'nan']
    """
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    return text


def user() -> str:
    """Who runs this command, as far as the system knows."""
    with suppress(OSError, KeyError, ImportError):
        return getuser()
    return ""


def read(file: Path, by: str | None) -> list[dict[str, Any]]:
    """The rows of a file, checked; each with ``path`` and ``body``.

    Raises:
        SettingsError: the file cannot be read, or a row is not complete; the message names it.
    """
    try:
        rows = list(_csv(file) if file.suffix.lower() == ".csv" else _json_lines(file))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        message = f"{file} cannot be read: {fault}"
        raise SettingsError(message) from None
    return [_checked(file, number, row, by) for number, row in enumerate(rows, 1)]


def _csv(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            given = {key: text for key, text in row.items() if text not in {None, ""}}
            if given.get("kind", "feedback") == "feedback" and "value" in given:
                given["value"] = value_of(given["value"])
            yield given


def _json_lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as fault:
                message = f"{file}, line {number}: no JSON: {fault}.\n  Fix: a JSON object a line, or CSV"
                raise SettingsError(message) from None
            if not isinstance(row, dict):
                message = f"{file}, line {number}: no JSON object"
                raise SettingsError(message)
            yield row


def _checked(file: Path, number: int, row: Mapping[str, Any], by: str | None) -> dict[str, Any]:
    kind = row.get("kind", "feedback")
    wrong = None
    if unknown := sorted(map(str, row.keys() - set(_COLUMNS))):
        wrong = f"there is no column {unknown[0]!r}: there are {', '.join(_COLUMNS)}"
    elif kind not in _PATHS:
        wrong = f"kind is {kind!r}: feedback or expectation"
    elif len(str(row.get("trace_id", ""))) != _TRACE_ID_CHARS:
        wrong = "trace_id must have 32 hexadecimal digits"
    elif row.get("value") is None:
        wrong = "it has no value"
    elif kind == "feedback" and not row.get("name"):
        wrong = "it has no name"
    if wrong:
        message = f"{file}, row {number}: {wrong}; nothing was sent"
        raise SettingsError(message)
    body = {name: row[name] for name in ("name", "value", *_OPTIONAL) if row.get(name) is not None}
    body.setdefault("source_id", by or user())
    return {"path": f"/v1/traces/{quote(str(row['trace_id']), safe='')}/{_PATHS[kind]}", "body": body}


def send(api: ApiClient, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[dict[str, Any]]]:
    """Send all rows; how many were recorded, and why others were not."""
    refused: list[dict[str, Any]] = []
    for number, row in enumerate(rows, 1):
        try:
            api.post(row["path"], row["body"])
        except ApiError as error:
            refused.append({"row": number, "reason": str(error)})
    return len(rows) - len(refused), refused


def print_agreement(screen: Console, found: Mapping[str, Any]) -> None:
    """The answer of ``/v1/agreement``."""
    screen.print(
        f"{found['judge']} against people's {found['human']}: {found['count']:,} traces, "
        f"agreement {found['strength']}"
    )
    table = _output.table("", "", f"{100 * found['confidence']:g} % interval", right=frozenset())
    for name in ("accuracy", "kappa", "weighted_kappa", "spearman", "bias", "bias_and_length"):
        if found[name]["value"] is not None:
            table.add_row(name, *_measure(found[name]))
    for group in (*found["by_length"], *found["by_position"]):
        table.add_row(f"bias, {group['name']} ({group['count']:,})", *_measure(group["bias"]))
    screen.print(table)
    if found["confusion"]:
        classes = [_shown(one) for one in found["classes"]]
        counts = _output.table("people \\ judge", *classes, right=frozenset(classes))
        for one, row in zip(classes, found["confusion"], strict=True):
            counts.add_row(one, *map(str, row))
        screen.print(counts)
    if found["disagreements"]:
        differing = _output.table("trace", "judge", "people", "the judge's justification")
        for one in found["disagreements"]:
            text = _output.shorten(one["justification"], _TEXT_CHARS)
            differing.add_row(one["trace_id"], _shown(one["judge"]), _shown(one["human"]), text)
        screen.print(differing)
    for note in found["notes"]:
        screen.print(f"note: {note}", style="bold yellow")


def _measure(measure: Mapping[str, float | None]) -> tuple[str, str]:
    limits = [measure[name] for name in ("lower", "upper")]
    value = "-" if measure["value"] is None else f"{measure['value']:+.2f}"
    return value, " to ".join("?" if limit is None else f"{limit:+.2f}" for limit in limits)


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
