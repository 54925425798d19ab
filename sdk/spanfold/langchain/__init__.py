"""Chains, chat models and any other Runnable of LangChain as logged models.

Inside this package ``import langchain_core`` is LangChain's library: imports are absolute.

Example:
    >>> import spanfold
    >>> chain = prompt | chat_model | parser  # doctest: +SKIP
    >>> info = spanfold.langchain.log_model(chain, name="rag")  # doctest: +SKIP
    >>> spanfold.pyfunc.load_model(info.model_uri).predict({"question": ["What is OTLP?"]})  # doctest: +SKIP
    ['OTLP is ...']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanfold._flavors import _logging

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spanfold.langchain._model import LangChainModel
    from spanfold.pyfunc import ModelInfo

__all__ = ["load_model", "log_model", "save_model"]


def log_model(
    lc_model: Any, artifact_path: str | None = None, name: str | None = None, **arguments: Any
) -> ModelInfo:
    """Log a Runnable.

    It is written by LangChain's own ``dumps``, which names secrets instead of holding them. One that has
    parts which LangChain cannot write (functions of your own) is pickled by cloudpickle.

    Args:
        lc_model: the chain, chat model, or other Runnable.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls the model.
        name: of the version; by default the last part of ``artifact_path``.
        **arguments: ``concurrency`` (8): the most rows under way at once; all others are those of
            :func:`spanfold.pyfunc.log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right; nothing was recorded.
        ModelError: it can neither be written nor pickled, or a secret would be kept; the version is FAILED.
        ArtifactError: the model's files cannot be stored.

    Example:
        >>> log_model(chain, name="rag", concurrency=4)  # doctest: +SKIP
    """
    from spanfold.langchain._writing import flavor_of  # noqa: PLC0415 - slow to import

    logging, calls, others = _logging.taken_apart(arguments)
    _logging.check_known(others, frozenset(), "langchain.log_model")
    flavor = flavor_of(lc_model, calls)
    return _logging.log(flavor, {"artifact_path": artifact_path, "name": name, **logging})


def save_model(lc_model: Any, path: str | Path, **arguments: Any) -> None:
    """Write a Runnable to a new folder, which ``pyfunc.load_model`` reads. Arguments as in :func:`log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.
        ModelError: it can neither be written nor pickled, or a secret would be kept.

    Example:
        >>> save_model(chain, "./rag")  # doctest: +SKIP
    """
    from spanfold.langchain._writing import flavor_of  # noqa: PLC0415 - slow to import

    logging, calls, others = _logging.taken_apart(arguments)
    _logging.check_known(others, frozenset(), "langchain.save_model")
    _logging.save(flavor_of(lc_model, calls), path, logging)


def load_model(model_uri: str | Path) -> Any:
    """The Runnable itself. Errors are those of :func:`spanfold.pyfunc.load_model`.

    Example:
        >>> load_model("models:/rag").invoke({"question": "What is OTLP?"})  # doctest: +SKIP
    """
    return _logging.loaded(model_uri, "langchain")


def _load_pyfunc(folder: str, config: Mapping[str, Any]) -> LangChainModel:
    """What :func:`spanfold.pyfunc.load_model` calls."""
    from spanfold.langchain._model import LangChainModel  # noqa: PLC0415 - slow to import

    return LangChainModel.read(folder, config)
