"""The locks are complete, name no index, and leave out what only metadata asks for."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.repository._files import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = sorted(set((ROOT / "requirements").glob("*.lock")) - {ROOT / "requirements" / "torch.lock"})
"""All but the one whose build, and so whose hash, differs between machines."""
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Version by name; the last one where a lock has one for each platform."""
    return dict(PIN.findall((ROOT / "requirements" / lock).read_text()))


def names(requirements: list[str]) -> set[str]:
    """The packages that requirement strings ask for."""
    return {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in requirements}


def test_locks_pin_every_dependency_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = names(project["project"]["dependencies"])
    extras = project["project"]["optional-dependencies"]
    runtime |= (names(extras["server"]) | names(extras["evaluate"]) | names(extras["models"])) - {"spanfold"}
    groups = project["dependency-groups"]
    assert runtime - pins("server.lock").keys() == set()
    assert names(groups["installer"]) - pins("installer.lock").keys() == set()
    assert (runtime | names(groups["dev"])) - pins("dev.lock").keys() == set()


def test_locks_agree_on_every_version() -> None:
    dev = pins("dev.lock")
    for lock in ("server.lock", "installer.lock"):
        assert pins(lock).items() <= dev.items(), lock


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_hashed_pins_only(lock: Path) -> None:
    text = lock.read_text()
    for requirement in text.replace("\\\n", " ").splitlines():
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", requirement), requirement


def test_the_server_comes_without_pandas_and_pyarrow() -> None:
    assert not {"pandas", "pyarrow"} & pins("server.lock").keys()
