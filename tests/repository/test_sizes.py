"""Tails tell a readable code base from another: no long file, no long function."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.repository._files import ROOT, page_files, python_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70


@pytest.mark.parametrize("files", [python_files, page_files])
def test_no_file_is_longer_than_400_lines(files: Callable[[], tuple[Path, ...]]) -> None:
    lines = {file: len(file.read_text().splitlines()) for file in files()}
    assert lines, "no file was found: the listing is broken"
    too_long = {str(file.relative_to(ROOT)): n for file, n in lines.items() if n > MAX_FILE_LINES}
    assert not too_long


def test_no_function_is_longer_than_70_lines() -> None:
    too_long = {
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}": lines
        for file in python_files()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert not too_long
