from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from spanfold_query_api import times
from spanfold_query_api.time_buckets import width_s

SECOND = times.NS_PER_S


@settings(max_examples=200)
@given(
    start_ns=st.integers(0, 2**62),
    length_ns=st.integers(1, 2**62),
    most=st.integers(1, 200),
)
def test_a_period_never_has_more_pieces_than_asked_for(start_ns: int, length_ns: int, most: int) -> None:
    end_ns = start_ns + length_ns
    width_ns = width_s(start_ns, end_ns, most) * SECOND
    pieces = (end_ns - 1) // width_ns - start_ns // width_ns + 1
    # One piece cannot hold a period that reaches over a multiple of every width.
    assert pieces <= max(most, 2)
    assert width_ns % (60 * SECOND) == 0


def test_widths_are_those_that_people_read() -> None:
    assert width_s(0, 3_600 * SECOND, 60) == 60
    assert width_s(0, 7 * 86_400 * SECOND, 48) == 6 * 3_600
    assert width_s(0, 90 * 86_400 * SECOND, 90) == 86_400
