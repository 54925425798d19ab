"""Numbers of versions: several servers on one database give each away once; what was answered stays so."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanfold_query_api import prompts, times
from spanfold_query_api.outgoing import Outgoing
from spanfold_query_api.problems import ProblemError
from spanfold_query_api.prompt_registering import SETTLE_S, Registrar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from spanfold.evaluation._sender import OutgoingEvent
    from spanfold.prompts import PromptVersion
    from tests.query_api.conftest import RecordingDatabase

_names: Final = itertools.count()
LIMIT_S: Final = 60


class Delayed(Outgoing):
    """What stands between an event's time and its arrival."""

    def __init__(self, endpoint: str, wait: Callable[[], object]) -> None:
        super().__init__(endpoint)
        self._wait = wait

    def send(self, events: Sequence[OutgoingEvent]) -> None:
        self._wait()
        super().send(events)


@pytest.fixture
def name() -> str:
    return f"prompt-{next(_names)}"


@pytest.fixture
def outgoing(collector_url: str) -> Iterator[Outgoing]:
    made = Outgoing(collector_url)
    yield made
    made.close()


def templates(database: RecordingDatabase, name: str) -> dict[int, object]:
    found = prompts.head(database, name)
    assert found is not None
    every = prompts.versions(database, found, found.numbers, times.MAX_UNIX_NS)
    return {one.version: one.template for one in every}


@given(delays_ms=st.lists(st.sampled_from([0, 0, 5, 100, 400]), min_size=8, max_size=8), data=st.data())
@settings(max_examples=6)
def test_two_servers_lose_nothing_and_change_nothing_that_was_answered(
    database: RecordingDatabase, collector_url: str, delays_ms: list[int], data: st.DataObject
) -> None:
    name = f"prompt-{next(_names)}"
    waits = iter([*delays_ms, *itertools.repeat(0, 200)])
    lock = threading.Lock()

    def wait() -> None:
        with lock:
            delay_ms = next(waits)
        time.sleep(delay_ms / 1_000)

    servers = [Registrar(database, Delayed(collector_url, wait)) for _ in range(2)]
    which = data.draw(st.lists(st.integers(0, 1), min_size=6, max_size=6))

    def register(number: int) -> PromptVersion:
        return servers[which[number]].register(name, {"template": f"template {number}"})

    with ThreadPoolExecutor(6) as pool:
        answered = list(pool.map(register, range(6), timeout=LIMIT_S))
    assert [one.template for one in answered] == [f"template {number}" for number in range(6)]
    kept = templates(database, name)
    assert len({one.version for one in answered}) == 6
    assert {one.version: one.template for one in answered}.items() <= kept.items()
    assert set(kept.values()) == {one.template for one in answered}


def test_a_claim_that_comes_too_late_hands_the_number_back(
    database: RecordingDatabase, collector_url: str, outgoing: Outgoing, name: str
) -> None:
    is_over, is_waiting, first = threading.Event(), threading.Event(), [True]

    def wait() -> None:
        if first:
            first.clear()
            is_waiting.set()
            assert is_over.wait(LIMIT_S)

    late = Registrar(database, Delayed(collector_url, wait))
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(late.register, name, {"template": "late", "user": "bob"})
        assert is_waiting.wait(LIMIT_S)
        answered = Registrar(database, outgoing).register(name, {"template": "in time", "user": "ann"})
        assert (answered.version, answered.template) == (1, "in time")
        is_over.set()
        assert pending.result(LIMIT_S).version == 2
    assert templates(database, name) == {1: "in time", 2: "late"}
    now = prompts.version(database, name, 1)
    assert (now.template, now.user) == ("in time", "ann")


def test_of_two_claims_at_once_each_gets_a_number(
    database: RecordingDatabase, collector_url: str, name: str
) -> None:
    barrier = threading.Barrier(2)
    first = {"a": True, "b": True}

    def meet(server: str) -> Callable[[], object]:
        def wait() -> None:
            if first.pop(server, False):
                barrier.wait(LIMIT_S)

        return wait

    servers = [Registrar(database, Delayed(collector_url, meet(server))) for server in ("a", "b")]
    with ThreadPoolExecutor(2) as pool:
        pending = [
            pool.submit(one.register, name, {"template": text})
            for one, text in zip(servers, "ab", strict=True)
        ]
        answered = {one.result(LIMIT_S).version: one.result().template for one in pending}
    assert len(answered) == 2
    assert answered.items() <= templates(database, name).items()


def test_one_server_gives_numbers_in_order_and_waits_no_longer_than_it_must(
    database: RecordingDatabase, outgoing: Outgoing, name: str
) -> None:
    registrar = Registrar(database, outgoing)
    started_s = time.monotonic()
    versions = [registrar.register(name, {"template": str(number)}).version for number in range(3)]
    assert versions == [1, 2, 3]
    assert time.monotonic() - started_s >= 3 * SETTLE_S
    events = database.query(
        "SELECT count() FROM entity_events WHERE StreamType = 'prompt' AND Stream = {name:String}",
        {"name": name},
    )
    assert events.rows[0][0] == 3


def test_a_prompt_has_a_limit_of_versions(
    database: RecordingDatabase, outgoing: Outgoing, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spanfold_query_api.prompt_registering.MAX_VERSIONS", 1)
    registrar = Registrar(database, outgoing)
    registrar.register(name, {"template": "x"})
    with pytest.raises(ProblemError, match="has 1 versions, which is the most") as caught:
        registrar.register(name, {"template": "x"})
    assert caught.value.status == 409


def test_a_collector_that_is_away_is_told(database: RecordingDatabase, name: str) -> None:
    registrar = Registrar(database, Outgoing("http://127.0.0.1:9"))
    with pytest.raises(ProblemError, match="the collector did not take it") as caught:
        registrar.register(name, {"template": "x"})
    assert caught.value.status == 503
    assert prompts.head(database, name, deleted=True) is None
