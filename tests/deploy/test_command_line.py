"""The command line starts quickly, teaches, and explains what is wrong."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from spanfold_deploy.cli.app import app
from tests.deploy.processes import environment, run

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"chdb", "clickhouse_connect", "fastapi", "grpc", "httpx", "opentelemetry", "pydantic", "uvicorn"}
COMMANDS = [
    ["serve"],
    ["collector"],
    ["query-api"],
    ["migrate"],
    ["demo"],
    ["doctor"],
    ["models", "list"],
    ["models", "show"],
    ["models", "history"],
    ["traces", "list"],
    ["traces", "show"],
]


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_imports_nothing_heavy() -> None:
    done = python(
        "import sys; sys.argv = ['spanfold', '--help']\n"
        "from spanfold_deploy.cli import main\n"
        "try: main()\n"
        "finally: print('LOADED', *sys.modules)\n"
    )
    loaded = {name.split(".")[0] for name in done.stdout.partition("LOADED")[2].split()}
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_help_takes_less_than_a_cpu_second(tmp_path: Path) -> None:
    cached = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    run("--help", **cached)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run("--help", **cached).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_teaches_by_an_example_and_speaks_json(command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "120"})
    assert done.exit_code == 0
    assert f"Example: spanfold {' '.join(command)}" in " ".join(done.stdout.replace("`", "").split())
    assert "--json" in done.stdout


def test_without_the_extra_a_command_says_which_install_line_brings_it() -> None:
    done = python(
        "import sys; sys.modules['typer'] = None; sys.argv = ['spanfold', 'serve']\n"
        "from spanfold_deploy.cli import main\n"
        "main()\n"
    )
    assert done.returncode == 2
    assert "needs the package typer" in done.stderr
    assert "pip install 'spanfold[server]'" in done.stderr


def test_a_fault_of_our_own_is_not_blamed_on_the_installation() -> None:
    done = python(
        "import sys; sys.modules['spanfold_deploy.cli.app'] = None; sys.argv = ['spanfold', 'serve']\n"
        "from spanfold_deploy.cli import main\n"
        "main()\n"
    )
    assert "Traceback" in done.stderr
    assert "pip install" not in done.stderr


@pytest.mark.parametrize("command", [["models", "list"], ["traces", "list"], ["traces", "show", "0" * 32]])
def test_where_nothing_answers_the_error_says_how_to_start_a_server(command: list[str]) -> None:
    done = run(*command, "--endpoint", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "nothing answers at http://127.0.0.1:9" in done.stderr
    assert "spanfold serve" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_ends_the_command_without_a_traceback() -> None:
    done = run("serve", SPANFOLD_API_PORT="many")
    assert done.returncode == 2
    assert "SPANFOLD_API_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_names_for_the_database_are_refused(tmp_path: Path) -> None:
    done = run("serve", "--data", str(tmp_path), "--database", "chdb:///elsewhere")
    assert done.returncode == 2
    assert "leave one out" in done.stderr


def test_a_dry_run_names_the_migrations_and_applies_none(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    planned = json.loads(run("migrate", "--dry-run", "--json", *data).stdout)["pending"]
    assert [step["number"] for step in planned] == list(range(1, len(planned) + 1))
    assert json.loads(run("migrate", "--json", *data).stdout)["applied"] == planned
    assert "is up to date" in run("migrate", *data).stdout


def test_a_closed_pipe_ends_a_command_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "spanfold_deploy.cli", "--help"],
            env=environment(),
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert b"Traceback" not in done.stderr
