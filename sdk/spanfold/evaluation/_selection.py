"""Which recorded traces an evaluation scores, as people say it and as the query API is asked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from spanfold._internal import instants
from spanfold.errors import InvalidArgumentError

MAX_TRACE_IDS: Final = 100_000
MAX_MODELS: Final = 100
MAX_SAMPLE: Final = 1_000_000
"""Of a sample whose size is given; a share may come to more."""
_AGO: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d|w)\s*")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_TEXTS: Final = ("where", "experiment", "run_id", "stratify_by")
RESOLVED: Final = "resolved"
"""What an evaluation's event says of its selection besides: what it came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSelection:
    """Which traces to score; all of them unless something is said.

    Example:
        >>> TraceSelection(model="support-bot-v2", since="24h", where="status = 'OK'", sample="10%").to_dict()
        {'model': 'support-bot-v2', 'since': '24h', 'where': "status = 'OK'", 'sample': '10%'}
    """

    model: str | Sequence[str] | None = None
    """Name or ID of a model version, or several."""
    since: str | int | datetime | None = None
    """Traces that started then or later: ``24h`` ago, a datetime, RFC 3339 text, or ms since 1970."""
    until: str | int | datetime | None = None
    """Traces that started before; the start of the evaluation by default."""
    where: str = ""
    """A filter: ``status = 'OK' AND tags['tier'] = 'pro'``."""
    experiment: str | None = None
    """Name or ID of an experiment."""
    run_id: str | None = None
    """Only what was recorded under this run."""
    trace_ids: Sequence[str] | None = None
    """Only these."""
    sample: float | str | None = None
    """A share (``0.1``, ``"10%"``) or a number of traces (``500``); all by default."""
    stratify_by: str | None = None
    """A field of the filter language: the sample has its share of each of its values."""
    seed: int = 0
    """Which of all samples; the same seed gives the same one."""
    limit: int | None = None
    """Only the newest so many."""

    def __post_init__(self) -> None:
        """Check what can be checked without a server.

        Raises:
            InvalidArgumentError: the message names the member and says what to write.
        """
        for name in _TEXTS:
            value: object = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise InvalidArgumentError(f"{name}: text, not {value!r}")
        models: tuple[object, ...] = self.models()
        if not all(isinstance(one, str) and one for one in models) or len(models) > MAX_MODELS:
            raise InvalidArgumentError(f"model: a name or an ID, or a list of at most {MAX_MODELS}")
        for name in ("since", "until"):
            if (value := getattr(self, name)) is not None:
                instant_ns(name, value, 0)
        size_of_sample(self.sample)
        for name, value in (("seed", self.seed), ("limit", self.limit)):
            least = 0 if name == "seed" else 1
            if value is not None and (not _is_whole(value) or not least <= value < 2**63):
                raise InvalidArgumentError(f"{name}: a whole number from {least} on, not {value!r}")
        if self.stratify_by and self.sample is None:
            raise InvalidArgumentError("stratify_by: goes with sample, the size of the sample")
        if self.trace_ids is not None:
            self._check_trace_ids(self.trace_ids)

    def models(self) -> tuple[str, ...]:
        """The model versions that are meant, as they were given."""
        if self.model is None:
            return ()
        return (self.model,) if isinstance(self.model, str) else tuple(self.model)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, without what was not said."""
        said = dict[str, Any]()
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or value == field.default:
                continue
            if isinstance(value, datetime):
                value = instants.to_rfc3339(field.name, value)
            said[field.name] = list(value) if isinstance(value, list | tuple) else value
        return said

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> TraceSelection:
        """From JSON.

        Raises:
            InvalidArgumentError: a member is unknown, or cannot be right.
        """
        if not isinstance(said, Mapping):
            raise InvalidArgumentError(f"selection: a mapping, not {type(said).__name__}")
        known = [field.name for field in fields(cls)]
        given = {str(name): value for name, value in said.items() if value is not None and name != RESOLVED}
        for name in given:
            if name not in known:
                raise InvalidArgumentError(f"selection: there is no {name!r}; there are {', '.join(known)}")
        return cls(**given)

    def _check_trace_ids(self, given: Sequence[str]) -> None:
        if isinstance(given, str) or len(given) > MAX_TRACE_IDS:
            raise InvalidArgumentError(f"trace_ids: a list of at most {MAX_TRACE_IDS} IDs")
        for one in given:
            if _TRACE_ID.fullmatch(str(one).lower()) is None:
                raise InvalidArgumentError(f"trace_ids: 32 hexadecimal digits, not {one!r}")


def digest(trace_ids: Sequence[str]) -> str:
    """What a list of trace IDs is known by."""
    return hashlib.sha256("\n".join(one.lower() for one in trace_ids).encode()).hexdigest()


def instant_ns(name: str, given: str | int | datetime, now_ns: int) -> int:
    """An instant in nanoseconds since 1970.

    Raises:
        InvalidArgumentError: it is none.

    Example:
        >>> instant_ns("since", "1h", 3_600_000_000_000)
        0
    """
    if isinstance(given, str):
        if (ago := _AGO.fullmatch(given)) is not None:
            return max(0, now_ns - int(float(ago.group(1)) * _UNIT_S[ago.group(2)] * 1e9))
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            message = f"{name}: write 24h, 7d, or a date and time such as 2026-11-21T05:00:00Z, not {given!r}"
            raise InvalidArgumentError(message) from None
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise InvalidArgumentError(f"{name}: {given} has no time zone: write ...Z for UTC")
        since_1970 = given - datetime(1970, 1, 1, tzinfo=UTC)
        return (since_1970.days * 86_400 + since_1970.seconds) * 10**9 + since_1970.microseconds * 1_000
    if not _is_whole(given) or given < 0:
        raise InvalidArgumentError(f"{name}: an instant, not {given!r}")
    return given * 1_000_000


def rfc3339(unix_ns: int) -> str:
    """The instant as text, to the nanosecond."""
    seconds, rest = divmod(unix_ns, 10**9)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09d}Z"


def size_of_sample(given: float | str | None) -> tuple[float | None, int | None]:
    """A share, or a size.

    Example:
        >>> size_of_sample("10%"), size_of_sample(0.25), size_of_sample(500), size_of_sample(1.0)
        ((0.1, None), (0.25, None), (None, 500))
    """
    wrong = InvalidArgumentError(f"sample: a share (0.1, '10%') or a number of traces (500), not {given!r}")
    if given is None:
        return None, None
    if isinstance(given, bool):
        raise wrong
    if isinstance(given, str):
        text = given.strip()
        try:
            if text.endswith("%"):
                share = float(text[:-1]) / 100
                if not 0 < share <= 1:
                    raise wrong
                return share, None
            given = int(text) if text.isascii() and text.isdigit() else float(text)
        except ValueError:
            raise wrong from None
    if isinstance(given, int):
        if not 1 <= given <= MAX_SAMPLE:
            raise wrong
        return None, given
    if not 0 < given <= 1:
        raise wrong
    return given, None


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
