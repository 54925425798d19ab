"""Keys of providers: a file of the gateway names where they are, and never holds one.

`$NAME` is an environment variable, anywhere in a model's `config`. A setting whose name tells that it
is secret may also be the path of a file with the secret in it: `/run/secrets/openai`, `./openai.key`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_query_api.gateway.config_yaml import Path as YamlPath

MAX_SECRET_BYTES: Final = 65_536
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SECRET: Final = re.compile(
    r"(?:^|_)(?:key|token|secret|password|credentials?|authorization)$", re.IGNORECASE
)
_FILE: Final = re.compile(r"(?:/|\./|\.\./|~/|[A-Za-z]:\\)")
_WITHIN: Final = frozenset({"config"})
_SHORTEST: Final = 4
"""What is shorter cannot be replaced in texts without spoiling them."""


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret.

    Example:
        >>> [is_secret(name) for name in ("openai_api_key", "aws_session_token", "max_tokens", "key_id")]
        [True, True, False, False]
    """
    return _SECRET.search(name) is not None


class Resolver:
    """Puts keys in the place of what names them; collects what is wrong on the way."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Prepare.

        Args:
            environment: where variables are looked up.
            folder: where relative paths begin.
        """
        self._environment = environment
        self._folder = folder
        self.secrets: set[str] = set()
        self.files: list[Path] = []
        self.faults: list[tuple[YamlPath, str, str]] = []
        """Where, what is wrong, and how to put it right."""

    def resolve(self, value: Any, path: YamlPath = ()) -> Any:
        """The same data with keys in it. Only what is below `config` can name any."""
        if isinstance(value, dict):
            return {name: self.resolve(item, (*path, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str) and not _WITHIN.isdisjoint(path[:-1]):
            return self._text(value, path)
        return value

    def _text(self, text: str, path: YamlPath) -> str:
        secret = any(isinstance(part, str) and is_secret(part) for part in path)
        found = _VARIABLE.fullmatch(text)
        if found is not None:
            name = found[1] or found[2]
            value = self._environment.get(name, "")
            if not value.strip():
                self._fault(path, f"the environment variable {name} is not set", f"export {name}=...")
            return self._noted(value.strip(), secret=secret or is_secret(name))
        if not secret:
            return text
        if _FILE.match(text):
            return self._noted(self._from_file(text, path), secret=True)
        # What stands here may be the key: it is not repeated, and not used.
        name = str(path[-1]).upper()
        fix = f"write ${name} and set that variable, or the path of a file that holds it (./{path[-1]}.txt)"
        self._fault(path, "a key must not stand in this file", fix)
        return self._noted(text, secret=True)

    def _from_file(self, text: str, path: YamlPath) -> str:
        file = self._folder / Path(text).expanduser()
        self.files.append(file)
        try:
            with file.open("rb") as opened:
                found = opened.read(MAX_SECRET_BYTES + 1)
        except OSError as error:
            self._fault(
                path, f"{text} cannot be read: {error.strerror or error}", "name a file that holds the key"
            )
            return ""
        try:
            key = found.decode().strip()
        except UnicodeDecodeError:
            key = ""
        if not key or len(found) > MAX_SECRET_BYTES:
            self._fault(
                path, f"{text} holds no key: it is empty, too large, or no text", "put the key alone into it"
            )
            return ""
        return key

    def _noted(self, value: str, *, secret: bool) -> str:
        if secret and len(value) >= _SHORTEST:
            self.secrets.add(value)
        return value

    def _fault(self, path: YamlPath, message: str, fix: str) -> None:
        self.faults.append((path, message, fix))
