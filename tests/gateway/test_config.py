"""A file of endpoints is read as MLflow reads it; what is wrong is told with its line, and never a key."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api.gateway import config_yaml
from spanfold_query_api.gateway.config import Limit, RouteTable
from spanfold_query_api.gateway.config_file import MAX_FAULTS, ConfigError, load, parse
from tests.end_to_end import models_article
from tests.gateway import served

KEY = served.KEY
ENVIRONMENT = {"OPENAI_API_KEY": KEY}
HEAD = "endpoints:\n- name: chat\n  endpoint_type: llm/v1/chat\n"
MODEL = "  model: {provider: openai, name: gpt-4o, config: {openai_api_key: $OPENAI_API_KEY}}\n"


def faults_of(text: str, file: Path = Path("gateway.yaml")) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, file=file, environment=ENVIRONMENT)
    return str(caught.value)


def test_the_articles_file_is_read_unchanged() -> None:
    table = parse(models_article.ENDPOINTS, file=Path("x.yaml"), environment=ENVIRONMENT).table
    (endpoint,) = table.endpoints
    (model,) = endpoint.models
    assert (endpoint.name, endpoint.endpoint_type) == ("completions", "llm/v1/chat")
    assert (model.provider, model.name) == ("openai", "gpt-3.5-turbo")
    assert model.config == {"openai_api_key": KEY}
    assert table.secrets == {KEY}


def test_all_settings_of_an_endpoint_are_read() -> None:
    text = f"""{HEAD}  models:
  - &one {{provider: openai, name: a, weight: 9, config: {{openai_api_key: $OPENAI_API_KEY}}}}
  - {{<<: *one, name: b, weight: 1, model_id: m-{"0" * 32}}}
  limit: {{calls: 10, renewal_period: 5 minutes}}
  spend: {{usd: 5, period: day}}
  timeout_s: 30
  max_retries: 0
  sticky_by: user
  max_concurrency: 7
  fallback: [other]
- name: other
  endpoint_type: llm/v1/chat
{MODEL}"""
    endpoint = parse(text, file=Path("x.yaml"), environment=ENVIRONMENT).table.endpoints[0]
    assert [(one.name, one.weight, one.model_id) for one in endpoint.models] == [
        ("a", 9.0, None),
        ("b", 1.0, f"m-{'0' * 32}"),
    ]
    assert endpoint.limit == Limit(calls=10, renewal_period="5 minutes")
    assert endpoint.limit.renewal_period_s == 300
    assert endpoint.spend is not None
    assert (endpoint.spend.usd, endpoint.timeout_s, endpoint.max_retries) == (5.0, 30.0, 0)
    assert (endpoint.sticky_by, endpoint.max_concurrency, endpoint.fallback) == ("user", 7, ["other"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1: endpoints: must be a list of endpoints\n  Fix: begin the file with  endpoints:"),
        ("a: 1", "1:1: a: there is no such setting"),
        (f"{HEAD}  model:\n", "4:9: endpoints[0].model: must be a mapping"),
        ("endpoints: [", "1:13: this is no YAML"),
        ("x: *sk-1", "1:4: this is no YAML: found undefined"),
        ("endpoints: []\nendpoints: []", "2:1: 'endpoints' stands here twice"),
        ("endpoints: \x00", "1:1: this is no YAML"),
        ("? [1]\n: 2", "1:3: the name of a member must be plain text"),
        ("[" * 30 + "]" * 30, "more than 20 deep"),
        (f"{HEAD}  model: {{provider: openai}}", "4:10: endpoints[0].model: name is missing"),
        (HEAD, "2:3: endpoints[0]: has no model\n  Fix: add  model:"),
        (
            f"{HEAD}{MODEL}  limits: 1",
            "5:3: endpoints[0].limits: there is no such setting\n  Fix: did you mean limit?",
        ),
        (f"{HEAD}{MODEL}  models: []", "both model and models"),
        (f"{HEAD}{MODEL}  timeout_s: 0", "5:14: endpoints[0].timeout_s: must be greater than 0"),
        (f"{HEAD}{MODEL}  max_retries: many", "5:16: endpoints[0].max_retries: must be a valid integer"),
        (
            f"{HEAD}{MODEL}  limit: {{calls: 1, renewal_period: fortnight}}",
            "5:37: endpoints[0].limit.renewal_period",
        ),
        (f"{HEAD}{MODEL}  fallback: [chatt]", "5:14: endpoints[0].fallback[0]: there is no endpoint 'chatt'"),
        (f"{HEAD}{MODEL}  fallback: [chat]", "cannot fall back to itself"),
        (
            f"{HEAD}{MODEL}- name: chat\n  endpoint_type: llm/v1/chat\n{MODEL}",
            "5:9: endpoints[1].name: there is another",
        ),
        (
            HEAD.replace("v1/chat", "v1/chatt") + MODEL,
            "3:18: endpoints[0].endpoint_type: must be one of llm/v1/chat",
        ),
        (HEAD.replace("v1/chat", "v1/chatt") + MODEL, "did you mean llm/v1/chat?"),
        (HEAD.replace("name: chat", "name: a b") + MODEL, "2:9: endpoints[0].name: must be 1 to 128 letters"),
        (
            f"{HEAD}{MODEL}".replace("openai,", "opnai,"),
            "4:21: endpoints[0].model.provider: there is no provider 'opnai'",
        ),
        (
            f"{HEAD}{MODEL}".replace("$OPENAI", "$NO"),
            "the environment variable NO_API_KEY is not set\n  Fix: export",
        ),
        (f"{HEAD}{MODEL}".replace("$OPENAI_API_KEY", "./no.key"), "./no.key cannot be read"),
        (f"{HEAD}{MODEL}".replace("openai_api_key", "openai_api_keys"), "openai_api_key: there is no key"),
    ],
)
def test_each_fault_is_told_with_its_place_and_what_to_do(text: str, told: str) -> None:
    assert told in faults_of(text)


def test_all_faults_are_told_at_once_in_their_order() -> None:
    text = f"{HEAD}  timeout_s: 0\n  limits: 1\n- name: x y\n  endpoint_type: llm/v1/chat\n{MODEL}"
    lines = [line for line in faults_of(text).splitlines() if not line.startswith("  Fix")]
    assert [line.split(":")[1] for line in lines] == ["2", "4", "5", "6"]


def test_the_list_of_faults_has_an_end() -> None:
    text = "endpoints:\n" + "- name: x y\n" * 100
    assert f"and {300 - MAX_FAULTS} more" in faults_of(text)


def test_a_key_in_the_file_is_refused_and_not_repeated() -> None:
    told = faults_of(f"{HEAD}{MODEL}".replace("$OPENAI_API_KEY", KEY))
    assert "a key must not stand in this file" in told
    assert "write $OPENAI_API_KEY" in told
    assert KEY not in told


@pytest.mark.parametrize(
    "broken", ["{", "\n  timeout_s: 0", "\n  modell: 1", "  \t- x: [", "\n  name: &a {}"]
)
def test_no_error_shows_a_key_wherever_it_stands(broken: str) -> None:
    text = f"{HEAD}{MODEL}".replace("$OPENAI_API_KEY", KEY) + broken
    assert KEY not in faults_of(text)
    assert KEY not in faults_of(text.replace("openai_api_key:", "openai_api_key"))


def test_a_key_comes_from_a_file_beside_the_endpoints(tmp_path: Path) -> None:
    (tmp_path / "openai.key").write_text(f"{KEY}\n")
    file = served.written(tmp_path, models_article.ENDPOINTS.replace("$OPENAI_API_KEY", "./openai.key"))
    loaded = load(file)
    assert loaded.table.endpoints[0].models[0].config == {"openai_api_key": KEY}
    assert loaded.secret_files == (tmp_path / "openai.key",)


def test_a_table_shows_no_key_however_it_is_printed() -> None:
    table = parse(models_article.ENDPOINTS, file=Path("x.yaml"), environment=ENVIRONMENT).table
    config = table.endpoints[0].models[0].config
    shown = f"{table} {table!r} {table.model_dump()} {table.model_dump_json()} {config}"
    assert KEY not in shown
    assert table.without_secrets(f"wrong key {KEY}!") == "wrong key ***!"


def test_a_file_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "none.yaml")


def test_what_aliases_blow_up_to_is_bounded() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for number in range(1, 9):
        bomb += f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n"
    assert "more than 100000 values" in faults_of(bomb)


@given(
    st.recursive(
        st.one_of(st.integers(), st.booleans(), st.text(st.characters(codec="ascii", categories=["L", "N"]))),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), inner, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_data_and_places_agree_with_the_text(value: Any) -> None:
    text = yaml.safe_dump(value)
    document = config_yaml.read(text)
    assert document.data == yaml.safe_load(text)
    lines = text.splitlines()
    for path, place in document.values.items():
        assert 1 <= place.line <= len(lines), path
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1, path


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ConfigError):
        parse(text, file=Path("x.yaml"), environment={})


def test_what_merges_blow_up_to_is_bounded() -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)]
    with pytest.raises(config_yaml.YamlError, match="more than"):
        config_yaml.read("\n".join(lines))


def test_of_two_keys_that_begin_alike_nothing_is_left() -> None:
    keys = [f"sk-1234{'x' * number}" for number in range(20)]
    table = RouteTable(endpoints=[], secrets=frozenset(keys))
    assert table.without_secrets(" ".join(keys)) == " ".join(["***"] * len(keys))
