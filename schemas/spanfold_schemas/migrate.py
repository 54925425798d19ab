"""Bring a database to the schema that this version of the code expects.

Migrations are numbered SQL files (``migrations/NNNN_name.sql``), applied once each, in order, forward
only. A checksum of each applied file is recorded: an edited file or a database from a newer version is
refused before anything is touched.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spanfold_schemas.database import Database

LOCK_TIMEOUT_S: Final = 60.0
"""Seconds to wait for another process that is migrating the same database."""
LOCK_EXPIRY_S: Final = 300
"""Seconds after which a lock whose holder died is taken over."""

_FILE_NAME: Final = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")


class MigrationError(Exception):
    """The database cannot be brought to this version's schema; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    statements: tuple[str, ...]
    checksum: str
    """SHA-256 of the file, hexadecimal."""


def split_statements(text: str) -> tuple[str, ...]:
    r"""Statements of a migration: separated by ``;`` at a line's end, comment lines left out.

    Example:
        >>> split_statements("-- why\nSELECT 1;\nSELECT 2;\n")
        ('SELECT 1', 'SELECT 2')
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    parts = re.split(r";[ \t]*(?:\n|$)", "\n".join(lines))
    return tuple(part.strip() for part in parts if part.strip())


def load_migrations() -> tuple[Migration, ...]:
    """All migrations that ship with this version, in order.

    Raises:
        MigrationError: the numbers are not 1, 2, 3, ... without a gap.
    """
    found = []
    for entry in resources.files("spanfold_schemas").joinpath("migrations").iterdir():
        match = _FILE_NAME.match(entry.name)
        if match:
            text = entry.read_text(encoding="utf-8")
            checksum = hashlib.sha256(text.encode()).hexdigest()
            found.append(Migration(int(match[1]), match[2], split_statements(text), checksum))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError("the migration files are not numbered 0001, 0002, ... without gaps")
    return tuple(found)


def _create_bookkeeping(database: Database) -> None:
    database.command(
        "CREATE TABLE IF NOT EXISTS schema_migrations"
        " (Number UInt32, Name String, Checksum String, AppliedAt DateTime64(3) DEFAULT now64(3))"
        " ENGINE = ReplacingMergeTree ORDER BY Number"
    )


def _applied(database: Database) -> dict[int, tuple[str, str]]:
    known = database.query(
        "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'"
    )
    if not known.rows[0][0]:
        return {}
    rows = database.query("SELECT DISTINCT Number, Name, Checksum FROM schema_migrations ORDER BY Number")
    return {number: (name, checksum) for number, name, checksum in rows}


def pending(database: Database) -> tuple[Migration, ...]:
    """Migrations that this database still lacks. Changes nothing.

    Raises:
        MigrationError: the database is newer than this code, or was migrated with edited files.
    """
    migrations = load_migrations()
    applied = _applied(database)
    newest = max(applied, default=0)
    if newest > len(migrations):
        message = (
            f"the database is at schema {newest} ({applied[newest][0]}), this version of spanfold knows only"
            f" schema {len(migrations)}: install the newer spanfold that wrote it"
        )
        raise MigrationError(message)
    for migration in migrations:
        recorded = applied.get(migration.number)
        if recorded is not None and recorded[1] != migration.checksum:
            message = (
                f"migration {migration.number:04d}_{migration.name} was applied with other contents than this"
                " version ships: install the spanfold version that made the database, or start an empty one"
            )
            raise MigrationError(message)
    return tuple(migration for migration in migrations if migration.number not in applied)


def _take_lock(database: Database, clock: Callable[[], float], sleep: Callable[[float], None]) -> str:
    """Take the lock, or wait for its holder: only one process can be the one that creates a table."""
    owner = uuid.uuid4().hex
    deadline = clock() + LOCK_TIMEOUT_S
    while True:
        # The comment carries owner and expiry, so that a lock left by a killed process can be told apart.
        expiry = int(clock()) + LOCK_EXPIRY_S
        database.command(
            "CREATE TABLE IF NOT EXISTS schema_migrations_lock (Unused UInt8) ENGINE = Memory"
            f" COMMENT '{owner} {expiry}'"
        )
        held = database.query(
            "SELECT comment FROM system.tables"
            " WHERE database = currentDatabase() AND name = 'schema_migrations_lock'"
        ).rows
        holder, _, until = held[0][0].partition(" ") if held else ("", "", "0")
        if holder == owner:
            return owner
        if held and int(until) < clock():
            _release_lock(database)
        elif clock() > deadline:
            message = (
                f"another process has been migrating this database for over {LOCK_TIMEOUT_S:.0f} s;"
                " if none is, run: DROP TABLE schema_migrations_lock"
            )
            raise MigrationError(message)
        else:
            sleep(0.2)


def _release_lock(database: Database) -> None:
    database.command("DROP TABLE IF EXISTS schema_migrations_lock")


def migrate(
    database: Database,
    *,
    on_applied: Callable[[Migration], None] = lambda _: None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Sequence[Migration]:
    """Apply all pending migrations, one process at a time, and return those applied.

    ClickHouse has no transaction around DDL: a process killed half-way leaves the finished statements.
    Every statement therefore creates only what is missing, and a migration is recorded after its last
    statement, so that the next start completes it.

    Args:
        database: the database to change.
        on_applied: called after each migration, to show progress.
        clock: unix time in seconds.
        sleep: waits for the given number of seconds.

    Raises:
        MigrationError: see :func:`pending`; or another process holds the lock for too long.
    """
    if not pending(database):
        return ()
    _take_lock(database, clock, sleep)
    try:
        _create_bookkeeping(database)
        todo = pending(database)
        for migration in todo:
            for statement in migration.statements:
                database.command(_only_if_missing(statement))
            database.insert_rows(
                "schema_migrations",
                ["Number", "Name", "Checksum"],
                [[migration.number, migration.name, migration.checksum]],
                token=f"migration-{migration.number}-{migration.checksum}",
            )
            on_applied(migration)
        return todo
    finally:
        _release_lock(database)


def _only_if_missing(statement: str) -> str:
    """``CREATE X`` as ``CREATE X IF NOT EXISTS``: what makes a half-applied migration repeatable.

    Example:
        >>> _only_if_missing("CREATE TABLE spans (a UInt8)")
        'CREATE TABLE IF NOT EXISTS spans (a UInt8)'
    """
    return re.sub(
        r"^CREATE (TABLE|MATERIALIZED VIEW|VIEW) (?!IF NOT EXISTS)", r"CREATE \1 IF NOT EXISTS ", statement
    )
