"""What the gateway serves: endpoints, the models behind them, and the rules of each.

:mod:`spanfold_query_api.gateway.config_file` reads them from YAML. Keys are resolved there, so what is here
is ready to be used, and shows no key when it is printed.

Example:
    >>> target = Target(provider="openai", name="gpt-4o-mini", config={"openai_api_key": "secret"})
    >>> endpoint = Endpoint(name="support", endpoint_type="llm/v1/chat", models=[target])
    >>> RouteTable(endpoints=[endpoint]).endpoint("support").models[0].config
    {'openai_api_key': '***'}
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from spanfold_schemas import ids

MAX_ENDPOINTS: Final = 1_000
MAX_MODELS: Final = 32
MAX_FALLBACKS: Final = 8
HIDDEN: Final = "***"
_PERIODS_S: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "month": 2_592_000}
_PERIOD: Final = re.compile(r"(?:(?P<count>[1-9]\d{0,5}) )?(?P<unit>second|minute|hour|day|month)s?")

EndpointType = Literal["llm/v1/chat", "llm/v1/completions", "llm/v1/embeddings"]


class Settings(dict[str, Any]):
    """A model's `config`: a dictionary that shows its names, but none of its values."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, HIDDEN))

    __str__ = __repr__


class _Model(BaseModel):
    # What is not known is refused, since a name that is misspelt would be ignored in silence. No error ever
    # repeats what it was given: that may be a key.
    model_config = ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=(), hide_input_in_errors=True, strict=True
    )


def _check_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", name):
        message = "must be 1 to 128 letters, digits, '_', '-' and '.', and begin with a letter or digit"
        raise ValueError(message)
    return name


def _check_model_id(model_id: str) -> str:
    if not ids.is_model_id(model_id):
        message = "must be the ID of a model version: m- and 32 hexadecimal digits"
        raise ValueError(message)
    return model_id


def _check_period(period: str) -> str:
    if not _PERIOD.fullmatch(period):
        message = "must be second, minute, hour, day or month, or several such as '5 minutes'"
        raise ValueError(message)
    return period


Name = Annotated[str, AfterValidator(_check_name)]


class Limit(_Model):
    """At most so many calls in a period."""

    calls: Annotated[int, Field(ge=1, le=1_000_000_000)]
    renewal_period: Annotated[str, AfterValidator(_check_period)]
    """`minute`, or `5 minutes`."""
    key: None = None
    """MLflow's files may have it, and MLflow ignores it."""

    @property
    def renewal_period_s(self) -> int:
        """The period in seconds; a month has 30 days.

        Example:
            >>> Limit(calls=100, renewal_period="5 minutes").renewal_period_s
            300
        """
        found = _PERIOD.fullmatch(self.renewal_period)
        return int(found["count"] or 1) * _PERIODS_S[found["unit"]] if found else 0


class Spend(_Model):
    """At most so many US dollars in a calendar day or month (UTC)."""

    usd: Annotated[float, Field(gt=0, le=1e9, strict=False, allow_inf_nan=False)]
    period: Literal["day", "month"]


class Target(_Model):
    """One model of one provider."""

    provider: Annotated[str, Field(min_length=1, max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=1_000)]
    """As the provider calls it; for `spanfold-model` its URI, for `transformers` its folder."""
    config: Annotated[dict[str, Any], AfterValidator(Settings)] = Field(
        default_factory=Settings, exclude=True
    )
    """What the provider needs, keys of APIs among it."""
    weight: Annotated[float, Field(ge=0, le=1e6, strict=False, allow_inf_nan=False)] = 1.0
    """Its share of the calls is this by the sum of all."""
    model_id: Annotated[str, AfterValidator(_check_model_id)] | None = None
    """The model version that its calls belong to."""


class Endpoint(_Model):
    """A name that applications call, and what answers."""

    name: Name
    endpoint_type: EndpointType
    models: Annotated[list[Target], Field(min_length=1, max_length=MAX_MODELS)]
    """One, or several that share the calls by weight."""
    limit: Limit | None = None
    spend: Spend | None = None
    timeout_s: Annotated[float, Field(gt=0, le=3_600, strict=False)] = 120.0
    """Of a whole call, retries and fallbacks included; of a stream, to its first chunk and between two."""
    max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    fallback: Annotated[list[Name], Field(max_length=MAX_FALLBACKS)] = []
    """Endpoints that are asked in turn where this one has no answer."""
    sticky_by: Literal["user", "conversation"] | None = None
    """Calls of the same one go to the same model."""
    max_concurrency: Annotated[int, Field(ge=1, le=10_000)] = 100

    @model_validator(mode="before")
    @classmethod
    def _one_model(cls, given: Any) -> Any:
        """MLflow's `model:` is a list of one."""
        if isinstance(given, dict) and "model" in given and "models" not in given:
            rest = {name: value for name, value in given.items() if name != "model"}
            return {**rest, "models": [given["model"]]}
        return given


class RouteTable(_Model):
    """All endpoints, as one file has them."""

    endpoints: Annotated[list[Endpoint], Field(max_length=MAX_ENDPOINTS)]
    secrets: Annotated[frozenset[str], Field(exclude=True, repr=False)] = frozenset()
    """Every key that the file led to."""

    def endpoint(self, name: str) -> Endpoint | None:
        """The endpoint of this name; None: there is none."""
        return self._by_name.get(name)

    def without_secrets(self, text: str) -> str:
        """The text with every key in it replaced: providers repeat keys in their errors.

        Example:
            >>> table = RouteTable(endpoints=[], secrets=frozenset({"sk-123456"}))
            >>> table.without_secrets("Incorrect API key provided: sk-123456.")
            'Incorrect API key provided: ***.'
        """
        for secret in sorted(self.secrets, key=len, reverse=True):  # one may begin like another
            text = text.replace(secret, HIDDEN)
        return text

    @cached_property
    def _by_name(self) -> dict[str, Endpoint]:
        return {endpoint.name: endpoint for endpoint in self.endpoints}
