"""What a call to a judge costs, from the published price list and the usage that the provider reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spanfold.metrics.genai._backend import JudgeRequest

GUESSED_OUTPUT_TOKENS: Final = 512
"""Of a reply, before the first one came."""
_BYTES_A_TOKEN: Final = 3
"""English has about 4 and Japanese about 3: an estimate is rather too high."""
_TOKENS_A_MESSAGE: Final = 16


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; cached and cache-write ones are parts of the input."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    cache_write_tokens: int = 0


def cost_usd(provider: str | None, model: str, usage: Usage) -> float | None:
    """US dollars; None where the price list does not know the model.

    Example:
        >>> cost_usd("openai", "no-such-model", Usage(10, 10)) is None
        True
    """
    try:
        import genai_prices  # noqa: PLC0415 - optional
    except ImportError:
        return None
    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens or None,
        cache_write_tokens=usage.cache_write_tokens or None,
    )
    try:
        return float(genai_prices.calc_price(tokens, model, provider_id=provider).total_price)
    except LookupError:
        return None


@lru_cache(256)
def is_known(provider: str | None, model: str) -> bool:
    """Whether the price list knows the model."""
    return cost_usd(provider, model, Usage(1, 1)) is not None


def guessed_tokens(request: JudgeRequest) -> int:
    """Tokens of a request, by its bytes."""
    texts = [one["content"] for one in request.messages]
    texts += [json.dumps(request.schema)] if request.schema else []
    return sum(len(text.encode()) // _BYTES_A_TOKEN + _TOKENS_A_MESSAGE for text in texts)
