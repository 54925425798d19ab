"""What is written down of a model of a provider: checked, JSON only, and never with a secret in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from spanfold.errors import InvalidArgumentError

MAX_CONCURRENCY: Final = 256
MAX_RETRIES: Final = 20
MAX_TIMEOUT_S: Final = 3_600.0
_MAX_DEPTH: Final = 20
_SECRET_NAME: Final = re.compile(
    r"(?i)(^|[_.-])(api[_-]?key|secret|password|passwd|credentials?|authorization|access_token|session_token|"
    r"secret_access_key|bearer)($|[_.-])|apikey$|_key_id$"
)
_SCHEMA_NAMES: Final = frozenset({"properties", "$defs", "definitions"})
"""Members of JSON schemas that hold schemas by the names of fields: a field may be called ``password``."""
_SECRET_VALUE: Final = re.compile(
    r"\b(sk|pk|rk|xai)-[\w-]{12,}|\b(gsk|hf)_[A-Za-z0-9]{30,}|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|(?i:\bbearer\s+\S{8,})"
)


@dataclass(frozen=True, slots=True)
class Calls:
    """How the provider is called."""

    timeout_s: float = 60.0
    """For one answer, before it is asked for again."""
    max_retries: int = 5
    """After errors of connections, 408, 429 and 5xx, with growing pauses, by the provider's own library."""
    concurrency: int = 8
    """The most rows that are under way at once."""

    def __post_init__(self) -> None:
        """Check the limits.

        Raises:
            InvalidArgumentError: a number is out of its range.
        """
        if type(self.timeout_s) not in {int, float} or not 0 < self.timeout_s <= MAX_TIMEOUT_S:
            message = f"timeout_s={self.timeout_s!r}: seconds above 0, at most {MAX_TIMEOUT_S:g}"
            raise InvalidArgumentError(message)
        for name, value, least, most in (
            ("max_retries", self.max_retries, 0, MAX_RETRIES),
            ("concurrency", self.concurrency, 1, MAX_CONCURRENCY),
        ):
            if type(value) is not int or not least <= value <= most:
                raise InvalidArgumentError(f"{name}={value!r}: a whole number from {least} to {most}")

    def as_config(self) -> dict[str, Any]:
        """As it is written down."""
        return asdict(self)


def check_parameters(parameters: Mapping[str, Any], own: frozenset[str], where: str) -> dict[str, Any]:
    """Parameters of the provider's call, as JSON has them.

    Args:
        parameters: as given. Objects of the provider's types (pydantic) are taken as dicts.
        own: names that the flavor sets itself.
        where: what the caller calls them, for messages.

    Raises:
        InvalidArgumentError: one holds a secret, is no JSON, or is none of the caller's.
    """
    taken: dict[str, Any] = {}
    for name, value in parameters.items():
        if name in own:
            raise InvalidArgumentError(f"{where}{name}: the model sets it itself; leave it out")
        if value is None:
            continue
        plain = _plain(value, f"{where}{name}", 0)
        check_no_secret(name, plain, f"{where}{name}")
        try:
            taken[name] = json.loads(json.dumps(plain, allow_nan=False))
        except (TypeError, ValueError) as fault:
            message = f"{where}{name}: only what JSON can say is kept with a model: {fault}"
            raise InvalidArgumentError(message) from fault
    return taken


def check_no_secret(name: str, value: Any, where: str) -> None:
    """See to it that nothing here is a key.

    Raises:
        InvalidArgumentError: the name or the value looks like one; the message does not repeat it.
    """
    if _SECRET_NAME.search(str(name)) or (isinstance(value, str) and _SECRET_VALUE.search(value)):
        message = (
            f"{where}: this looks like a secret, and a logged model keeps none: leave it out. The provider's "
            "library reads its key from the environment, when the model is used"
        )
        raise InvalidArgumentError(message)
    if isinstance(value, Mapping):
        for key, part in value.items():
            is_field = name in _SCHEMA_NAMES and isinstance(part, Mapping)
            check_no_secret("" if is_field else str(key), part, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            check_no_secret("", part, f"{where}[{index}]")


def check_name(model: object) -> str:
    """The provider's name of a model.

    Raises:
        InvalidArgumentError: it is no text, or empty.
    """
    name = getattr(model, "id", model)
    if not isinstance(name, str) or not name.strip():
        raise InvalidArgumentError(f"model: the provider's name of the model, a text, not {model!r}")
    return name


def _plain(value: Any, where: str, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise InvalidArgumentError(f"{where}: nested deeper than {_MAX_DEPTH} levels")
    if hasattr(value, "model_dump") and not isinstance(value, type):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, Mapping):
        return {str(name): _plain(part, f"{where}.{name}", depth + 1) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, f"{where}[{index}]", depth + 1) for index, part in enumerate(value)]
    return value
