"""Nothing that only holds on one machine, and nothing secret, is ever committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.repository._files import ROOT, repository_files

FORBIDDEN = {
    "a path of one machine": r"/(work|root)/",
    "the host of a package registry": (
        r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|crates\.io|proxy\.golang\.org|deb\.debian\.org)\b"
    ),
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a key of a cloud": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of a code host": r"\b(gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20})\b",
    "a key of a model provider": r"\bsk-(ant-|proj-)?[A-Za-z0-9_-]{32,}",
    "a token of a chat service": r"\bxox[abprs]-[0-9A-Za-z-]{20,}",
}


def found_in(text: str) -> list[str]:
    """What in a text must not be committed."""
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)]


def test_no_file_holds_a_machine_path_a_registry_host_or_a_secret() -> None:
    here = Path(__file__).resolve()
    files = [file for file in repository_files() if file != here]
    findings = {
        str(file.relative_to(ROOT)): found
        for file in files
        if (found := found_in(file.read_bytes().decode(errors="replace")))
    }
    assert files
    assert not findings


@pytest.mark.parametrize(
    "text",
    [
        "cd /root/x",
        "--index-url https://pypi.org/simple",
        "-----BEGIN RSA PRIVATE KEY-----",
        "AKIAABCDEFGHIJKLMNOP",
        "ghp_" + "a" * 36,
        "sk-ant-" + "a" * 40,
        "xoxb-" + "1" * 24,
    ],
)
def test_each_kind_of_forbidden_text_is_recognised(text: str) -> None:
    assert len(found_in(text)) == 1


def test_ordinary_text_is_let_through() -> None:
    assert not found_in("a framework/workflow in /framework/root; task-based; http://localhost:4318")
