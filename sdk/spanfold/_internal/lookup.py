"""Questions to the query API. Standard library only, and every wait has a limit: an application waits."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal.model import from_answer
from spanfold.errors import InvalidArgumentError, ModelNotFoundError, ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from http.client import HTTPResponse
    from urllib.error import HTTPError

    from spanfold._internal.model import LoggedModel

    Parameter = str | int | float | bool | Sequence[str] | None

LOOKUP_TIMEOUT_S: Final = 2.0
LOOKUP_IN_LOOP_TIMEOUT_S: Final = 0.25
"""Where an event loop runs, all of its tasks wait for the answer: a name must do with less."""
READ_TIMEOUT_S: Final = 30.0
RETRY_RATIO: Final = 15
"""A server that was away is left alone for this many times the wait: not each request waits for it."""
MAX_NAMESAKES: Final = 10
MAX_ANSWER_BYTES: Final = 256 * 2**20
_NOT_FOUND: Final = 404
_REFUSED: Final = frozenset({400, 409, 413, 414, 422})
_FIX: Final = "start it with `spanfold serve`, or set SPANFOLD_ENDPOINT to where it listens"
_NO_SUCH_ROUTE: Final = "urn:spanfold:problem:not-found"


@dataclass(frozen=True, slots=True)
class Namesakes:
    """Model versions of one name."""

    alive: tuple[LoggedModel, ...]
    """Newest first."""
    deleted: tuple[str, ...]
    """IDs of those that were deleted."""
    are_all: bool
    """Whether there are no more of the name than these."""


@dataclass(slots=True)
class QueryApi:
    """The query API at one address."""

    address: str
    """Such as ``http://localhost:4319``."""
    _ask_again_at_s: float = 0.0

    def get(self, path: str, /, *, timeout_s: float = READ_TIMEOUT_S, **query: Parameter) -> Any | None:
        """The decoded JSON answer; None if the query API says that there is no such thing.

        Args:
            path: such as ``/v1/models``; what is not plain in it must be quoted.
            timeout_s: the longest wait for the connection, and for each piece of the answer.
            **query: parameters; None is left out, a sequence is repeated.

        Raises:
            InvalidArgumentError: the query API refuses the question; its own words say why.
            ServerUnavailableError: no usable answer.
        """
        return self._ask(path, timeout_s, query)

    def send(self, method: str, path: str, body: object = None, *, timeout_s: float = READ_TIMEOUT_S) -> Any:
        """Change something: the decoded JSON answer, ``{}`` for an empty one; None if there is no such thing.

        Args:
            method: such as ``POST``.
            path: as for :meth:`get`.
            body: sent as JSON.
            timeout_s: as for :meth:`get`.

        Raises:
            InvalidArgumentError: the query API refuses it; its own words say why.
            ServerUnavailableError: no usable answer; it may have happened all the same.
        """
        return self._ask(path, timeout_s, {}, method, body)

    def _ask(
        self,
        path: str,
        timeout_s: float,
        query: dict[str, Parameter],
        method: str = "GET",
        body: object = None,
    ) -> Any | None:
        from urllib.error import HTTPError  # noqa: PLC0415 - `import spanfold` stays light

        try:
            with self._opened(path, timeout_s, query, method, body) as response:
                answer = response.read(MAX_ANSWER_BYTES + 1)
                if len(answer) > MAX_ANSWER_BYTES:
                    message = f"the answer of {path} has more than {MAX_ANSWER_BYTES} bytes: ask for less"
                    raise InvalidArgumentError(message)
                return json.loads(answer) if answer else {}
        except HTTPError as fault:
            with fault:
                problem = _problem_of(fault)
                if problem is not None and fault.code == _NOT_FOUND and problem.get("type") != _NO_SUCH_ROUTE:
                    return None
                raise self._refusal(path, fault, problem) from None
        except ValueError as fault:
            if isinstance(fault, InvalidArgumentError):
                raise
            raise self._unavailable(f"the answer of {path} is not JSON: {fault}") from fault

    @contextmanager
    def open(
        self, path: str, *, timeout_s: float = READ_TIMEOUT_S, **query: Parameter
    ) -> Iterator[HTTPResponse]:
        """The answer as an open file, to be read piece by piece inside the block.

        Args:
            path: as for :meth:`get`.
            timeout_s: the longest wait for the connection, and for each piece of the answer.
            **query: as for :meth:`get`.

        Raises:
            InvalidArgumentError: the query API refuses the question, or knows no such thing.
            ServerUnavailableError: no usable answer, or it broke off inside the block.
        """
        from urllib.error import HTTPError  # noqa: PLC0415 - `import spanfold` stays light

        try:
            with self._opened(path, timeout_s, query) as response:
                yield response
        except HTTPError as fault:
            with fault:
                raise self._refusal(path, fault, _problem_of(fault)) from None

    def find_models(self, experiment_id: str, name: str) -> Namesakes:
        """The newest model versions called ``name``.

        Raises:
            ServerUnavailableError: no usable answer in time, or none shortly before.
        """
        answer = self.look_up(
            "/v1/models", name=name, experiment_id=experiment_id, include_deleted=True, limit=MAX_NAMESAKES
        )
        try:
            every = (answer or {})["models"]
            found = [
                item for item in every if item["name"] == name and item["experiment_id"] == experiment_id
            ]
            alive = [from_answer(item) for item in found if not item.get("deleted")]
            deleted = [item["model_id"] for item in found if item.get("deleted")]
        except (KeyError, TypeError) as fault:
            raise self._unusable(f"the answer is not a list of models: {fault!r}") from fault
        newest_first = sorted(alive, key=lambda model: model.creation_timestamp, reverse=True)
        return Namesakes(tuple(newest_first), tuple(deleted), are_all=len(every) < MAX_NAMESAKES)

    def get_model(self, model_id: str) -> LoggedModel:
        """The model version with this ID.

        Raises:
            ModelNotFoundError: the server has no such model, or it was deleted.
            ServerUnavailableError: no usable answer in time, or none shortly before.
        """
        answer = self.look_up(path_of("models", model_id))
        if answer is None:
            raise ModelNotFoundError(model_id)
        try:
            if answer.get("deleted"):
                raise ModelNotFoundError(model_id, deleted=True)
            return from_answer(answer)
        except (AttributeError, KeyError, TypeError) as fault:
            raise self._unusable(f"the answer is not a model: {fault!r}") from fault

    def look_up(self, path: str, **query: Parameter) -> Any | None:
        """As :meth:`get`, on the way of the application's own work: it waits briefly, and not each time.

        Raises:
            ServerUnavailableError: no usable answer in time, or none shortly before.
        """
        if time.monotonic() < self._ask_again_at_s:
            message = f"the query API at {self.address} was away a moment ago"
            raise ServerUnavailableError(message)
        timeout_s = _patience_s()
        outcome = list[Any]()

        def ask() -> None:
            try:
                outcome.append((self.get(path, timeout_s=timeout_s, **query), None))
            except Exception as fault:  # noqa: BLE001 - raised again below
                outcome.append((None, fault))

        # A thread, because no timeout of a socket bounds the resolution of a name, or a server that trickles.
        asker = threading.Thread(target=ask, name="spanfold-lookup", daemon=True)
        try:
            asker.start()
        except RuntimeError as fault:  # the interpreter shuts down
            raise self._unavailable(str(fault)) from fault
        asker.join(timeout_s)
        answer, failure = outcome[0] if outcome else (None, self._unavailable(f"none within {timeout_s} s"))
        if isinstance(failure, InvalidArgumentError):
            raise self._unusable(str(failure)) from failure
        if isinstance(failure, ServerUnavailableError):
            self._leave_alone()
        if failure is not None:
            raise failure
        return answer

    @contextmanager
    def _opened(
        self,
        path: str,
        timeout_s: float,
        query: dict[str, Parameter],
        method: str = "GET",
        body: object = None,
    ) -> Iterator[HTTPResponse]:
        """Ask, without a trace of its own: the question is not the application's.

        Raises:
            HTTPError: the server refused.
            ServerUnavailableError: it did not answer.
        """
        from http.client import HTTPException  # noqa: PLC0415 - slow to import, and needed only here
        from urllib.error import HTTPError  # noqa: PLC0415
        from urllib.parse import urlencode  # noqa: PLC0415
        from urllib.request import Request, urlopen  # noqa: PLC0415

        from opentelemetry.context import (  # noqa: PLC0415
            _SUPPRESS_INSTRUMENTATION_KEY,
            attach,
            detach,
            set_value,
        )

        given = {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in query.items()
            if value is not None
        }
        address = self.address + path + ("?" + urlencode(given, doseq=True) if given else "")
        headers = {"Accept": "*/*"}
        sent = None
        if body is not None:
            sent, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = Request(address, sent, headers, method=method)  # noqa: S310 - checked to be http(s)
        try:
            token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))  # noqa: FBT003 - as exporters do
            try:
                response: HTTPResponse = urlopen(request, timeout=timeout_s)  # noqa: S310
            finally:
                detach(token)
        except HTTPError:
            raise
        except (OSError, HTTPException) as fault:
            raise self._unavailable(f"{fault}: {_FIX}") from fault
        try:
            with response:
                yield response
        except ServerUnavailableError:
            raise
        except (OSError, HTTPException) as fault:
            raise self._unavailable(f"the answer broke off: {fault!r}") from fault

    def _refusal(self, path: str, fault: HTTPError, problem: dict[str, Any] | None) -> Exception:
        """What a refusal means to the caller."""
        if problem is not None and problem.get("type") == _NO_SUCH_ROUTE:
            return self._unavailable(f"it does not offer {path}: is it older than this SDK?")
        if problem is not None and "detail" in problem and fault.code in {*_REFUSED, _NOT_FOUND}:
            return InvalidArgumentError(str(problem["detail"]))
        why = problem.get("detail") if problem is not None else None
        return self._unavailable(f"it answered {fault.code} {fault.reason}" + (f": {why}" if why else ""))

    def _unusable(self, why: str) -> ServerUnavailableError:
        """A lookup got no usable answer."""
        self._leave_alone()
        return self._unavailable(why)

    def _leave_alone(self) -> None:
        self._ask_again_at_s = time.monotonic() + RETRY_RATIO * _patience_s()

    def _unavailable(self, why: str) -> ServerUnavailableError:
        return ServerUnavailableError(f"no usable answer from the query API at {self.address}: {why}")


def path_of(kind: str, identifier: str, *more: str) -> str:
    """The path of one thing, whatever characters its ID has.

    Example:
        >>> path_of("models", "shop/v1?x", "events")
        '/v1/models/shop%2Fv1%3Fx/events'
    """
    from urllib.parse import quote  # noqa: PLC0415 - not needed by an application that never asks

    return "/".join(("", "v1", kind, quote(identifier, safe=""), *more))


def _problem_of(fault: HTTPError) -> dict[str, Any] | None:
    """The problem that the query API describes; None if another web server answered."""
    # Any web server answers 404 to a strange path: only ours describes it as a problem.
    if fault.headers.get_content_type() != "application/problem+json":
        return None
    try:
        problem = json.loads(fault.read(2**20))
    except (ValueError, OSError):
        return None
    return problem if isinstance(problem, dict) else None


def _patience_s() -> float:
    """How long to wait here for the answer to a lookup."""
    asyncio = sys.modules.get("asyncio")
    is_in_loop = asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001 - raises nothing
    return LOOKUP_IN_LOOP_TIMEOUT_S if is_in_loop else LOOKUP_TIMEOUT_S
