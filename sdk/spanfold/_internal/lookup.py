"""Questions to the query API. Standard library only, with a short limit: an application waits on them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal.model import from_answer
from spanfold.errors import ModelNotFoundError, ServerUnavailableError

if TYPE_CHECKING:
    from spanfold._internal.model import LoggedModel

TIMEOUT_S: Final = 2.0
RETRY_AFTER_S: Final = 30.0
"""How long a server that was away is not asked again: nobody waits TIMEOUT_S for each request they serve."""
MAX_ANSWER_BYTES: Final = 8 * 2**20
_NOT_FOUND: Final = 404


@dataclass(slots=True)
class QueryApi:
    """The query API at one address."""

    address: str
    """Such as ``http://localhost:4319``."""
    _ask_again_at_s: float = 0.0

    def find_model(self, experiment_id: str, name: str) -> LoggedModel | None:
        """The newest model version called ``name``, or None if the server knows none.

        Raises:
            ServerUnavailableError: no usable answer.
        """
        answer = self._get("/v1/models", name=name)
        try:
            models = [
                from_answer(item)
                for item in answer["models"]
                if item["name"] == name and item["experiment_id"] == experiment_id and not item.get("deleted")
            ]
        except (KeyError, TypeError) as fault:
            raise self._unavailable(f"the answer is not a list of models: {fault!r}") from fault
        return max(models, key=lambda model: model.creation_timestamp, default=None)

    def get_model(self, model_id: str) -> LoggedModel:
        """The model version with this ID.

        Raises:
            ModelNotFoundError: the server has no such model.
            ServerUnavailableError: no usable answer.
        """
        from urllib.parse import quote  # noqa: PLC0415 - not needed by an application that never asks

        answer = self._get(f"/v1/models/{quote(model_id, safe='')}")
        if answer is None:
            raise ModelNotFoundError(model_id)
        try:
            return from_answer(answer)
        except (KeyError, TypeError) as fault:
            raise self._unavailable(f"the answer is not a model: {fault!r}") from fault

    def _get(self, path: str, **query: str) -> Any:
        """The decoded JSON answer; None if the query API itself says that there is no such thing.

        Raises:
            ServerUnavailableError: no usable answer, or none shortly before.
        """
        if time.monotonic() < self._ask_again_at_s:
            message = f"the query API at {self.address} was away a moment ago"
            raise ServerUnavailableError(message)
        from http.client import HTTPException  # noqa: PLC0415 - slow to import, and needed only here
        from urllib.error import HTTPError  # noqa: PLC0415
        from urllib.parse import urlencode  # noqa: PLC0415
        from urllib.request import Request, urlopen  # noqa: PLC0415

        address = self.address + path + ("?" + urlencode(query) if query else "")
        try:
            request = Request(address, headers={"Accept": "application/json"})  # noqa: S310 - checked to be http(s)
            with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
                return json.loads(response.read(MAX_ANSWER_BYTES))
        except HTTPError as fault:
            with fault:
                # Any web server answers 404 to a strange path: only ours describes it as a problem.
                if (
                    fault.code == _NOT_FOUND
                    and fault.headers.get_content_type() == "application/problem+json"
                ):
                    return None
                raise self._unavailable(f"it answered {fault.code} {fault.reason}") from fault
        except (OSError, HTTPException, ValueError) as fault:
            raise self._unavailable(str(fault)) from fault

    def _unavailable(self, why: str) -> ServerUnavailableError:
        self._ask_again_at_s = time.monotonic() + RETRY_AFTER_S
        return ServerUnavailableError(f"no usable answer from the query API at {self.address}: {why}")
