"""Asks the collector for its figures, over HTTP: it may run in this process or on another machine."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._sender_settings import logs_url
from spanfold_query_api import times

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_S: Final = 2.0
"""Of the whole answer."""
MAX_BYTES: Final = 1024 * 1024
_MS_PER_S: Final = 1_000
_PREFIX: Final = "spanfold_collector_"
_LOGS_PATH: Final = "/v1/logs"
_COUNTERS: Final = (
    "accepted_records",
    "accepted_bytes",
    "rejected_records",
    "repeated_requests",
    "written_requests",
    "written_bytes",
    "spooled_requests",
    "spooled_bytes",
    "dead_lettered_requests",
)
_GAUGES: Final = ("held_bytes", "spool_bytes")
_REFUSED: Final = "refused_requests_total"
_PRICES: Final = "price_list_date_seconds"
_INSERTS: Final = "insert_seconds"
_USER: Final = re.compile(r"[^\s/'\"]+@")


def read(endpoint: str | None) -> dict[str, Any]:
    """What :class:`~spanfold_query_api.operations_answers.CollectorStatus` says; "it is away" is one.

    Args:
        endpoint: the collector's OTLP/HTTP address; None: where the environment says it is.

    Example:
        >>> read("http://127.0.0.1:9")["reachable"]
        False
    """
    try:
        address = logs_url(endpoint).removesuffix(_LOGS_PATH)
    except InvalidArgumentError as error:
        return _away(endpoint or "", str(error))
    try:
        figures = parse(_exposition(address))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _away(address, f"{type(error).__name__}: {error}")
    except (ValueError, OverflowError) as error:  # infinity is no count
        return _away(address, str(error))
    return {"reachable": True, "reason": None, "endpoint": _shown(address), "figures": figures}


def parse(exposition: str) -> dict[str, Any]:
    """The figures in Prometheus' text.

    Raises:
        ValueError: it is no such text, or not that of a collector of ours.
        OverflowError: a count is infinite.
    """
    found: dict[str, dict[str, int]] = defaultdict(dict)
    refused: list[dict[str, Any]] = []
    inserts: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    price_list_s = 0.0
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            name = sample.name.removeprefix(_PREFIX)
            if name == _REFUSED:
                refused.append(_refused(sample.labels, sample.value))
            elif name == _PRICES:
                price_list_s = sample.value
            elif name.startswith(_INSERTS):
                key = (sample.labels.get("signal", ""), sample.labels.get("path", ""))
                inserts[key][name.removeprefix(_INSERTS)] = sample.value
            elif sample.name.startswith(_PREFIX) and "signal" in sample.labels:
                found[name][sample.labels["signal"]] = int(sample.value)
    if not found:
        raise ValueError("what answers there is no spanfold collector: it has none of its figures")
    # A counter that never counted is not told.
    nothing = dict.fromkeys(sorted({signal for figures in found.values() for signal in figures}), 0)
    return {
        **{name: nothing | found[f"{name}_total"] for name in _COUNTERS},
        **{name: nothing | found[name] for name in _GAUGES},
        "refused_requests": refused,
        "inserts": [
            {
                "signal": signal,
                "path": path,
                "count": int(sums["_count"]),
                "mean_ms": sums["_sum"] / sums["_count"] * _MS_PER_S,
            }
            for (signal, path), sums in sorted(inserts.items())
            if sums.get("_count")
        ],
        "price_list_time": times.format_rfc3339(int(price_list_s) * times.NS_PER_S) if price_list_s else None,
    }


def _exposition(address: str) -> str:
    deadline = time.monotonic() + TIMEOUT_S
    body = bytearray()
    with httpx.stream("GET", f"{address}/metrics", timeout=TIMEOUT_S) as response:
        if response.status_code != httpx.codes.OK:
            message = f"GET {address}/metrics answered {response.status_code}: is that a spanfold collector?"
            raise ValueError(message)
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_BYTES or time.monotonic() > deadline:
                message = f"its figures have over {MAX_BYTES} bytes, or took over {TIMEOUT_S:g} s"
                raise ValueError(message)
    return body.decode()


def _refused(labels: Mapping[str, str], count: float) -> dict[str, Any]:
    return {"signal": labels.get("signal", ""), "reason": labels.get("reason", ""), "count": int(count)}


def _away(endpoint: str, reason: str) -> dict[str, Any]:
    return {"reachable": False, "reason": _shown(reason), "endpoint": _shown(endpoint), "figures": None}


def _shown(text: str) -> str:
    """Without the name and the password that an address may hold."""
    return _USER.sub("", text)
