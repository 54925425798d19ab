"""The fold depends on the set of events alone: not on their order, duplication or grouping."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_schemas import keys
from spanfold_schemas.events import Event, validate_payload
from spanfold_schemas.fold import fold, fold_experiment, fold_run, fold_slots
from tests.schemas.strategies import DAY_NS, EPOCH_NS, STREAM, instants_ns, models, streams


@given(stream=streams, seed=st.integers(0, 2**32), until_ns=instants_ns)
def test_order_duplicates_and_grouping_change_nothing_at_any_instant(
    stream: tuple[str, list[Event]], seed: int, until_ns: int
) -> None:
    """As collectors do it: parts of the stream arrive in any order, some of them twice, some together."""
    stream_type, events = stream
    chance = random.Random(seed)
    cut = chance.randrange(len(events) + 1)
    groups = [events[:cut], events[cut:], chance.choices(events, k=5) if events else []]
    for group in groups:
        chance.shuffle(group)
    chance.shuffle(groups)
    arriving = [event for group in groups for event in group]

    for until in (until_ns, EPOCH_NS + 100 * DAY_NS):
        known, again = (
            [one for one in some if one.event_time_unix_ns <= until] for some in (events, arriving)
        )
        assert fold_slots(again, stream_type) == fold_slots(known, stream_type)


@given(stream=streams)
def test_every_event_that_is_folded_here_is_one_that_may_be_sent(stream: tuple[str, list[Event]]) -> None:
    """Else the properties above would be about events that never happen."""
    for event in stream[1]:
        validate_payload(event.event_type, event.payload)


@given(events=models, more=models)
def test_later_events_alone_change_the_state_only_from_their_time_on(
    events: list[Event], more: list[Event]
) -> None:
    later = [
        replace(event, event_id=str(uuid.uuid4()), event_time_unix_ns=event.event_time_unix_ns + 50 * DAY_NS)
        for event in more
    ]

    as_of = [event for event in events + later if event.event_time_unix_ns <= EPOCH_NS + 49 * DAY_NS]

    assert fold(as_of) == fold(events)


@given(events=models, late=st.integers(1, 10**6))
def test_what_happened_first_says_how_a_model_was_created(events: list[Event], late: int) -> None:
    made = {"name": "late", "experiment_id": "1", "status": "READY"}
    event = Event(str(uuid.uuid4()), keys.MODEL_CREATED, STREAM, EPOCH_NS + 49 * DAY_NS + late, made)
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


def happened(number: int, event_type: str, **payload: Any) -> Event:
    return Event(f"{number}", event_type, "ab", EPOCH_NS + number, payload)


STARTED = happened(1, keys.RUN_STARTED, experiment_id="17", run_name="calm-otter", tags={"a": "1"})


def test_a_run_is_running_until_it_ends() -> None:
    ended = happened(5, keys.RUN_ENDED, status="FAILED")

    before, after = fold_run([STARTED]), fold_run([ended, STARTED])

    assert before is not None
    assert (before.status, before.end_time_unix_ns, before.experiment_id) == ("RUNNING", None, "17")
    assert after is not None
    assert (after.status, after.start_time_unix_ns, after.end_time_unix_ns) == (
        "FAILED",
        EPOCH_NS + 1,
        EPOCH_NS + 5,
    )


def test_a_run_that_is_started_again_is_not_over_and_keeps_its_first_start() -> None:
    again = happened(9, keys.RUN_STARTED, experiment_id="18", run_name="other")

    run = fold_run([again, happened(5, keys.RUN_ENDED, status="FINISHED"), STARTED])

    assert run is not None
    assert (run.status, run.end_time_unix_ns) == ("RUNNING", None)
    assert (run.run_name, run.experiment_id, run.start_time_unix_ns) == ("calm-otter", "17", EPOCH_NS + 1)


def test_metrics_are_floats_whatever_json_made_of_them() -> None:
    run = fold_run([happened(1, keys.RUN_METRICS_LOGGED, metrics={"loss": 1, "f1": 0.5}, step=3)])

    assert run is not None
    assert [(name, type(value)) for name, value in run.metrics.items()] == [("f1", float), ("loss", float)]


def test_what_arrives_before_the_start_of_a_run_makes_a_run_already() -> None:
    run = fold_run([happened(3, keys.RUN_TAGS_SET, tags={"k": "v"})])

    assert run is not None
    assert (run.run_name, run.status, run.experiment_id, run.tags) == ("ab", "UNSPECIFIED", "0", {"k": "v"})


def test_the_first_who_creates_an_experiment_names_it() -> None:
    first = happened(1, keys.EXPERIMENT_CREATED, name="support", tags={"team": "ml"})
    second = happened(2, keys.EXPERIMENT_CREATED, name="Support", tags={"team": "search"})

    experiment = fold_experiment([second, first])

    assert experiment is not None
    assert (experiment.name, experiment.creation_time_unix_ns) == ("support", EPOCH_NS + 1)
    assert experiment.tags == {"team": "search"}


def test_events_of_another_type_of_stream_are_none_of_a_models_business() -> None:
    assert fold([STARTED]) is None
    assert fold_run([happened(1, keys.MODEL_DELETED)]) is None
