"""Cutting and redacting hold for any text, not only for those that somebody thought of."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from spanfold._internal import redaction
from spanfold._internal.cutting import cut, cut_each
from spanfold._internal.detectors import DETECTORS
from spanfold._internal.redaction import Redactor

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=80)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
)
containers = st.lists(values, max_size=6) | st.dictionaries(st.text(max_size=9), values, max_size=6)


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    return [text for item in value for text in texts_of(item)] if isinstance(value, list) else []


@given(value=containers, limit=st.integers(1, 60), ascii_only=st.booleans())
def test_json_of_which_each_text_is_cut_is_the_same_json_with_shorter_texts(
    value: Any, limit: int, *, ascii_only: bool
) -> None:
    shorter = json.loads(cut_each(json.dumps(value, ensure_ascii=ascii_only), limit))
    for text, kept in zip(texts_of(value), texts_of(shorter), strict=True):
        assert kept == text or (kept.startswith(text[:limit]) and "… (cut: " in kept)


def says_the_same(shorter: str, text: str) -> bool:
    """JSON may be long only for its escapes: written without them, nothing of it needs to be cut."""
    try:
        return bool(json.loads(shorter) == json.loads(text))
    except ValueError:
        return False


@given(text=st.text(max_size=400) | containers.map(json.dumps), limit=st.integers(1, 300))
@example(text='[{"\\u0020": null}]', limit=7)
def test_a_cut_text_is_bounded_and_says_so(text: str, limit: int) -> None:
    shorter = cut(text, limit)
    assert (shorter == text) == (len(text) <= limit)
    assert len(shorter) < limit + 60 or len(shorter) < min(len(text), 2 * limit)
    if shorter != text and not says_the_same(shorter, text):
        assert re.search(r"… \(cut: \d+ more characters\)", shorter)


@given(text=st.text(alphabet="ab1 -x", max_size=9_000))
def test_windows_find_what_one_look_at_the_whole_text_finds(text: str) -> None:
    """As long as no match is longer than the windows' overlap."""
    pattern = re.compile(r"a[b1]{1,40}x|\b1{3,9}\b")
    redacted = Redactor([pattern])(text)
    assert redacted == pattern.sub("[REDACTED]", text)


@given(
    before=st.text(alphabet="xy ", max_size=6_000),
    after=st.text(alphabet="xy ", max_size=3_000),
    size=st.integers(1, 500),
)
def test_a_match_is_found_wherever_a_window_ends(before: str, after: str, size: int) -> None:
    found = "<" + "a" * size + ">"
    assert Redactor([re.compile("<a+>")])(before + found + after) == f"{before}[REDACTED]{after}"
    assert size + 2 <= redaction.OVERLAP_CHARS


@given(text=st.text(max_size=2_000) | st.text(alphabet="0123456789 -.+()@/:sk-eyJ", max_size=2_000))
def test_no_detector_fails_on_any_text_nor_changes_what_it_has_redacted(text: str) -> None:
    for detector in DETECTORS.values():
        redacted = detector.redact(text)
        assert detector.redact(redacted).count("[REDACTED") >= redacted.count("[REDACTED")
