"""The rules on imports that import-linter cannot state, because it needs a list of what is forbidden."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.repository._files import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


def imported_packages(tree: ast.AST) -> Iterator[str]:
    """The top-level name of every absolute import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def imports_outside(folder: str, allowed: set[str] | frozenset[str]) -> set[str]:
    files = list((ROOT / folder).rglob("*.py"))
    assert files, f"no source in {folder}"
    return {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in imported_packages(ast.parse(file.read_text()))
        if name not in allowed
    }


def test_schemas_import_the_standard_library_only() -> None:
    assert not imports_outside("schemas", sys.stdlib_module_names | {"spanfold_schemas"})


def test_setup_script_imports_the_standard_library_only() -> None:
    assert not imports_outside("scripts", sys.stdlib_module_names)


def test_importing_the_sdk_loads_no_package_of_the_server() -> None:
    probe = "import spanfold, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60
    ).stdout.split()
    assert "spanfold" in loaded
    server = {"spanfold_collector", "spanfold_query_api", "spanfold_deploy", "chdb", "clickhouse_connect"}
    assert not (server | {"fastapi", "grpc", "pydantic", "rich", "typer", "uvicorn"}) & set(loaded)
