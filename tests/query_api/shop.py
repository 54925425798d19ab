"""Three versions of two applications over two days, the second of which went wrong for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.query_api.rows import MS, T0_NS, S, created, insert, span, trace_id

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

OLD, NEW, LAB, SEEN = "m-" + "a" * 32, "m-" + "b" * 32, "m-" + "c" * 32, "lab@0.9"
"""Two versions of the shop; one of the laboratory, of experiment 7, and one that only its spans tell of."""
MINUTE, HOUR, DAY = 60 * S, 3_600 * S, 86_400 * S
FIRST_DAY: Final = {"start": "2026-11-21T05:00:00Z", "end": "2026-11-22T05:00:00Z"}
SECOND_DAY: Final = {"start": "2026-11-22T05:00:00Z", "end": "2026-11-23T05:00:00Z"}
COUNT: Final = 120


def traces(model_id: str, first: int, start_ns: int, count: int, **entry: Any) -> list[dict[str, Any]]:
    """A trace a minute of 100 ms and a little more, each with a call that costs half a dollar."""
    rows = []
    service = entry.pop("ServiceName", "shop")
    for number in range(count):
        common = {"Timestamp": start_ns + number * MINUTE, "ModelId": model_id, "ServiceName": service}
        told = {"Duration": (100 + number % 10) * MS, "StatusCode": 1, **common, **entry}
        used = {"Operation": "chat", "InputTokens": 100, "OutputTokens": 10 + number % 3, "Cost": 0.5}
        rows += [span(first + number, 1, **told), span(first + number, 2, parent=1, **used, **common)]
    return rows


def score(
    trace: int, name: str, value: float | None, label: str = "", *, model_id: str = "", **columns: Any
) -> dict[str, Any]:
    """A score, given two days after the first trace unless told otherwise."""
    return {
        "Timestamp": T0_NS + 2 * DAY,
        "TraceId": bytes.fromhex(trace_id(trace)),
        "SpanId": bytes(8),
        "ModelId": model_id,
        "EvaluationName": name,
        "ScoreValue": value,
        "ScoreLabel": label,
        **columns,
    }


def fill(database: Database) -> None:
    """On both days the old version of the shop works; on the second the new one fails a lot, slowly."""
    events = [
        created(OLD, "shop-v1", T0_NS - 10 * DAY),
        created(NEW, "shop-v2", T0_NS + DAY, 2),
        created(LAB, "lab-v1", T0_NS, 3, experiment_id="7"),
    ]
    insert(database, "entity_events", events)
    second = T0_NS + DAY
    bad = traces(NEW, 3_000, second, COUNT, Duration=900 * MS)
    for number, row in enumerate(bad):
        if row["Entry"] == 2 and number % 4 == 0:
            row["StatusCode"] = 2
    insert(database, "spans", traces(OLD, 1_000, T0_NS, COUNT))
    insert(database, "spans", traces(OLD, 2_000, second, COUNT))
    insert(database, "spans", bad)
    insert(database, "spans", traces(LAB, 4_000, second, 30, ServiceName="lab", Entry=1)[::2])
    insert(database, "spans", traces(SEEN, 5_000, T0_NS, 5, ServiceName="lab")[::2])
    insert(database, "spans", traces("", 6_000, second, 10, ServiceName="cron")[::2])
    insert(database, "evaluation_events", _scores())


def _scores() -> list[dict[str, Any]]:
    scores = []
    for number in range(60):
        scores += [
            score(2_000 + number, "faithfulness", 5.0 - number % 2, model_id=OLD),
            # Whoever gave it did not say the version.
            score(3_000 + number, "faithfulness", 2.0 + number % 2),
            score(3_000 + number, "verdict", None, "good" if number % 3 else "bad", model_id=NEW),
            score(2_000 + number, "verdict", None, "good", model_id=OLD),
            score(2_000 + number, "wit", 1.0 + number % 2, model_id=OLD),
            score(3_000 + number, "wit", 7.0 + number % 2, model_id=NEW),
        ]
    later: dict[str, Any] = {"Timestamp": T0_NS + 3 * DAY}
    return [
        *scores,
        # A trace that is judged again counts once, by the mean; errors and impossible values do not count.
        score(2_000, "faithfulness", 1.0, model_id=OLD, **later),
        score(2_001, "faithfulness", None, model_id=OLD, Error="NoScore", **later),
        score(2_001, "faithfulness", 1e300, model_id=OLD, **later),
        score(3_000, "verdict", None, "good", model_id=NEW, **later),
    ]
