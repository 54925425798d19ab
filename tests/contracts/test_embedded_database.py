"""The embedded engine: one process a directory, an orderly end, and nothing lost when there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from typing import TYPE_CHECKING, Final

import pytest

from spanfold_deploy.database import open_database
from spanfold_schemas.database import DatabaseError, PermanentDatabaseError, RetryableDatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT_S: Final = 60

DIRECT_HOLDER: Final = """
import sys, clickhouse_connect
client = clickhouse_connect.get_client(interface="chdb", path=sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
OPENER: Final = """
import sys
from spanfold_deploy.database import open_database
from spanfold_schemas.database import PermanentDatabaseError
try:
    open_database(f"chdb://{sys.argv[1]}").close()
except PermanentDatabaseError as error:
    print(error)
else:
    print("opened")
"""
WRITER: Final = """
import sys
from spanfold_deploy.database import open_database
database = open_database(f"chdb://{sys.argv[1]}")
for number in range(10**6):
    rows = [(number, day) for day in range(3)]
    database.insert_rows("acknowledged", ("n", "day"), rows, token=str(number))
    print(number, flush=True)
"""
HASTY: Final = """
import sys, threading
from spanfold_deploy.database import open_database
from spanfold_schemas.database import DatabaseError
database = open_database(f"chdb://{sys.argv[1]}")
started = threading.Event()
def work():
    started.set()
    try:
        while True:
            database.query("SELECT count() FROM numbers(20000000) WHERE number % 7 = 9")
    except DatabaseError as error:
        print(error, flush=True)
threading.Thread(target=work, daemon=True).start()
started.wait()
"""
ABROAD: Final = """
import sys
from datetime import UTC, datetime
from spanfold_deploy.database import open_database
moment = datetime(2026, 3, 29, 1, 30, 59, tzinfo=UTC)
database = open_database(f"chdb://{sys.argv[1]}")
database.command("CREATE TABLE abroad (a DateTime, b DateTime64(9)) ENGINE = MergeTree ORDER BY a")
database.insert_rows("abroad", ("a", "b"), [(moment, moment)], token="t")
sql = "SELECT a, b, {p:DateTime64(9)}, toUnixTimestamp(a), toUnixTimestamp({p:DateTime}) FROM abroad"
seconds = int(moment.timestamp())
assert database.query(sql, {"p": moment}).rows == [(moment, moment, moment, seconds, seconds)]
database.close()
"""


def start(script: str, directory: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def run(script: str, directory: Path, **environment: str) -> str:
    with start(script, directory, **environment) as process:
        try:
            output, _ = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()
    assert process.returncode == 0
    return output.strip()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: an engine takes half a second to build up a new one."""
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture
def held(directory: Path) -> Iterator[Path]:
    """A directory that this process has open."""
    database = open_database(f"chdb://{directory}")
    yield directory
    database.close()


def test_a_second_process_is_told_who_has_the_directory_and_what_to_do(held: Path) -> None:
    message = run(OPENER, held)

    assert f"process {os.getpid()} has the database directory {held} open" in message
    assert "Stop that process" in message
    assert "clickhouse://" in message


def test_a_second_opening_in_the_same_process_is_refused(held: Path) -> None:
    with pytest.raises(PermanentDatabaseError, match=f"process {os.getpid()} has"):
        open_database(f"chdb://{held}")


def test_a_second_directory_in_the_same_process_is_refused(held: Path, tmp_path: Path) -> None:
    assert held != tmp_path
    with pytest.raises(PermanentDatabaseError, match="holds one at a time"):
        open_database(f"chdb://{tmp_path}")

    assert run(OPENER, tmp_path) == "opened"


def test_the_refusal_of_the_engine_itself_names_the_holder_too(directory: Path) -> None:
    """Someone may open the directory with a tool that knows nothing of our lock."""
    with start(DIRECT_HOLDER, directory) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"

        message = run(OPENER, directory)

        assert f"refuses to open {directory}" in message
        assert f"The last to open it was {holder.pid}" in message
        holder.communicate(timeout=LIMIT_S)


def test_a_closed_directory_can_be_opened_again_by_anyone(directory: Path) -> None:
    open_database(f"chdb://{directory}").close()

    assert run(OPENER, directory) == "opened"
    open_database(f"chdb://{directory}").close()


def test_a_closed_database_refuses_calls_and_a_second_close_is_nothing(directory: Path) -> None:
    database = open_database(f"chdb://{directory}")
    database.close()
    database.close()

    with pytest.raises(RetryableDatabaseError, match="closed"):
        database.query("SELECT 1")


def test_an_unusable_directory_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")

    with pytest.raises(PermanentDatabaseError, match=r"file.* cannot be used"):
        open_database(f"chdb://{tmp_path}/file/below")


def test_what_killed_inserts_left_behind_is_removed_and_inserts_leave_nothing(directory: Path) -> None:
    left_behind = directory / "insert-files" / "tmp123.native"
    left_behind.parent.mkdir(exist_ok=True)
    left_behind.write_bytes(b"the body of an insert that was killed")
    before = tempfile.gettempdir()

    database = open_database(f"chdb://{directory}")
    assert tempfile.gettempdir() == str(left_behind.parent)
    database.command("CREATE TABLE left_behind (n UInt8) ENGINE = Memory")
    database.insert_rows("left_behind", ("n",), [(1,)], token="t")
    database.close()

    assert list(left_behind.parent.iterdir()) == []
    assert tempfile.gettempdir() == before


def test_a_memory_limit_holds(tmp_path: Path) -> None:
    database = open_database(f"chdb://{tmp_path}", memory_limit_bytes=700_000_000)
    try:
        with pytest.raises(DatabaseError, match="MEMORY_LIMIT_EXCEEDED"):
            database.query("SELECT length(groupArray(number)) FROM numbers(300000000)")
        assert database.query("SELECT 1").rows == [(1,)]
    finally:
        database.close()


def test_an_exit_in_the_middle_of_a_query_waits_for_it(directory: Path) -> None:
    """The engine would crash the process (SIGSEGV) otherwise."""
    assert run(HASTY, directory) in {"the database is closed", ""}


def test_times_mean_the_same_on_a_host_in_another_zone(directory: Path) -> None:
    run(ABROAD, directory, TZ="America/New_York")


def test_after_a_kill_every_acknowledged_insert_is_there_and_resending_doubles_nothing(
    directory: Path,
) -> None:
    database = open_database(f"chdb://{directory}")
    database.command(
        "CREATE TABLE acknowledged (n UInt64, day UInt8) ENGINE = MergeTree PARTITION BY day ORDER BY n"
        " SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1"
    )
    database.close()
    acknowledged = 0
    for round_number in range(2):
        with start(WRITER, directory) as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                if int(line) >= 5 * (round_number + 1):
                    break
            writer.kill()
            rest = [line for line in writer.stdout if line.endswith("\n")]
            acknowledged = int(rest[-1]) if rest else int(line)

    everything = (3 * (acknowledged + 1),)
    sql = "SELECT {what}((n, day)) FROM acknowledged WHERE n <= {{last:UInt64}}"
    database = open_database(f"chdb://{directory}")
    try:
        assert database.query(sql.format(what="uniqExact"), {"last": acknowledged}).rows == [everything]

        # Also the insert that was under way when the process died is completed, not doubled.
        for number in range(acknowledged + 2):
            rows = [(number, day) for day in range(3)]
            database.insert_rows("acknowledged", ("n", "day"), rows, token=str(number))

        everything = (3 * (acknowledged + 2),)
        for what in ("uniqExact", "count"):
            assert database.query(sql.format(what=what), {"last": acknowledged + 1}).rows == [everything]
    finally:
        database.close()
