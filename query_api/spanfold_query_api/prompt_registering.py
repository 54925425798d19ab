"""Gives the versions of prompts their numbers.

A number belongs to whoever claimed it first, by the event's time and ID; all that read the events agree on
who that is. Requests to one server wait for each other. Several servers may claim the same number at once, so
a claim counts only if :data:`SETTLE_S` after its time no earlier one is to be seen: whoever lost takes the
next number. Should a claim itself take longer than that to be seen, the other server may have answered
already: the late one hands the number back, so that the other's claim is first again, and takes the next
number, too; if the other had not answered yet, its version is then there twice. Nothing is lost, and nothing
changes that was answered, as long as the clocks of servers that share a database agree within that time.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from anyio import CapacityLimiter, to_thread

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._sender import entity_event
from spanfold_query_api import prompts
from spanfold_query_api.outgoing import SOURCE
from spanfold_query_api.problems import RETRY_AFTER_S, ProblemError
from spanfold_query_api.statements import statement
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spanfold.evaluation._sender import OutgoingEvent
    from spanfold.prompts import PromptVersion
    from spanfold_query_api.outgoing import Outgoing
    from spanfold_schemas.database import Database

SETTLE_S: Final = 0.25
MAX_VERSIONS: Final = 10_000
"""Of one prompt."""
_LOCKS: Final = 64
_LOCK_TIMEOUT_S: Final = 30.0
_VISIBLE_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.02
_ATTEMPTS: Final = 20
_MAX_CLAIMS: Final = 100
_AT_ONCE: Final = 8
_MAX_WAITING: Final = 100


class _Claim(NamedTuple):
    event_id: str
    payload: Mapping[str, Any]


class Registrar:
    """Registers versions of prompts. Any number of threads may use it."""

    def __init__(self, database: Database, outgoing: Outgoing) -> None:
        """Prepare; nothing is read or sent yet."""
        self._database: Final = database
        self._outgoing: Final = outgoing
        self._locks: Final = tuple(threading.Lock() for _ in range(_LOCKS))
        self._room: Final = CapacityLimiter(_AT_ONCE)

    async def registered(self, name: str, prompt: Mapping[str, Any], *, actor: str = "") -> PromptVersion:
        """As :meth:`register`, in a few threads of its own: a crowd of them holds up no other request.

        Raises:
            ProblemError: as :meth:`register`, or too many wait already (503): nothing was recorded.
        """
        if self._room.statistics().tasks_waiting >= _MAX_WAITING:
            raise _unavailable("too many versions of prompts are being registered: try again")
        return await to_thread.run_sync(partial(self.register, name, prompt, actor=actor), limiter=self._room)

    def register(self, name: str, prompt: Mapping[str, Any], *, actor: str = "") -> PromptVersion:
        """Record a new version, under the next number; returns once it can be read.

        Args:
            name: of the prompt, which may be new or deleted.
            prompt: the member ``prompt`` of the event (:mod:`spanfold_schemas.prompt_events`).
            actor: who registers it.

        Raises:
            ProblemError: it cannot be recorded (422), the prompt has too many versions (409), or the
                collector or the database are away or behind (503): it may be recorded all the same.
        """
        with self._alone(name):
            for _ in range(_ATTEMPTS):
                found = prompts.head(self._database, name, deleted=True)
                number = 1 if found is None else found.latest + 1
                if number > MAX_VERSIONS:
                    detail = f"{name!r} has {MAX_VERSIONS} versions, which is the most: use another name"
                    raise ProblemError(HTTPStatus.CONFLICT, "too-many-versions", detail)
                if self._claim(name, number, prompt, actor):
                    return prompts.version(self._database, name, number)
        raise _unavailable(f"others register {name!r} all the time: try again")

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        lock = self._locks[hash(name) % _LOCKS]
        if not lock.acquire(timeout=_LOCK_TIMEOUT_S):
            raise _unavailable(f"others register {name!r}: try again")
        try:
            yield
        finally:
            lock.release()

    def _claim(self, name: str, number: int, prompt: Mapping[str, Any], actor: str) -> bool:
        """Whether the version got this number."""
        payload = {"version": number, "prompt": prompt}
        try:
            event = entity_event(keys.PROMPT_VERSION_CREATED, name, payload, SOURCE, actor=actor)
        except InvalidArgumentError as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-event", str(error)) from error
        self._outgoing.send([event])
        claims = self._visible(name, number, event)
        age_s = (time.time_ns() - event.time_unix_ns) / 1e9
        if age_s < SETTLE_S:
            time.sleep(SETTLE_S - age_s)
            claims = self._claims(name, number)
        if claims[0].event_id != event.attributes[keys.EVENT_ID]:
            return False
        if len(claims) > 1 and age_s > SETTLE_S:
            self._hand_back(event, claims[1].payload)
            return False
        return True

    def _hand_back(self, event: OutgoingEvent, payload: Mapping[str, Any]) -> None:
        before_ns = event.time_unix_ns - 1
        attributes = {**event.attributes, keys.EVENT_ID: ids.new_event_id(before_ns)}
        body = orjson.dumps(payload).decode()
        self._outgoing.send([replace(event, time_unix_ns=before_ns, attributes=attributes, body=body)])

    def _visible(self, name: str, number: int, event: OutgoingEvent) -> list[_Claim]:
        """The claims for a number, once both the event and the prompt's state show this one."""
        deadline = time.monotonic() + _VISIBLE_WITHIN_S
        while True:
            claims = self._claims(name, number)
            if event.attributes[keys.EVENT_ID] in {claim.event_id for claim in claims}:
                found = prompts.head(self._database, name, (number,), deleted=True)
                if found is not None and number in found.state.versions:
                    return claims
            if time.monotonic() > deadline:
                raise _unavailable(
                    "this is recorded, but the database is behind: list the versions in a moment"
                )
            time.sleep(_LOOK_EVERY_S)

    def _claims(self, name: str, number: int) -> list[_Claim]:
        parameters = {"name": name, "version": number, "limit": _MAX_CLAIMS}
        rows = self._database.query(statement("prompt_claims"), parameters)
        return [_Claim(event_id, orjson.loads(payload)) for event_id, payload in rows]


def _unavailable(detail: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "database-behind",
        detail,
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )
