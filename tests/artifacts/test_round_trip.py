"""Files of model versions through a real server: logged, listed, fetched, and damaged on the way."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import spanfold
from spanfold import artifacts
from spanfold.artifacts._cache import Cache
from spanfold.artifacts._http import HttpStore
from spanfold.artifacts._local import LocalStore
from spanfold.errors import ArtifactError, InvalidArgumentError, ModelNotFoundError, ServerUnavailableError
from tests.deploy.processes import FREE_PORTS, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts") / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Server]:
    with serving("serve", data, *FREE_PORTS) as started:
        spanfold.shutdown()
        yield started
        spanfold.shutdown()


@pytest.fixture(autouse=True)
def _configured(server: Server, _clean: None) -> None:
    ready = server.ready
    spanfold.configure(endpoint=ready["api_url"], otlp_endpoint=ready["otlp_http_endpoint"])


@pytest.fixture
def model() -> spanfold.LoggedModel:
    return spanfold.initialize_logged_model(name="files")


def folder_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    root = tmp_path / "folder"
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def content_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


FILES = {"MLmodel": b"flavors: {}\n", "data/model.bin": os.urandom(3_000_000), "data/sub/empty": b""}


def blob_of(data: Path, model_id: str, path: str) -> Path:
    info = next(one for one in artifacts.list_artifacts(f"models:/{model_id}/{path}") if one.path == path)
    return LocalStore(data / "artifacts").file_of(info.sha256 or "")


def test_a_folder_comes_back_as_it_was_logged(tmp_path: Path, model: spanfold.LoggedModel) -> None:
    folder = folder_of(tmp_path, FILES)
    artifacts.upload_folder(model.model_id, folder)
    linked = artifacts.download(model.model_id)
    assert content_of(linked) == FILES
    copied = artifacts.download(model.model_id, tmp_path / "copy")
    assert copied == tmp_path / "copy"
    assert content_of(copied) == FILES
    assert artifacts.download(model.model_id) == linked


def test_more_files_than_an_event_names_come_back(tmp_path: Path, model: spanfold.LoggedModel) -> None:
    files = {f"{number % 7}/ü {number}": str(number).encode() for number in range(1_205)}
    artifacts.upload_folder(model.model_id, folder_of(tmp_path, files))
    assert content_of(artifacts.download(model.model_id, tmp_path / "copy")) == files


def test_folders_are_listed_and_single_files_fetched(tmp_path: Path, model: spanfold.LoggedModel) -> None:
    spanfold.log_artifacts(folder_of(tmp_path, FILES), "model", model_id=model.model_id)
    listed = spanfold.list_artifacts(f"models:/{model.model_id}/model")
    assert [(one.path, one.is_dir, one.file_size) for one in listed] == [
        ("model/MLmodel", False, 12),
        ("model/data", True, None),
    ]
    fetched = spanfold.download_artifacts(f"models:/{model.model_id}/model/MLmodel", dst_path=tmp_path / "x")
    assert fetched == str(tmp_path / "x" / "model" / "MLmodel")
    assert Path(fetched).read_bytes() == FILES["MLmodel"]
    assert content_of(tmp_path / "x") == {"model/MLmodel": FILES["MLmodel"]}


def test_single_files_are_logged_for_the_active_version_and_replace_those_of_their_path(
    tmp_path: Path,
) -> None:
    file = tmp_path / "prompt.txt"
    with spanfold.set_active_model(name="files-active") as active:
        for text in ("one", "two"):
            file.write_text(text)
            spanfold.log_artifact(file, "prompts")
    fetched = spanfold.download_artifacts(model_id=active.model_id, artifact_path="prompts/prompt.txt")
    assert Path(fetched).read_text() == "two"


def test_a_model_without_what_is_asked_for_says_so(model: spanfold.LoggedModel, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="has no files: log some"):
        artifacts.download(model.model_id)
    with pytest.raises(ArtifactError, match="has no file or folder 'nope'"):
        artifacts.download(model.model_id, path="nope")
    with pytest.raises(ModelNotFoundError):
        artifacts.download("m-" + "0" * 32)
    with pytest.raises(InvalidArgumentError, match="write models:/m-"):
        spanfold.list_artifacts("s3://bucket/x")
    with pytest.raises(InvalidArgumentError, match="no version is active"):
        spanfold.log_artifact(tmp_path)
    with pytest.raises(ArtifactError, match="is no path inside a folder"):
        artifacts.download(model.model_id, path="../x")


@pytest.mark.parametrize("folder", [None, "copy"])
def test_a_blob_that_was_damaged_in_the_store_is_refused_and_nothing_of_it_is_put_anywhere(
    tmp_path: Path, model: spanfold.LoggedModel, data: Path, folder: str | None
) -> None:
    content = os.urandom(200_000)
    artifacts.upload_folder(model.model_id, folder_of(tmp_path, {"good": b"1", "bad": content}))
    blob = blob_of(data, model.model_id, "bad")
    blob.chmod(0o644)
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    target = None if folder is None else tmp_path / folder
    with pytest.raises(ArtifactError, match="what is stored of bad is damaged: its SHA-256 is"):
        artifacts.download(model.model_id, target)
    assert "bad" not in content_of(target or Cache().folder_of(model.model_id))


@pytest.mark.parametrize("folder", [None, "copy"])
def test_a_blob_that_was_damaged_in_the_cache_is_fetched_again(
    tmp_path: Path, model: spanfold.LoggedModel, folder: str | None
) -> None:
    artifacts.upload_folder(model.model_id, folder_of(tmp_path, FILES))
    linked = artifacts.download(model.model_id) / "data" / "model.bin"
    linked.chmod(0o644)
    linked.write_bytes(bytes(len(FILES["data/model.bin"])))  # through the link: the blob of the cache itself
    target = None if folder is None else tmp_path / folder
    assert content_of(artifacts.download(model.model_id, target)) == FILES


def test_what_was_fetched_is_not_fetched_again(
    tmp_path: Path, model: spanfold.LoggedModel, data: Path
) -> None:
    artifacts.upload_folder(model.model_id, folder_of(tmp_path, {"a": os.urandom(1_000)}))
    fetched = artifacts.download(model.model_id)
    blob_of(data, model.model_id, "a").unlink()
    assert content_of(artifacts.download(model.model_id)) == content_of(fetched)
    shutil.rmtree(Cache().blobs.folder)
    with pytest.raises(ArtifactError, match="there is no blob"):
        artifacts.download(model.model_id)


def test_a_cache_past_its_bound_lets_go_of_what_was_used_longest_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANFOLD_ARTIFACT_CACHE_MAX_BYTES", "250000")
    for number in range(4):
        model = spanfold.initialize_logged_model(name="files")
        artifacts.upload_folder(model.model_id, folder_of(tmp_path, {"a": os.urandom(100_000)}))
        artifacts.download(model.model_id, tmp_path / f"copy-{number}")
    sizes = [blob.stat().st_size for blob in Cache().blobs.folder.glob("sha256/*/*")]
    assert 0 < sum(sizes) <= 250_000


def test_a_link_in_the_target_leads_nothing_out_of_it(tmp_path: Path, model: spanfold.LoggedModel) -> None:
    artifacts.upload_folder(model.model_id, folder_of(tmp_path, {"data/x": b"1"}))
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    target.mkdir()
    elsewhere.mkdir()
    (target / "data").symlink_to(elsewhere)
    with pytest.raises(ArtifactError, match="would be outside of"):
        artifacts.download(model.model_id, target)
    assert content_of(elsewhere) == {}


def test_many_load_one_model_at_one_time(tmp_path: Path, model: spanfold.LoggedModel) -> None:
    artifacts.upload_folder(model.model_id, folder_of(tmp_path, FILES))
    found: list[dict[str, bytes]] = []
    threads = [
        threading.Thread(target=lambda: found.append(content_of(artifacts.download(model.model_id))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(one == FILES for one in found)
    assert len(found) == 4


@pytest.mark.parametrize("kind", ["folder", "url"])
def test_bytes_bypass_the_query_api_where_the_application_knows_the_store(
    tmp_path: Path,
    model: spanfold.LoggedModel,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    place = tmp_path / "shared"
    monkeypatch.setenv("SPANFOLD_ARTIFACTS", str(place) if kind == "folder" else f"local://{place}")
    artifacts.upload_folder(model.model_id, folder_of(tmp_path, {"a": kind.encode()}))
    assert not blob_of(data, model.model_id, "a").exists()
    assert content_of(artifacts.download(model.model_id)) == {"a": kind.encode()}


def test_a_server_that_stays_away_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    away = HttpStore("http://127.0.0.1:9", patience_s=0.3)
    with pytest.raises(ServerUnavailableError, match="goes on where this one ended"):
        away.put("0" * 64, file)
    away.close()
