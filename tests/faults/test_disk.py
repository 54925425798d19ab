"""A full disk: refused as retryable, said in time, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from spanfold_deploy.database import open_database
from tests.collector._database import until
from tests.collector._otlp import make_span, make_traces
from tests.end_to_end._sender import PROTOBUF
from tests.faults._process import LIMIT_S, CollectorProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB: Final = 1024 * 1024
DISK_BYTES: Final = 160 * MIB
# Incompressible, so that the disk fills by what is sent.
PADDING_CHARS: Final = 4_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root on Linux")
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(path)]
    mounted = subprocess.run(mount, check=False, capture_output=True, timeout=LIMIT_S)
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True, timeout=LIMIT_S)


def send(collector: CollectorProcess, number: int) -> httpx.Response:
    padding = os.urandom(PADDING_CHARS // 2).hex()
    body = make_traces(make_span(number, {"padding": padding}))
    return httpx.post(f"{collector.url}/v1/traces", content=body, headers=PROTOBUF, timeout=LIMIT_S)


def fill(collector: CollectorProcess, first: int) -> tuple[set[int], httpx.Response]:
    """Send until refused; what was acknowledged, and the refusal."""
    acknowledged: set[int] = set()
    for number in range(first, first + 2_000):
        answer = send(collector, number)
        if answer.status_code != 200:
            return acknowledged, answer
        acknowledged.add(number)
    pytest.fail("2000 requests did not fill the disk")


def stored(path: Path) -> set[int]:
    database = open_database(f"chdb://{path}")
    try:
        rows = database.query(
            "SELECT reinterpretAsUInt64(reverse(SpanId)) - 1, count() FROM spans GROUP BY 1"
        )
        assert all(count == 1 for _, count in rows)
        return {number for number, _ in rows}
    finally:
        database.close()


def assert_retryable(refusal: httpx.Response) -> None:
    assert refusal.status_code == 503
    assert int(refusal.headers["retry-after"]) > 0


def test_the_reserve_is_kept_free_and_requests_are_taken_again_once_there_is_room(disk: Path) -> None:
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(70 * MIB))
    database = disk / "database"
    with CollectorProcess.start(
        f"chdb://{database}", disk / "collector", min_free_disk_bytes=40 * MIB
    ) as collector:
        acknowledged, refusal = fill(collector, 0)
        assert_retryable(refusal)
        assert b"bytes of disk are free" in refusal.content
        assert httpx.get(f"{collector.url}/ready").status_code == 503

        ballast.unlink()
        until(lambda: send(collector, 5_000).status_code == 200, "requests are taken again")
        acknowledged.add(5_000)
        assert collector.terminate() == 0

    assert acknowledged
    assert stored(database) == acknowledged


def test_a_disk_that_is_really_full_loses_nothing_that_was_acknowledged(disk: Path) -> None:
    """Without a reserve: the engine and the spool meet the end of the disk."""
    ballast = disk / "ballast"
    database = disk / "database"
    with CollectorProcess.start(f"chdb://{database}", disk / "collector") as collector:
        ballast.write_bytes(bytes(90 * MIB))
        acknowledged, refusal = fill(collector, 0)
        assert_retryable(refusal)

        ballast.unlink()
        until(lambda: send(collector, 5_000).status_code == 200, "requests are taken again")
        acknowledged.add(5_000)
        collector.wait_until_written()
        assert collector.terminate() == 0

    found = stored(database)
    assert acknowledged - found == set()
