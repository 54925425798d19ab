"""The files of this repository, as git sees them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def repository_files() -> tuple[Path, ...]:
    """Every file that is or could be committed: ignored ones are left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=30,
    ).stdout.decode()
    files = (ROOT / name for name in sorted(set(listing.split("\0"))) if name)
    return tuple(file for file in files if file.is_file())


def page_files() -> tuple[Path, ...]:
    """Every source file of the web page that people write."""
    source = ROOT / "query_api" / "web"
    written = (file for file in repository_files() if file.is_relative_to(source))
    return tuple(
        file for file in written if file.suffix in {".ts", ".tsx", ".css"} and file.name != "schema.d.ts"
    )


def python_files() -> tuple[Path, ...]:
    """Every Python source file of the repository."""
    return tuple(file for file in repository_files() if file.suffix == ".py")
