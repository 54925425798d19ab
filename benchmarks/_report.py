"""Results as a Markdown table for people and as JSON for programs."""

from __future__ import annotations

import argparse
import json
import os
import platform
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def parser(documentation: str) -> argparse.ArgumentParser:
    """A command line whose help is the script's own documentation."""
    made = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    return made


def machine() -> dict[str, Any]:
    """What the figures of a run depend on most: say it beside them."""
    return {
        "cpus": os.cpu_count(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"  # noqa: PLR2004 - three digits
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table; the columns are the first row's keys."""
    lines = [list(rows[0])] + [[_text(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    return "\n".join([padded[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *padded[1:]])


def show(title: str, rows: Sequence[Mapping[str, Any]], *, as_json: bool, **more: Any) -> None:
    """Print the result of a script."""
    if as_json:
        print(json.dumps({"title": title, "machine": machine(), "rows": list(rows), **more}))
        return
    print(f"\n## {title}\n\n{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n")
    print(table(rows))
    for name, value in more.items():
        print(f"\n{name}: {_text(value)}")
