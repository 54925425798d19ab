"""What a model's tokens cost: from genai-prices or a file of one's own, as figures that go with a request.

Prices are looked up once a request and name, not once a span: the collector finds the names of providers and
models in a request's bytes, appends what they cost to its frame, and the decoders multiply. So a replay from
the spool costs what it cost at first, whatever the price list says by then.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import genai_prices
from genai_prices import data_snapshot
from genai_prices.types import StartDateConstraint, TieredPrices, TimeOfDateConstraint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from genai_prices.types import ModelInfo, ModelPrice, Provider

DAY_S: Final = 86_400
_NO_THRESHOLD: Final = -1
_LONG_AGO: Final = date(1970, 1, 1)
_MAX_KNOWN: Final = 4_096
"""Names whose prices are remembered: a sender chooses them, so there may be any number."""
MAX_COST_USD: Final = 1e12
_MAX_USD: Final = 1e9
_TOKENS_A_PRICE: Final = 1_000_000
_REQUESTS_A_PRICE: Final = 1_000
PLAIN_TIERS: Final = frozenset({"", "auto", "default", "standard"})
_PROVIDERS: Final = {
    "az.ai.inference": "azure", "az.ai.openai": "azure", "azure.ai.inference": "azure",
    "azure.ai.openai": "azure", "gcp.gen_ai": "google", "x_ai": "x-ai",
}  # fmt: skip
"""OpenTelemetry's names of providers that the price list would not recognise, or take for another."""
_UNITS: Final = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "output_reasoning_mtok")


class Price(NamedTuple):
    """What one model costs from some time on, at some times of the day, above some length of the prompt.

    Of several that apply, the last one counts. The bounds are of unix seconds, of the second of the UTC day,
    and of input tokens: at least ``low`` and less than ``high``.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    usd: tuple[float, ...]
    """For one token of each kind of :data:`Tokens`, and for the request. Input tokens that were read from the
    cache or written to it count as input tokens too, so theirs is the difference; reasoning likewise."""


def _price(
    since_unix_s: float, day_s: tuple[float, float], above: int, usd: _Usd, request_usd: float
) -> Price:
    base, output = usd.input or 0.0, usd.output or 0.0
    differences = (_less(usd.cached, base), _less(usd.written, base), _less(usd.reasoning, output))
    a_token = [one / _TOKENS_A_PRICE for one in (base, output, *differences)]
    high = (math.inf, day_s[1], math.inf)
    return Price((since_unix_s, day_s[0], above + 1), high, (*a_token, request_usd))


def _less(price: float | None, base: float) -> float:
    """Tokens without a price of their own cost what the others of their direction cost."""
    return 0.0 if price is None else price - base


class _Usd(NamedTuple):
    """US dollars for a million tokens of each kind; None where they have no price of their own."""

    input: float | None
    output: float | None
    cached: float | None
    written: float | None
    reasoning: float | None


Tokens = tuple[int | None, int | None, int | None, int | None, int | None]
"""Input, output, cached and cache-write input (parts of the input), reasoning (part of the output)."""


class PriceFileError(ValueError):
    """A file of prices cannot be read, or says something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """One ``[[price]]`` of a price file."""

    provider: str
    """Empty: any."""
    model: str
    """A name, or the beginning of one with ``*`` behind it; case does not matter."""
    price: Price

    def applies(self, provider: str, model: str) -> bool:
        """Whether this is the price of what a span names so."""
        if self.provider and self.provider != provider.lower():
            return False
        name = model.lower()
        return name.startswith(self.model[:-1]) if self.model.endswith("*") else name == self.model


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """What a price file holds."""

    date: date
    prices: tuple[OwnPrice, ...]


def _days(day: date) -> int:
    return (day - _LONG_AGO).days


def _usd_of(path: Path, table: Mapping[str, Any], name: str) -> float:
    value = table.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_USD:
        message = f"{path}: {name} must be US dollars for a million tokens, not {value!r}"
        raise PriceFileError(message)
    return float(value)


def _own_price(path: Path, table: Any) -> OwnPrice:
    known = {
        "provider",
        "model",
        "since",
        "input",
        "cached_input",
        "cache_write_input",
        "output",
        "reasoning",
    }
    if not isinstance(table, dict) or not isinstance(table.get("model"), str) or not table["model"]:
        message = f"{path}: every [[price]] needs a model"
        raise PriceFileError(message)
    if unknown := sorted(table.keys() - known):
        message = f"{path}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        raise PriceFileError(message)
    since = table.get("since", _LONG_AGO)
    if type(since) is not date or not isinstance(table.get("provider", ""), str):
        message = f"{path}: since must be a date such as 2026-11-01, and provider a text"
        raise PriceFileError(message)
    usd = _Usd(
        _usd_of(path, table, "input"),
        _usd_of(path, table, "output"),
        _usd_of(path, table, "cached_input") if "cached_input" in table else None,
        _usd_of(path, table, "cache_write_input") if "cache_write_input" in table else None,
        _usd_of(path, table, "reasoning") if "reasoning" in table else None,
    )
    price = _price(_days(since) * DAY_S, (0, DAY_S), _NO_THRESHOLD, usd, 0.0)
    return OwnPrice(table.get("provider", "").lower(), table["model"].lower(), price)


def read_price_file(path: Path) -> OwnPrices:
    """Prices of models that the published list does not know, or that cost something else here.

    Raises:
        PriceFileError: the file is missing, no TOML, or no prices; names what is wrong.

    Example:
        >>> _ = Path("prices.toml").write_text('''date = 2026-11-01
        ... [[price]]
        ... model = "llama-4*"
        ... input = 0.2
        ... output = 0.6
        ... ''')  # doctest: +SKIP
        >>> read_price_file(Path("prices.toml")).prices[0].model  # doctest: +SKIP
        'llama-4*'
    """
    try:
        document = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        message = f"the price file {path} cannot be read: {error}"
        raise PriceFileError(message) from error
    listed, tables = document.get("date"), document.get("price", [])
    if type(listed) is not date or not isinstance(tables, list) or document.keys() - {"date", "price"}:
        message = f"{path}: a price file has a date (date = 2026-11-01) and any number of [[price]]"
        raise PriceFileError(message)
    found = [_own_price(path, table) for table in tables]
    # Of several that apply the last one counts.
    return OwnPrices(listed, tuple(sorted(found, key=lambda one: one.price.low)))


class PriceList:
    """The bundled price list of genai-prices, with one's own prices in front of it."""

    def __init__(self, own: OwnPrices | None = None, *, history_days: int) -> None:
        """Prices that ended more than ``history_days`` ago are left out: no span can be that old."""
        self._own = () if own is None else own.prices
        self._oldest = datetime.now(UTC).date() - timedelta(days=history_days + 1)
        self._providers = data_snapshot.get_snapshot().providers
        bundled = _list_date(self._providers)
        self.date: Final = bundled if own is None else max(own.date, bundled)
        """The newest change that the bundled list knows of, or the date of one's own prices if later."""
        self.find = lru_cache(_MAX_KNOWN)(self._find)

    @property
    def date_unix_s(self) -> int:
        """:attr:`date` in unix seconds."""
        return _days(self.date) * DAY_S

    @property
    def age_days(self) -> int:
        """Days since :attr:`date`."""
        return (datetime.now(UTC).date() - self.date).days

    def _find(self, provider: str, model: str, tier: str) -> tuple[Price, ...]:
        """What a model costs, the most special price last; empty where that is not known.

        Args:
            provider: as a span names it; empty where it does not, and then the model's maker is meant.
            model: as a span names it.
            tier: the service tier that the provider answered with, if any.
        """
        own = tuple(one.price for one in self._own if one.applies(provider, model))
        if own:
            return own
        known = self._provider(provider, model)
        info = known.find_model(model, all_providers=self._providers) if known is not None else None
        if known is None or info is None:
            return ()
        # As genai-prices has it: variants are of the provider whose model it is, not of who resells it.
        is_own = any(info is one for one in known.models)
        return tuple(self._prices(info, tier if is_own else ""))

    def _provider(self, name: str, model: str) -> Provider | None:
        if name:
            # Not the list's own look-up, which remembers every name that it was ever asked for.
            return data_snapshot.find_provider_by_id(self._providers, _PROVIDERS.get(name.lower(), name))
        matches = (
            one for one in self._providers if one.model_match and one.model_match.is_match(model.lower())
        )
        return next(matches, None)

    def _prices(self, model: ModelInfo, tier: str) -> Iterator[Price]:
        """One price for each stretch of time and part of the day in which nothing changes."""
        dates, times = _changes(model)
        recent = [day for day in dates if day > self._oldest]
        started = [day for day in dates if day <= self._oldest]
        context = {} if tier in PLAIN_TIERS else {"service_tier": tier}
        starts = sorted(times | {0})
        before: list[Price] = []
        for since in (max(started, default=_LONG_AGO), *recent):
            found: list[Price] = []
            for begin, end in zip(starts, [*starts[1:], DAY_S], strict=True):
                moment = datetime.combine(since, time(tzinfo=UTC)) + timedelta(seconds=begin)
                prices = model.get_prices(moment, context)
                found += _tiers(prices, _days(since) * DAY_S, (begin, end))
            # Most changes are of variants that no span speaks of, such as batches.
            if [(one.low[1:], *one[1:]) for one in found] != [(one.low[1:], *one[1:]) for one in before]:
                yield from found
            before = found


def _changes(model: ModelInfo) -> tuple[list[date], set[int]]:
    """When a model's prices change: on which days, and at which seconds of a day."""
    conditional: list[Any] = model.prices if isinstance(model.prices, list) else []
    dates: set[date] = set()
    times: set[int] = set()
    for item in (*conditional, *(model.price_variants or ())):
        match item.constraint:
            case StartDateConstraint(start_date=start):
                dates.add(start)
            case TimeOfDateConstraint(start_time=start, end_time=end):
                for moment in (start, end):
                    offset = moment.utcoffset() or timedelta(0)
                    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
                    times.add(int(seconds - offset.total_seconds()) % DAY_S)
    return sorted(dates), times


def _tiers(prices: ModelPrice, since_s: int, day_s: tuple[int, int]) -> Iterator[Price]:
    """A price for each length of prompt from which tokens cost something else."""
    units = [getattr(prices, name) for name in _UNITS]
    if prices.input_mtok is None and prices.output_mtok is None:
        return  # sold by something else than tokens
    thresholds = {tier.start for one in units if isinstance(one, TieredPrices) for tier in one.tiers}
    for above in sorted({_NO_THRESHOLD} | thresholds):
        request = (_usd(prices.requests_kcount, above) or 0.0) / _REQUESTS_A_PRICE
        yield _price(since_s, day_s, above, _Usd._make(_usd(one, above) for one in units), request)


def _usd(price: Decimal | TieredPrices | None, above: int) -> float | None:
    if isinstance(price, TieredPrices):
        applicable = [tier.price for tier in price.tiers if tier.start <= above]
        return float(applicable[-1] if applicable else price.base)
    return None if price is None else float(price)


def _list_date(providers: Iterable[Provider]) -> date:
    """The newest change that the list knows of, announced ones left out: it has no date of its own."""
    package = Path(genai_prices.__file__)
    installed = datetime.fromtimestamp(package.stat().st_mtime, UTC).date()
    days = (day for provider in providers for model in provider.models for day in _changes(model)[0])
    return max((day for day in days if day <= installed), default=_LONG_AGO)


def cost_usd(prices: Iterable[Price], start_unix_s: int, tokens: Tokens) -> float | None:
    """What a call cost; None where the prices or the tokens do not say.

    The view of the database computes the same, step by step: the results are equal to the last bit.

    Args:
        prices: of the call's model.
        start_unix_s: when the call began.
        tokens: as the provider reported them.
    """
    inputs, outputs, cached, written, reasoning = tokens
    facts = (start_unix_s, start_unix_s % DAY_S, float(inputs or 0))
    usd: tuple[float, ...] | None = None
    for price in prices:
        if all(low <= fact < high for fact, low, high in zip(facts, price.low, price.high, strict=True)):
            usd = price.usd
    if usd is None or (cached or 0) + (written or 0) > (inputs or 0):
        return None
    counts = (inputs, outputs, cached or 0, written or 0, reasoning or 0, 1)
    total = 0.0
    for count, one in zip(counts, usd, strict=True):
        if one != 0:
            total += (math.nan if count is None else float(count)) * one
    return total if 0 <= total <= MAX_COST_USD else None
