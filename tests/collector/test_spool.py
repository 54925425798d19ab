"""The spool: what it took survives, in order; what it did not finish taking never existed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from spanfold_collector.dead_letters import DeadLetters
from spanfold_collector.spool import (
    DirectoryInUseError,
    Spool,
    SpoolDamagedError,
    SpoolFullError,
    lock_directory,
    write_durably,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]


def open_spool(directory: Path, *, max_bytes: int = 10_000, min_free_disk_bytes: int = 0) -> Spool:
    return Spool(directory, max_bytes=max_bytes, min_free_disk_bytes=min_free_disk_bytes)


def drain(spool: Spool) -> Iterator[bytes]:
    while entry := spool.oldest():
        yield spool.read(entry)
        spool.remove(entry)


def test_groups_come_out_in_the_order_they_went_in_after_a_restart_too(tmp_path: Path) -> None:
    first = open_spool(tmp_path)
    for number in range(12):
        first.append(b"group %d" % number)
    first.remove(first.oldest() or pytest.fail("the spool is empty"))

    second = open_spool(tmp_path)
    second.append(b"later")

    assert list(drain(second)) == [*(b"group %d" % number for number in range(1, 12)), b"later"]
    assert (second.groups, second.size_bytes) == (0, 0)
    assert list(tmp_path.iterdir()) == []


def test_half_written_groups_and_foreign_files_are_not_replayed(tmp_path: Path) -> None:
    (tmp_path / "0000000000000007.group.partial").write_bytes(b"half")
    (tmp_path / "notes.group").write_bytes(b"not ours")
    (tmp_path / "README").write_bytes(b"not ours")

    spool = open_spool(tmp_path)

    assert spool.oldest() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README", "notes.group"]


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "head"])
def test_a_damaged_group_is_recognised(tmp_path: Path, damage: str) -> None:
    spool = open_spool(tmp_path)
    entry = spool.append(b"some data")
    whole = entry.path.read_bytes()
    entry.path.write_bytes(
        {"cut": whole[:-1], "changed": whole[:-1] + b"!", "emptied": b"", "head": b"x" + whole[1:]}[damage]
    )

    with pytest.raises(SpoolDamagedError, match=r"0000000000000001\.group is damaged"):
        spool.read(entry)


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, max_bytes=100)
    spool.append(bytes(60))

    assert not spool.has_room(41)
    with pytest.raises(SpoolFullError):
        spool.append(bytes(41))

    spool.append(bytes(40))
    assert [len(data) for data in drain(spool)] == [60, 40]
    assert spool.has_room(100)


def test_a_disk_without_its_reserve_refuses(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, min_free_disk_bytes=2**60)

    assert not spool.has_disk(0)
    with pytest.raises(SpoolFullError):
        spool.append(b"x")


def test_a_vanished_folder_refuses_as_a_full_one_does(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool")
    (tmp_path / "spool").rmdir()

    with pytest.raises(SpoolFullError):
        spool.append(b"x")


def test_a_group_whose_writing_failed_at_the_last_step_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise OSError(5, "Input/output error")

    spool = open_spool(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("spanfold_collector.spool.fsync_directory", broken)
        with pytest.raises(SpoolFullError, match="Input/output error"):
            spool.append(b"refused")

    assert open_spool(tmp_path).oldest() is None


def test_a_file_is_whole_under_its_name_or_absent(tmp_path: Path) -> None:
    write_durably(tmp_path / "a", (b"one", b"two"))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"onetwo"}


def test_one_collector_holds_a_folder_until_it_ends(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from spanfold_collector.spool import lock_directory;"
    script += "lock_directory(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        with pytest.raises(DirectoryInUseError, match=f"process {other.pid} has the collector directory"):
            lock_directory(tmp_path)

        other.kill()
        other.wait(timeout=10)
        lock_directory(tmp_path)


def test_a_dead_letter_holds_the_bytes_and_the_reason(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, max_bytes=1000)

    path = letters.keep(b"request", signal="traces", reason="too odd")
    again = letters.keep(b"request", signal="traces", reason="too odd")

    assert path == again
    assert path.read_bytes() == b"request"
    assert '"reason": "too odd"' in path.with_suffix(".json").read_text()


def test_a_full_dead_letter_folder_gives_nothing_up(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, max_bytes=300)
    letters.keep(bytes(100), signal="traces", reason="r")

    with pytest.raises(SpoolFullError, match="look at it, then empty it"):
        letters.keep(bytes(200), signal="traces", reason="r")
