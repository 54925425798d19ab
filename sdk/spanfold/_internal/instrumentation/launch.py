"""``spanfold run``: becomes another program, with auto-instrumentation in every Python process of it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SITE: Final = str(Path(__file__).parent / "site")
NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
"""As shells have it."""
_MODEL_VARIABLES: Final = ("SPANFOLD_ACTIVE_MODEL", "SPANFOLD_ACTIVE_MODEL_ID", "MLFLOW_ACTIVE_MODEL_ID")


def main(arguments: Sequence[str]) -> NoReturn:
    """Run the command line's program; does not return."""
    own, program = split(arguments)
    parser = _parser()
    options = parser.parse_args(own)
    if not program:
        parser.error("say what to run, for example: spanfold run python app.py")
    command = resolve(program)
    environment = environment_of(os.environ, options)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - this is what the user asked for
    except OSError as fault:
        sys.stderr.write(f"error: cannot run {command[0]}: {fault.strerror}\n")
        sys.exit(NOT_FOUND if isinstance(fault, FileNotFoundError) else NOT_EXECUTABLE)


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our options, and the program with its own, which may look the same.

    Example:
        >>> split(["--model", "v2", "-m", "app", "--model", "x"])
        (['--model', 'v2'], ['-m', 'app', '--model', 'x'])
    """
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        if arguments[index] == "--":
            return list(arguments[:index]), list(arguments[index + 1 :])
        if arguments[index] in {"-m", "-c"}:
            break
        takes_value = arguments[index].startswith("--") and "=" not in arguments[index]
        index += 2 if takes_value and arguments[index] != "--help" else 1
    return list(arguments[:index]), list(arguments[index:])


def resolve(command: Sequence[str]) -> list[str]:
    """The command with Python before it where it names a script or, by ``-m``, a module.

    Example:
        >>> resolve(["uvicorn", "app:app"])
        ['uvicorn', 'app:app']
    """
    first = command[0]
    if first in {"-m", "-c"}:
        return [sys.executable, *command]
    # Like a shell, prefer a program of that name on the path; scripts need not be executable.
    if first.endswith(".py") and shutil.which(first) is None and Path(first).is_file():
        return [sys.executable, *command]
    return list(command)


def environment_of(inherited: Mapping[str, str], options: argparse.Namespace) -> dict[str, str]:
    """The environment of the program: as it was, with the options and the folder that Python looks into."""
    environment = dict(inherited)
    paths = [
        entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != SITE
    ]
    environment["PYTHONPATH"] = os.pathsep.join([SITE, *paths])
    environment["SPANFOLD_RUN_PID"] = str(os.getpid())  # the program keeps this process's number
    if options.model is not None:
        for variable in _MODEL_VARIABLES:
            environment.pop(variable, None)
        git = options.model == "git"
        environment["SPANFOLD_ACTIVE_MODEL" if git else "SPANFOLD_ACTIVE_MODEL_ID"] = options.model
    if options.service_name is not None:
        environment["OTEL_SERVICE_NAME"] = options.service_name
    if options.disable:
        variable = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
        environment[variable] = ",".join(filter(None, [environment.get(variable), *options.disable]))
    return environment


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spanfold run",
        usage="spanfold run [options] (PROGRAM | SCRIPT.py | -m MODULE) [arguments]",
        description="Run a program with auto-instrumentation: no line of it is changed.",
        epilog="Example: spanfold run --model support-bot-v2 uvicorn app:app",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="active model: a name, an ID, or 'git' for the commit"
    )
    parser.add_argument("--service-name", metavar="NAME", help="the service's name (OTEL_SERVICE_NAME)")
    parser.add_argument(
        "--disable", metavar="LIBRARY", action="append", help="leave a library alone; may be repeated"
    )
    return parser
