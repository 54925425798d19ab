"""Models of Google (Gemini, Vertex AI) as logged models: chats and embeddings, by the library google-genai.

Inside this package ``import google.genai`` is Google's library: imports are absolute.

Example:
    >>> import spanfold
    >>> info = spanfold.google.log_model(  # doctest: +SKIP
    ...     model="gemini-2.5-flash",
    ...     name="qa",
    ...     messages=[{"role": "user", "content": "Answer in two sentences: {question}"}],
    ...     temperature=0.2,
    ... )
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors import _logging
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spanfold.google._model import GoogleModel
    from spanfold.pyfunc import Flavor, ModelInfo

__all__ = ["log_model", "save_model"]

_TASKS: Final = ("generate_content", "embeddings")


def log_model(  # noqa: PLR0913 - as the other flavors
    model: object,
    task: str = "generate_content",
    artifact_path: str | None = None,
    name: str | None = None,
    *,
    messages: object = None,
    prompt: str | None = None,
    **arguments: Any,
) -> ModelInfo:
    """Log a model of Google's: which one, what it is told, and how it is called; never a key.

    Words in single braces in the messages, or in the prompt, become the columns of the model's input. Without
    any, the input is the column ``content`` (or the only one), sent as the last message of the user; or the
    column ``messages``.

    Args:
        model: Google's name of the model.
        task: ``generate_content`` or ``embeddings``.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls the model.
        name: of the version; by default the last part of ``artifact_path``.
        messages: what each chat begins with, with the roles ``system``, ``user`` and ``assistant``; Google's
            library is given them in its own form. A content may be a list of Google's parts.
        prompt: of texts to embed, with variables likewise.
        **arguments: as of :func:`spanfold.openai.log_model`; all others are fields of Google's
            ``GenerateContentConfig`` or ``EmbedContentConfig``, such as ``max_output_tokens``.

    Raises:
        InvalidArgumentError: an argument cannot be right, or holds a secret; nothing was recorded.
        ArtifactError: the model's files cannot be stored.

    Example:
        >>> log_model(model="gemini-embedding-001", task="embeddings", name="embedder")  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, task, messages, prompt, arguments)
    return _logging.log(flavor, {"artifact_path": artifact_path, "name": name, **logging})


def save_model(
    model: object,
    path: str | Path,
    task: str = "generate_content",
    *,
    messages: object = None,
    prompt: str | None = None,
    **arguments: Any,
) -> None:
    """Write a model to a new folder, which ``pyfunc.load_model`` reads. Arguments as in :func:`log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.

    Example:
        >>> save_model("gemini-2.5-flash", "./bot")  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, task, messages, prompt, arguments)
    _logging.save(flavor, path, logging)


def _load_pyfunc(folder: str, config: Mapping[str, Any]) -> GoogleModel:
    """What :func:`spanfold.pyfunc.load_model` calls."""
    from spanfold.google._model import GoogleModel  # noqa: PLC0415 - not needed to log a model

    del folder  # the configuration is all there is
    return GoogleModel(config)


def _flavor(
    model: object, task: str, messages: object, prompt: str | None, arguments: Mapping[str, Any]
) -> tuple[Flavor, dict[str, Any]]:
    if task not in _TASKS:
        raise InvalidArgumentError(f"task={task!r}: one of {', '.join(map(repr, _TASKS))}")
    logging, calls, parameters = _logging.taken_apart(arguments)
    _check_parameters(task, parameters)
    flavor = _logging.remote_flavor(
        "google",
        model=model,
        task=task,
        parameters=parameters,
        calls=calls,
        requirements=["google-genai"],
        messages=messages,
        prompt=prompt,
        takes_messages=task == "generate_content",
    )
    return flavor, logging


def _check_parameters(task: str, parameters: Mapping[str, Any]) -> None:
    try:
        from google.genai import types  # noqa: PLC0415 - slow to import
    except ImportError:
        return  # a model may be logged where it cannot be used
    kind: Any = types.GenerateContentConfig if task == "generate_content" else types.EmbedContentConfig
    known = frozenset(kind.model_fields) - {
        "http_options",
        "system_instruction",
        "should_return_http_response",
    }
    _logging.check_known(parameters, known, f"Google's {kind.__name__} (system instructions are messages)")
