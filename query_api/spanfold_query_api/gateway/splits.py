"""Which of an endpoint's versions answers a call: by weight, and always the same one for the same key.

Rendezvous hashing: each version draws a number from the hash of the key and its own name, and the largest,
after weighting, wins. A version that is given more weight only wins keys, one that is given less only loses
some; all others stay where they are, and so does every key when a version is added, but for those it wins.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_BITS: Final = 53
"""What a float holds exactly."""


class Weighted(Protocol):
    """A version that can be chosen."""

    @property
    def provider(self) -> str:
        """The provider's name."""
        ...

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def model_id(self) -> str | None:
        """The model version, where it is known."""
        ...

    @property
    def weight(self) -> float:
        """Its share, relative to the sum of all; 0 for none."""
        ...


T = TypeVar("T", bound=Weighted)


def chosen(endpoint: str, targets: Sequence[T], key: str | None) -> T:
    """The version that answers.

    Args:
        endpoint: name of the endpoint: two endpoints split the same users in different ways.
        targets: at least one with a positive weight.
        key: user or conversation; None: each call is drawn anew.

    Raises:
        ValueError: no version has a weight.

    Example:
        A user who is asked for twice meets the same version::

            chosen("support", targets, "user-7") is chosen("support", targets, "user-7")
    """
    weighted = [one for one in targets if one.weight > 0]
    if not weighted:
        raise ValueError(
            f"endpoint {endpoint!r} has no model with a weight above 0: give one of them a weight"
        )
    if len(weighted) == 1:
        return weighted[0]
    drawn_for = key if key is not None else secrets.token_hex(16)
    # One model at two addresses, or with two keys, is there twice by the same name: each draws for itself.
    seen = Counter[str]()
    scored = list[tuple[float, T]]()
    for one in weighted:
        identity = one.model_id or f"{one.provider}:/{one.name}"
        number, seen[identity] = seen[identity], seen[identity] + 1
        scored.append(
            (_score(endpoint, drawn_for, f"{identity}#{number}" if number else identity, one.weight), one)
        )
    return max(scored, key=lambda pair: pair[0])[1]


def _score(endpoint: str, key: str, identity: str, weight: float) -> float:
    # Lengths first, so that no two different triples make the same bytes.
    text = "".join(f"{len(part)}:{part}" for part in (endpoint, key, identity))
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    uniform = ((int.from_bytes(digest) >> (64 - _BITS)) + 0.5) / (1 << _BITS)
    return -weight / math.log(uniform)
