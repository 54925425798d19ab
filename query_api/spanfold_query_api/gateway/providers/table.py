"""Providers that speak OpenAI's protocol, by name: where they are, and what their key is called.

A model's `config` may say `<name>_api_key` and `<name>_api_base` (`openai_api_key`, as MLflow's deployments
have it), or plainly `api_key` and `base_url`. What it does not say comes from the environment, then from
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Known:
    """A provider's own names and address."""

    base_url: str | None
    """None: the client library's own default, or the configuration must say it."""
    key_variables: tuple[str, ...] = ()
    """Environment variables that hold a key; none: it needs no key."""
    price_provider: str | None = None
    """What the price list calls it."""


def _usual(base_url: str, name: str, price_provider: str | None = None) -> Known:
    return Known(base_url, (f"{name.upper()}_API_KEY",), price_provider or name)


COMPATIBLE: Final[Mapping[str, Known]] = {
    "openai": Known(None, ("OPENAI_API_KEY",), "openai"),
    "azure": Known(None, ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"), "azure"),
    "bedrock": Known(
        "https://bedrock-runtime.{aws_region}.amazonaws.com/openai/v1", ("AWS_BEARER_TOKEN_BEDROCK",), "aws"
    ),
    "cerebras": _usual("https://api.cerebras.ai/v1", "cerebras"),
    "cohere": _usual("https://api.cohere.ai/compatibility/v1", "cohere"),
    "deepseek": _usual("https://api.deepseek.com/v1", "deepseek"),
    "fireworks": _usual("https://api.fireworks.ai/inference/v1", "fireworks"),
    "google": Known(
        "https://generativelanguage.googleapis.com/v1beta/openai",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        "google",
    ),
    "groq": _usual("https://api.groq.com/openai/v1", "groq"),
    "huggingface": Known("https://router.huggingface.co/v1", ("HF_TOKEN",), "huggingface"),
    "mistral": _usual("https://api.mistral.ai/v1", "mistral"),
    "ollama": Known("http://localhost:11434/v1"),
    "openrouter": _usual("https://openrouter.ai/api/v1", "openrouter"),
    "perplexity": _usual("https://api.perplexity.ai", "perplexity"),
    "together": _usual("https://api.together.xyz/v1", "together"),
    "vllm": Known("http://localhost:8000/v1"),
    "xai": _usual("https://api.x.ai/v1", "xai", "x-ai"),
}
ALIASES: Final[Mapping[str, str]] = {"gemini": "google", "togetherai": "together", "azure-openai": "azure"}
"""What MLflow calls some of them."""
OTHERS: Final = ("anthropic", "litellm", "spanfold-model", "transformers")
"""Those with a protocol or a process of their own."""


def names() -> list[str]:
    """All providers that a configuration may name."""
    return sorted({*COMPATIBLE, *ALIASES, *OTHERS})
