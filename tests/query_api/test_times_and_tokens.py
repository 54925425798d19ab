from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api import paging, times
from spanfold_query_api.problems import ProblemError

QUERY = {"listing": "traces", "filter": "status = 'OK'"}


@given(st.integers(0, times.MAX_UNIX_NS))
def test_an_instant_survives_the_way_to_text_and_back_to_the_nanosecond(unix_ns: int) -> None:
    assert times.parse_rfc3339(times.format_rfc3339(unix_ns)) == unix_ns


@pytest.mark.parametrize(
    ("text", "unix_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t01:00:00.000000001+01:00", 1),
        ("1970-01-01 00:00:01.1234567899z", 1_123_456_789),
    ],
)
def test_all_forms_of_rfc_3339_are_read(text: str, unix_ns: int) -> None:
    assert times.parse_rfc3339(text) == unix_ns


NO_TIMES = """yesterday|2026-11-21|2026-11-21T05:00:00|2026-02-30T00:00:00Z|1969-12-31T23:59:59Z
|2263-01-01T00:00:00Z|2026-11-21T05:00:00Zjunk|\u0662026-11-21T05:00:00Z|2026-11-21T05:00:00+99:00"""


@pytest.mark.parametrize("text", NO_TIMES.split("|"))
def test_what_is_no_time_or_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".{10}"):
        times.parse_rfc3339(text)


@given(st.integers(0, 2**62), st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_token_holds_its_key(unix_ns: int, identifier: str) -> None:
    token = paging.encode(QUERY, (unix_ns, identifier))
    assert paging.decode(token, QUERY, (int, str)) == (unix_ns, identifier)
    assert token.isascii()
    assert set(token).isdisjoint("+/=&?#")


def test_a_token_of_another_query_is_refused() -> None:
    token = paging.encode(QUERY, (1, "a"))
    with pytest.raises(ProblemError, match="another query"):
        paging.decode(token, {**QUERY, "filter": ""}, (int, str))


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_no_text_makes_decoding_fail_with_anything_but_a_problem(text: str) -> None:
    with pytest.raises(ProblemError):
        paging.decode(text, QUERY, (int, str))


@pytest.mark.parametrize("key", [("a", 1), (1,), (1, "a", "b"), (2**63, "a")])
def test_a_token_with_members_of_other_types_or_sizes_is_refused(key: tuple[str | int, ...]) -> None:
    with pytest.raises(ProblemError):
        paging.decode(paging.encode(QUERY, key), QUERY, (int, str))
