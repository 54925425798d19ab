"""How any flavor's model becomes a logged one: written to a folder, uploaded, and then ready."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import events, models, names, resolve, setup
from spanfold.errors import InvalidArgumentError, ModelError, ServerUnavailableError
from spanfold.pyfunc import _inputs, _requirements
from spanfold.pyfunc._description import EXAMPLE, REQUIREMENTS, Description
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spanfold.pyfunc._signature import ModelSignature

FLAVOR_TAG: Final = "spanfold.flavor"
PATH_TAG: Final = "spanfold.artifact_path"
FLUSH_TIMEOUT_S: Final = 30.0
_MAX_CAUSE_CHARS: Final = 1_000
_MAX_EXAMPLE_ROWS: Final = 1_000


@dataclass(frozen=True)
class Flavor:
    """What makes a kind of model loadable. Each flavor's ``log_model`` makes one of these."""

    name: str
    """``openai``; a key under ``flavors`` in ``MLmodel``."""
    loader_module: str
    """The module whose ``_load_pyfunc(folder: str, config: dict)`` gives an object with
    ``predict(model_input, params=None)``."""
    config: Mapping[str, Any]
    """What YAML can say; the loader gets it back."""
    pip_requirements: Sequence[str]
    """What is needed to load it; a bare name means the installed version."""
    signature: ModelSignature | None = None
    """The one that the flavor knows, where the caller gives none."""
    write: Callable[[Path], None] | None = None
    """Writes the flavor's own files into the model's folder."""


@dataclass(frozen=True)
class ModelInfo:
    """What ``log_model`` gives: where the model is, and what it takes.

    Example:
        >>> ModelInfo(model_id="m-" + "0" * 32, name="qa", artifact_path="qa", flavor="openai").model_uri
        'models:/m-00000000000000000000000000000000'
    """

    model_id: str
    name: str
    artifact_path: str
    flavor: str
    run_id: str | None = None
    """The run that it was logged in."""
    signature: ModelSignature | None = None
    metadata: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_uri(self) -> str:
        """What ``load_model`` takes: ``models:/`` and the ID."""
        return f"models:/{self.model_id}"


def log_flavor(  # noqa: PLR0913 - MLflow's arguments
    flavor: Flavor,
    *,
    name: str | None = None,
    artifact_path: str | None = None,
    input_example: Any = None,
    signature: ModelSignature | None = None,
    pip_requirements: Sequence[str] | str | None = None,
    extra_pip_requirements: Sequence[str] | str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    registered_model_name: str | None = None,
) -> ModelInfo:
    """Log a model: a new version, ``PENDING`` until all its files are stored, then ``READY``.

    Where anything goes wrong the version becomes ``FAILED``, with the cause, and the error is raised.

    Args:
        flavor: what it is.
        name: of the version; by default the last part of ``artifact_path``, else a readable random one.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls it; by default the name.
        input_example: kept with the model; the signature's inputs come of it where none is known.
        signature: what it takes and gives.
        pip_requirements: instead of those that the flavor knows: a list, or the path of a file.
        extra_pip_requirements: beside those.
        params: of the version; values are recorded by their ``str``.
        tags: of the version, likewise.
        model_type: a classification of your own, such as ``agent``.
        metadata: kept in ``MLmodel``; what YAML can say.
        registered_model_name: MLflow's; the version's name, before ``name``.

    Raises:
        InvalidArgumentError: an argument cannot be right; nothing was recorded.
        ModelError: the model cannot be written.
        ArtifactError: its files cannot be stored.
        ServerUnavailableError: the collector did not take in half a minute that it is ready.
    """
    path = (artifact_path or "").strip("/") or name or registered_model_name or names.random_name()
    called = registered_model_name or name or path.rpartition("/")[2] or path
    lines = _requirements.chosen(flavor.pip_requirements, pip_requirements, extra_pip_requirements)
    model = models.initialize_logged_model(
        called,
        tags={**_texts(tags), FLAVOR_TAG: flavor.name, PATH_TAG: path},
        params=_texts(params),
        model_type=model_type,
    )
    try:
        from spanfold.artifacts import upload_folder  # noqa: PLC0415 - loads what moves files

        with tempfile.TemporaryDirectory(prefix="spanfold-model-") as temporary:
            folder = Path(temporary)
            described = _written(
                flavor, folder, lines, input_example, signature or flavor.signature,
                model_id=model.model_id, name=called, run_id=model.source_run_id, metadata=metadata,
            )  # fmt: skip
            upload_folder(model.model_id, folder)
        models.finalize_logged_model(model.model_id, "READY")
        _flush(model.model_id)
    except BaseException as fault:
        _failed(model.model_id, fault)
        raise
    return ModelInfo(
        model.model_id, called, path, flavor.name, model.source_run_id, described.signature, metadata,
        model.params, model.tags,
    )  # fmt: skip


def save_flavor(  # noqa: PLR0913 - MLflow's arguments
    flavor: Flavor,
    path: str | Path,
    *,
    input_example: Any = None,
    signature: ModelSignature | None = None,
    pip_requirements: Sequence[str] | str | None = None,
    extra_pip_requirements: Sequence[str] | str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a model to a folder of one's own instead of logging it. Arguments as in :func:`log_flavor`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.
        ModelError: the model cannot be written.
    """
    folder = Path(path)
    lines = _requirements.chosen(flavor.pip_requirements, pip_requirements, extra_pip_requirements)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidArgumentError(f"path={str(path)!r}: holds something already; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    _written(flavor, folder, lines, input_example, signature or flavor.signature, metadata=metadata)


def _written(
    flavor: Flavor,
    folder: Path,
    requirements: Sequence[str],
    input_example: Any,
    signature: ModelSignature | None,
    **described: Any,
) -> Description:
    """The model in its folder.

    Raises:
        ModelError: the configuration, the metadata or the example cannot be written.
    """
    if flavor.write is not None:
        flavor.write(folder)
    if input_example is not None:
        (folder / EXAMPLE).write_text(_example_json(input_example), encoding="utf-8")
        if signature is None:
            from spanfold.pyfunc._signature import infer_signature  # noqa: PLC0415

            signature = infer_signature(input_example)
    (folder / REQUIREMENTS).write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
    description = Description(
        flavor.name, flavor.loader_module, flavor.config, signature,
        has_example=input_example is not None, **described,
    )  # fmt: skip
    description.write(folder)
    return description


def _example_json(example: Any) -> str:
    """An example of the input as JSON: columns and rows as MLflow writes them, anything else as it is."""
    columns = _inputs.columns_of(example)
    given = example.tolist() if hasattr(example, "tolist") else example
    if columns is not None:
        rows = list(zip(*columns.values(), strict=True))[:_MAX_EXAMPLE_ROWS]
        given = {"columns": list(columns), "data": rows}
    try:
        return json.dumps(given, ensure_ascii=False)
    except (TypeError, ValueError) as fault:
        raise ModelError(f"input_example: JSON cannot say it: {fault}") from fault


def _flush(model_id: str) -> None:
    """Return once others can see that the version is ready.

    Raises:
        ServerUnavailableError: the collector has not taken it in time.
    """
    if not setup.flush(FLUSH_TIMEOUT_S):
        message = f"the collector has not taken within {FLUSH_TIMEOUT_S} s that {model_id} is ready"
        raise ServerUnavailableError(message)


def _failed(model_id: str, fault: BaseException) -> None:
    cause = f"{type(fault).__name__}: {fault}"[:_MAX_CAUSE_CHARS]
    now = events.record(keys.MODEL_STATUS_SET, model_id, {"status": "FAILED", "status_message": cause})
    resolve.revise(model_id, now, status="FAILED")


def _texts(given: Mapping[str, Any] | None) -> dict[str, str]:
    return {
        str(name): value if isinstance(value, str) else str(value) for name, value in (given or {}).items()
    }
