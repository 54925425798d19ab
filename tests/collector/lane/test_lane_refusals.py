"""The lane and what the database refuses: one sender pays for its own bytes, and nothing is thrown away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_collector.errors import InvalidRequestError
from spanfold_collector.lane import Lane
from spanfold_collector.settings import CollectorSettings
from spanfold_collector.signals import TRACES
from spanfold_collector.telemetry import Telemetry
from tests.collector._database import LIMIT_S, ScriptedDatabase, span_names, until
from tests.collector._lane import AWAY, figure, names, request, spooled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def test_what_the_database_refuses_for_good_costs_only_its_own_sender(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    lane = make_lane(linger_ms=200)
    database.poison = b"span 5"

    promises = [lane.submit(request(number)) for number in range(11)]

    with pytest.raises(InvalidRequestError, match="the database refuses this request: Code: 117"):
        promises[5].result(LIMIT_S)
    for number, promise in enumerate(promises):
        assert number == 5 or promise.result(LIMIT_S).rejected == 0
    assert sorted(database.names) == sorted(names(*(n for n in range(11) if n != 5)))
    (letter,) = (tmp_path / "dead-letters").glob("*.request")
    assert span_names(letter.read_bytes()) == names(5)
    assert "incorrect data" in json.loads(letter.with_suffix(".json").read_text())["reason"]
    assert figure(lane, "dead_lettered_requests_total") == 1


def test_a_request_that_only_the_engines_decoder_refuses_is_decoded_here(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    lane = make_lane(linger_ms=200)
    database.engine_poison = b"span 2"

    for promise in [lane.submit(request(number)) for number in range(4)]:
        promise.result(LIMIT_S)

    assert (database.names, database.row_names) == (names(0, 1, 3), names(2))
    assert list((tmp_path / "dead-letters").iterdir()) == []


def test_what_turns_out_bad_after_it_was_acknowledged_is_kept_as_a_dead_letter(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    lane = make_lane()
    database.broken = AWAY
    for number in range(3):
        lane.submit(request(number)).result(LIMIT_S)
    database.poison = b"span 1"

    database.broken = None

    until(lambda: not lane.is_detoured, "the lane leaves the detour")
    assert database.names == names(0, 2)
    (letter,) = (tmp_path / "dead-letters").glob("*.request")
    assert span_names(letter.read_bytes()) == names(1)


def test_while_the_dead_letter_folder_is_full_the_request_stays_in_the_spool(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path
) -> None:
    lane = make_lane(dead_letter_max_bytes=500)
    full = tmp_path / "dead-letters" / "earlier.request"
    full.write_bytes(bytes(500))
    database.poison = b"span 1"

    lane.submit(request(1)).result(LIMIT_S)
    assert spooled(tmp_path) == names(1)

    full.unlink()
    until(lambda: not lane.is_detoured, "the lane leaves the detour")
    assert spooled(tmp_path) == []
    assert len(list((tmp_path / "dead-letters").glob("*.request"))) == 1


@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_a_spooled_group_that_was_damaged_does_not_hold_up_the_others(
    make_lane: Callable[..., Lane], database: ScriptedDatabase, tmp_path: Path, damage: str
) -> None:
    first = make_lane()
    database.broken = AWAY
    for number in range(3):
        first.submit(request(number)).result(LIMIT_S)
    first.stop(LIMIT_S)
    database.broken = None
    victim = sorted((tmp_path / "spool" / "traces").glob("*.group"))[1]
    if damage == "changed":
        victim.write_bytes(victim.read_bytes()[:-1])

    second = make_lane() if damage == "changed" else None
    if second is None:
        database.is_open.clear()
        second = make_lane()
        assert database.is_entered.wait(LIMIT_S)
        victim.unlink()
        database.is_open.set()

    until(lambda: not second.is_detoured, "the lane leaves the detour")
    assert database.names == names(0, 2)
    letters = list((tmp_path / "dead-letters").glob("*.request"))
    assert len(letters) == (1 if damage == "changed" else 0)


def test_a_request_that_cannot_be_decoded_does_not_hold_up_its_group(
    database: ScriptedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(messages: Iterator[bytes]) -> Iterator[list[Any]]:
        for message in messages:
            assert b"span 2" not in message
            yield [message]

    inserted: list[bytes] = []
    monkeypatch.setattr(database, "insert_rows", lambda _t, _c, rows, **_: inserted.extend(m for [m] in rows))
    signal = type(TRACES)(**{name: getattr(TRACES, name) for name in TRACES.__slots__} | {"rows": rows})
    settings = CollectorSettings(directory=tmp_path, linger_ms=200, min_free_disk_bytes=0)
    lane = Lane(signal, database, settings, Telemetry())
    lane.start()

    promises = [lane.submit(request(number)) for number in range(4)]

    with pytest.raises(InvalidRequestError, match="cannot be decoded"):
        promises[2].result(LIMIT_S)
    lane.stop(LIMIT_S)
    assert len(inserted) == 3
    assert [promise.exception(0) is None for promise in promises] == [True, True, False, True]
