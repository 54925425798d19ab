"""The databases that the contract is tested on."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import pytest

from spanfold_deploy.database import open_database
from tests.clickhouse_http.process import ClickHouseProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spanfold_schemas.database import Database

_numbers: Final = itertools.count()


@pytest.fixture(scope="module", params=["chdb", "clickhouse"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    directory = tmp_path_factory.mktemp("database")
    if request.param == "chdb":
        opened = open_database(f"chdb://{directory}")
        yield opened
        opened.close()
        return
    with ExitStack() as stack:
        real_server = os.environ.get("SPANFOLD_TEST_CLICKHOUSE")
        url = real_server or stack.enter_context(ClickHouseProcess.start(directory)).url
        opened = open_database(url)
        yield opened
        opened.close()


@pytest.fixture
def table(database: Database) -> Iterator[Callable[[str], str]]:
    """Makes tables under names of their own, and drops them (views first) after the test."""
    made: list[str] = []

    def make(ddl: str) -> str:
        name = f"t{next(_numbers)}"
        database.command(ddl.replace("{table}", name))
        made.append(name)
        return name

    yield make
    for name in reversed(made):
        database.command(f"DROP TABLE {name}")
