"""The set-up of a checkout, without what it installs."""

from __future__ import annotations

import importlib.util
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.repository._files import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("setup_script", ROOT / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_two_that_set_one_checkout_up_at_once_install_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = _script()
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(script, "PYTHON", tmp_path)
    monkeypatch.setattr(script, "make_venv", lambda: None)
    monkeypatch.setattr(script, "build_page", lambda: None)
    installed: list[str] = []

    def install(lock: Path) -> None:
        installed.append(lock.name)
        time.sleep(0.5)

    monkeypatch.setattr(script, "install", install)
    threads = [threading.Thread(target=script.set_up, kwargs={"dev": dev}) for dev in (True, True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert installed in (["dev.lock"], ["server.lock", "dev.lock"])
    assert "another process is setting this checkout up" in capsys.readouterr().out
