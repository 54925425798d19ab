"""Models are found on disk or not at all; loaded once; run in batches."""

from __future__ import annotations

import json
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spanfold.errors import InvalidArgumentError
from spanfold.metrics import _torch
from spanfold.metrics._embeddings import bertscore, semantic_similarity
from spanfold.metrics._torch import MAX_LOADED, batches, choose_device, find_model, in_batches, load_model
from spanfold.metrics._toxicity import toxicity
from spanfold.metrics.genai._transformers import TransformersBackend
from tests.local_models._models import HATEFUL, KIND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever looks up a host or opens a connection fails the test."""

    def refused(*arguments: Any, **_: Any) -> None:
        pytest.fail(f"went to the network: {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "empty"))


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            toxicity,
            [
                "hf download facebook/roberta-hate-speech-dynabench-r4-target",
                "SPANFOLD_TOXICITY_MODEL=./roberta-hate-speech-dynabench-r4-target",
                "The metric profanity",
            ],
        ),
        (
            semantic_similarity,
            ["hf download sentence-transformers/all-MiniLM-L6-v2", "SPANFOLD_EMBEDDING_MODEL="],
        ),
        (bertscore, ["hf download sentence-transformers/all-MiniLM-L6-v2", "token_f1"]),
        (lambda: TransformersBackend("/org/judge"), ["transformers:/org/judge", "hf download org/judge"]),
        (lambda: toxicity("org/other"), ["hf download org/other --local-dir other"]),
        (lambda: toxicity("./nowhere"), ["no such folder"]),
        (lambda: TransformersBackend("/a/folder/of/models"), ["no such folder"]),
        (lambda: toxicity("not a name!"), ["is not on this machine"]),
    ],
)
def test_a_missing_model_says_at_once_how_to_get_it_and_nothing_is_fetched(
    make: Callable[[], object], wanted: list[str]
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        make()
    assert [text for text in wanted if text not in str(caught.value)] == []


@pytest.mark.usefixtures("_no_network")
def test_models_on_disk_are_used_without_a_look_at_the_network(
    classifier: Path, encoder: Path, causal: Path
) -> None:
    assert toxicity(str(classifier)).score({"predictions": HATEFUL}).errors is None
    assert bertscore(str(encoder)).score({"predictions": ["x"], "targets": ["y"]}).errors is None
    load_model(str(causal), "causal")


def test_a_name_in_the_cache_of_this_machine_is_found(
    classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    entry = tmp_path / "models--org--hate"
    (entry / "refs").mkdir(parents=True)
    (entry / "refs" / "main").write_text("c0ffee")
    (entry / "snapshots").mkdir()
    (entry / "snapshots" / "c0ffee").symlink_to(classifier)
    metric = toxicity("org/hate")
    assert (metric.scorer, metric.spec and metric.spec.parameters) == ("org/hate", {"model": "org/hate"})
    scores = metric.score({"predictions": HATEFUL}).scores
    assert scores == toxicity(str(classifier)).score({"predictions": HATEFUL}).scores


def copied(folder: Path, to: Path, leave_out: str = "") -> Path:
    for file in folder.iterdir():
        if not file.name.startswith(leave_out or "\0"):
            (to / file.name).write_bytes(file.read_bytes())
    return to


@pytest.mark.parametrize(
    ("left_out", "wanted"),
    [
        ("config", "no config.json"),
        ("tokenizer", "has no tokenizer"),
        ("model.safetensors", "cannot be loaded as a classifier"),
    ],
)
def test_a_folder_that_lacks_a_part_is_refused(
    classifier: Path, tmp_path: Path, left_out: str, wanted: str
) -> None:
    folder = copied(classifier, tmp_path, left_out)
    with pytest.raises(InvalidArgumentError, match=wanted):
        load_model(str(folder), "classifier")


def test_broken_weights_are_refused(classifier: Path, tmp_path: Path) -> None:
    folder = copied(classifier, tmp_path)
    (folder / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0nonsense")
    with pytest.raises(InvalidArgumentError, match="cannot be loaded as a classifier"):
        load_model(str(folder), "classifier")


def test_code_that_comes_with_a_model_runs_only_where_the_variable_says_so(
    classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(classifier, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "their_own", "auto_map": {"AutoConfig": "theirs.TheirConfig"}}
    (folder / "config.json").write_text(json.dumps(config))
    proof = tmp_path / "ran"
    (folder / "theirs.py").write_text(
        f"open({str(proof)!r}, 'w').close()\n"
        "from transformers import PretrainedConfig\n"
        "class TheirConfig(PretrainedConfig):\n    model_type = 'their_own'\n"
    )
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(InvalidArgumentError, match="SPANFOLD_TRUST_REMOTE_CODE=1"):
        load_model(str(folder), "classifier")
    assert not proof.exists()
    monkeypatch.setenv("SPANFOLD_TRUST_REMOTE_CODE", "1")
    with pytest.raises(InvalidArgumentError):  # a config alone is no classifier, but its code ran
        load_model(str(folder), "classifier")
    assert proof.exists()


@pytest.mark.usefixtures("_no_network")
def test_threads_that_start_together_load_a_model_once(
    classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []
    load: Any = _torch._load

    def counted(name: str, *others: object) -> object:
        loads.append(name)
        return load(name, *others)

    monkeypatch.setattr(_torch, "_load", counted)
    metric = toxicity(str(classifier))
    rows = [*HATEFUL, *KIND, "I hate " * 50]
    alone = metric.score({"predictions": rows}).scores
    monkeypatch.setattr(_torch, "_loaded", type(_torch._loaded)())
    loads.clear()
    start = threading.Barrier(8)

    def score(_: int) -> object:
        start.wait(30)
        return metric.score({"predictions": rows}).scores

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(score, range(8))) == [alone] * 8
    assert len(loads) == 1


def test_the_models_that_were_used_last_stay_loaded(classifier: Path, tmp_path: Path) -> None:
    folders = []
    for at in range(MAX_LOADED + 1):
        (tmp_path / str(at)).mkdir()
        folders.append(str(copied(classifier, tmp_path / str(at))))
    loaded = [load_model(folder, "classifier") for folder in folders]
    assert load_model(folders[-1], "classifier") is loaded[-1]
    assert load_model(folders[0], "classifier") is not loaded[0]


def test_the_device_is_the_one_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device() == "cpu"
    for absent in ("tpu", "cuda:99", "mps:9", "cpu:x"):
        monkeypatch.setenv("SPANFOLD_DEVICE", absent)
        with pytest.raises(InvalidArgumentError, match=f"SPANFOLD_DEVICE={absent}: this machine has .*cpu"):
            choose_device()
    monkeypatch.setenv("SPANFOLD_DEVICE", "auto")
    assert choose_device() in {"cuda", "mps", "cpu"}


def test_without_torch_the_error_has_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InvalidArgumentError, match=r"pip install 'spanfold\[local-models\]'"):
        find_model("org/name")


@given(st.lists(st.integers(1, 600), max_size=80), st.integers(1, 9), st.integers(1, 2_000))
def test_batches_hold_each_row_once_within_their_bounds(lengths: list[int], rows: int, tokens: int) -> None:
    made = list(batches(lengths, rows=rows, tokens=tokens))
    assert sorted(at for batch in made for at in batch) == list(range(len(lengths)))
    for batch in made:
        assert len(batch) <= rows
        assert len(batch) == 1 or max(lengths[at] for at in batch) * len(batch) <= tokens


def test_a_batch_that_is_too_large_for_memory_is_halved() -> None:
    tried = []

    def run(batch: list[int]) -> list[int]:
        tried.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError
        return [at * 10 for at in batch]

    done = {
        at: value
        for batch, values in in_batches([5] * 8, run)
        for at, value in zip(batch, values, strict=True)
    }
    assert done == {at: at * 10 for at in range(8)}
    assert tried == [8, 4, 2, 2, 4, 2, 2]


def test_a_row_that_is_too_large_alone_is_a_fault() -> None:
    def run(_: list[int]) -> None:
        raise torch.OutOfMemoryError

    with pytest.raises(torch.OutOfMemoryError):
        list(in_batches([5, 5], run))
