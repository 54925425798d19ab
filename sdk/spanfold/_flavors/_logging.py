"""What ``log_model`` and ``save_model`` of a provider's flavor make of their arguments."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors._config import Calls, check_name, check_no_secret, check_parameters
from spanfold._flavors._remote import OWN_PARAMETERS
from spanfold._flavors._templates import check_messages, variables_of
from spanfold.errors import InvalidArgumentError, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spanfold.pyfunc import Flavor, ModelInfo

CHAT_ROLES: Final = frozenset({"system", "user", "assistant"})
LOG_ARGUMENTS: Final = frozenset(
    {
        "name",
        "artifact_path",
        "input_example",
        "signature",
        "pip_requirements",
        "extra_pip_requirements",
        "params",
        "tags",
        "model_type",
        "metadata",
        "registered_model_name",
    }
)
_NOTED_ARGUMENTS: Final = ("params", "tags", "metadata")
_CALL_ARGUMENTS: Final = frozenset({"timeout_s", "max_retries", "concurrency"})


def remote_flavor(  # noqa: PLR0913 - what a provider's model consists of
    name: str,
    *,
    model: object,
    task: str,
    parameters: Mapping[str, Any],
    calls: Calls,
    requirements: Sequence[str],
    messages: object = None,
    prompt: str | None = None,
    roles: frozenset[str] = CHAT_ROLES,
    takes_messages: bool = True,
) -> Flavor:
    """A provider's model as a flavor.

    Args:
        name: of the flavor, and of spanfold's module for it.
        model: the provider's name of the model.
        task: what is asked of it; ``embeddings`` and ``completions`` take texts, all others chats.
        parameters: of the provider's call.
        calls: how it is called.
        requirements: packages that are needed to use it.
        messages: what each chat begins with, with variables in single braces.
        prompt: of a task that takes texts, with variables likewise.
        roles: that messages may have.
        takes_messages: whether the task is a chat.

    Raises:
        InvalidArgumentError: an argument cannot be right; the message names it.
    """
    from spanfold.pyfunc import ColSpec, Flavor, ModelSignature  # noqa: PLC0415 - not needed to load a model

    if takes_messages and prompt is not None:
        raise InvalidArgumentError(f"prompt: {task} takes messages=[{{'role': 'user', 'content': ...}}]")
    if not takes_messages and messages is not None:
        raise InvalidArgumentError(f"messages: {task} takes a prompt='...' with variables, not messages")
    template: Any
    if takes_messages:
        template, variables = check_messages(messages, roles)
        check_no_secret("messages", template, "messages")
    else:
        template = prompt
        variables = () if prompt is None else variables_of(prompt, "prompt")
        if prompt is not None and not variables:
            raise InvalidArgumentError(
                "prompt: it has no variable, so rows would have no say: '... {content}'"
            )
        check_no_secret("prompt", prompt, "prompt")
    output = ColSpec({"type": "array", "items": "double"} if task == "embeddings" else "string")
    inputs = tuple(ColSpec("string", one) for one in variables) or None
    config = {
        "model": check_name(model),
        "task": task,
        "template": template,
        "variables": list(variables),
        "parameters": check_parameters(parameters, OWN_PARAMETERS, ""),
        "calls": calls.as_config(),
    }
    return Flavor(
        name=name,
        loader_module=f"spanfold.{name}",
        config=config,
        pip_requirements=list(requirements),
        signature=ModelSignature(inputs, (output,)),
    )


def recorded_params(flavor: Flavor, params: Mapping[str, Any] | None) -> dict[str, Any]:
    """The version's params: the model, the task, the call's parameters, and the caller's own."""
    config = flavor.config
    plain = {
        name: value for name, value in config["parameters"].items() if not isinstance(value, dict | list)
    }
    return {"model": config["model"], "task": config["task"], **plain, **(params or {})}


def log(flavor: Flavor, arguments: Mapping[str, Any]) -> ModelInfo:
    """Log it, with the arguments that all flavors' ``log_model`` share."""
    from spanfold.pyfunc import log_flavor  # noqa: PLC0415 - not needed to load a model

    params = recorded_params(flavor, arguments.get("params")) if "model" in flavor.config else None
    return log_flavor(flavor, **{**arguments, **({} if params is None else {"params": params})})


def taken_apart(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Calls, dict[str, Any]]:
    """Arguments of ``log_model``: those of logging, those of calling, and the provider's parameters.

    Raises:
        InvalidArgumentError: a limit of the calls is out of its range, or what is noted of the version holds
            a secret.
    """
    logging = {name: value for name, value in arguments.items() if name in LOG_ARGUMENTS}
    for name in _NOTED_ARGUMENTS:
        check_no_secret(name, logging.get(name), name)
    calls = {name: value for name, value in arguments.items() if name in _CALL_ARGUMENTS}
    others = {name: arguments[name] for name in arguments if name not in logging and name not in calls}
    return logging, Calls(**calls), others


def check_known(parameters: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    """See to it that the provider's call has all these parameters.

    Raises:
        InvalidArgumentError: it has not; the message names the one that is closest.
    """
    for name in parameters:
        if name not in known:
            close = difflib.get_close_matches(name, known | LOG_ARGUMENTS | _CALL_ARGUMENTS, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise InvalidArgumentError(f"{name}: {what} has no such parameter{hint}")


def save(flavor: Flavor, path: str | Path, arguments: Mapping[str, Any]) -> None:
    """Write it to a folder, with the arguments that all flavors' ``save_model`` share.

    Raises:
        InvalidArgumentError: an argument says something of a version, which is not made here.
    """
    from spanfold.pyfunc import save_flavor  # noqa: PLC0415 - not needed to load a model

    for name in ("name", "artifact_path", "params", "tags", "model_type", "registered_model_name"):
        if arguments.get(name) is not None:
            raise InvalidArgumentError(
                f"{name}: of versions; save_model writes a folder, log_model makes a version"
            )
    save_flavor(flavor, path, **arguments)


def loaded(model_uri: str | Path, flavor: str) -> Any:
    """The library's own object of a logged model.

    Raises:
        ModelError: the model is of another flavor.
    """
    from spanfold.pyfunc import load_model  # noqa: PLC0415 - not needed to log a model

    model = load_model(model_uri)
    if model.metadata.flavor != flavor:
        message = (
            f"{model_uri} is of the flavor {model.metadata.flavor!r}, not {flavor!r}: use pyfunc.load_model"
        )
        raise ModelError(message)
    return model.unwrap_python_model()
