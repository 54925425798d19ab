"""The commands about files of models, against a real server and its store."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

import spanfold
from spanfold import artifacts
from spanfold.artifacts._local import LocalStore
from tests.deploy.processes import FREE_PORTS, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL = "m-" + "c" * 32


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands") / "data"


@pytest.fixture(scope="module")
def endpoint(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("model")
    (folder / "sub").mkdir()
    (folder / "MLmodel").write_text("flavors: {}")
    (folder / "sub" / "x").write_text("x")
    with serving("serve", data, *FREE_PORTS) as server:
        spanfold.shutdown()
        spanfold.configure(endpoint=server.ready["api_url"], otlp_endpoint=server.ready["otlp_http_endpoint"])
        artifacts.upload_folder(MODEL, folder)
        yield server.ready["api_url"]
        spanfold.shutdown()


def said(*arguments: str, status: int = 0) -> Any:
    done = run(*arguments, "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_files_are_listed_and_fetched(endpoint: str, tmp_path: Path) -> None:
    listed = said("models", "artifacts", MODEL, "--endpoint", endpoint)["artifacts"]
    assert [(item["path"], item["is_dir"]) for item in listed] == [("MLmodel", False), ("sub", True)]
    deeper = said("models", "artifacts", MODEL, "sub", "--endpoint", endpoint)["artifacts"]
    assert [item["path"] for item in deeper] == ["sub/x"]
    printed = run("models", "artifacts", MODEL, "-r", "--endpoint", endpoint).stdout
    assert "sub/x" in printed
    fetched = said("models", "download", MODEL, "--to", str(tmp_path / "here"), "--endpoint", endpoint)
    assert fetched["path"] == str(tmp_path / "here")
    assert (tmp_path / "here" / "sub" / "x").read_text() == "x"
    done = run("models", "download", MODEL, "nothing", "--endpoint", endpoint)
    assert done.returncode != 0
    assert done.stderr.startswith("error: model m-ccc")


def test_blobs_that_no_version_has_are_removed_once_they_are_old(
    endpoint: str, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(1_000))
    store = LocalStore(data / "artifacts")
    sha256, _ = store.add(file)
    used = {blob.sha256 for blob in store.blobs()} - {sha256}
    command = ("artifacts", "gc", "--data", str(data), "--endpoint", endpoint)
    assert said(*command)["sha256"] == []
    days_ago = time.time() - 3 * 86_400
    for blob in store.blobs():
        os.utime(store.file_of(blob.sha256), (days_ago, days_ago))
    assert said(*command, "--dry-run") == {"removed": False, "bytes": 1_000, "sha256": [sha256]}
    store.put(sha256, file)  # somebody logs it again: its event is on the way
    assert said(*command)["sha256"] == []
    os.utime(store.file_of(sha256), (days_ago, days_ago))
    assert said(*command) == {"removed": True, "bytes": 1_000, "sha256": [sha256]}
    assert {blob.sha256 for blob in store.blobs()} == used


def test_damaged_blobs_are_found_and_taken_out_so_that_they_can_be_logged_again(
    data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    store = LocalStore(data / "artifacts")
    sha256, _ = store.add(file)
    blob = store.file_of(sha256)
    blob.chmod(0o644)
    blob.write_bytes(b"12346")
    assert said("artifacts", "verify", "--data", str(data), status=1)["damaged"] == [sha256]
    assert said("artifacts", "verify", "--data", str(data), "--remove", status=1)["removed"]
    found = said("artifacts", "verify", "--artifacts", str(data / "artifacts"))
    assert (found["damaged"], found["blobs"] > 0) == ([], True)
    store.put(sha256, file)
    assert b"".join(store.read(sha256)) == b"12345"
