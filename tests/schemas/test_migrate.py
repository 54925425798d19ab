"""Migrations: applied once, in order, by one process; a database that does not fit is refused untouched."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from spanfold_deploy.database import open_database
from spanfold_schemas import migrate as module
from spanfold_schemas.migrate import MigrationError, load_migrations, migrate, pending, split_statements
from spanfold_schemas.retention import apply_retention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold_schemas.database import Database


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(f"chdb://{tmp_path_factory.mktemp('migrate')}")
    yield database
    database.close()


@pytest.fixture
def database(engine: Database) -> Iterator[Database]:
    yield engine
    names = engine.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY engine NOT LIKE '%View'"
    )
    for (name,) in names:
        engine.command(f"DROP TABLE IF EXISTS `{name}` SYNC")


def test_an_empty_database_gets_every_migration_once(database: Database) -> None:
    applied: list[str] = []
    done = migrate(database, on_applied=lambda migration: applied.append(migration.name))
    assert [migration.number for migration in done] == list(range(1, len(load_migrations()) + 1))
    assert applied == [migration.name for migration in done]
    assert pending(database) == ()
    assert migrate(database) == ()


def test_pending_changes_nothing(database: Database) -> None:
    assert pending(database) == load_migrations()
    tables = database.query("SELECT count() FROM system.tables WHERE database = currentDatabase()")
    assert tables.rows[0][0] == 0


def test_a_migration_cut_half_way_is_completed_by_the_next_start(database: Database) -> None:
    first = load_migrations()[0]
    for statement in first.statements[:2]:
        database.command(statement)
    migrate(database)
    assert pending(database) == ()


def test_a_newer_database_is_refused_by_name_and_left_alone(database: Database) -> None:
    migrate(database)
    newer = len(load_migrations()) + 1
    database.insert_rows(
        "schema_migrations", ["Number", "Name", "Checksum"], [[newer, "from_the_future", "x"]], token="newer"
    )
    with pytest.raises(MigrationError, match=rf"schema {newer} \(from_the_future\).*install the newer"):
        migrate(database)


def test_an_edited_migration_is_refused(database: Database) -> None:
    migrate(database)
    database.command("TRUNCATE TABLE schema_migrations")
    database.insert_rows(
        "schema_migrations", ["Number", "Name", "Checksum"], [[1, "spans", "edited"]], token="edited"
    )
    with pytest.raises(MigrationError, match="0001_spans was applied with other contents"):
        pending(database)


def test_a_held_lock_is_waited_for_and_then_reported(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 1.0)
    now = 1_000_000.0
    database.command(
        f"CREATE TABLE schema_migrations_lock (Unused UInt8) ENGINE = Memory COMMENT 'other {int(now) + 999}'"
    )
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        waited.append(seconds)
        now += seconds

    with pytest.raises(MigrationError, match="DROP TABLE schema_migrations_lock"):
        migrate(database, clock=lambda: now, sleep=sleep)
    assert sum(waited) >= 1.0
    assert pending(database) == load_migrations()


def test_the_lock_of_a_killed_process_is_taken_over(database: Database) -> None:
    database.command("CREATE TABLE schema_migrations_lock (Unused UInt8) ENGINE = Memory COMMENT 'dead 1000'")
    assert len(migrate(database)) == len(load_migrations())


def test_statements_are_split_at_line_ends_and_comments_dropped() -> None:
    text = "-- why; because\nSELECT ';' AS a,\n    2;\n\nSELECT 3;\n"
    assert split_statements(text) == ("SELECT ';' AS a,\n    2", "SELECT 3")


def test_retention_is_changed_only_where_it_differs(database: Database) -> None:
    migrate(database)
    assert apply_retention(database, 90) == ()
    assert apply_retention(database, 7) == ("logs", "model_rollups", "spans", "trace_ranges")
    assert apply_retention(database, 7) == ()
    with pytest.raises(ValueError, match="at least 1 day"):
        apply_retention(database, 0)


def test_the_schemas_package_needs_nothing_but_the_standard_library() -> None:
    script = textwrap.dedent("""
        import pkgutil, sys
        before = set(sys.modules)
        import spanfold_schemas
        for module in pkgutil.iter_modules(spanfold_schemas.__path__):
            __import__(f"spanfold_schemas.{module.name}")
        foreign = {
            name.partition(".")[0] for name in set(sys.modules) - before
        } - set(sys.stdlib_module_names) - {"spanfold_schemas"}
        assert not foreign, foreign
    """)
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
