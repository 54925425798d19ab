"""What differs between two versions: parameters, tags, git, metrics and traffic, side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import models

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_query_api.models import Period
    from spanfold_schemas.database import Database

_GIT: Final = re.compile(r"(?:git|vcs|mlflow\.git|mlflow\.source\.git|spanfold\.git)[._]")
_FACTS: Final = ("name", "experiment_id", "model_type", "source_run_id", "status", "deleted")


def diff(database: Database, a: Mapping[str, Any], b: Mapping[str, Any], period: Period) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.compare_answers.Diff` says of two states, ``b`` seen from ``a``.

    Args:
        database: where their traffic is read.
        a: one state, in the members of :class:`~spanfold_query_api.answers.LoggedModel`.
        b: the other.
        period: of the traffic.
    """
    plain, git = _without_git(a["tags"], b["tags"])
    return {
        "a": a,
        "b": b,
        "properties": changes(_facts(a), _facts(b)),
        "params": changes(a["params"], b["params"]),
        "tags": changes(*plain),
        "git": changes(*git, keep_same=True),
        "metrics": changes(a["metrics"], b["metrics"]),
        "traffic": {
            "a": models.summary(database, a["model_id"], period),
            "b": models.summary(database, b["model_id"], period),
        },
    }


def changes(a: Mapping[str, Any], b: Mapping[str, Any], *, keep_same: bool = False) -> list[dict[str, Any]]:
    """Each key that the two do not say the same of, in order.

    Example:
        >>> changes({"k": "1", "same": "x"}, {"k": "2", "same": "x"})
        [{'key': 'k', 'change': 'changed', 'a': '1', 'b': '2'}]
    """
    found = []
    for key in sorted({*a, *b}):
        change = "added" if key not in a else "removed" if key not in b else "changed"
        if key in a and key in b and a[key] == b[key]:
            change = "same"
        if change != "same" or keep_same:
            found.append({"key": key, "change": change, "a": a.get(key), "b": b.get(key)})
    return found


def table(mappings: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Each key that the mappings do not all say the same of, with what each says (None: nothing).

    Example:
        >>> table([{"k": "1", "same": "x"}, {"k": "2", "same": "x"}, {"same": "x"}])
        [{'key': 'k', 'values': ['1', '2', None]}]
    """
    rows = [
        {"key": key, "values": [mapping.get(key) for mapping in mappings]}
        for key in sorted({key for mapping in mappings for key in mapping})
    ]
    return [row for row in rows if len(set(row["values"])) > 1]


def _facts(state: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(state[name]) for name in _FACTS if state[name] is not None}


def _without_git(*tags: Mapping[str, str]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The tags that do not tell of the source's version control, and those that do."""
    plain = [{key: value for key, value in one.items() if not _GIT.match(key)} for one in tags]
    git = [{key: value for key, value in one.items() if _GIT.match(key)} for one in tags]
    return plain, git
