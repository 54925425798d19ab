"""What a call costs in US dollars: afterwards by the provider's usage, beforehand by the request's size."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics.genai._prices import Usage, cost_usd, is_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_query_api.gateway.protocol import Call

GUESSED_OUTPUT_TOKENS: Final = 1_024
"""Of an answer for which the caller gives no limit."""
_BYTES_A_TOKEN: Final = 3
_MILLION: Final = 1_000_000
INPUT_KEY: Final = "input_usd_per_million"
OUTPUT_KEY: Final = "output_usd_per_million"
"""Entries of a model's `config`: prices of one's own, for models that the price list does not know."""


class Prices:
    """The prices of one model.

    Example:
        >>> prices = Prices("ollama", "llama", {"input_usd_per_million": 1, "output_usd_per_million": 2})
        >>> prices.cost_usd({"prompt_tokens": 1_000_000, "completion_tokens": 500_000})
        2.0
    """

    def __init__(self, provider: str | None, model: str, config: Mapping[str, Any]) -> None:
        """Look them up.

        Args:
            provider: what the price list calls it; None: whoever makes the model.
            model: as the configuration names it.
            config: the model's `config`; its own prices go before the list's.
        """
        self._provider = provider
        self._model = model
        given = config.get(INPUT_KEY), config.get(OUTPUT_KEY)
        self._own = None if given == (None, None) else (float(given[0] or 0), float(given[1] or 0))

    @property
    def are_known(self) -> bool:
        """Whether a call's cost can be told."""
        return self._own is not None or is_known(self._provider, self._model)

    def cost_usd(self, usage: Mapping[str, Any] | None) -> float | None:
        """The cost of a call; None where price or usage is not known.

        Args:
            usage: OpenAI-shaped token counts.
        """
        tokens = _tokens(usage)
        if tokens is None:
            return None
        if self._own is not None:
            return (tokens.input_tokens * self._own[0] + tokens.output_tokens * self._own[1]) / _MILLION
        return _listed(self._provider, self._model, tokens)

    def guess_usd(self, call: Call) -> float:
        """What the call may cost, rather too much than too little; 0 where the price is not known."""
        body = call.body
        size = len(json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))
        output = 0
        if call.kind != "embeddings":
            asked = body.get("max_completion_tokens") or body.get("max_tokens")
            output = (asked if isinstance(asked, int) else GUESSED_OUTPUT_TOKENS) * _count(body.get("n"))
        usage = {"prompt_tokens": size // _BYTES_A_TOKEN + 1, "completion_tokens": output}
        return self.cost_usd(usage) or 0.0


@lru_cache(4_096)
def _listed(provider: str | None, model: str, tokens: Usage) -> float | None:
    try:
        return cost_usd(provider, model, tokens)
    except ValueError:  # usage that contradicts itself
        return None


def _tokens(usage: Mapping[str, Any] | None) -> Usage | None:
    if usage is None:
        return None
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    counts = [
        usage.get("prompt_tokens"),
        usage.get("completion_tokens") or 0,
        details.get("cached_tokens") or 0,
        details.get("cache_write_tokens") or details.get("cache_creation_tokens") or 0,
    ]
    whole = [one for one in counts if isinstance(one, int) and one >= 0]
    return Usage(*whole) if len(whole) == len(counts) else None


def _count(n: Any) -> int:
    return n if isinstance(n, int) and n > 0 else 1
