from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spanfold_query_api.filter import compile_filter, parse
from spanfold_query_api.filter.entities import (
    MODEL_FIELDS,
    PROMPT_FIELDS,
    RUN_FIELDS,
    SORTED_CHARS,
    EntityCompiler,
)
from spanfold_query_api.filter.fields import FIELDS
from spanfold_query_api.filter.parser import MAX_CHARS, MAX_DEPTH, MAX_LIST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_query_api.filter.fields import FieldSpec

TEXT = (Path(__file__).parents[2] / "docs" / "filter.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("Fields of traces", FIELDS),
        ("Fields of model versions", MODEL_FIELDS),
        ("Fields of runs", RUN_FIELDS),
        ("Fields of prompts", PROMPT_FIELDS),
    ],
)
def test_the_guide_lists_exactly_the_fields_that_there_are(
    title: str, known: Mapping[str, FieldSpec]
) -> None:
    section = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    written = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    assert written == [(spec.name, spec.type.title, spec.description) for spec in known.values()]


def test_every_example_of_the_guide_compiles() -> None:
    of_traces, of_models = re.findall(r"```sql\n(.+?)```", TEXT, re.DOTALL)
    for example in of_traces.splitlines():
        assert compile_filter(parse(example)).parameters
    for example in of_models.splitlines():
        compiler = EntityCompiler(MODEL_FIELDS)
        assert compiler.condition(parse(example))
        assert compiler.parameters


def test_the_guide_names_the_limits_in_force() -> None:
    assert f"{MAX_CHARS:,} characters; {MAX_DEPTH} levels" in TEXT
    assert f"{MAX_LIST} values in a list" in TEXT
    assert f"first {SORTED_CHARS} characters" in TEXT
