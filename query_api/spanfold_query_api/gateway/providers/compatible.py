"""OpenAI, Azure, and all who speak OpenAI's protocol."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spanfold_query_api.gateway import faults
from spanfold_query_api.gateway.protocol import PATHS
from spanfold_query_api.gateway.providers.options import Options, ProviderConfigError, scrubber_of
from spanfold_query_api.gateway.providers.sdk import SdkProvider, bounded_client, with_model
from spanfold_query_api.gateway.providers.table import ALIASES, COMPATIBLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from spanfold_query_api.gateway.protocol import Call, Reply, StreamReply
    from spanfold_query_api.gateway.providers.table import Known

NO_KEY = "none"
"""The client library wants one, even where the server does not."""


class CompatibleProvider(SdkProvider):
    """One model of a provider that speaks OpenAI's protocol."""

    async def call(self, call: Call) -> Reply:
        """Ask once; see :class:`Provider`."""
        body = await self._ask(PATHS[call.kind], with_model(call, self.model), call.headers)
        answer = "data" if call.kind == "embeddings" else "choices"
        if not isinstance(body.get(answer), list):
            raise faults.unusable(self._label, f"a JSON object without a list of {answer!r}")
        return self._reply(body)

    async def stream(self, call: Call) -> StreamReply:
        """Ask once, for chunks; see :class:`Provider`. Usage is always asked for: costs follow from it."""
        body = with_model(call, self.model)
        options = {**(body.get("stream_options") or {}), "include_usage": True}
        body |= {"stream": True, "stream_options": options}
        return await self._begun(self._events(PATHS[call.kind], body, call.headers))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model is, and with what it is asked."""

    base_url: str | None
    """None leaves it to the client library, which looks at OPENAI_BASE_URL."""
    key: str | None
    organization: str | None = None
    azure_version: str | None = None
    """Of Azure's interface; None anywhere else."""
    azure_deployment: str | None = None
    is_azure_token: bool = False
    """Whether the key is a token of Azure's directory."""


def address(provider: str, model: str, config: Mapping[str, Any]) -> Address:
    """What a configuration says, completed by environment and table.

    Args:
        provider: a name of the table, or an alias.
        model: the provider's name of the model.
        config: of the model.

    Raises:
        ProviderConfigError: an entry is missing or wrong.
    """
    name = ALIASES.get(provider, provider)
    options = Options(config)
    prefix = "openai" if name == "azure" else name
    base = options.text(*_both(provider, prefix, "api_base"), "api_base", "base_url")
    kind = (options.text("openai_api_type") or "").lower() if prefix == "openai" else ""
    is_azure = name == "azure" or kind in {"azure", "azuread"}
    known = COMPATIBLE["azure" if is_azure else name]
    keys = [*_both(provider, prefix, "api_key"), "api_key"]
    found = Address(base, options.key(keys, known.key_variables))
    if is_azure:
        found = _azure(options, found, model, is_token=kind == "azuread")
    elif name == "openai":
        found = replace(found, organization=options.text("openai_organization", "organization"))
    if found.base_url is None:
        found = replace(found, base_url=_default_base(name, known, options))
    options.refuse_others(provider)
    return found


def compatible(provider: str, model: str, config: Mapping[str, Any]) -> CompatibleProvider:
    """The provider that a configuration names. Arguments and errors are those of :func:`address`."""
    import openai  # noqa: PLC0415 - takes a second to import

    found = address(provider, model, config)
    return CompatibleProvider(provider, model, openai, _client(openai, found), scrubber_of(found.key))


def _client(openai: ModuleType, found: Address) -> Any:
    common: dict[str, Any] = {"max_retries": 0, "http_client": bounded_client(openai)}
    if found.azure_version is None:
        return openai.AsyncOpenAI(
            api_key=found.key or NO_KEY, base_url=found.base_url, organization=found.organization, **common
        )
    key = {"azure_ad_token" if found.is_azure_token else "api_key": found.key}
    return openai.AsyncAzureOpenAI(
        azure_endpoint=found.base_url,
        api_version=found.azure_version,
        azure_deployment=found.azure_deployment,
        **key,
        **common,
    )


def _azure(options: Options, found: Address, model: str, *, is_token: bool) -> Address:
    base = found.base_url or os.environ.get("AZURE_OPENAI_ENDPOINT")
    if base is None:
        raise ProviderConfigError(
            "openai_api_base",
            "Azure has an address for each resource",
            "openai_api_base: https://RESOURCE.openai.azure.com",
        )
    version = options.text("openai_api_version", "api_version") or os.environ.get("OPENAI_API_VERSION")
    if version is None:
        raise ProviderConfigError("openai_api_version", "Azure wants one", "openai_api_version: '2024-10-21'")
    return replace(
        found,
        base_url=base,
        azure_version=version,
        azure_deployment=options.text("openai_deployment_name") or model,
        is_azure_token=is_token,
    )


def _default_base(name: str, known: Known, options: Options) -> str | None:
    if known.base_url is None or "{aws_region}" not in known.base_url:
        return known.base_url
    region = options.text("aws_region")
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None:
        raise ProviderConfigError(
            "aws_region", f"{name} has an address for each region", "aws_region: us-east-1"
        )
    return known.base_url.format(aws_region=region)


def _both(provider: str, prefix: str, entry: str) -> list[str]:
    """The entry under the provider's name, and under its alias: `google_api_key`, `gemini_api_key`."""
    return list(dict.fromkeys([f"{prefix}_{entry}", f"{provider.replace('-', '_')}_{entry}"]))
