"""Either side of an upload is killed: it goes on from what is there, and nobody sees a part of a blob."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from spanfold.artifacts._http import HttpStore
from tests.artifacts._processes import LIMIT_S, serving, uploading, wait_until

if TYPE_CHECKING:
    from pathlib import Path

SIZE_BYTES: Final = 96 * 2**20
PART_BYTES: Final = 4 * 2**20


def made(folder: Path) -> tuple[Path, str]:
    content = os.urandom(SIZE_BYTES)
    file = folder / "model.bin"
    file.write_bytes(content)
    return file, hashlib.sha256(content).hexdigest()


def grown(place: Path, sha256: str) -> int:
    """How much of an upload is on the server's disk."""
    try:
        return (place / "uploads" / sha256).stat().st_size
    except FileNotFoundError:
        return 0


def test_a_killed_uploader_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    file, sha256 = made(tmp_path)
    place = tmp_path / "store"
    with serving(place) as (_, port):
        with uploading(port, file, PART_BYTES) as killed:
            wait_until(lambda: grown(place, sha256) > 3 * PART_BYTES, "nothing is uploaded")
            killed.kill()
        store = HttpStore(f"http://127.0.0.1:{port}", part_bytes=PART_BYTES)
        assert store.size_bytes(sha256) is None
        sent: list[int] = []
        wait_until(lambda: not store._state(sha256)[1], "the state is read")
        before = store._state(sha256)[0]
        assert 3 * PART_BYTES < before < SIZE_BYTES
        store.put(sha256, file, sent.append)
        assert store.size_bytes(sha256) == SIZE_BYTES
        assert hashlib.sha256(b"".join(store.read(sha256))).hexdigest() == sha256
        assert grown(place, sha256) == 0
        store.close()


def test_an_upload_outlives_a_server_that_is_killed_and_started_anew(tmp_path: Path) -> None:
    file, sha256 = made(tmp_path)
    place = tmp_path / "store"
    with ExitStack() as opened:
        server, port = opened.enter_context(serving(place))
        uploader = opened.enter_context(uploading(port, file, PART_BYTES))
        for share in (1, 2):
            reached = share * SIZE_BYTES // 3
            wait_until(lambda at=reached: grown(place, sha256) > at, "nothing is uploaded")  # type: ignore[misc]
            server.kill()
            server.wait(LIMIT_S)
            assert reached <= grown(place, sha256) < SIZE_BYTES
            assert uploader.poll() is None
            server, _ = opened.enter_context(serving(place, port))
        out, errors = uploader.communicate(timeout=LIMIT_S)
        assert uploader.returncode == 0, errors
        assert sum(map(int, out.split())) == SIZE_BYTES
        store = HttpStore(f"http://127.0.0.1:{port}")
        assert hashlib.sha256(b"".join(store.read(sha256))).hexdigest() == sha256
        store.close()
