"""Models of Amazon Bedrock as logged models, by its Converse API, which is the same for all of them.

Example:
    >>> import spanfold
    >>> info = spanfold.bedrock.log_model(  # doctest: +SKIP
    ...     model="eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ...     name="qa",
    ...     messages=[{"role": "user", "content": "Answer in two sentences: {question}"}],
    ...     max_tokens=500,
    ... )
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors import _logging

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spanfold.bedrock._model import BedrockModel
    from spanfold.pyfunc import Flavor, ModelInfo

__all__ = ["log_model", "save_model"]

_KNOWN: Final = frozenset(
    {
        "temperature",
        "max_tokens",
        "top_p",
        "stop_sequences",
        "inferenceConfig",
        "toolConfig",
        "guardrailConfig",
        "additionalModelRequestFields",
        "additionalModelResponseFieldPaths",
        "requestMetadata",
        "performanceConfig",
        "serviceTier",
        "outputConfig",
    }
)


def log_model(
    model: object,
    artifact_path: str | None = None,
    name: str | None = None,
    *,
    messages: object = None,
    **arguments: Any,
) -> ModelInfo:
    """Log a model of Bedrock's: which one, what it is told, and how it is called; never a key.

    Words in single braces in the messages become the columns of the model's input. Without any, the input is
    the column ``content`` (or the only one), sent as the last message of the user; or the column
    ``messages``.

    Args:
        model: Bedrock's ID of the model or of an inference profile, or its ARN.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls the model.
        name: of the version; by default the last part of ``artifact_path``.
        messages: what each conversation begins with; those of the role ``system`` become its system prompt. A
            content may be a list of Bedrock's content blocks.
        **arguments: as of :func:`spanfold.openai.log_model`; all others are ``temperature``, ``max_tokens``,
            ``top_p``, ``stop_sequences``, or members of Bedrock's Converse request, such as ``toolConfig``.

    Raises:
        InvalidArgumentError: an argument cannot be right, or holds a secret; nothing was recorded.
        ArtifactError: the model's files cannot be stored.

    Example:
        >>> log_model(model="amazon.nova-lite-v1:0", name="bot", temperature=0.2)  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, messages, arguments)
    return _logging.log(flavor, {"artifact_path": artifact_path, "name": name, **logging})


def save_model(model: object, path: str | Path, *, messages: object = None, **arguments: Any) -> None:
    """Write a model to a new folder, which ``pyfunc.load_model`` reads. Arguments as in :func:`log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.

    Example:
        >>> save_model("amazon.nova-lite-v1:0", "./bot")  # doctest: +SKIP
    """
    flavor, logging = _flavor(model, messages, arguments)
    _logging.save(flavor, path, logging)


def _load_pyfunc(folder: str, config: Mapping[str, Any]) -> BedrockModel:
    """What :func:`spanfold.pyfunc.load_model` calls."""
    from spanfold.bedrock._model import BedrockModel  # noqa: PLC0415 - not needed to log a model

    del folder  # the configuration is all there is
    return BedrockModel(config)


def _flavor(model: object, messages: object, arguments: Mapping[str, Any]) -> tuple[Flavor, dict[str, Any]]:
    logging, calls, parameters = _logging.taken_apart(arguments)
    _logging.check_known(parameters, _KNOWN, "Bedrock's Converse (system prompts are messages)")
    flavor = _logging.remote_flavor(
        "bedrock",
        model=model,
        task="converse",
        parameters=parameters,
        calls=calls,
        requirements=["boto3"],
        messages=messages,
    )
    return flavor, logging
