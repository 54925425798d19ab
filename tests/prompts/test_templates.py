"""Templates: what a variable is, what stands in for one, and what names a version."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold.errors import InvalidArgumentError
from spanfold.prompts import PromptVersion, Reference, reference

CHAT = [{"role": "system", "content": "In {{ language }}."}, {"role": "user", "content": "{{ question }}"}]
names = st.from_regex(re.compile(r"[a-zA-Z_äж][a-zA-Z_0-9ä]{0,6}"), fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["{{ a }}", "{{b}}", "{", "}}", "{{", "\\1", "{a}"]
)
prompt_names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda name: name.strip() and not name.startswith("prompts:/") and name not in {".", ".."}
)


def prompt(template: Any) -> PromptVersion:
    return PromptVersion("greeting", 3, template)


@pytest.mark.parametrize(
    ("template", "variables"),
    [
        ("{{ name }} {{name}} {{  other\t}}", ("name", "other")),
        ("{name} {{ 1st }} {{ a.b }} {{ a b }} {{}} {% if x %}", ()),
        ("{{{ name }}}", ("name",)),
        ("{{ größe_2 }}", ("größe_2",)),
        (CHAT, ("language", "question")),
        ("", ()),
    ],
)
def test_a_variable_is_a_name_in_double_braces(template: Any, variables: tuple[str, ...]) -> None:
    assert prompt(template).variables == variables


def test_text_becomes_text_and_a_chat_messages() -> None:
    text = prompt("Dear {{ name }}, you are {{ age }}.")
    assert text.is_text_prompt
    assert text.format(name="Ann", age=30) == "Dear Ann, you are 30."
    chat = prompt(CHAT)
    assert not chat.is_text_prompt
    assert chat.format(language="French", question="Why?") == [
        {"role": "system", "content": "In French."},
        {"role": "user", "content": "Why?"},
    ]
    assert chat.template == CHAT, "formatting changes no template"
    assert prompt("no variables").format() == "no variables"


@given(st.lists(st.tuples(texts, names)), st.data())
def test_values_stand_in_once_and_are_never_looked_at(
    pieces: list[tuple[str, str]], data: st.DataObject
) -> None:
    plain = [(text.replace("{", "").replace("}", ""), name) for text, name in pieces]
    made = prompt("".join(f"{text}{{{{ {name} }}}}" for text, name in plain))
    values = {name: data.draw(texts) for _, name in plain}
    expected = "".join(text + values[name] for text, name in plain)
    assert made.format(**values) == expected
    some = {name: value for number, (name, value) in enumerate(values.items()) if number % 2}
    rest = {name: value for name, value in values.items() if name not in some}
    halfway = made.format(allow_partial=True, **some)
    if rest:
        assert isinstance(halfway, PromptVersion)
        assert halfway.variables == tuple(rest)
        assert halfway.format(**rest) == expected


@given(st.lists(st.tuples(texts, names), max_size=4))
def test_single_braces_mean_the_same_to_python(pieces: list[tuple[str, str]]) -> None:
    made = prompt("".join(f"{text}{{{{ {name} }}}}" for text, name in pieces))
    values = {name: f"<{name}>" for name in made.variables}
    single = made.to_single_brace_format()
    assert isinstance(single, str)
    assert single.format(**values) == made.format(**values)


def test_a_variable_may_have_any_name() -> None:
    assert prompt("{{ self }} {{ variables }}").format(self=1, variables=2) == "1 2"


def test_what_is_missing_or_unknown_is_named() -> None:
    made = prompt("{{ a }} {{ b }} {{ c }}")
    with pytest.raises(InvalidArgumentError, match=r"prompts:/greeting/3 needs 'b', 'c': give it"):
        made.format(a=1)
    with pytest.raises(InvalidArgumentError, match=r"no variable 'x', 'y'; it has 'a', 'b', 'c'"):
        made.format(a=1, b=2, c=3, x=4, y=5)
    with pytest.raises(InvalidArgumentError, match="it has none"):
        prompt("plain").format(x=1)
    with pytest.raises(InvalidArgumentError, match="no variable 'x'"):
        made.format(allow_partial=True, x=1)


@given(prompt_names, st.integers(1, 1_000_000))
def test_the_uri_of_a_version_names_it_whatever_its_name(name: str, version: int) -> None:
    assert reference(PromptVersion(name, version, "").uri) == (name, version)
    assert reference(str(Reference(name, version))) == (name, version)
    assert reference(name, version) == (name, version)
    assert reference(str(Reference(name, "production"))) == (name, "production")
    assert reference(name) == (name, "latest")


@pytest.mark.parametrize(
    ("text", "name", "which"),
    [
        ("prompts:/greeting", "greeting", "latest"),
        ("prompts:/greeting@latest", "greeting", "latest"),
        ("prompts:/team/greeting", "team/greeting", "latest"),
        ("prompts:/team/greeting/12", "team/greeting", 12),
        ("prompts:/a@b/3", "a@b", 3),
        ("prompts:/a@b@c", "a@b", "c"),
        ("prompts:/3/4", "3", 4),
        ("prompts:/3", "3", "latest"),
        ("greeting/3", "greeting/3", "latest"),
    ],
)
def test_uris_are_read_from_the_end(text: str, name: str, which: int | str) -> None:
    assert reference(text) == (name, which)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("prompts:/greeting/0",), "version: from 1"),
        (("prompts:/greeting@v3",), "version: a number, an alias"),
        (("prompts:/greeting@a b",), "version: a number, an alias"),
        (("prompts:/",), "name: "),
        (("prompts:/prompts:/a/1",), "taken for an address"),
        (("..",), "taken for an address"),
        (("",), "name: "),
        ((3,), "name_or_uri"),
        (("prompts:/greeting/1", 2), "version: .* names one already"),
        (("greeting", True), "version: "),
        (("greeting", 1.5), "version: "),
        (("greeting", -1), "version: "),
    ],
)
def test_what_names_no_version_is_refused(arguments: tuple[Any, ...], part: str) -> None:
    with pytest.raises(InvalidArgumentError, match=part):
        reference(*arguments)
