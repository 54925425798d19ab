from __future__ import annotations

import re
from pathlib import Path

from spanfold_query_api.filter import compile_filter, parse
from spanfold_query_api.filter.fields import FIELDS
from spanfold_query_api.filter.parser import MAX_CHARS, MAX_DEPTH, MAX_LIST

TEXT = (Path(__file__).parents[2] / "docs" / "filter.md").read_text(encoding="utf-8")


def test_the_guide_lists_exactly_the_fields_that_there_are() -> None:
    written = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)
    assert written == [(spec.name, spec.type.title, spec.description) for spec in FIELDS.values()]


def test_every_example_of_the_guide_compiles() -> None:
    (examples,) = re.findall(r"```sql\n(.+?)```", TEXT, re.DOTALL)
    for example in examples.splitlines():
        assert compile_filter(parse(example)).parameters


def test_the_guide_names_the_limits_in_force() -> None:
    assert f"{MAX_CHARS:,} characters; {MAX_DEPTH} levels" in TEXT
    assert f"{MAX_LIST} values in a list" in TEXT
