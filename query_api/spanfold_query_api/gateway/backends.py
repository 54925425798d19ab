"""What outlives a changed configuration: connections and processes of providers, and calls under way.

Each table of routes has a router of its own; the same model in two tables is the same provider here. A
provider is made by its first call and closed when no router that knows it is left.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from spanfold_query_api.gateway import providers
from spanfold_query_api.gateway.limits import Gate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spanfold_query_api.gateway.config import Endpoint, RouteTable, Target
    from spanfold_query_api.gateway.protocol import Provider


class Backends:
    """Providers by what they are configured with, and gates by endpoint. Belongs to one event loop."""

    def __init__(self) -> None:
        self._providers: dict[str, Provider] = {}
        self._users: Counter[str] = Counter()
        self._gates: dict[str, Gate] = {}

    def hold(self, table: RouteTable) -> None:
        """A router is going to use what this table names."""
        self._users.update(identities(table))

    async def release(self, table: RouteTable) -> None:
        """A router does not use it any more; what nobody uses is closed."""
        self._users.subtract(identities(table))
        unused = [one for one, users in self._users.items() if users <= 0]
        for identity in unused:
            del self._users[identity]
            provider = self._providers.pop(identity, None)
            if provider is not None:
                await provider.close()

    def provider(self, target: Target) -> Provider:
        """The provider of a target.

        Raises:
            ProviderConfigError: its configuration cannot be used.
        """
        identity = identity_of(target)
        found = self._providers.get(identity)
        if found is None:
            found = self._providers[identity] = providers.make(target)
        return found

    def gate(self, endpoint: Endpoint) -> Gate:
        """The gate of an endpoint, as wide as its newest configuration says."""
        gate = self._gates.get(endpoint.name)
        if gate is None:
            gate = self._gates[endpoint.name] = Gate(endpoint.max_concurrency)
        gate.width = endpoint.max_concurrency
        return gate


def identity_of(target: Target) -> str:
    """What makes two targets the same provider: not their weight or version."""
    return json.dumps([target.provider, target.name, sorted(target.config.items())], default=str)


def identities(table: RouteTable) -> Iterable[str]:
    """Of all targets of a table, each once."""
    return {identity_of(target) for endpoint in table.endpoints for target in endpoint.models}
