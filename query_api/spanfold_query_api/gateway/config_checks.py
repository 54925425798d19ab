"""What no single setting shows: names that are there twice, fallbacks to nowhere, shares of nothing."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spanfold_query_api.gateway.config import Endpoint, RouteTable, Target
    from spanfold_query_api.gateway.config_yaml import Path

    Found = tuple[Path, str, str]
    """Where, what is wrong, and how to put it right."""
    Check = Callable[[Target, str], None]
    """Given a model and the type of its endpoint, raises ValueError if the provider cannot work with it: what
    is wrong, and on the next line how to put it right; its `field`, if any, is the entry of `config`."""

_OF_MODEL: Final = frozenset({"provider", "name"})


def check_table(table: RouteTable, check_target: Check) -> Iterator[Found]:
    """Everything that is wrong with a table whose settings are right one by one."""
    seen: set[str] = set()
    by_name = {endpoint.name: endpoint for endpoint in table.endpoints}
    for index, endpoint in enumerate(table.endpoints):
        path: Path = ("endpoints", index)
        if endpoint.name in seen:
            yield (*path, "name"), f"there is another endpoint {endpoint.name!r}", "choose another name"
        seen.add(endpoint.name)
        if not sum(target.weight for target in endpoint.models):
            yield (*path, "models"), "no model has a weight above 0", "give one of them  weight: 1"
        yield from _check_fallback(endpoint, path, by_name)
        for number, target in enumerate(endpoint.models):
            try:
                check_target(target, endpoint.endpoint_type)
            except ValueError as error:
                message, _, fix = str(error).partition("\n")
                field = getattr(error, "field", None)
                message = message.removeprefix(f"{field}: ")
                where = () if field is None else (field,) if field in _OF_MODEL else ("config", field)
                yield (*path, "models", number, *where), message, fix.strip().removeprefix("Fix: ")


def _check_fallback(endpoint: Endpoint, path: Path, by_name: dict[str, Endpoint]) -> Iterator[Found]:
    for number, name in enumerate(endpoint.fallback):
        at = (*path, "fallback", number)
        other = by_name.get(name)
        if other is None:
            close = difflib.get_close_matches(name, by_name, n=1)
            fix = f"did you mean {close[0]}?" if close else f"there are {', '.join(list(by_name)[:10])}"
            yield at, f"there is no endpoint {name!r}", fix
        elif other is endpoint:
            yield at, "an endpoint cannot fall back to itself", "leave it out"
        elif other.endpoint_type != endpoint.endpoint_type:
            yield (
                at,
                f"{name!r} is of type {other.endpoint_type}, this one of {endpoint.endpoint_type}",
                "name an endpoint of the same type",
            )
