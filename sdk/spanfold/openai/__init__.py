"""Models of OpenAI, and of whatever speaks its protocol, as logged models.

Inside this package ``import openai`` is OpenAI's library: imports are absolute.

Example:
    >>> import spanfold
    >>> info = spanfold.openai.log_model(  # doctest: +SKIP
    ...     model="gpt-4o-mini",
    ...     task="chat.completions",
    ...     name="qa",
    ...     messages=[{"role": "user", "content": "Answer in two sentences: {question}"}],
    ... )
    >>> spanfold.pyfunc.load_model(info.model_uri).predict({"question": ["What is OTLP?"]})  # doctest: +SKIP
    ['OTLP is ...']
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors import _logging
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spanfold.openai._model import OpenAIModel
    from spanfold.pyfunc import Flavor, ModelInfo

__all__ = ["log_model", "save_model"]

_TASKS: Final = ("chat.completions", "responses", "completions", "embeddings")
_OLD_NAMES: Final = {
    "ChatCompletion": "chat.completions",
    "Completion": "completions",
    "Embedding": "embeddings",
    "Response": "responses",
}
"""Of the library before 1.0. Since then ``openai.ChatCompletion`` is an object that only tells its name."""
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})


def log_model(  # noqa: PLR0913 - MLflow's arguments
    model: object,
    task: object,
    artifact_path: str | None = None,
    name: str | None = None,
    *,
    messages: object = None,
    prompt: str | None = None,
    **arguments: Any,
) -> ModelInfo:
    """Log a model of OpenAI's: which one, what it is told, and how it is called; never a key.

    Words in single braces in the messages, or in the prompt, become the columns of the model's input. Without
    any, the input is the column ``content`` (or the only one), sent as the last message of the user; or the
    column ``messages``: a conversation that follows the model's own messages.

    Args:
        model: OpenAI's name of the model, such as ``gpt-4o-mini``.
        task: ``chat.completions``, ``responses``, ``completions`` or ``embeddings``; the resources of these
            names (``openai.chat.completions``) and the old ``openai.ChatCompletion`` mean the same.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls the model.
        name: of the version; by default the last part of ``artifact_path``.
        messages: what each chat or response begins with.
        prompt: of completions, or of texts to embed, with variables likewise.
        **arguments: ``timeout_s`` (60), ``max_retries`` (5) and ``concurrency`` (8) say how it is called;
            ``input_example``, ``signature``, ``pip_requirements``, ``extra_pip_requirements``, ``params``,
            ``tags``, ``model_type``, ``metadata`` and ``registered_model_name`` are those of
            :func:`spanfold.pyfunc.log_model`; all others are parameters of OpenAI's call, such as
            ``temperature`` or ``max_tokens``.

    Raises:
        InvalidArgumentError: an argument cannot be right, or holds a secret; nothing was recorded.
        ArtifactError: the model's files cannot be stored.

    Example:
        >>> log_model(model="text-embedding-3-small", task="embeddings", name="embedder")  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, task, messages, prompt, arguments)
    return _logging.log(flavor, {"artifact_path": artifact_path, "name": name, **logging})


def save_model(
    model: object,
    task: object,
    path: str | Path,
    *,
    messages: object = None,
    prompt: str | None = None,
    **arguments: Any,
) -> None:
    """Write a model to a new folder, which ``pyfunc.load_model`` reads. Arguments as in :func:`log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.

    Example:
        >>> save_model("gpt-4o-mini", "chat.completions", "./qa")  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, task, messages, prompt, arguments)
    _logging.save(flavor, path, logging)


def _load_pyfunc(folder: str, config: Mapping[str, Any]) -> OpenAIModel:
    """What :func:`spanfold.pyfunc.load_model` calls."""
    from spanfold.openai._model import OpenAIModel  # noqa: PLC0415 - not needed to log a model

    del folder  # the configuration is all there is
    return OpenAIModel(config)


def _flavor(
    model: object, task: object, messages: object, prompt: str | None, arguments: Mapping[str, Any]
) -> tuple[Flavor, dict[str, Any]]:
    logging, calls, parameters = _logging.taken_apart(arguments)
    named = task_of(task)
    _check_parameters(named, parameters)
    flavor = _logging.remote_flavor(
        "openai",
        model=model,
        task=named,
        parameters=parameters,
        calls=calls,
        requirements=["openai"],
        messages=messages,
        prompt=prompt,
        roles=_ROLES,
        takes_messages=named in {"chat.completions", "responses"},
    )
    return flavor, logging


def task_of(task: object) -> str:
    """The name of a task: of a text, a resource of the client, or a name of the library before 1.0.

    Raises:
        InvalidArgumentError: it is none of them.

    Example:
        >>> task_of("ChatCompletion"), task_of("embeddings")
        ('chat.completions', 'embeddings')
    """
    named = _OLD_NAMES.get(task, task) if isinstance(task, str) else _of_object(task)
    if named not in _TASKS:
        message = f"task={task!r}: one of {', '.join(map(repr, _TASKS))}, or the resource of that name"
        raise InvalidArgumentError(message)
    return named


def _of_object(task: object) -> str:
    # A symbol of the library before 1.0 is a proxy that has every attribute, and fails when called.
    symbol = inspect.getattr_static(task, "__dict__", {}) and vars(task).get("_symbol")
    if isinstance(symbol, str):
        return _OLD_NAMES.get(symbol, symbol)
    kind = task if isinstance(task, type) else task.__class__  # which a proxy of the library answers truly
    module, name = kind.__module__, kind.__qualname__
    if not module.startswith("openai."):
        return ""
    plain = name.removeprefix("Async").lower()
    return "chat.completions" if plain == "completions" and ".chat." in f"{module}." else plain


def _check_parameters(task: str, parameters: Mapping[str, Any]) -> None:
    try:
        from openai.resources import Completions, Embeddings  # noqa: PLC0415 - slow to import
        from openai.resources.chat import Completions as ChatCompletions  # noqa: PLC0415
        from openai.resources.responses import Responses  # noqa: PLC0415
    except ImportError:
        return  # a model may be logged where it cannot be used
    resource: Any = {
        "chat.completions": ChatCompletions,
        "responses": Responses,
        "completions": Completions,
        "embeddings": Embeddings,
    }[task]
    known = frozenset(inspect.signature(resource.create).parameters) - {"self"}
    _logging.check_known(parameters, known, f"OpenAI's {task}")
