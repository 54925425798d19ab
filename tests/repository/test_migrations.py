"""Migrations run on databases that hold years of data: their order is sure, and none throws rows away."""

from __future__ import annotations

import re

import pytest

from tests.repository._files import ROOT

MIGRATIONS = ROOT / "schemas" / "spanfold_schemas" / "migrations"
NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
DANGEROUS = re.compile(
    r"\b(DROP\s+(TABLE|DATABASE|COLUMN|PARTITION|PART)|DETACH|TRUNCATE|DELETE\s+(FROM|WHERE)|CLEAR\s+COLUMN"
    r"|CREATE\s+OR\s+REPLACE|REPLACE\s+(TABLE|PARTITION)|RENAME\s+(TABLE|COLUMN))\b",
    re.IGNORECASE,
)
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def dangerous_statements(sql: str) -> list[str]:
    """What in a migration can lose rows."""
    return [match.group() for match in DANGEROUS.finditer(COMMENT.sub(" ", sql))]


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    files = sorted(path.name for path in MIGRATIONS.iterdir() if path.suffix == ".sql")
    assert files
    matches = [NAME.fullmatch(name) for name in files]
    assert all(matches), files
    assert [int(match[1]) for match in matches if match] == list(range(1, len(files) + 1))


def test_no_migration_can_lose_rows() -> None:
    found = {path.name: dangerous_statements(path.read_text()) for path in MIGRATIONS.glob("*.sql")}
    assert not {name: statements for name, statements in found.items() if statements}


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE spans",
        "truncate table spans",
        "ALTER TABLE spans DELETE WHERE 1",
        "ALTER TABLE spans DROP\n  COLUMN Cost",
        "DELETE FROM spans WHERE 1",
        "ALTER TABLE spans DROP PARTITION '2026-01-01'",
    ],
)
def test_a_statement_that_loses_rows_is_recognised(sql: str) -> None:
    assert dangerous_statements(sql)


@pytest.mark.parametrize("sql", ["-- DROP TABLE spans", "DROP VIEW otel_traces", "SELECT Deleted FROM slots"])
def test_a_statement_that_keeps_all_rows_is_let_through(sql: str) -> None:
    assert not dangerous_statements(sql)
