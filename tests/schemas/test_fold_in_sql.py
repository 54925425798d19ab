"""Python's fold and SQL's agree on any set of events, at any instant."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanfold_deploy.database import open_database
from spanfold_query_api import entities, times
from spanfold_schemas import keys
from spanfold_schemas.events import Event
from spanfold_schemas.fold import (
    EVALUATION,
    EXPERIMENT,
    MODEL,
    MONITOR,
    PROMPT,
    RUN,
    TRACE,
    Slots,
    evaluation_from_slots,
    expectations_from_slots,
    experiment_from_slots,
    fold_slots,
    model_from_slots,
    monitor_from_slots,
    prompt_from_slots,
    run_from_slots,
)
from spanfold_schemas.migrate import migrate
from tests.schemas.strategies import DAY_NS, EPOCH_NS, TYPES, instants_ns, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from spanfold_schemas.database import Database


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
    database.insert_rows("entity_events", columns, rows, token=uuid.uuid4().hex)


def slots_in_sql(database: Database, stream_type: str, stream: str, as_of_ns: int | None) -> Slots | None:
    """The winning slots as the API reads them; None for the present."""
    until_ns = times.MAX_UNIX_NS if as_of_ns is None else as_of_ns
    return entities.slots(database, stream_type, [stream], until_ns).get(stream)


def state_of(slots: Slots | None, stream_type: str) -> object:
    makers: dict[str, Callable[[Slots], object]] = {
        MODEL: model_from_slots,
        RUN: run_from_slots,
        EXPERIMENT: experiment_from_slots,
        EVALUATION: evaluation_from_slots,
        MONITOR: monitor_from_slots,
        PROMPT: prompt_from_slots,
        TRACE: expectations_from_slots,
    }
    return None if slots is None else makers[stream_type](slots)


@settings(max_examples=60)
@given(stream=streams, seed=st.integers(0, 2**32), until_ns=instants_ns)
def test_python_and_sql_fold_any_events_to_the_same_state_at_any_instant(
    database: Database, stream: tuple[str, list[Event]], seed: int, until_ns: int
) -> None:
    stream_type, events = stream
    stream_id = uuid.uuid4().hex
    mine = [replace(event, stream=stream_id) for event in events]
    arriving = mine + random.Random(seed).choices(mine, k=2) if mine else []
    random.Random(seed).shuffle(arriving)
    half = len(arriving) // 2
    store(database, arriving[:half])
    store(database, arriving[half:])

    in_python = state_of(fold_slots(mine, stream_type), stream_type)
    assert state_of(slots_in_sql(database, stream_type, stream_id, None), stream_type) == in_python
    for until in (until_ns - 1, until_ns, EPOCH_NS + 100 * DAY_NS):
        known = [event for event in mine if event.event_time_unix_ns <= until]
        in_sql = slots_in_sql(database, stream_type, stream_id, until)
        assert state_of(in_sql, stream_type) == state_of(fold_slots(known, stream_type), stream_type)


def test_streams_of_two_types_with_one_id_are_two_streams(database: Database) -> None:
    shared = uuid.uuid4().hex
    started = {"experiment_id": "0", "run_name": "calm-otter"}
    created = {"name": "support", "experiment_id": "0", "status": "READY"}
    store(
        database,
        [
            Event(str(uuid.uuid4()), keys.RUN_STARTED, shared, EPOCH_NS, started),
            Event(str(uuid.uuid4()), keys.MODEL_CREATED, shared, EPOCH_NS, created),
        ],
    )

    statuses = {
        stream_type: found.values.get("status")
        for stream_type in TYPES
        if (found := slots_in_sql(database, stream_type, shared, None)) is not None
    }
    assert statuses == {RUN: "RUNNING", MODEL: "READY"}


def test_merging_the_tables_changes_no_state(database: Database) -> None:
    """Runs over whatever the tests above have stored."""
    sql = "SELECT DISTINCT StreamType, Stream FROM entity_slot_writes ORDER BY Stream LIMIT 20"
    stored: list[tuple[str, str]] = [(row[0], row[1]) for row in database.query(sql)]
    instants = (None, EPOCH_NS + 2, EPOCH_NS + 100 * DAY_NS)

    def everything() -> list[Slots | None]:
        return [slots_in_sql(database, *stream, instant) for stream in stored for instant in instants]

    def rows(table: str) -> int:
        return int(database.query(f"SELECT count() FROM {table}").rows[0][0])

    tables = ("entity_slot_writes", "entity_slots")
    before, rows_before = everything(), [rows(table) for table in tables]

    database.command("SYSTEM START MERGES")
    for table in tables:
        database.command(f"OPTIMIZE TABLE {table} FINAL")

    assert everything() == before
    assert all(rows(table) < count for table, count in zip(tables, rows_before, strict=True))
    kept = database.query("SELECT count(), uniqExact(StreamType, Stream, Slot) FROM entity_slots").rows[0]
    assert kept[0] == kept[1], "one row a slot"
