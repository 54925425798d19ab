"""The routes of artifacts as any HTTP client sees them."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api import artifact_uploads
from spanfold_query_api.artifact_uploads import Artifacts, ArtifactSettings
from spanfold_query_api.artifacts import byte_range
from tests.query_api.conftest import served
from tests.query_api.rows import T0_NS, created, event, insert

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.query_api.conftest import RecordingDatabase

A, EMPTY = ("m-" + letter * 32 for letter in "ab")
CONTENT = bytes(range(256)) * 8
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATHS = ("MLmodel", "data/a", "data/b/c", "data-2", "events", "ü &?.bin")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def api(database: RecordingDatabase, place: Path) -> Iterator[httpx.Client]:
    files = {path: {"sha256": SHA256, "size_bytes": len(CONTENT)} for path in PATHS}
    files["data/b"] = files["MLmodel"]  # a folder, too
    files["lost"] = {"sha256": "0" * 64, "size_bytes": 1}
    insert(
        database,
        "entity_events",
        [
            created(A, "bot", T0_NS),
            event(A, "artifacts_logged", {"artifacts": files}, T0_NS + 1, 2),
            created(EMPTY, "bot", T0_NS, 3),
        ],
    )
    artifacts = Artifacts(ArtifactSettings(place=str(place), max_artifact_bytes=10_000_000))
    with served(database, artifacts=artifacts) as client:
        assert client.put(f"/v1/artifacts/{SHA256}", content=CONTENT).status_code == 201
        yield client


def problem(response: httpx.Response, status: int) -> Any:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


def made(size_bytes: int) -> tuple[bytes, str]:
    content = os.urandom(size_bytes)
    return content, hashlib.sha256(content).hexdigest()


def state(api: httpx.Client, sha256: str) -> tuple[int, str]:
    headers = api.head(f"/v1/artifacts/{sha256}").headers
    return int(headers["upload-offset"]), headers["upload-complete"]


def test_a_whole_body_is_taken_as_a_blob(api: httpx.Client) -> None:
    content, sha256 = made(100_000)
    assert state(api, sha256) == (0, "?0")
    answer = api.put(f"/v1/artifacts/{sha256}", content=content)
    assert (answer.status_code, answer.headers["upload-complete"]) == (201, "?1")
    assert state(api, sha256) == (100_000, "?1")
    assert api.get(f"/v1/artifacts/{sha256}").content == content
    assert api.put(f"/v1/artifacts/{sha256}", content=content).status_code == 201


def test_parts_follow_one_another_and_no_other_way(api: httpx.Client) -> None:
    content, sha256 = made(10_000)

    def put(start: int, end: int) -> httpx.Response:
        headers = {"Upload-Offset": str(start), "Upload-Length": "10000"}
        return api.put(f"/v1/artifacts/{sha256}", content=content[start:end], headers=headers)

    assert put(0, 4_000).status_code == 204
    assert state(api, sha256) == (4_000, "?0")
    problem(api.get(f"/v1/artifacts/{sha256}"), 404)
    again = put(0, 4_000)
    assert problem(again, 409)["type"] == "urn:spanfold:problem:offset-mismatch"
    assert again.headers["upload-offset"] == "4000"
    problem(put(5_000, 10_000), 409)
    assert put(4_000, 10_000).status_code == 201
    assert api.get(f"/v1/artifacts/{sha256}").content == content


def test_an_upload_goes_on_where_the_connection_broke(api: httpx.Client) -> None:
    content, sha256 = made(300_000)
    with socket.create_connection((api.base_url.host, api.base_url.port or 0)) as broken:
        head = f"PUT /v1/artifacts/{sha256} HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
        broken.sendall(head.encode() + content[:200_000])
    deadline = time.monotonic() + 20
    while state(api, sha256)[0] < 200_000:
        assert time.monotonic() < deadline, state(api, sha256)
        time.sleep(0.01)
    headers = {"Upload-Offset": "200000", "Upload-Length": "300000"}
    while (
        rest := api.put(f"/v1/artifacts/{sha256}", content=content[200_000:], headers=headers)
    ).status_code == 503:
        assert time.monotonic() < deadline
    assert rest.status_code == 201
    assert api.get(f"/v1/artifacts/{sha256}").content == content


def test_content_of_another_hash_is_dropped(api: httpx.Client, place: Path) -> None:
    content, sha256 = made(5_000)
    answer = problem(api.put(f"/v1/artifacts/{sha256}", content=content[::-1]), 422)
    assert answer["type"] == "urn:spanfold:problem:digest-mismatch"
    assert state(api, sha256) == (0, "?0")
    assert not (place / "uploads" / sha256).exists()


def test_what_a_crash_left_damaged_is_dropped_with_the_part_that_shows_it(
    api: httpx.Client, place: Path
) -> None:
    content, sha256 = made(5_000)
    (place / "uploads" / sha256).write_bytes(bytes(3_000))  # a power cut: the size, without the bytes
    headers = {"Upload-Offset": "3000", "Upload-Length": "5000"}
    problem(api.put(f"/v1/artifacts/{sha256}", content=content[3_000:], headers=headers), 422)
    assert api.put(f"/v1/artifacts/{sha256}", content=content).status_code == 201


def is_locked(file: Path) -> bool:
    """Whether any process holds a lock of the file, as the system tells it."""
    if not file.exists():
        return False
    locks = Path("/proc/locks").read_text().splitlines()
    return any(f":{file.stat().st_ino} " in line for line in locks)


def test_two_never_write_the_same_blob_at_one_time(api: httpx.Client, place: Path) -> None:
    content, sha256 = made(400_000)
    with socket.create_connection((api.base_url.host, api.base_url.port or 0)) as slow:
        head = f"PUT /v1/artifacts/{sha256} HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n"
        slow.sendall(head.encode())
        deadline = time.monotonic() + 20
        # Another request, just to see whether it is refused, might be the first to come.
        while not is_locked(place / "uploads" / sha256):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        busy = api.put(f"/v1/artifacts/{sha256}", content=content)
        assert problem(busy, 503)["type"] == "urn:spanfold:problem:upload-busy"
        assert busy.headers["retry-after"] == "1"
        slow.sendall(content)
        slow.settimeout(20)
        assert slow.recv(1_000).startswith(b"HTTP/1.1 201")


def test_what_is_too_large_or_of_unknown_size_is_refused(api: httpx.Client) -> None:
    _, sha256 = made(1)
    url = f"/v1/artifacts/{sha256}"
    answer = problem(api.put(url, content=b"x", headers={"Upload-Length": "10000001"}), 413)
    assert "raise max_artifact_bytes" in answer["detail"]
    assert "Upload-Length" in problem(api.put(url, content=iter([b"x"])), 422)["detail"]
    more = problem(api.put(url, content=b"xyz", headers={"Upload-Length": "2"}), 422)
    assert "more than the 2 bytes" in more["detail"]
    problem(api.put("/v1/artifacts/nothash", content=b"x"), 422)
    problem(api.put(url, content=b"x", headers={"Upload-Offset": "-1"}), 422)


def test_more_uploads_than_may_run_at_one_time_are_told_to_wait(
    database: RecordingDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact_uploads, "MAX_UPLOADS", 0)
    artifacts = Artifacts(ArtifactSettings(place=str(tmp_path)))
    content, sha256 = made(10)
    with served(database, artifacts=artifacts) as api:
        busy = api.put(f"/v1/artifacts/{sha256}", content=content)
    assert "uploads are running" in problem(busy, 503)["detail"]
    assert busy.headers["retry-after"] == "1"


def test_pages_of_other_servers_may_not_store_anything(api: httpx.Client) -> None:
    content, sha256 = made(10)
    foreign = {"Origin": "https://evil.example"}
    problem(api.put(f"/v1/artifacts/{sha256}", content=content, headers=foreign), 403)
    assert state(api, sha256) == (0, "?0")


def listed(api: httpx.Client, model_id: str = A, **parameters: Any) -> list[str]:
    names = list[str]()
    while True:
        answer = api.get(f"/v1/models/{model_id}/artifacts", params=parameters)
        assert answer.status_code == 200, answer.text
        names += [item["path"] + "/" * item["is_dir"] for item in answer.json()["artifacts"]]
        parameters["page_token"] = answer.json()["next_page_token"]
        if parameters["page_token"] is None:
            return names


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_folders_are_listed_in_pages_that_make_the_same_listing(api: httpx.Client, limit: int) -> None:
    assert listed(api, limit=limit) == ["MLmodel", "data/", "data-2", "events", "lost", "ü &?.bin"]
    assert listed(api, limit=limit, path="data") == ["data/a", "data/b/"]
    assert listed(api, limit=limit, path="/data/b/") == ["data/b/c"]
    assert listed(api, limit=limit, path="data/a") == ["data/a"]
    assert listed(api, limit=limit, recursive=True) == sorted([*PATHS, "lost"])
    assert listed(api, EMPTY, limit=limit) == []


def test_what_is_not_there_is_404(api: httpx.Client) -> None:
    assert "model" in problem(api.get("/v1/models/m-0/artifacts"), 404)["type"]
    assert "artifact" in problem(api.get(f"/v1/models/{A}/artifacts?path=dat"), 404)["type"]
    assert "artifact" in problem(api.get(f"/v1/models/{A}/artifacts/data"), 404)["type"]
    assert "artifact" in problem(api.get(f"/v1/models/{A}/artifacts/..%2f..%2fx"), 404)["type"]
    assert problem(api.get(f"/v1/models/{A}/artifacts/lost"), 502)["detail"].startswith(
        "lost was logged, but"
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_file_is_served_to_be_saved_and_never_to_be_run(api: httpx.Client, path: str) -> None:
    answer = api.get(f"/v1/models/{A}/artifacts/{quote(path)}")
    assert answer.status_code == 200, answer.text
    assert answer.content == CONTENT
    headers = answer.headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["etag"] == f'"{SHA256}"'
    assert headers["accept-ranges"] == "bytes"


def test_a_head_tells_of_a_file_what_a_get_does_and_knows_no_ranges(api: httpx.Client) -> None:
    url = f"/v1/models/{A}/artifacts/MLmodel"
    answer = api.head(url, headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (200, b"")
    dropped = {"date"}
    told = {name: value for name, value in answer.headers.items() if name not in dropped}
    assert told == {name: value for name, value in api.get(url).headers.items() if name not in dropped}
    assert api.head(url, headers={"If-None-Match": "*"}).status_code == 304
    assert api.head(f"{url}x").status_code == 404


def test_what_a_client_has_already_is_not_sent(api: httpx.Client) -> None:
    url = f"/v1/models/{A}/artifacts/MLmodel"
    for tag in (f'"{SHA256}"', f'"x", W/"{SHA256}"', "*"):
        same = api.get(url, headers={"If-None-Match": tag})
        assert (same.status_code, same.content) == (304, b"")
    assert api.get(url, headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=5-", 5, 2048), ("bytes=-7", 2041, 2048), ("bytes=9-99999", 9, 2048)],
)
def test_ranges_are_served(api: httpx.Client, asked: str, start: int, end: int) -> None:
    url = f"/v1/models/{A}/artifacts/MLmodel"
    answer = api.get(url, headers={"Range": asked, "If-Range": f'"{SHA256}"'})
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/2048"
    whole = api.get(url, headers={"Range": asked, "If-Range": '"other"'})
    assert (whole.status_code, whole.content) == (200, CONTENT)


def test_a_range_past_the_end_is_refused_and_one_that_is_none_ignored(api: httpx.Client) -> None:
    url = f"/v1/models/{A}/artifacts/MLmodel"
    refused = api.get(url, headers={"Range": "bytes=2048-"})
    problem(refused, 416)
    assert refused.headers["content-range"] == "bytes */2048"
    for nonsense in ("bytes=", "bytes=-", "lines=1-2", "bytes=1-2,4-5", "bytes=5-2"):
        assert api.get(url, headers={"Range": nonsense}).status_code == 200


@given(
    st.integers(0, 50),
    st.one_of(st.none(), st.integers(0, 60)),
    st.one_of(st.none(), st.integers(0, 60)),
)
def test_a_range_is_what_a_slice_of_the_bytes_is(size: int, first: int | None, last: int | None) -> None:
    content = bytes(range(size))
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    expected = content
    if first is not None:
        is_nonsense = last is not None and last < first
        expected = content if is_nonsense else content[first : None if last is None else last + 1]
    elif last is not None:
        expected = content[max(0, size - last) :] if last else b""
    try:
        found = byte_range(header, size)
    except ValueError:
        assert expected == b""
    else:
        assert (content[slice(*found)] if found else content) == expected
