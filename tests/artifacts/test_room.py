"""Disks that are full: refused with a reason, nothing half written is left, and afterwards all goes on."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from spanfold.artifacts._http import HttpStore
from spanfold.artifacts._local import LocalStore
from spanfold.errors import StorageFullError
from spanfold_query_api.artifact_uploads import ArtifactSettings
from tests.artifacts._processes import ROOT, serving
from tests.artifacts.server import running

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold.artifacts._blobs import BlobStore

SIZE_BYTES = 8 * 2**20
TOO_MUCH = 2**60


def made(folder: Path) -> tuple[Path, str]:
    content = os.urandom(SIZE_BYTES)
    file = folder / "model.bin"
    file.write_bytes(content)
    return file, hashlib.sha256(content).hexdigest()


def test_a_folder_that_lacks_room_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    file, sha256 = made(tmp_path)
    store = LocalStore(tmp_path / "store", min_free_bytes=TOO_MUCH)
    with pytest.raises(StorageFullError, match=r"there is no room in .*: 8388608 bytes are needed, \d+ are"):
        store.put(sha256, file)
    assert not (tmp_path / "store").exists()


LIMITED = """
import resource, sys
from pathlib import Path
from spanfold.artifacts._local import LocalStore
from spanfold.errors import StorageFullError
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
try:
    LocalStore(Path(sys.argv[1])).put(sys.argv[2], Path(sys.argv[3]))
except StorageFullError as fault:
    print(fault)
"""


def test_a_disk_that_fills_while_a_folder_is_written_leaves_nothing(tmp_path: Path) -> None:
    file, sha256 = made(tmp_path)
    place = tmp_path / "store"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LIMITED, str(place), sha256, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "there is no room in" in done.stdout, done.stderr
    assert [path for path in place.rglob("*") if path.is_file()] == []
    store = LocalStore(place)
    store.put(sha256, file)
    assert store.size_bytes(sha256) == SIZE_BYTES


def test_a_server_without_room_says_so_before_it_takes_anything(tmp_path: Path) -> None:
    file, sha256 = made(tmp_path)
    settings = ArtifactSettings(place=str(tmp_path / "store"), min_free_disk_bytes=TOO_MUCH)
    with running(settings) as address:
        store = HttpStore(address, patience_s=10)
        with pytest.raises(StorageFullError, match=r"has no room: .* must stay free \(min_free_disk_bytes\)"):
            store.put(sha256, file)
        store.close()
        refused = httpx.put(f"{address}/v1/artifacts/{sha256}", content=file.read_bytes())
        assert refused.status_code == 507
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "urn:spanfold:problem:insufficient-storage"
    assert (tmp_path / "store" / "uploads" / sha256).stat().st_size == 0


def test_a_disk_that_fills_under_a_server_is_told_and_the_upload_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    file, sha256 = made(tmp_path)
    place = tmp_path / "store"
    with serving(place, 0, "--max-file-bytes", str(5 * 2**20)) as (_, port):
        store = HttpStore(f"http://127.0.0.1:{port}", part_bytes=2**20, patience_s=10)
        with pytest.raises(StorageFullError, match="has no room: there is no room for artifacts: File too"):
            store.put(sha256, file)
        assert store.size_bytes(sha256) is None
        store.close()
    with serving(place) as (_, port):
        store = HttpStore(f"http://127.0.0.1:{port}", part_bytes=2**20, patience_s=10)
        told: list[int] = []
        store.put(sha256, file, told.append)
        assert told[0] > 5 * 2**20
        assert hashlib.sha256(b"".join(store.read(sha256))).hexdigest() == sha256
        store.close()


def test_a_file_larger_than_may_be_is_refused_with_the_setting_to_raise(tmp_path: Path) -> None:
    file, sha256 = made(tmp_path)
    settings = ArtifactSettings(place=str(tmp_path / "store"), max_artifact_bytes=2**20)
    with running(settings) as address:
        store: BlobStore = HttpStore(address, patience_s=10)
        with pytest.raises(Exception, match=r"at most 1048576 are taken: raise max_artifact_bytes"):
            store.put(sha256, file)
