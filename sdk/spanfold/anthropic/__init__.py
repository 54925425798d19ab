"""Models of Anthropic as logged models.

Inside this package ``import anthropic`` is Anthropic's library: imports are absolute.

Example:
    >>> import spanfold
    >>> info = spanfold.anthropic.log_model(  # doctest: +SKIP
    ...     model="claude-haiku-4-5",
    ...     name="qa",
    ...     messages=[
    ...         {"role": "system", "content": "Answer in two sentences."},
    ...         {"role": "user", "content": "{question}"},
    ...     ],
    ...     max_tokens=500,
    ... )
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors import _logging

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spanfold.anthropic._model import AnthropicModel
    from spanfold.pyfunc import Flavor, ModelInfo

__all__ = ["log_model", "save_model"]

DEFAULT_MAX_TOKENS: Final = 1024
"""Of an answer, where the caller names no other: Anthropic wants to be told."""
SAMPLING: Final = frozenset({"temperature", "top_p", "top_k"})
"""Parameters that some models take, although the library has no arguments for them any more."""


def log_model(
    model: object,
    artifact_path: str | None = None,
    name: str | None = None,
    *,
    messages: object = None,
    **arguments: Any,
) -> ModelInfo:
    """Log a model of Anthropic's: which one, what it is told, and how it is called; never a key.

    Words in single braces in the messages become the columns of the model's input. Without any, the input is
    the column ``content`` (or the only one), sent as the last message of the user; or the column
    ``messages``.

    Args:
        model: Anthropic's name of the model.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls the model.
        name: of the version; by default the last part of ``artifact_path``.
        messages: what each conversation begins with; those of the role ``system`` become its system prompt.
        **arguments: as of :func:`spanfold.openai.log_model`; all others are parameters of Anthropic's
            ``messages.create``. ``max_tokens`` is 1,024 unless it is named.

    Raises:
        InvalidArgumentError: an argument cannot be right, or holds a secret; nothing was recorded.
        ArtifactError: the model's files cannot be stored.

    Example:
        >>> log_model(model="claude-haiku-4-5", name="bot", max_tokens=200)  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, messages, arguments)
    return _logging.log(flavor, {"artifact_path": artifact_path, "name": name, **logging})


def save_model(model: object, path: str | Path, *, messages: object = None, **arguments: Any) -> None:
    """Write a model to a new folder, which ``pyfunc.load_model`` reads. Arguments as in :func:`log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.

    Example:
        >>> save_model("claude-haiku-4-5", "./bot")  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, messages, arguments)
    _logging.save(flavor, path, logging)


def _load_pyfunc(folder: str, config: Mapping[str, Any]) -> AnthropicModel:
    """What :func:`spanfold.pyfunc.load_model` calls."""
    from spanfold.anthropic._model import AnthropicModel  # noqa: PLC0415 - not needed to log a model

    del folder  # the configuration is all there is
    return AnthropicModel(config)


def _flavor(model: object, messages: object, arguments: Mapping[str, Any]) -> tuple[Flavor, dict[str, Any]]:
    logging, calls, parameters = _logging.taken_apart(arguments)
    _check_parameters(parameters)
    flavor = _logging.remote_flavor(
        "anthropic",
        model=model,
        task="messages",
        parameters={"max_tokens": DEFAULT_MAX_TOKENS, **parameters},
        calls=calls,
        requirements=["anthropic"],
        messages=messages,
    )
    return flavor, logging


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    try:
        from anthropic.resources import Messages  # noqa: PLC0415 - slow to import
    except ImportError:
        return  # a model may be logged where it cannot be used
    known = frozenset(inspect.signature(Messages.create).parameters) - {"self", "system"} | SAMPLING
    _logging.check_known(parameters, known, "Anthropic's messages.create (system prompts are messages)")
