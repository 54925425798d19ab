"""Events of evaluations and monitors, and of what people expect of traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_schemas import keys
from spanfold_schemas.checks import (
    InvalidEventError,
    check_entries,
    check_json,
    check_name,
    check_optional_text,
    number_value,
    size_bytes,
    text_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SOURCES: Final = ("traces", "rows")
"""What an evaluation scores: traces that the server has, or rows that its caller gave."""
RUNNERS: Final = ("client", "server")
"""Where an evaluation runs: in the process that asked for it, or in a child process of the query API."""
COUNTERS: Final = ("done", "total", "failed", "unmapped", "calls", "cost_usd", "scores")
"""How far an evaluation is: absolute numbers. Rows done, of how many, how many of them failed, how many could
not be mapped to a metric's columns; calls to judges and their cost; scores that were given."""

EVALUATION_RUNNING: Final = "RUNNING"
EVALUATION_CANCELLING: Final = "CANCELLING"
EVALUATION_END_STATUSES: Final = ("FINISHED", "FAILED", "CANCELLED")

MAX_EVALUATION_METRICS: Final = 100
"""Metrics that one evaluation computes."""
MAX_AGGREGATES: Final = 500
"""Aggregates that one evaluation has: several a metric."""
MAX_MODEL_IDS: Final = 1_000
MAX_CONFIGURATION_BYTES: Final = 64 * 1024
"""Metrics, selection and options together, as JSON."""
MAX_EXPECTATION_BYTES: Final = 64 * 1024


def _check_member(payload: Mapping[str, Any], name: str, kind: type, what: str) -> None:
    if not isinstance(payload.get(name), kind):
        raise InvalidEventError(name, f"must be {what}")
    check_json(name, payload[name])


def _check_configuration(payload: Mapping[str, Any], *, needs_selection: bool) -> None:
    """What a metric is, is the registry's business: here it must have a name, and all of it an end."""
    _check_member(payload, "metrics", list, "a list of metrics")
    if len(payload["metrics"]) > MAX_EVALUATION_METRICS:
        raise InvalidEventError(
            "metrics", f"has {len(payload['metrics'])} entries; at most {MAX_EVALUATION_METRICS} are allowed"
        )
    for number, metric in enumerate(payload["metrics"]):
        if not isinstance(metric, dict):
            raise InvalidEventError(f"metrics[{number}]", "must be a mapping with a name")
        check_name(f"metrics[{number}].name", metric.get("name"))
    if needs_selection or payload.get("selection") is not None:
        _check_member(payload, "selection", dict, "a mapping")
    if payload.get("options") is not None:
        _check_member(payload, "options", dict, "a mapping")
    used = size_bytes([payload.get(name) for name in ("metrics", "selection", "options")])
    if used > MAX_CONFIGURATION_BYTES:
        raise InvalidEventError(
            "metrics",
            f"with selection and options takes {used} bytes as JSON; at most {MAX_CONFIGURATION_BYTES} are "
            "allowed: shorten prompts and examples, or select by a condition instead of by IDs",
        )


def _check_counters(payload: Mapping[str, Any]) -> None:
    for name in COUNTERS:
        value = payload.get(name)
        if value is None and name == "total":
            continue
        if name not in payload:
            continue
        number_value(name, value)
        if payload[name] < 0:
            raise InvalidEventError(name, "must not be negative")
        if name != "cost_usd" and not isinstance(value, int):
            raise InvalidEventError(name, "must be an integer")


def _check_started(payload: Mapping[str, Any]) -> None:
    check_name("name", payload.get("name"))
    check_name("experiment_id", payload.get("experiment_id"))
    for name, allowed in (("source", SOURCES), ("runner", RUNNERS)):
        if payload.get(name) not in allowed:
            raise InvalidEventError(name, f"must be one of {', '.join(allowed)}")
    _check_configuration(payload, needs_selection=False)
    check_optional_text(payload, "run_id", "user", "monitor_id")
    model_ids = payload.get("model_ids", [])
    if not isinstance(model_ids, list) or len(model_ids) > MAX_MODEL_IDS:
        raise InvalidEventError("model_ids", f"must be a list of at most {MAX_MODEL_IDS} IDs")
    for number, model_id in enumerate(model_ids):
        text_value(f"model_ids[{number}]", model_id)
    _check_counters(payload)


def _check_over(payload: Mapping[str, Any]) -> None:
    """An evaluation that ended early tells what it knows."""
    check_entries("metrics", payload.get("metrics", {}), number_value, MAX_AGGREGATES)
    check_entries("unmapped_reasons", payload.get("unmapped_reasons", {}), number_value)
    _check_counters(payload)


def _check_finished(payload: Mapping[str, Any]) -> None:
    if "metrics" not in payload:
        raise InvalidEventError("metrics", "must be a mapping from names to values")
    _check_over(payload)


def _check_reason(payload: Mapping[str, Any]) -> None:
    text_value("reason", payload.get("reason"))
    if not payload["reason"]:
        raise InvalidEventError("reason", "must say why")


def _check_failed(payload: Mapping[str, Any]) -> None:
    _check_reason(payload)
    _check_over(payload)


def _check_monitor(payload: Mapping[str, Any]) -> None:
    check_name("name", payload.get("name"))
    check_name("experiment_id", payload.get("experiment_id"))
    _check_configuration(payload, needs_selection=True)
    if not payload["metrics"]:
        raise InvalidEventError("metrics", "must name at least one metric")


def _check_advanced(payload: Mapping[str, Any]) -> None:
    until = payload.get("until_unix_ns")
    if isinstance(until, bool) or not isinstance(until, int) or not 0 <= until < 2**63:
        raise InvalidEventError("until_unix_ns", "must be nanoseconds since 1970")
    _check_counters(payload)


def _check_expectation(payload: Mapping[str, Any]) -> None:
    _check_expectation_name(payload)
    if "value" not in payload:
        raise InvalidEventError("value", "must say what is expected")
    check_json("value", payload["value"])
    if (used := size_bytes(payload["value"])) > MAX_EXPECTATION_BYTES:
        raise InvalidEventError(
            "value", f"takes {used} bytes as JSON; at most {MAX_EXPECTATION_BYTES} are allowed"
        )
    check_optional_text(payload, "source_id", "span_id")


def _check_expectation_name(payload: Mapping[str, Any]) -> None:
    check_entries("name", {payload.get("name"): ""}, text_value)


CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    keys.EVALUATION_STARTED: _check_started,
    keys.EVALUATION_PROGRESSED: _check_counters,
    keys.EVALUATION_FINISHED: _check_finished,
    keys.EVALUATION_FAILED: _check_failed,
    keys.EVALUATION_CANCEL_REQUESTED: lambda _: None,
    keys.EVALUATION_CANCELLED: _check_over,
    keys.MONITOR_CREATED: _check_monitor,
    keys.MONITOR_PAUSED: lambda _: None,
    keys.MONITOR_RESUMED: lambda _: None,
    keys.MONITOR_ADVANCED: _check_advanced,
    keys.MONITOR_FAILED: _check_reason,
    keys.MONITOR_DELETED: lambda _: None,
    keys.TRACE_EXPECTATION_LOGGED: _check_expectation,
    keys.TRACE_EXPECTATION_DELETED: _check_expectation_name,
}
"""What the payload of each event must say; for :func:`spanfold_schemas.events.validate_payload`."""
