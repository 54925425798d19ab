"""Results as HTML, for a file that opens offline and for notebooks."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from spanfold.evaluation._result import EvaluationResult


def write(result: EvaluationResult, path: str | PathLike[str]) -> None:
    """Write the report."""
    Path(path).write_text(f"<!doctype html><meta charset=utf-8>{fragment(result)}\n", encoding="utf-8")


def fragment(result: EvaluationResult) -> str:
    """The numbers, for a notebook."""
    rows = "".join(
        f"<tr><td>{escape(key)}</td><td>{value:.6g}</td></tr>" for key, value in result.metrics.items()
    )
    return f"<table><thead><tr><th>metric</th><th>value</th></tr></thead><tbody>{rows}</tbody></table>"
