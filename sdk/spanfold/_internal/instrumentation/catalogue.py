"""What is known of libraries and of the families of instrumentors for them. Data only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Library:
    """A library that an extra of spanfold instruments."""

    name: str
    """As in ``disable`` and ``only``; the name of its instrumentor's entry point."""
    distribution: str
    """What has to be installed for the library to be there."""
    extra: str


LIBRARIES: Final = (
    Library("openai", "openai", "openai"),
    Library("anthropic", "anthropic", "anthropic"),
    Library("langchain", "langchain-core", "langchain"),
    Library("openai-agents", "openai-agents", "openai-agents"),
    Library("google-genai", "google-genai", "google-genai"),
    Library("bedrock", "boto3", "bedrock"),
    Library("llama-index", "llama-index-core", "llama-index"),
    Library("fastapi", "fastapi", "fastapi"),
    Library("django", "django", "django"),
    Library("grpc-client", "grpcio", "grpc"),
    Library("grpc-server", "grpcio", "grpc"),
    Library("celery", "celery", "celery"),
    Library("httpx", "httpx", "instrument"),
    Library("httpx2", "httpx2", "instrument"),
    Library("requests", "requests", "instrument"),
)

_ALIASES: Final = {"llamaindex": "llama-index", "google-generativeai": "google-genai"}
"""Names that a family gives to a library for which another has its own name."""

MODULES: Final = {
    "beautifulsoup4": "bs4",
    "google-cloud-aiplatform": "vertexai",
    "google-genai": "google.genai",
    "grpcio": "grpc",
    "kafka-python": "kafka",
    "langchain": "langchain_core",
    "langchain-core": "langchain_core",
    "llama-index": "llama_index.core",
    "llama-index-core": "llama_index.core",
    "mysql-connector-python": "mysql.connector",
    "mysqlclient": "MySQLdb",
    "openai-agents": "agents",
    "psycopg2-binary": "psycopg2",
}
"""What a distribution is imported as, where that is not its name. A top-level package that others share
(``google``) would be seen too early, so these name the first module of the library's own."""

STANDS_IN: Final = {"langchain": "langchain-core"}
"""A distribution that an instrumentor asks for, and the one that it really uses."""

DEAD: Final = {
    "opentelemetry-instrumentation-openai-v2": (
        "it no longer loads; opentelemetry-instrumentation-genai-openai took its place"
    ),
}

OWN_TRACING: Final = {"anthropic": "ANTHROPIC_OPEN_TELEMETRY"}
"""Libraries that make spans by themselves, and the variable that turns those off. Together with an
instrumentor's they would be two for every call."""

OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "opentelemetry-instrumentation-fastapi": {"exclude_spans": ["receive", "send"]},
}
"""Arguments for an instrumentor. ASGI's inner spans would be one for each piece of a streamed answer."""

OVERLAPS: Final = {"botocore": "bedrock"}
"""Instrumentors that make spans of calls to a model too, and those that do nothing else."""

OPENLLMETRY_MARK: Final = "opentelemetry-semantic-conventions-ai"
"""OpenLLMetry's packages are named like OpenTelemetry's own; this one only they depend on."""

FAMILIES: Final = ("OpenTelemetry GenAI", "OpenTelemetry", "OpenInference", "OpenLLMetry")
"""Best first: the first that is installed for a library is used."""


def family_of(distribution: str, requires: list[str]) -> str:
    """The family that a distribution of instrumentors belongs to.

    Example:
        >>> family_of("openinference-instrumentation-openai", [])
        'OpenInference'
    """
    if distribution.startswith("openinference-"):
        return "OpenInference"
    if any(distribution_in(requirement) == OPENLLMETRY_MARK for requirement in requires):
        return "OpenLLMetry"
    if distribution.startswith(
        ("opentelemetry-instrumentation-genai-", "opentelemetry-instrumentation-google-")
    ):
        return "OpenTelemetry GenAI"
    return "OpenTelemetry"


def canonical(name: str) -> str:
    """One name for a library, however its instrumentors and users spell it.

    Example:
        >>> canonical("Llama_Index"), canonical("llamaindex")
        ('llama-index', 'llama-index')
    """
    plain = normal(name)
    return _ALIASES.get(plain, plain)


def normal(distribution: str) -> str:
    """The normal form of a distribution's name."""
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def distribution_in(requirement: str) -> str:
    """The distribution that a requirement asks for.

    Example:
        >>> distribution_in('LangChain<2,>=0.3; extra == "instruments"')
        'langchain'
    """
    match = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
    return normal(match[0]) if match else ""


def pip_line(extra: str) -> str:
    """The command that brings an extra."""
    return f"pip install 'spanfold[{extra}]'"
