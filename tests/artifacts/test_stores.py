"""What every store of blobs does, whatever keeps the bytes."""

from __future__ import annotations

import hashlib
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from spanfold.artifacts._blobs import PIECE_BYTES, digest_of
from spanfold.artifacts._http import HttpStore
from spanfold.errors import ArtifactError
from spanfold_query_api.artifact_uploads import ArtifactSettings
from tests.artifacts.server import running

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold.artifacts._blobs import BlobStore
    from spanfold.artifacts._local import LocalStore
    from spanfold.artifacts._remote import RemoteStore

SIZES = (0, 1, 99_999, 100_000, 100_001, PIECE_BYTES, 3 * PIECE_BYTES + 7)


def made(folder: Path, size_bytes: int, name: str = "file") -> tuple[Path, bytes, str]:
    content = random.Random(size_bytes).randbytes(size_bytes)
    file = folder / name
    file.write_bytes(content)
    return file, content, hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("size_bytes", SIZES)
def test_what_is_put_is_read_and_progress_counts_each_byte_once(
    store: BlobStore, tmp_path: Path, size_bytes: int
) -> None:
    file, content, sha256 = made(tmp_path, size_bytes)
    assert digest_of(file) == (sha256, size_bytes)
    assert store.size_bytes(sha256) is None
    told: list[int] = []
    store.put(sha256, file, told.append)
    assert sum(told) == size_bytes
    assert store.size_bytes(sha256) == size_bytes
    pieces = list(store.read(sha256))
    assert b"".join(pieces) == content
    assert max(map(len, pieces), default=0) <= PIECE_BYTES
    told.clear()
    store.put(sha256, file, told.append)
    assert sum(told) == size_bytes


def test_any_range_of_a_blob_can_be_read(store: BlobStore, tmp_path: Path) -> None:
    file, content, sha256 = made(tmp_path, PIECE_BYTES + 500)
    store.put(sha256, file)
    drawn = random.Random(5)
    ranges = [(drawn.randrange(len(content) + 1), drawn.randrange(len(content) + 1)) for _ in range(20)]
    for start, end in [*ranges, (0, 0), (0, 1), (len(content), len(content)), (5, 2 * len(content))]:
        assert b"".join(store.read(sha256, start, end)) == content[start:end]
        assert b"".join(store.read(sha256, start)) == content[start:]


def test_many_put_the_same_blob_at_one_time(store: BlobStore, tmp_path: Path) -> None:
    file, content, sha256 = made(tmp_path, 700_000)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: store.put(sha256, file), range(8)))
    assert b"".join(store.read(sha256)) == content


def test_many_blobs_are_put_and_read_at_one_time(store: BlobStore, tmp_path: Path) -> None:
    files = [made(tmp_path, 1_000 * (number + 1), str(number)) for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: store.put(one[2], one[0]), files))
        read = threads.map(lambda one: b"".join(store.read(one[2])), files)
        assert list(read) == [content for _, content, _ in files]


def test_a_file_that_was_changed_after_it_was_hashed_is_refused_and_not_shown(
    store: BlobStore, tmp_path: Path
) -> None:
    file, content, sha256 = made(tmp_path, 300_000)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ArtifactError, match="was changed while it was stored"):
        store.put(sha256, file)
    assert store.size_bytes(sha256) is None
    file.write_bytes(content)
    store.put(sha256, file)
    assert b"".join(store.read(sha256)) == content


def test_more_left_on_a_server_than_the_file_has_is_dropped_and_the_file_sent_anew(tmp_path: Path) -> None:
    file, content, sha256 = made(tmp_path, 5_000)
    settings = ArtifactSettings(place=str(tmp_path / "store"), staging=tmp_path / "staging")
    settings.staging.mkdir()  # type: ignore[union-attr] # it is given
    (tmp_path / "staging" / sha256).write_bytes(bytes(9_000))  # somebody announced another length
    with running(settings) as address:
        http = HttpStore(address, patience_s=10)
        http.put(sha256, file)
        assert b"".join(http.read(sha256)) == content
        http.close()


def test_what_is_not_there_is_said_so(store: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="there is no blob 0000"):
        list(store.read("0" * 64))
    with pytest.raises(ArtifactError, match=r"cannot read .*nowhere: No such file"):
        store.put("0" * 64, tmp_path / "nowhere")


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_nothing_but_a_hash_names_a_blob(store: BlobStore, tmp_path: Path, sha256: str) -> None:
    file, _, _ = made(tmp_path, 5)
    with pytest.raises(ArtifactError, match="is no SHA-256"):
        store.put(sha256, file)
    with pytest.raises(ArtifactError, match="is no SHA-256"):
        store.size_bytes(sha256)
    with pytest.raises(ArtifactError, match="is no SHA-256"):
        list(store.read(sha256))


@pytest.mark.parametrize("store", ["folder", "memory", "fsspec folder"], indirect=True)
def test_a_store_lists_its_blobs_and_forgets_those_that_nobody_logged_since(
    store: LocalStore | RemoteStore, tmp_path: Path
) -> None:
    assert list(store.blobs()) == []
    file, content, sha256 = made(tmp_path, 5_000)
    before_s = time.time() - 60
    store.put(sha256, file)
    (blob,) = store.blobs()
    assert (blob.sha256, blob.size_bytes) == (sha256, len(content))
    assert abs(blob.modified_s - time.time()) < 60
    store.forget(sha256, unless_since_s=before_s)
    assert store.size_bytes(sha256) == len(content)
    store.forget(sha256)
    store.forget(sha256)
    assert list(store.blobs()) == []
