"""Models of sentence-transformers as logged models: texts in, embeddings out.

Inside this package ``import sentence_transformers`` is the library: imports are absolute.

Example:
    >>> import spanfold
    >>> info = spanfold.sentence_transformers.log_model(encoder, name="encoder")  # doctest: +SKIP
    >>> spanfold.pyfunc.load_model(info.model_uri).predict(["refund", "late parcel"])  # doctest: +SKIP
    [[0.1, ...], [0.2, ...]]
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors import _local, _logging
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold.pyfunc import Flavor, ModelInfo
    from spanfold.sentence_transformers._model import EncoderModel

__all__ = ["load_model", "log_model", "save_model"]

_KNOWN: Final = frozenset(
    {"batch_size", "normalize_embeddings", "prompt", "prompt_name", "truncate_dim", "precision"}
)


def log_model(
    model: Any, artifact_path: str | None = None, name: str | None = None, **arguments: Any
) -> ModelInfo:
    """Log a ``SentenceTransformer`` with its weights.

    Args:
        model: the model.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls the model.
        name: of the version; by default the last part of ``artifact_path``.
        **arguments: those of :func:`spanfold.pyfunc.log_model`; all others are arguments of ``encode`` that
            hold for each prediction: ``batch_size``, ``normalize_embeddings``, ``prompt``, ``prompt_name``,
            ``truncate_dim``, ``precision``.

    Raises:
        InvalidArgumentError: an argument cannot be right; nothing was recorded.
        ArtifactError: the model's files cannot be stored.

    Example:
        >>> log_model(encoder, name="encoder", normalize_embeddings=True)  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, arguments)
    return _logging.log(flavor, {"artifact_path": artifact_path, "name": name, **logging})


def save_model(model: Any, path: str | Path, **arguments: Any) -> None:
    """Write a model to a new folder, which ``pyfunc.load_model`` reads. Arguments as in :func:`log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.

    Example:
        >>> save_model(encoder, "./encoder")  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, arguments)
    _logging.save(flavor, path, logging)


def load_model(model_uri: str | Path) -> Any:
    """The ``SentenceTransformer`` itself. Errors are those of :func:`spanfold.pyfunc.load_model`.

    Example:
        >>> load_model("models:/encoder").encode("refund")  # doctest: +SKIP
    """
    return _logging.loaded(model_uri, "sentence_transformers")


def _load_pyfunc(folder: str, config: Mapping[str, Any]) -> EncoderModel:
    """What :func:`spanfold.pyfunc.load_model` calls."""
    from spanfold.sentence_transformers._model import EncoderModel  # noqa: PLC0415 - only to load

    return EncoderModel(Path(folder) / _local.FOLDER, dict(config.get("parameters") or {}))


def _flavor(model: Any, arguments: Mapping[str, Any]) -> tuple[Flavor, dict[str, Any]]:
    if not callable(getattr(model, "encode", None)) or not callable(getattr(model, "save_pretrained", None)):
        raise InvalidArgumentError(f"model: a SentenceTransformer, not {type(model).__name__}")
    logging, _, parameters = _logging.taken_apart(arguments)
    _logging.check_known(parameters, _KNOWN, "SentenceTransformer.encode")
    flavor = _local.local_flavor(
        "sentence_transformers",
        task="embeddings",
        parameters=parameters,
        requirements=["sentence-transformers", "torch"],
        write=lambda folder: model.save_pretrained(str(folder / _local.FOLDER), create_model_card=False),
        output={"type": "array", "items": "double"},
    )
    return flavor, logging
