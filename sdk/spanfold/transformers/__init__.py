"""Models of transformers as logged models: any pipeline, with its weights.

Inside this package ``import transformers`` is the library: imports are absolute.

Example:
    >>> import spanfold
    >>> log_model = spanfold.transformers.log_model
    >>> info = log_model((model, tokenizer), name="bot", task="text-generation")  # doctest: +SKIP
    >>> bot = spanfold.pyfunc.load_model(info.model_uri)  # doctest: +SKIP
    >>> bot.predict(["What is OTLP?"], {"max_tokens": 50})  # doctest: +SKIP
    ['OTLP is ...']
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spanfold._flavors import _local, _logging
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from spanfold.pyfunc import Flavor, ModelInfo
    from spanfold.transformers._model import PipelineModel

__all__ = ["load_model", "log_model", "save_model"]


def log_model(
    transformers_model: Any,
    artifact_path: str | None = None,
    name: str | None = None,
    *,
    task: str | None = None,
    **arguments: Any,
) -> ModelInfo:
    """Log a model of transformers with its weights.

    Args:
        transformers_model: a pipeline, ``(model, tokenizer)``, or ``{"model": ..., "tokenizer": ...}``.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls the model.
        name: of the version; by default the last part of ``artifact_path``.
        task: transformers' name of what the model does, such as ``text-generation`` or
            ``text-classification``; a pipeline knows its own.
        **arguments: those of :func:`spanfold.pyfunc.log_model`; all others are arguments of the pipeline's
            call that hold for each prediction, such as ``max_new_tokens``, and ``batch_size`` (8).

    Raises:
        InvalidArgumentError: an argument cannot be right; nothing was recorded.
        ArtifactError: the model's files cannot be stored.

    Example:
        >>> log_model(pipeline("text-classification", model="./mine"), name="tone")  # doctest: +SKIP
    """
    flavor, logging = _flavor(transformers_model, task, arguments)
    return _logging.log(flavor, {"artifact_path": artifact_path, "name": name, **logging})


def save_model(
    transformers_model: Any, path: str | Path, *, task: str | None = None, **arguments: Any
) -> None:
    """Write a model to a new folder, which ``pyfunc.load_model`` reads. Arguments as in :func:`log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.

    Example:
        >>> save_model((model, tokenizer), "./bot", task="text-generation")  # doctest: +SKIP
    """
    flavor, logging = _flavor(transformers_model, task, arguments)
    _logging.save(flavor, path, logging)


def load_model(model_uri: str | Path) -> Any:
    """The pipeline itself. Errors are those of :func:`spanfold.pyfunc.load_model`.

    Example:
        >>> load_model("models:/bot")("What is OTLP?")  # doctest: +SKIP
    """
    return _logging.loaded(model_uri, "transformers")


def _load_pyfunc(folder: str, config: Mapping[str, Any]) -> PipelineModel:
    """What :func:`spanfold.pyfunc.load_model` calls."""
    from spanfold.transformers._model import PipelineModel  # noqa: PLC0415 - not needed to log a model

    return PipelineModel(
        Path(folder) / _local.FOLDER, str(config["task"]), dict(config.get("parameters") or {})
    )


def _flavor(given: Any, task: str | None, arguments: Mapping[str, Any]) -> tuple[Flavor, dict[str, Any]]:
    parts = _parts_of(given)
    known = task or getattr(given, "task", None)
    if not isinstance(known, str) or not known:
        message = "task: what the model does, in transformers' words: task='text-generation', ..."
        raise InvalidArgumentError(message)
    _check_task(known)
    logging, _, parameters = _logging.taken_apart(arguments)

    def write(folder: Path) -> None:
        for part in parts:
            part.save_pretrained(str(folder / _local.FOLDER))

    flavor = _local.local_flavor(
        "transformers",
        task=known,
        parameters=parameters,
        requirements=["transformers", "torch"],
        write=write,
        output="string" if known == "text-generation" else "any",
    )
    return flavor, logging


def _check_task(task: str) -> None:
    try:
        _local.library("transformers.pipelines", "transformers").check_task(task)
    except KeyError as fault:
        raise InvalidArgumentError(f"task: {fault.args[0]}") from None


def _parts_of(given: Any) -> tuple[Any, ...]:
    """What has to be saved."""
    if isinstance(given, Mapping):
        parts = tuple(part for part in given.values() if part is not None)
    elif isinstance(given, tuple | list):
        parts = tuple(given)
    else:
        parts = (given,)
    faults = [part for part in parts if not callable(getattr(part, "save_pretrained", None))]
    if faults or not parts:
        kind = type(faults[0]).__name__ if faults else "nothing"
        message = f"transformers_model: a pipeline, (model, tokenizer) or a dict of both; not {kind}"
        raise InvalidArgumentError(message)
    if len(parts) == 1 and not hasattr(parts[0], "task"):
        message = "transformers_model: give the tokenizer, too: (model, tokenizer)"
        raise InvalidArgumentError(message)
    return parts
