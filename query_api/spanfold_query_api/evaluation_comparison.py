"""Reads from the database what a comparison of two evaluations needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from spanfold.evaluation._comparison_sides import Texts
from spanfold.evaluation._mapping_texts import answer_of, question_of
from spanfold_query_api import evaluations, references, spans, times
from spanfold_query_api.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold_schemas.database import Database

_COLUMNS: Final = ("trace_id", "model_id", "name", "value", "label", "error", "input_hash")
_PAGE: Final = 100
_DETAILS: Final = 50
_FEW_SPANS: Final = 1_000


class DatabaseReader:
    """As :class:`spanfold.evaluation._comparison_sides.Reader` has it."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def evaluation(self, evaluation_id: str) -> Mapping[str, Any] | None:
        """One evaluation; None if there is none."""
        state = evaluations.get(self._database, evaluation_id)
        return None if state is None else evaluations.describe(state)

    def finished(self, model_id: str) -> Iterator[Mapping[str, Any]]:
        """Finished evaluations that cover a version, newest first."""
        asked = evaluations.Asked(model_id=model_id, statuses=("FINISHED",))
        token: str | None = None
        while True:
            states, token = evaluations.listing(self._database, asked, page_token=token, limit=_PAGE)
            yield from map(evaluations.describe, states)
            if token is None:
                return

    def model(self, id_or_name: str) -> Mapping[str, Any] | None:
        """The version with this ID, or the newest of this name."""
        try:
            return references.find(self._database, id_or_name, times.MAX_UNIX_NS)
        except ProblemError:
            return None

    def scores(self, evaluation_id: str, model_id: str) -> Iterator[Mapping[str, Any]]:
        """Scores of an evaluation, piece by piece."""
        asked = evaluations.AskedScores(evaluation_id, _COLUMNS, "JSONEachRow", model_id=model_id)
        for piece in evaluations.scores(self._database, asked):
            yield from map(orjson.loads, piece.splitlines())

    def texts(self, trace_ids: Sequence[str]) -> dict[str, Texts]:
        """What traces were asked, and what they answered."""
        found: dict[str, Texts] = {}
        for first in range(0, len(trace_ids), _DETAILS):
            asked = trace_ids[first : first + _DETAILS]
            for trace in spans.get_traces(self._database, asked, _FEW_SPANS * len(asked)):
                found[trace["trace_id"]] = Texts(question_of(trace["input"]), answer_of(trace["output"]))
        return found
