"""Python's fold and SQL's agree on any set of events, at any instant."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanfold_deploy.database import open_database
from spanfold_schemas.fold import ModelState, Slots, fold, model_from_slots
from spanfold_schemas.migrate import migrate
from tests.schemas.strategies import EPOCH_NS, models

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spanfold_schemas.database import Database
    from spanfold_schemas.events import Event


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(f"chdb://{tmp_path_factory.mktemp('database')}")
    migrate(opened)
    opened.command("SYSTEM STOP MERGES")
    yield opened
    opened.close()


def store(database: Database, events: Sequence[Event]) -> None:
    columns = ("EventId", "EventType", "Stream", "Timestamp", "SchemaVersion", "Payload")
    rows = [
        (uuid.UUID(event.event_id), event.event_type, event.stream, event.event_time_unix_ns, 1,
         json.dumps(event.payload, ensure_ascii=False))
        for event in events
    ]  # fmt: skip
    database.insert_rows("model_events", columns, rows, token=uuid.uuid4().hex)


def fold_in_sql(database: Database, stream: str, as_of_ns: int) -> ModelState | None:
    """The state by the query that the API reads models with."""
    sql = resources.files("spanfold_query_api").joinpath("queries/model_slots.sql").read_text()
    found = database.query(sql, {"model_ids": [stream], "as_of_ns": as_of_ns}).dicts()
    slots = {row["slot"]: json.loads(row["written"][0]) for row in found if not row["written"][1]}
    if not found:
        return None
    return model_from_slots(Slots(stream, slots, max(row["last_updated_unix_ns"] for row in found)))


@settings(max_examples=25)
@given(events=models, seed=st.integers(0, 2**32))
def test_python_and_sql_fold_any_events_to_the_same_state_at_any_instant(
    database: Database, events: list[Event], seed: int
) -> None:
    stream = f"m-{uuid.uuid4().hex}"
    mine = [replace(event, stream=stream) for event in events]
    arriving = mine + random.Random(seed).choices(mine, k=2) if mine else []
    random.Random(seed).shuffle(arriving)
    half = len(arriving) // 2
    store(database, arriving[:half])
    store(database, arriving[half:])

    for instant in (-1, 0, 2, 4):
        until = EPOCH_NS + instant
        known = [event for event in mine if event.event_time_unix_ns <= until]
        assert fold_in_sql(database, stream, until) == fold(known)


def test_merging_the_tables_changes_no_state(database: Database) -> None:
    """Runs over whatever the test above has stored."""
    sql = "SELECT DISTINCT Stream FROM model_slots ORDER BY Stream LIMIT 20"
    streams = [stream for (stream,) in database.query(sql)]
    before = [fold_in_sql(database, stream, 2**62) for stream in streams]
    count = "SELECT count() FROM model_slots"
    rows_before = database.query(count).rows[0][0]

    database.command("SYSTEM START MERGES")
    database.command("OPTIMIZE TABLE model_slots FINAL")

    assert [fold_in_sql(database, stream, 2**62) for stream in streams] == before
    assert database.query(count).rows[0][0] < rows_before
