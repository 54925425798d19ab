"""The wheel holds the built web page and all that is not Python, and nothing of the page's source."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from tests.repository._files import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_a_wheel_is_ready_to_run_without_node(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=110,
    )
    (wheel,) = tmp_path.glob("spanfold-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        index = opened.read("spanfold_query_api/web/dist/index.html").decode()
    assert "/assets/index-" in index
    assert any(name.startswith("spanfold_query_api/web/dist/assets/index-") for name in names)
    assert any(name.endswith("migrations/0001_spans.sql") for name in names)
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", ".tsx"))]
