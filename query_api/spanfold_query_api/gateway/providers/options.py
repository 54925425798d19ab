"""A model's `config`, read once: unknown entries and missing keys are refused by name before any call."""

from __future__ import annotations

import difflib
import math
import os
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics.genai._faults import Scrubber
from spanfold_query_api.gateway.prices import INPUT_KEY, OUTPUT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PRICES: Final = (INPUT_KEY, OUTPUT_KEY)


class ProviderConfigError(ValueError):
    """A model whose configuration cannot be used: what is wrong, and in a second line how to put it right.

    The message holds no value of the configuration.
    """

    def __init__(self, field: str, message: str, fix: str) -> None:
        super().__init__(f"{field}: {message}\nFix: {fix}")
        self.field = field
        """Entry of the model's `config` that is at fault, or `provider`, or `name`."""


class Options:
    """Reads entries of a `config` and remembers which ones there are.

    Example:
        >>> options = Options({"openai_api_key": "sk-1"})
        >>> options.text("openai_api_key", "api_key"), options.text("base_url")
        ('sk-1', None)
        >>> options.refuse_others("openai")
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        # Configurations may wrap what must not be printed (pydantic's SecretStr).
        self._values = {
            name: value.get_secret_value() if hasattr(value, "get_secret_value") else value
            for name, value in config.items()
        }
        self._known: set[str] = set(_PRICES)

    def text(self, *names: str) -> str | None:
        """The first entry that is there; None without any.

        Raises:
            ProviderConfigError: it is no text, or empty.
        """
        self._known.update(names)
        for name in names:
            value = self._values.get(name)
            if value is None:
                continue
            if not isinstance(value, str) or not value.strip():
                raise ProviderConfigError(name, "it is no text, or empty", "give it a text, in quotes")
            return value
        return None

    def key(self, names: Iterable[str], variables: Iterable[str]) -> str | None:
        """An API key: of the configuration, else of the environment; None where there are no variables.

        Raises:
            ProviderConfigError: there is none, and the provider wants one.
        """
        names, variables = list(names), list(variables)
        found = self.text(*names) or next((os.environ[one] for one in variables if os.environ.get(one)), None)
        if found is None and variables:
            fix = f"set {variables[0]} in the gateway's environment, or write  {names[0]}: $VARIABLE"
            raise ProviderConfigError(names[0], "there is no key", fix)
        return found

    def refuse_others(self, provider: str) -> None:
        """Refuse entries that nothing has asked for.

        Raises:
            ProviderConfigError: there is one.
        """
        for name in self._values:
            if name not in self._known:
                known = sorted(self._known)
                near = difflib.get_close_matches(name, known, 1)
                fix = f"did you mean {near[0]}?" if near else f"it knows {', '.join(known)}"
                raise ProviderConfigError(name, f"provider {provider!r} knows no such entry", fix)
        for name in _PRICES:
            if not _is_price(self._values.get(name, 0)):
                raise ProviderConfigError(name, "it is no price", "give it US dollars, 0 or more")


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def scrubber_of(*secrets: str | None) -> Scrubber:
    """What takes these keys, and whatever else looks like one, out of messages."""
    return Scrubber.of([("", one) for one in secrets if one])
