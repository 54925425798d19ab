"""Reads what a comparison needs over HTTP."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import pages, reading
from spanfold._internal.lookup import path_of
from spanfold.errors import ServerUnavailableError
from spanfold.evaluation._comparison_sides import Texts
from spanfold.evaluation._mapping_texts import answer_of, question_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from spanfold._internal.lookup import QueryApi

_COLUMNS: Final = ("trace_id", "model_id", "name", "value", "label", "error", "input_hash")
_DETAILS: Final = 50
"""Traces that the query API gives at one time with all their spans."""


class HttpReader:
    """The query API that this process is configured for.

    Raises:
        ServerUnavailableError: it gave no usable answer; each method may.
    """

    @cached_property
    def _api(self) -> QueryApi:
        # Asked for when it is needed: tables in memory are compared without any server.
        return reading.query_api()

    def evaluation(self, evaluation_id: str) -> Mapping[str, Any] | None:
        """One evaluation; None if there is none."""
        found: Mapping[str, Any] | None = self._api.get(path_of("evaluations", evaluation_id))
        return found

    def finished(self, model_id: str) -> Iterable[Mapping[str, Any]]:
        """Finished evaluations that cover a version, newest first."""
        return pages.items(self._api, "/v1/evaluations", "evaluations", model_id=model_id, status="FINISHED")

    def model(self, id_or_name: str) -> Mapping[str, Any] | None:
        """The version with this ID, or the newest of this name."""
        found = self._api.get("/v1/diff", a=id_or_name, b=id_or_name)
        return None if found is None else dict(found["a"])

    def scores(self, evaluation_id: str, model_id: str) -> Iterator[Mapping[str, Any]]:
        """Scores of an evaluation, streamed."""
        path = path_of("evaluations", evaluation_id, "scores")
        with self._api.open(
            path, model_id=model_id or None, columns=",".join(_COLUMNS), format="jsonl"
        ) as response:
            for line in response:
                yield _object(line)

    def texts(self, trace_ids: Sequence[str]) -> dict[str, Texts]:
        """What traces were asked, and what they answered."""
        found: dict[str, Texts] = {}
        for first in range(0, len(trace_ids), _DETAILS):
            asked = list(trace_ids[first : first + _DETAILS])
            answer = self._api.get("/v1/traces/details", trace_id=asked) or {"traces": []}
            for trace in answer["traces"]:
                found[trace["trace_id"]] = Texts(question_of(trace["input"]), answer_of(trace["output"]))
        return found


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(line)
    except ValueError as fault:
        message = f"the scores that the query API answered are not JSON: {fault}"
        raise ServerUnavailableError(message) from fault
    return found
