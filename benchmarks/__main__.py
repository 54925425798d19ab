"""Measure spanfold on this machine.

    python -m benchmarks                     run those that take minutes, one after the other (make bench)
    python -m benchmarks --help              list all scripts
    python -m benchmarks ingest --help       what one of them measures, and its options
    python -m benchmarks ingest --json       run one; each also runs as python -m benchmarks.NAME

Figures of a day, and what to make of them: docs/benchmarks.md.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
QUICK: Final = ("footprint", "sdk", "group_size", "stalled", "ingest")
"""What runs unasked: together about 20 minutes; the others fill databases for longer."""


def scripts() -> dict[str, str]:
    """Each script and the first line of its documentation."""
    files = (file for file in sorted(HERE.glob("*.py")) if not file.name.startswith("_"))
    return {
        file.stem: (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0] for file in files
    }


def run(name: str, arguments: list[str]) -> int:
    """Run one script in a fresh interpreter; returns its exit status."""
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], check=False).returncode


def main(arguments: list[str]) -> int:
    """List or run; returns the exit status."""
    known = scripts()
    if not arguments:
        return max(run(one, []) for one in QUICK)
    name = arguments[0]
    if name in known:
        return run(name, arguments[1:])
    print(__doc__)
    for one, title in known.items():
        print(f"  {one:<20} {title}")
    return 0 if name in ("-h", "--help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
