"""Settings come from four places in a fixed order, and a wrong one says how to put it right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spanfold_deploy.errors import SettingsError
from spanfold_deploy.settings import Settings, load_settings, redact

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*Settings.model_fields, "config"):
        monkeypatch.delenv(f"SPANFOLD_{name.upper()}", raising=False)


def config_file(directory: Path, text: str) -> Path:
    path = directory / "settings.toml"
    path.write_text(text)
    return path


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config_file(tmp_path, 'api_port = 1\notlp_http_port = 1\notlp_grpc_port = 1\nhost = "::1"\n')
    monkeypatch.setenv("SPANFOLD_API_PORT", "2")
    monkeypatch.setenv("SPANFOLD_OTLP_HTTP_PORT", "2")

    settings = load_settings({"api_port": 3, "host": None}, config=path)

    assert (settings.api_port, settings.otlp_http_port, settings.otlp_grpc_port) == (3, 2, 1)
    assert settings.host == "::1"
    assert settings.endpoint == "http://localhost:4319"


def test_the_file_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFOLD_CONFIG", str(config_file(tmp_path, "api_port = 7")))
    assert load_settings().api_port == 7


def test_the_example_file_holds_valid_settings() -> None:
    example = load_settings(config=ROOT / "deploy" / "spanfold.example.toml")
    assert example.model_dump() == load_settings().model_dump()


@pytest.mark.parametrize(
    ("flags", "environment", "text", "expected"),
    [
        ({"api_port": 99999}, {}, "", ["api_port = 99999", "command line (--api-port)", "--api-port 4319"]),
        (
            {},
            {"SPANFOLD_API_PORT": "x"},
            "",
            ["api_port = x", "(SPANFOLD_API_PORT)", "SPANFOLD_API_PORT=4319"],
        ),
        ({}, {}, "host = 4", ["host = 4", "settings.toml", 'host = "127.0.0.1"']),
        ({}, {}, "api_prt = 4", ["unknown setting api_prt", "settings.toml", "did you mean api_port?"]),
        ({}, {}, "api_port 4", ["settings.toml is not TOML", "line 1", "Fix:"]),
        ({}, {"SPANFOLD_DATABASE": "mysql://h/db"}, "", ["not a database URL", "chdb:///", "clickhouse://"]),
        ({"endpoint": "localhost"}, {}, "", ["not an HTTP address", "--endpoint http://localhost:4319"]),
    ],
)
def test_an_error_names_the_setting_its_origin_and_the_fix(  # noqa: PLR0913, PLR0917 - the table's columns
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: dict[str, object],
    environment: dict[str, str],
    text: str,
    expected: list[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings(flags, config=config_file(tmp_path, text))
    for part in expected:
        assert part in str(raised.value)


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(SettingsError, match=r"(?s)otlp_grpc_port.*api_port"):
        load_settings({"api_port": -1, "otlp_grpc_port": -1})


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml"):
        load_settings(config=tmp_path / "absent.toml")


def test_passwords_are_not_shown() -> None:
    assert redact("clickhouse://me:s3cret@db:8123/x") == "clickhouse://me:***@db:8123/x"
    with pytest.raises(SettingsError) as raised:
        load_settings({"database": "clickhous://me:s3cret@db:8123/x"})
    assert "s3cret" not in str(raised.value)


def test_the_spool_lies_in_the_embedded_directory_unless_it_is_set() -> None:
    assert load_settings({"database": "chdb:///data/a%20b"}).collector_directory() == Path(
        "/data/a b/collector"
    )
    assert load_settings({"database": "clickhouse://db"}).collector_directory() == Path("spanfold-collector")
    assert load_settings({"spool_directory": "/spool"}).collector_directory() == Path("/spool")


def test_the_documented_settings_are_those_of_the_model() -> None:
    rows = re.findall(
        r"^\| `([a-z_]+)` \| (.+?) \| (.+) \|$", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE
    )
    documented = {name: (default.strip("`"), meaning) for name, default, meaning in rows}
    expected = {
        name: ("see right" if field.default is None else str(field.default), field.description)
        for name, field in Settings.model_fields.items()
    }
    expected["service_version_as_model"] = ("false", expected["service_version_as_model"][1])
    assert documented == expected


def test_artifacts_lie_in_the_embedded_directory_unless_they_are_set() -> None:
    embedded = load_settings({"database": "chdb:///data/a%20b"})
    assert embedded.artifacts_place() == "/data/a b/artifacts"
    assert embedded.artifacts_staging() is None
    assert load_settings({"database": "clickhouse://db"}).artifacts_place() == "spanfold-artifacts"
    remote = load_settings({"database": "clickhouse://db", "artifacts": "s3://bucket/models"})
    assert remote.artifacts_place() == "s3://bucket/models"
    assert remote.artifacts_staging() == Path("spanfold-artifact-uploads")
