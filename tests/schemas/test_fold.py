"""The fold depends on the set of events alone, and Python's and SQL's agree on any set, at any instant."""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanfold_deploy.database import open_database
from spanfold_schemas import keys
from spanfold_schemas.events import STATUSES, Event, validate_payload
from spanfold_schemas.fold import ModelState, fold, state_from_slots
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spanfold_schemas.database import Database

STREAM: Final = "m-" + "0" * 32
EPOCH_NS: Final = 1_700_000_000_000_000_000

_names: Final = st.sampled_from(["k", "k.k", "a/b", 'q"\\', "\x00", "\u2028", "ключ", "\U0001f600"])
_texts: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_entries: Final = st.dictionaries(_names, _texts, max_size=3)
_numbers: Final = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0.0, -0.0, 1.0, 1e-7, 1e20, 1e21, 1e22, 1.2345678901234568e20]),
)
_payloads: Final = {
    keys.MODEL_CREATED: st.fixed_dictionaries(
        {"name": st.sampled_from(["support", "版/é"]), "experiment_id": st.just("0")},
        optional={
            "params": _entries,
            "tags": _entries,
            "model_type": st.none() | _texts,
            "source_run_id": st.none() | _texts,
        },
    ).flatmap(
        lambda payload: st.builds(lambda status: {**payload, "status": status}, st.sampled_from(STATUSES))
    ),
    keys.MODEL_TAGS_SET: st.builds(lambda tags: {"tags": tags}, _entries),
    keys.MODEL_TAG_DELETED: st.builds(lambda key: {"key": key}, _names),
    keys.MODEL_PARAMS_LOGGED: st.builds(lambda params: {"params": params}, _entries),
    keys.MODEL_METRICS_LOGGED: st.builds(
        lambda metrics: {"metrics": metrics}, st.dictionaries(_names, _numbers, max_size=3)
    ),
    keys.MODEL_STATUS_SET: st.builds(lambda status: {"status": status}, st.sampled_from(STATUSES)),
    keys.MODEL_DELETED: st.just({}),
    keys.MODEL_RESTORED: st.just({}),
}
# Few instants, so that ties are common; IDs that differ in their first or in their second half.
_ids: Final = st.builds(
    lambda first, second: str(uuid.UUID(int=(first << 64) + second)), st.integers(0, 40), st.integers(0, 40)
)
_events: Final = st.sampled_from(sorted(_payloads)).flatmap(
    lambda event_type: st.builds(
        lambda event_id, instant, payload: Event(event_id, event_type, STREAM, EPOCH_NS + instant, payload),
        _ids,
        st.integers(0, 4),
        _payloads[event_type],
    )
)
streams: Final = st.lists(_events, max_size=12, unique_by=lambda event: event.event_id)


@given(events=streams, seed=st.integers(0, 2**32))
def test_order_and_duplicates_change_nothing(events: list[Event], seed: int) -> None:
    chance = random.Random(seed)
    again = events + chance.choices(events, k=5) if events else []
    chance.shuffle(again)

    assert fold(again) == fold(events)


@given(events=streams, more=streams)
def test_later_events_alone_change_the_state_only_from_their_time_on(
    events: list[Event], more: list[Event]
) -> None:
    later = [
        replace(event, event_id=str(uuid.uuid4()), event_time_unix_ns=event.event_time_unix_ns + 10)
        for event in more
    ]

    as_of = [event for event in events + later if event.event_time_unix_ns <= EPOCH_NS + 4]

    assert fold(as_of) == fold(events)


@given(events=streams, late=st.integers(1, 10**6))
def test_what_happened_first_says_how_a_model_was_created(events: list[Event], late: int) -> None:
    made = {"name": "late", "experiment_id": "1", "status": "READY"}
    event = Event(str(uuid.uuid4()), keys.MODEL_CREATED, STREAM, EPOCH_NS + 4 + late, made)
    created = any(known.event_type == keys.MODEL_CREATED for known in events)

    before, after = fold(events), fold([*events, event])

    assert after is not None
    if created:
        assert before is not None
        assert (after.name, after.creation_time_unix_ns) == (before.name, before.creation_time_unix_ns)
    else:
        assert (after.name, after.creation_time_unix_ns) == ("late", event.event_time_unix_ns)


def test_a_deleted_tag_comes_back_only_when_it_is_set_again() -> None:
    def tagged(number: int, event_type: str, payload: dict[str, Any]) -> Event:
        return Event(f"{number}", event_type, STREAM, EPOCH_NS + number, payload)

    set_it = tagged(1, keys.MODEL_TAGS_SET, {"tags": {"k": "1"}})
    delete = tagged(2, keys.MODEL_TAG_DELETED, {"key": "k"})
    again = tagged(3, keys.MODEL_TAGS_SET, {"tags": {"k": "2"}})

    states = [fold(events) for events in ([set_it], [delete, set_it], [again, delete, set_it])]

    assert [dict(state.tags) if state else None for state in states] == [{"k": "1"}, {}, {"k": "2"}]


def test_events_of_two_streams_are_not_mixed() -> None:
    events = [Event("1", keys.MODEL_DELETED, "m-1", 1), Event("2", keys.MODEL_DELETED, "m-2", 1)]

    with pytest.raises(ValueError, match="two streams"):
        fold(events)


def test_no_event_and_only_unknown_events_make_no_model() -> None:
    assert fold([]) is None
    assert fold([Event("1", "spanfold.model.renamed_in_2030", STREAM, 1, {"name": "n"})]) is None


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
    return state_from_slots(stream, slots, max(row["last_updated_unix_ns"] for row in found))


def comparable(state: ModelState | None) -> ModelState | None:
    """With metrics as doubles: JSON writes ``1.0`` and 1e20 as integers at times."""
    if state is None:
        return None
    return replace(state, metrics={name: float(value) for name, value in state.metrics.items()})


@settings(max_examples=25)
@given(events=streams, seed=st.integers(0, 2**32))
def test_python_and_sql_fold_any_events_to_the_same_state_at_any_instant(
    database: Database, events: list[Event], seed: int
) -> None:
    stream = f"m-{uuid.uuid4().hex}"
    mine = [replace(event, stream=stream) for event in events]
    for event in mine:
        validate_payload(event.event_type, event.payload)
    arriving = mine + random.Random(seed).choices(mine, k=2) if mine else []
    random.Random(seed).shuffle(arriving)
    half = len(arriving) // 2
    store(database, arriving[:half])
    store(database, arriving[half:])

    for instant in (-1, 0, 2, 4):
        until = EPOCH_NS + instant
        known = [event for event in mine if event.event_time_unix_ns <= until]
        assert comparable(fold_in_sql(database, stream, until)) == comparable(fold(known))


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
