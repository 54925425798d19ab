"""What a selection of traces says, and how it is settled once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._selection import TraceSelection, instant_ns, rfc3339, size_of_sample
from spanfold.evaluation._settling import Resolved, _split, settled

NOW_NS = 1_800_000_000_000_000_007
ID = "ab" * 16


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"model": "support-v2"},
        {"model": ["a", "b"], "since": "24h", "until": "2026-11-21T05:00:00Z", "where": "status = 'OK'"},
        {"experiment": "bots", "run_id": "r1", "sample": "10%", "stratify_by": "status", "seed": 7},
        {"trace_ids": [ID], "limit": 5},
        {"sample": 0.5},
        {"sample": 500},
    ],
)
def test_a_selection_says_in_json_what_it_was_made_of(said: dict[str, Any]) -> None:
    assert TraceSelection.from_dict(said).to_dict() == said
    assert TraceSelection(**said).to_dict() == said


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"modle": "x"}, "modle"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-21T05:00:00"}, "time zone"),
        ({"until": -1}, "until"),
        ({"sample": 0}, "sample"),
        ({"sample": "0%"}, "sample"),
        ({"sample": 1.5}, "sample"),
        ({"sample": True}, "sample"),
        ({"sample": "many"}, "sample"),
        ({"stratify_by": "status"}, "stratify_by"),
        ({"trace_ids": ["x"]}, "trace_ids"),
        ({"trace_ids": ID}, "trace_ids"),
        ({"limit": 0}, "limit"),
        ({"seed": -1}, "seed"),
        ({"model": [""]}, "model"),
        ({"where": 3}, "where"),
    ],
)
def test_what_cannot_be_selected_is_refused_by_name(said: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        TraceSelection.from_dict(said)


@pytest.mark.parametrize(
    ("given", "share", "size"),
    [
        (None, None, None),
        ("10%", 0.1, None),
        (1.0, 1.0, None),
        (1, None, 1),
        ("250", None, 250),
        ("0.5", 0.5, None),
    ],
)
def test_a_sample_is_a_share_or_a_size(given: Any, share: float | None, size: int | None) -> None:
    assert size_of_sample(given) == (share, size)


def test_instants_are_told_in_any_of_their_forms() -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    ns = instant_ns("since", noon, 0)
    assert instant_ns("since", "2026-11-21T12:00:00Z", 0) == ns
    assert instant_ns("since", "2026-11-21T13:00:00+01:00", 0) == ns
    assert instant_ns("since", ns // 10**6, 0) == ns
    assert instant_ns("since", "90m", NOW_NS) == NOW_NS - 5_400 * 10**9
    assert rfc3339(NOW_NS) == "2027-01-15T08:00:00.000000007Z"


def resolved(**said: Any) -> Resolved:
    return Resolved(TraceSelection(**said), 5, NOW_NS, ("m-1", "m-2"), "0", None, 10)


def test_what_was_settled_is_settled_the_same_when_read_again() -> None:
    before = Resolved(
        TraceSelection(model="bot", sample=10, stratify_by="status", limit=7),
        5,
        NOW_NS,
        ("m-1", "m-2"),
        "0",
        {"m-1": ("ff:OK", "0f:ERROR"), "m-2": ()},
        7,
    )
    after = settled(before.to_dict())
    assert after == before
    assert after is not None
    # The second version has no traces in the sample.
    assert [one["model_id"] for one in after.questions()] == ["m-1"]
    assert after.questions()[0]["end"] == rfc3339(NOW_NS)
    assert settled(TraceSelection(model="bot").to_dict()) is None


def test_many_chosen_traces_are_asked_for_in_parts_and_recorded_by_their_digest() -> None:
    chosen = [f"{number:032x}" for number in range(1_001)]
    before = resolved(trace_ids=chosen)
    parts = [one["trace_id"] for one in before.questions() if one["model_id"] == "m-1"]
    assert [len(part) for part in parts if isinstance(part, list)] == [200, 200, 200, 200, 200, 1]
    said = before.to_dict()
    assert len(str(said)) < 1_000
    assert settled(said, chosen) == before
    with pytest.raises(InvalidArgumentError, match="chosen by ID"):
        settled(said)
    few = resolved(trace_ids=chosen[:3])
    assert settled(few.to_dict()) == few


def test_a_size_is_shared_out_in_proportion() -> None:
    assert _split(10, [100, 50, 50]) == [5, 3, 2]
    assert _split(10, [3, 0]) == [3, 0]
    assert sum(_split(7, [11, 13, 17, 1])) == 7
