"""The SQL that this package sends: one statement a file in ``queries/``, read once."""

from __future__ import annotations

from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


def _load() -> Mapping[str, Template]:
    folder = resources.files(__package__).joinpath("queries")
    return {
        entry.name.removesuffix(".sql"): Template(entry.read_text(encoding="utf-8").rstrip())
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }


_STATEMENTS: Final = _load()


def statement(name: str, **conditions: str) -> str:
    """The statement in ``queries/<name>.sql``, with compiled conditions in their places.

    Args:
        name: the file's name without its ending.
        **conditions: SQL for each ``$placeholder``. Never text from a request: values are parameters.
    """
    return _STATEMENTS[name].substitute(conditions)
