"""Set this checkout up and run its targets: the one implementation behind the Makefile.

    python3 scripts/setup.py [setup|demo|test|check|format|bench|lock] [--dev] [arguments of the target]

The virtual environment goes to ``.venv`` and holds exactly what the hashed lock files name. A second run
finds the stamp that the first one left and starts the target at once. Standard library only, because this
runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
STAMP = VENV / "spanfold-setup-stamp"
PROJECT = ROOT / "pyproject.toml"
LOCKS = ROOT / "requirements"
INSTALLER_LOCK = LOCKS / "installer.lock"
SERVER_LOCK = LOCKS / "server.lock"
DEV_LOCK = LOCKS / "dev.lock"
TORCH_LOCK = LOCKS / "torch.lock"
NODE_LOCK = LOCKS / "node.lock"
WEB = ROOT / "scripts" / "web.py"
NO_NODE = 3
"""What scripts/web.py exits with where it finds no Node."""

TESTED_EXTRAS = (
    "evaluate",
    "models",
    "dataframe",
    "fastapi",
    "grpc",
    "celery",
    "openai",
    "anthropic",
    "langchain",
)
"""Extras that the development environment holds besides the server's."""

MAX_TEST_PROCESSES = 4
"""Many tests start servers of their own, and measure patience in seconds: more processes make them slow."""

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
    ("python", "scripts/web.py", "--check"),
)
"""What ``check`` runs, each to its end, so that one run shows every complaint."""


class SetupError(Exception):
    """The machine lacks something; the message says what, and what to do about it."""


def say(message: str) -> None:
    """Print one progress line at once, before the next child process writes its own."""
    print(f"[spanfold] {message}", flush=True)


def run(*command: str | Path) -> int:
    """Run a command in the repository root on this terminal; returns its exit status."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


def become(program: Path, *arguments: str) -> NoReturn:
    """Replace this process by a program, so that signals and the exit status are the program's own."""
    os.chdir(ROOT)
    os.execv(program, [str(program), *arguments])


def require_supported_machine() -> None:
    """Refuse early, with the remedy, what would fail later in a less readable way.

    Raises:
        SetupError: Windows, or a Python older than 3.11.
    """
    if sys.platform == "win32":
        message = "the embedded ClickHouse engine has no Windows build: run this inside WSL"
        raise SetupError(message)
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        message = f"Python 3.11 or newer is needed, this is {found}: try `make PYTHON=python3.12 ...`"
        raise SetupError(message)


def venv_works() -> bool:
    """Whether ``.venv`` runs and was made here: its scripts name their interpreter by its full path."""
    config = VENV / "pyvenv.cfg"
    if not (PYTHON.exists() and config.exists()):
        return False
    made_here = any(line.endswith(f" {VENV}") for line in config.read_text().splitlines())
    return made_here and run(PYTHON, "-c", "import pip") == 0


def make_venv() -> None:
    """Make the virtual environment, unless one that works is there.

    Raises:
        SetupError: this Python has no venv module (Debian packages it apart).
    """
    if venv_works():
        return
    say(f"making .venv with Python {sys.version.split()[0]}")
    if run(sys.executable, "-m", "venv", "--clear", VENV) != 0:
        message = (
            f"`{sys.executable} -m venv` failed: on Debian or Ubuntu, install the package "
            f"python{sys.version_info[0]}.{sys.version_info[1]}-venv and run this again"
        )
        raise SetupError(message)


def install(lock: Path) -> None:
    """Install what a lock names and then this checkout, with uv where it works and with pip where not.

    uv is three times as fast but does not read pip's configuration, so behind a company mirror it may find
    nothing. Nothing resolves dependencies here: the locks are complete, and they leave out packages that
    the metadata of others asks for in vain.

    Raises:
        SetupError: neither of them could install.
    """
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps")
    if run(*pip, "--require-hashes", "-r", INSTALLER_LOCK) != 0:
        message = "pip could not install requirements/installer.lock (above: why; usually the network)"
        raise SetupError(message)
    if lock == DEV_LOCK and run(*(part for part in pip if part != "--no-deps"), "-r", TORCH_LOCK) != 0:
        message = "pip could not install requirements/torch.lock (above: why; usually the network)"
        raise SetupError(message)
    # Compiled now, because a start without bytecode costs 2.5 times the CPU wherever writing it is off.
    uv = (BIN / "uv", "pip", "install", "--python", PYTHON, "--no-deps", "--compile-bytecode", "--quiet")
    for installer in (uv, pip):
        if run(*installer, "--require-hashes", "-r", lock) == 0:
            break
        say("that did not work; trying again with pip" if installer is uv else "pip failed as well")
    else:
        message = f"could not install {lock.relative_to(ROOT)} (above: why)"
        raise SetupError(message)
    if run(*pip, "--no-build-isolation", "--editable", ROOT) != 0:
        message = "the dependencies are installed, but spanfold itself could not be (above: why)"
        raise SetupError(message)


def fingerprint(lock: Path) -> str:
    """One hash over all that decides the content of the environment, where it lies included."""
    digest = hashlib.sha256(str(ROOT).encode())
    for file in (INSTALLER_LOCK, lock, PROJECT, *((TORCH_LOCK,) if lock == DEV_LOCK else ())):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process sets this checkout up, and keep others waiting meanwhile."""
    import fcntl  # noqa: PLC0415 - not on Windows, which is to be told so in a sentence

    checkout = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(checkout, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is setting this checkout up: waiting for it")
            fcntl.flock(checkout, fcntl.LOCK_EX)
        yield
    finally:
        os.close(checkout)


def is_set_up(*, dev: bool) -> bool:
    """Whether ``.venv`` is what the locks say."""
    done = STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []
    return fingerprint(DEV_LOCK) in done or (not dev and fingerprint(SERVER_LOCK) in done)


def set_up(*, dev: bool) -> None:
    """Bring ``.venv`` to what the locks say; at once when it is there already.

    Args:
        dev: also install what testing and checking need.

    Raises:
        SetupError: something that the machine lacks; safe to run again once it is there.
    """
    if not is_set_up(dev=dev):
        with alone():
            if not is_set_up(dev=dev):
                renew(dev=dev)
    build_page()


def build_page() -> None:
    """Build the web page where its source has changed. All else works without it: a failure is only told."""
    status = run(PYTHON, WEB)
    if status == NO_NODE:
        say("installing Node into .venv (60 MB)")
        pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps")
        if run(*pip, "--require-hashes", "-r", NODE_LOCK) == 0:
            status = run(PYTHON, WEB)
    if status != 0:
        say("going on without the web page (above: why it could not be built)")


def renew(*, dev: bool) -> None:
    """Make ``.venv`` what the locks say. Nobody else may be at it. Raises SetupError."""
    lock = DEV_LOCK if dev else SERVER_LOCK
    make_venv()
    count = lock.read_text().count("==")
    say(f"installing {count} locked packages into .venv (about 0.6 GB, most of it the database engine)")
    STAMP.unlink(missing_ok=True)
    install(lock)
    STAMP.write_text(fingerprint(lock))
    say("ready")


def check() -> int:
    """Run every static check; returns 0 when all of them pass."""
    failed = [" ".join(command) for command in CHECKS if not passes(command)]
    say(f"failed: {', '.join(failed)}" if failed else "all checks pass")
    return 1 if failed else 0


def passes(command: tuple[str, ...]) -> bool:
    """Whether one tool of the environment is content."""
    say(" ".join(command))
    return run(BIN / command[0], *command[1:]) == 0


def lock_dependencies() -> int:
    """Write the lock files anew from pyproject.toml; existing pins stay unless a bound forbids them."""
    compile_lock = (
        *(BIN / "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--no-annotate", "--no-header"),
    )
    extras = [f"--extra={name}" for name in ("server", *TESTED_EXTRAS)]
    # torch has a lock of its own.
    dev: tuple[str | Path, ...] = (*extras, "--group", "dev", "--group", "installer")
    dev += ("--excludes", LOCKS / "not-in-the-dev-lock.txt")
    # chDB's metadata demands pandas and pyarrow, but the server uses neither: 267 MB less on disk.
    server = ("--extra", "server", "--excludes", LOCKS / "not-needed-by-the-server.txt")
    return (
        run(*compile_lock, *dev, "pyproject.toml", "-o", DEV_LOCK)
        or run(*compile_lock, *server, "pyproject.toml", "-c", DEV_LOCK, "-o", SERVER_LOCK)
        or run(*compile_lock, "--group", "installer", "-c", DEV_LOCK, "-o", INSTALLER_LOCK)
        or run(*compile_lock, "--group", "node", "-o", NODE_LOCK)
    )


def main(arguments: list[str]) -> int:
    """Run one target; returns the exit status."""
    target = arguments.pop(0) if arguments and not arguments[0].startswith("-") else "setup"
    dev = "--dev" in arguments or target not in {"setup", "demo"}
    arguments = [argument for argument in arguments if argument != "--dev"]
    if target not in {"setup", "demo", "test", "check", "format", "bench", "lock"}:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        require_supported_machine()
        set_up(dev=dev)
    except SetupError as error:
        say(f"cannot go on: {error}")
        return 1
    if target == "demo":
        become(BIN / "spanfold", "demo", *arguments)
    elif target == "test":
        # What was asked for by name runs in one process, where its output can be followed.
        share = () if arguments else ("--numprocesses", str(min(os.cpu_count() or 1, MAX_TEST_PROCESSES)))
        become(PYTHON, "-m", "pytest", *share, "--dist=loadfile", *arguments)
    elif target == "bench":
        become(PYTHON, "-m", "benchmarks", *arguments)
    elif target == "check":
        return check()
    elif target == "format":
        fix, style = (BIN / "ruff", "check", "--fix-only", "."), (BIN / "ruff", "format", ".")
        return run(*fix) or run(*style) or run(PYTHON, WEB, "--format")
    elif target == "lock":
        return lock_dependencies()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
