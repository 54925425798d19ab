"""The prices that a request's spans need, found by names in its bytes and written as fields of its frame."""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanfold_collector.frames import varint
from spanfold_collector.prices import PLAIN_TIERS, Price

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spanfold_collector.prices import PriceList

SEPARATOR: Final = "\x1f"
TIER: Final = "openai.response.service_tier"
DATE_FIELD: Final = 1004
PRICES_FIELD: Final = 1005
_DATE_TAG: Final = b"\xe2\x3e"  # field 1004, length-delimited
_PRICES_TAG: Final = b"\xea\x3e"  # field 1005, length-delimited
_KEY_TAG: Final = b"\x0a"
_BOUNDS: Final = struct.Struct("<3d")
_USD: Final = struct.Struct("<6d")
_LOW_TAG: Final = b"\x12" + varint(_BOUNDS.size)
_HIGH_TAG: Final = b"\x1a" + varint(_BOUNDS.size)
_USD_TAG: Final = b"\x22" + varint(_USD.size)
_FIGURES: Final = struct.Struct("<2x3d2x3d2x6d")
"""All of a price behind its key."""
_MAX_NAME_BYTES: Final = 256
_ONE_BYTE: Final = 0x7F
"""The largest length that is written in one byte; two reach to 16,383."""
_MAX_GUESSED: Final = 64
"""Combinations of names up to which it is cheaper to price all of them than to look which ones occur."""
_MAX_PRICED: Final = 512
_MAX_KNOWN: Final = 4_096

# A string's attribute as it is on the wire: key, then the length of the value, of the string, the string.
_VALUE: Final = rb"\x12[\x80-\xff]?[\x00-\x7f]\x0a([\x80-\xff]?[\x00-\x7f])"
_NAMES: Final = re.compile(rb"gen_ai\.(re(?:quest|sponse)\.model|provider\.name|system)" + _VALUE, re.DOTALL)
_TIERS: Final = re.compile(re.escape(TIER.encode()) + _VALUE, re.DOTALL)

Names = tuple[str, str, str]
"""Provider, model and service tier, as spans name them."""


def price_key(provider: str, model: str, tier: str) -> str:
    """What the decoders look a price up by."""
    return SEPARATOR.join((provider, model, tier))


def _string(body: bytes, match: re.Match[bytes], group: int) -> str:
    size = match[group]
    length = size[0] & 0x7F | (size[1] << 7 if len(size) > 1 else 0)
    end = match.end()
    return body[end : end + length].decode(errors="replace") if length <= _MAX_NAME_BYTES else ""


def _guessed(body: bytes) -> Iterable[Names]:
    """Every combination of the names in a request: more than occur, and cheaper than to look at each span."""
    providers, tiers = {""}, {""}
    models: set[str] = set()
    for match in _NAMES.finditer(body):
        (models if match[1].startswith(b"re") else providers).add(_string(body, match, 2))
    if TIER.encode() in body:
        tiers.update(_string(body, match, 1) for match in _TIERS.finditer(body))
    tiers -= PLAIN_TIERS - {""}
    models.discard("")
    if len(providers) * len(models) * len(tiers) > _MAX_GUESSED:
        return _occurring(body)
    return product(sorted(providers), sorted(models), sorted(tiers))


def _occurring(body: bytes) -> list[Names]:
    """The combinations that occur, up to a limit."""
    found: dict[Names, None] = {}
    for resource_spans in TracesData.FromString(body).resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                own: dict[str, str] = {}
                for item in span.attributes:
                    own.setdefault(item.key, item.value.string_value)
                provider = own.get("gen_ai.provider.name") or own.get("gen_ai.system", "")
                for key in ("gen_ai.response.model", "gen_ai.request.model"):
                    if own.get(key):
                        found[provider, own[key], plain_tier(own)] = None
                if len(found) >= _MAX_PRICED:
                    return list(found)
    return list(found)


def plain_tier(own: Mapping[str, str]) -> str:
    """The service tier of a span, empty for the usual one."""
    tier = own.get(TIER, "")
    return "" if tier in PLAIN_TIERS else tier


class PriceFields:
    """Writes what a request's frame says of prices."""

    def __init__(self, prices: PriceList) -> None:
        """Take prices from this list."""
        self._prices = prices
        listed = str(prices.date).encode()
        self._date = _DATE_TAG + varint(len(listed)) + listed
        self._encoded = lru_cache(_MAX_KNOWN)(self._encode)

    def __call__(self, body: bytes) -> bytes:
        """Fields to append to ``body``, a TracesData; empty where it names no model with a known price."""
        prices = b"".join(self._encoded(*names) for names in _guessed(body))
        return prices + self._date if prices else b""

    def _encode(self, provider: str, model: str, tier: str) -> bytes:
        key = price_key(provider, model, tier).encode()
        found = [
            _KEY_TAG + varint(len(key)) + key
            + _LOW_TAG + _BOUNDS.pack(*price.low) + _HIGH_TAG + _BOUNDS.pack(*price.high)
            + _USD_TAG + _USD.pack(*price.usd)
            for price in self._prices.find(provider, model, tier)
        ]  # fmt: skip
        return b"".join(_PRICES_TAG + varint(len(one)) + one for one in found)


def read_prices(message: Any) -> tuple[str, dict[str, list[Price]]]:
    """The price list's date, and the prices in a frame by :func:`price_key`.

    Args:
        message: a frame without its length, parsed as TracesData, which sees our fields as unknown ones.
    """
    listed, found = "", dict[str, list[Price]]()
    unknown: Any = UnknownFieldSet(message)
    for field in unknown:
        if field.field_number == DATE_FIELD:
            listed = field.data.decode()
        elif field.field_number == PRICES_FIELD:
            head, figures = field.data[: -_FIGURES.size], _FIGURES.unpack(field.data[-_FIGURES.size :])
            key = head[2 if head[1] <= _ONE_BYTE else 3 :]
            price = Price(figures[:3], figures[3:6], figures[6:])
            found.setdefault(key.decode(), []).append(price)
    return listed, found
