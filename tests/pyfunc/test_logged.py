"""Models are logged, found by every kind of URI, loaded and called, against a real server."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import yaml

import spanfold
from spanfold import pyfunc
from spanfold.errors import (
    InvalidArgumentError,
    ModelError,
    ModelNotFoundError,
    NotFoundError,
    ServerUnavailableError,
)
from tests.deploy.processes import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.processes import Server

pytestmark = pytest.mark.usefixtures("connected")


class Suffixed(pyfunc.PythonModel):
    """Adds what a file of its artifacts says."""

    def load_context(self, context: pyfunc.PythonModelContext) -> None:
        self.suffix = Path(context.artifacts["suffix"]).read_text(encoding="utf-8")
        self.mark = context.model_config.get("mark", "")

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> list[str]:
        assert context.artifacts
        with spanfold.start_span("inside"):
            times = (params or {}).get("times", 1)
            return [text + self.suffix * times + self.mark for text in model_input["text"]]

    def predict_stream(
        self, context: Any, model_input: Any, params: dict[str, Any] | None = None
    ) -> Iterator[str]:
        yield from self.predict(context, model_input, params)[0]


def shout(model_input: list[str]) -> list[str]:
    return [text.upper() for text in model_input]


@pytest.fixture
def suffix(tmp_path: Path) -> Path:
    file = tmp_path / "suffix.txt"
    file.write_text("!", encoding="utf-8")
    return file


def logged(suffix: Path, **more: Any) -> pyfunc.ModelInfo:
    signature = pyfunc.infer_signature({"text": ["a"]}, ["a!"], {"times": 1})
    return pyfunc.log_model(
        python_model=Suffixed(), artifacts={"suffix": suffix}, signature=signature, **more
    )


def test_a_model_is_pending_while_its_files_are_stored_and_then_ready(suffix: Path) -> None:
    with spanfold.start_run() as run:
        info = logged(
            suffix, artifact_path="some/model", params={"k": 3}, tags={"team": "ml"}, model_type="toy"
        )
    model = spanfold.get_logged_model(info.model_id)
    assert (model.name, model.status, model.source_run_id) == ("model", "READY", run.info.run_id)
    assert (model.params, model.model_type, model.tags["team"]) == ({"k": "3"}, "toy", "ml")
    happened = [event.payload.get("status") for event in spanfold.history(info.model_id)]
    assert happened == ["PENDING", None, "READY"]


def test_its_folder_has_what_mlflow_users_expect(suffix: Path) -> None:
    info = logged(suffix, name="layout", input_example=pd.DataFrame({"text": ["x"]}), metadata={"by": "ann"})
    _, folder = pyfunc._loading.fetched(info.model_uri)
    files = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
    assert files == {
        "MLmodel", "requirements.txt", "python_model.pkl", "input_example.json",
        "artifacts/suffix/suffix.txt",
    }  # fmt: skip
    written = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
    assert written["model_id"] == info.model_id
    assert written["flavors"]["python_function"]["loader_module"] == "spanfold.pyfunc._python_model"
    assert written["metadata"] == {"by": "ann"}
    assert "cloudpickle==" in (folder / "requirements.txt").read_text(encoding="utf-8")


def test_every_kind_of_uri_leads_to_the_model(suffix: Path, tmp_path: Path) -> None:
    with spanfold.start_run() as run:
        info = logged(suffix, name="by-uri")
    pyfunc.save_model(tmp_path / "saved", python_model=Suffixed(), artifacts={"suffix": suffix})
    uris: list[str | Path] = [
        info.model_uri,
        "models:/by-uri",
        f"runs:/{run.info.run_id}/by-uri",
        tmp_path / "saved",
    ]
    for uri in uris:
        model = pyfunc.load_model(uri)
        assert model.predict({"text": ["a", "b"]}, {"times": 2}) == ["a!!", "b!!"]
        assert model.model_id == (None if isinstance(uri, Path) else info.model_id)
        assert isinstance(model.unwrap_python_model(), Suffixed)


def test_a_path_in_a_run_is_the_same_with_a_slash_at_its_end(suffix: Path) -> None:
    with spanfold.start_run() as run:
        info = logged(suffix, name=None, artifact_path="models/slashed/")
    assert (info.name, info.artifact_path) == ("slashed", "models/slashed")
    for uri in (f"runs:/{run.info.run_id}/models/slashed", f"runs:/{run.info.run_id}/models/slashed/"):
        assert pyfunc.load_model(uri).model_id == info.model_id


def test_a_name_means_the_newest_that_is_ready(suffix: Path) -> None:
    first = logged(suffix, name="newest")
    second = logged(suffix, name="newest")
    spanfold.create_external_model(name="newest")  # has no files
    spanfold.initialize_logged_model(name="newest")  # is not ready
    assert pyfunc.load_model("models:/newest").model_id == second.model_id
    assert pyfunc.load_model(first.model_uri).model_id == first.model_id


def test_what_cannot_be_loaded_says_why() -> None:
    pending = spanfold.initialize_logged_model(name="unready")
    for uri, kind, message in (
        ("models:/nobody", NotFoundError, "no model with files is ready"),
        ("models:/nobody/3", NotFoundError, "versions have no numbers or aliases here.*models:/nobody"),
        (f"models:/m-{'0' * 32}", ModelNotFoundError, "no model version has the ID"),
        (pending.model_uri, ModelError, "is PENDING, not READY"),
        ("runs:/1", InvalidArgumentError, "runs:/<run ID>/<artifact path>"),
        ("gpt-4", InvalidArgumentError, "or a folder that exists"),
        ("https://a/b", InvalidArgumentError, "or a folder that exists"),
    ):
        with pytest.raises(kind, match=message):
            pyfunc.load_model(uri)


def test_a_model_whose_files_cannot_be_stored_has_failed_with_the_cause(suffix: Path) -> None:
    def broken(folder: Path) -> None:
        raise ModelError(f"no room in {folder.name[:8]}")

    flavor = pyfunc.Flavor("broken", "nowhere", {}, [], write=broken)
    with pytest.raises(ModelError, match="no room"):
        pyfunc.log_flavor(flavor, name="failing")
    (model,) = spanfold.search_logged_models(filter_string="name = 'failing'", output_format="list")
    assert model.status == "FAILED"
    assert (model.status_message or "").startswith("ModelError: no room")
    with pytest.raises(ModelError, match="is FAILED, not READY: ModelError: no room"):
        pyfunc.load_model(model.model_uri)
    del suffix


def unpicklable(rows: Any) -> Any:
    return rows


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"python_model": Suffixed}, "give an instance"),
        ({"python_model": 3}, "not int"),
        ({"python_model": "nowhere.py"}, "there is no 'nowhere.py' here"),
        ({"artifacts": {"../x": "/"}}, "a name without a slash"),
        ({"artifacts": {"..": "/"}}, "a name without a slash"),
        ({"artifacts": {"x": "/nowhere/at/all"}}, r"artifacts\['x'\]: there is no"),
        ({"artifacts": {"x": "/dev/zero"}}, "neither a file nor a folder"),
        ({"code_paths": ["/dev/zero"]}, "neither a file nor a folder"),
        (
            {"code_paths": [__file__, Path(__file__).parent / ".." / "pyfunc" / Path(__file__).name]},
            "two are",
        ),
        ({"code_paths": ["nowhere"]}, "code_paths: there is no 'nowhere'"),
        ({"pip_requirements": ["a b"]}, "is no requirement of pip's"),
        ({"pip_requirements": ["a"], "extra_pip_requirements": ["b"]}, "not both"),
        ({"pip_requirements": "nowhere.txt"}, "a file that exists"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_recorded(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        pyfunc.log_model("never", **{"python_model": shout, **wrong})
    assert not spanfold.search_logged_models(filter_string="name = 'never'", output_format="list")


def test_what_cannot_be_pickled_says_what_to_do() -> None:
    lock = threading.Lock()
    with pytest.raises(ModelError, match=r"cannot pickle '_thread.lock' object. Make what cannot travel"):
        pyfunc.log_model("never", python_model=lambda rows: [lock for _ in rows])


def test_a_plain_function_is_a_model_and_its_hints_its_signature() -> None:
    model = pyfunc.load_model(pyfunc.log_model("shout", python_model=shout).model_uri)
    for given in ("a", ["a"], {"text": ["a"]}, pd.DataFrame({"text": ["a"]})):
        assert model.predict(given) == ["A"]


def test_a_function_that_takes_rows_gets_dicts() -> None:
    def join(rows: list[dict[str, str]]) -> list[str]:
        return ["".join(row.values()) for row in rows]

    model = pyfunc.load_model(pyfunc.log_model("join", python_model=join).model_uri)
    for given in ({"a": ["1"], "b": ["2"]}, [{"a": "1", "b": "2"}], pd.DataFrame({"a": ["1"], "b": ["2"]})):
        assert model.predict(given) == ["12"]
    assert model.predict({"a": "1"}) == ["1"]


def test_a_file_that_sets_a_model_is_one(tmp_path: Path) -> None:
    file = tmp_path / "my_model.py"
    file.write_text(
        "import spanfold\nimport yaml\n"
        "def answer(rows: list[str]):\n    return [yaml.safe_load(text) for text in rows]\n"
        "spanfold.models.set_model(answer)\n",
        encoding="utf-8",
    )
    info = pyfunc.log_model("from-code", python_model=file)
    model = pyfunc.load_model(info.model_uri)
    assert model.predict(["1"]) == [1]
    assert model.predict([{"text": "1"}]) == [1]
    _, folder = pyfunc._loading.fetched(info.model_uri)
    assert "PyYAML==" in (folder / "requirements.txt").read_text(encoding="utf-8")
    file.write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(ModelError, match="makes no model: call"):
        pyfunc.load_model(pyfunc.log_model("from-code", python_model=file).model_uri)


def test_code_of_ones_own_travels_with_the_model(connected: Server, tmp_path: Path) -> None:
    package = tmp_path / "src" / "my_rules"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("MARK = '?'\n", encoding="utf-8")
    program = (
        "import sys; sys.path.insert(0, 'src')\n"
        "import spanfold\n"
        "import my_rules\n"
        "def ask(rows): return [text + my_rules.MARK for text in rows]\n"
        "print(spanfold.pyfunc.log_model('asks', python_model=ask, code_paths=['src/my_rules']).model_uri)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(
            SPANFOLD_ENDPOINT=connected.ready["api_url"],
            OTEL_EXPORTER_OTLP_ENDPOINT=connected.ready["otlp_http_endpoint"],
            SPANFOLD_CACHE_DIR=os.environ["SPANFOLD_CACHE_DIR"],
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, modules = list(sys.path), set(sys.modules)
    try:
        assert pyfunc.load_model(done.stdout.split()[-1]).predict(["a"]) == ["a?"]
    finally:
        sys.path[:] = before
        for name in set(sys.modules) - modules:
            del sys.modules[name]


def test_settings_that_a_model_was_logged_with_can_be_overridden(suffix: Path) -> None:
    info = logged(suffix, name="configured", model_config={"mark": "?"})
    assert pyfunc.load_model(info.model_uri).predict("a") == ["a!?"]
    assert pyfunc.load_model(info.model_uri, model_config={"mark": "~"}).predict("a") == ["a!~"]


def test_other_packages_than_a_model_was_logged_with_are_told(
    suffix: Path, caplog: pytest.LogCaptureFixture
) -> None:
    needed = [
        "yaml-of-nobody==1",
        "pyyaml>=1000",
        "packaging>=1",
        "# a comment",
        "other; python_version < '3'",
    ]
    info = logged(suffix, name="needy", pip_requirements=[one for one in needed if one[0] != "#"])
    with caplog.at_level(logging.WARNING, "spanfold"):
        pyfunc.load_model(info.model_uri)
    (said,) = [record.getMessage() for record in caplog.records if "other packages" in record.getMessage()]
    assert "yaml-of-nobody: needs ==1, is not installed" in said
    assert "pyyaml: needs >=1000, installed is" in said
    assert "packaging:" not in said
    assert "other:" not in said
    caplog.clear()
    pyfunc.load_model(info.model_uri, suppress_warnings=True)
    assert not caplog.records


def uses_google(rows: list[str]) -> list[str]:
    from google import genai  # noqa: PLC0415 - as models do

    return [genai.__name__, *rows]


def test_a_package_is_found_by_its_module_where_several_share_a_name(tmp_path: Path) -> None:
    pyfunc.save_model(tmp_path / "function", python_model=uses_google)
    code = "from google import genai\nimport spanfold\nspanfold.models.set_model(lambda rows: genai)\n"
    (tmp_path / "code.py").write_text(code, encoding="utf-8")
    pyfunc.save_model(tmp_path / "file", python_model=tmp_path / "code.py")
    for folder in ("function", "file"):
        lines = (tmp_path / folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
        assert [line.partition("==")[0] for line in lines] == ["cloudpickle", "google-genai"]


def test_whatever_pip_reads_is_a_requirement(tmp_path: Path) -> None:
    lines = [
        "packaging>=1  # for versions",
        "git+https://example.com/ann/tools@v1#egg=tools",
        "https://example.com/tools-1-py3-none-any.whl",
        "./wheels/tools-1-py3-none-any.whl",
        "--extra-index-url https://example.com/simple",
    ]
    file = tmp_path / "requirements.txt"
    file.write_text("# ours\n\n" + "\n".join(lines), encoding="utf-8")
    both: list[Any] = [lines, file]
    for number, given in enumerate(both):
        folder = tmp_path / f"model{number}"
        pyfunc.save_model(folder, python_model=shout, pip_requirements=given)
        assert (folder / "requirements.txt").read_text(encoding="utf-8").splitlines() == lines
        pyfunc.load_model(folder)


def test_artifacts_that_are_links_are_logged_as_what_they_lead_to(tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    snapshot.mkdir()
    (blobs / "1").write_text("?", encoding="utf-8")
    (snapshot / "suffix.txt").symlink_to(blobs / "1")

    class Linked(pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> list[str]:
            del params
            return [
                text + (Path(context.artifacts["snapshot"]) / "suffix.txt").read_text()
                for text in model_input
            ]

    info = pyfunc.log_model("linked", python_model=Linked(), artifacts={"snapshot": snapshot})
    assert pyfunc.load_model(info.model_uri).predict(["a"]) == ["a?"]


def test_saving_does_not_write_over_anything(suffix: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="holds something already"):
        pyfunc.save_model(tmp_path, python_model=shout)
    pyfunc.save_model(tmp_path / "new", python_model=Suffixed(), artifacts={"suffix": suffix})
    suffix.write_text("changed", encoding="utf-8")
    assert pyfunc.load_model(tmp_path / "new").predict({"text": "a"}) == ["a!"]


def test_a_damaged_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no file MLmodel"):
        pyfunc.load_model(tmp_path)
    pyfunc.save_model(tmp_path / "a", python_model=shout)
    (tmp_path / "a" / "python_model.pkl").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match=r"python_model.pkl cannot be read: UnpicklingError"):
        pyfunc.load_model(tmp_path / "a")
    (tmp_path / "a" / "MLmodel").write_text("a: [", encoding="utf-8")
    with pytest.raises(ModelError, match="does not describe a model"):
        pyfunc.load_model(tmp_path / "a")


def test_a_collector_that_is_away_is_told(suffix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyfunc._logging, "FLUSH_TIMEOUT_S", 0.2)
    monkeypatch.setattr(spanfold._internal.setup, "flush", lambda _: False)
    with pytest.raises(ServerUnavailableError, match="has not taken"):
        pyfunc._logging._flush("m-1")
    del suffix
