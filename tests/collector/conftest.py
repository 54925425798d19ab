"""The embedded engine, migrated, for the tests of one module: a process can hold one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spanfold_deploy.database import open_database
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold_schemas.database import Database


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(f"chdb://{tmp_path_factory.mktemp('database')}")
    migrate(opened)
    # Rows are compared as they were inserted.
    opened.command("SYSTEM STOP MERGES")
    yield opened
    opened.close()
