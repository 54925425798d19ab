"""Reads what judges and people said of the same traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from spanfold.evaluation._agreement import Rated
from spanfold_query_api import times
from spanfold_query_api.statements import statement
from spanfold_schemas import keys

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

MAX_TRACES: Final = 20_000
"""Of more traces than these that both have scored, the newest judgements count."""
POSITION_KEY: Final = f"{keys.SCORE_METADATA_PREFIX}position"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose scores to compare, and which."""

    judge: str
    human: str
    evaluation_id: str = ""
    model_id: str = ""
    start_ns: int = 0
    end_ns: int = times.MAX_UNIX_NS
    """First unix ns that is too late for the judge's score."""


def rated(database: Database, asked: Asked) -> list[Rated]:
    """What both said, newest judgement first.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`.
    """
    parameters = {
        "judge": asked.judge,
        "human": asked.human,
        "evaluation_id": asked.evaluation_id,
        "model_id": asked.model_id,
        "start_ns": asked.start_ns,
        "end_ns": asked.end_ns,
        "position_key": POSITION_KEY,
        "limit": MAX_TRACES,
    }
    return [
        Rated(
            trace_id=row["trace_id"],
            judge=row["judge_label"] if row["judge_value"] is None else row["judge_value"],
            human=row["human_label"] if row["human_value"] is None else row["human_value"],
            justification=row["justification"] or None,
            answer_chars=row["answer_chars"] or None,
            position=row["position"] or None,
        )
        for row in database.query(statement("agreement"), parameters).dicts()
    ]
