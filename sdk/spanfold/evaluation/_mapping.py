"""From recorded traces to the columns that metrics ask for. Pure: a row of the export in, a row out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _mapping_paths as paths
from spanfold.evaluation._mapping_texts import (
    answer_of,
    as_text,
    documents_of,
    json_text,
    question_of,
    tool_parts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = dict[str, Any]
MapFunction = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
GivenMapping = Mapping[str, str] | MapFunction

COLUMNS: Final = (
    *("trace_id", "span_id", "model_id", "model_name", "experiment_id", "run_id", "inputs", "predictions"),
    *("targets", "context", "retrieved_doc_ids", "tool_calls", "latency_ms", "input_tokens", "output_tokens"),
    *("total_tokens", "cost_usd", "status", "start_time_unix_ns", "tags", "expectations", "input_hash"),
    "expected_documents",
)
"""The columns of rows that are made of traces."""
EXPECTED_RESPONSE: Final = "expected_response"
EXPECTED_DOCUMENTS: Final = "expected_documents"
SPAN_ATTRIBUTES: Final = ("retrieval.documents", "gen_ai.retrieval.", "gen_ai.tool.", "tool.")
"""Beginnings of the attributes that the default mapping looks at."""
_LISTS: Final = frozenset({"context", "retrieved_doc_ids", "tool_calls"})
_TEXTS: Final = frozenset({"inputs", "predictions", "targets"})
_FIXED: Final = frozenset({"trace_id", "span_id", "model_id", "input_hash"})
_CONTENT_TYPES: Final = frozenset({"AGENT", "CHAIN", "WORKFLOW", "LLM", "TASK", ""})
_LLM: Final = "LLM"
_HASH_DIGITS: Final = 16

REASONS: Final[Mapping[str, str]] = {
    "inputs": "no input: neither the entry span nor a CHAIN, AGENT or LLM span below it has one",
    "predictions": "no output: neither the entry span nor a CHAIN, AGENT or LLM span below it has one",
    "targets": f"no expectation {EXPECTED_RESPONSE!r} was logged for the trace",
    "context": "no documents: no RETRIEVER span has an output",
    "retrieved_doc_ids": "no document IDs: no RETRIEVER span tells them",
    EXPECTED_DOCUMENTS: f"no expectation {EXPECTED_DOCUMENTS!r} was logged for the trace",
    "cost_usd": "no cost: no call has a price",
}
"""Why a column has no value, for the columns that have a story."""


@dataclass(frozen=True, slots=True)
class TraceMapping:
    """How rows are made: the defaults, with what the caller wants otherwise."""

    columns: Mapping[str, paths.Path] = field(default_factory=dict)
    function: MapFunction | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """Beginnings of the attributes of spans that are needed."""
        asked = (path.attribute() for path in self.columns.values())
        return (*SPAN_ATTRIBUTES, *dict.fromkeys(one for one in asked if one))

    def to_dict(self) -> dict[str, str] | None:
        """As JSON has it; None for the defaults, and for a function, which JSON cannot say."""
        return {name: path.text for name, path in self.columns.items()} or None


def mapping_of(given: GivenMapping | None) -> TraceMapping:
    """Read a mapping.

    Args:
        given: paths by column; or a function that gets a trace (its ``input``, ``output``, ``spans``, ...)
            and returns columns, or None for a trace that cannot be mapped.

    Raises:
        InvalidArgumentError: a path is none, or a column cannot be mapped.

    Example:
        >>> mapping_of({"inputs": "$.input.question"}).to_dict()
        {'inputs': '$.input.question'}
    """
    if given is None:
        return TraceMapping()
    if callable(given):
        return TraceMapping(function=given)
    if not isinstance(given, Mapping):  # from JSON, it may be anything
        message = f"mapping: paths by column or a function, not {type(given).__name__}"
        raise InvalidArgumentError(message)
    columns = dict[str, paths.Path]()
    for name, text in given.items():
        if not str(name).isidentifier() or name in _FIXED:
            message = f"mapping: {name!r} cannot be mapped; a column is named like an argument of a function"
            raise InvalidArgumentError(message)
        columns[name] = paths.parse(text)
    return TraceMapping(columns)


def input_hash(input_text: str | None) -> str:
    """What a recorded input is known by: equal inputs have equal hashes, however their JSON is laid out.

    Returns:
        16 hexadecimal digits; empty where there is no input.

    Example:
        >>> input_hash('{"a": 1, "b": 2}') == input_hash('{"b":2,"a":1}')
        True
    """
    if not input_text:
        return ""
    value = paths.opened(input_text)
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]


def map_trace(exported: Mapping[str, Any], mapping: TraceMapping) -> Row:
    """The row of a trace. A column that it has no value for is None.

    Args:
        exported: the columns of the export that :data:`EXPORTED` names.
        mapping: how.

    Raises:
        Exception: what the caller's own function raises.
    """
    spans = exported.get("spans") or []
    entry = exported["span_id"]
    recorded_input, recorded_output = exported.get("input"), exported.get("output")
    if not recorded_input or not recorded_output:
        recorded_input, recorded_output = _content_below(entry, spans, recorded_input, recorded_output)
    expectations = {name: paths.opened(value) for name, value in (exported.get("expectations") or {}).items()}
    found = [_documents(span) for span in spans if span["span_type"] == "RETRIEVER"]
    documents = [pair for pairs in found if pairs is not None for pair in pairs]
    # A search that found nothing is something to score; one that tells nothing is not.
    nothing: list[str] | None = [] if not documents and any(pairs is not None for pairs in found) else None
    tokens = (exported.get("input_tokens"), exported.get("output_tokens"))
    row: Row = {
        "trace_id": exported["trace_id"],
        "span_id": entry,
        "model_id": exported["model_id"],
        "model_name": exported["model_name"],
        "experiment_id": exported["experiment_id"],
        "run_id": exported["run_id"],
        "inputs": question_of(recorded_input),
        "predictions": answer_of(recorded_output),
        "targets": as_text(expectations.get(EXPECTED_RESPONSE)),
        "context": [text for text, _ in documents if text is not None] or nothing,
        "retrieved_doc_ids": [one for _, one in documents if one is not None] or nothing,
        "tool_calls": _tool_calls(spans),
        "latency_ms": exported["latency_ms"],
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "total_tokens": None if tokens == (None, None) else sum(one or 0 for one in tokens),
        "cost_usd": exported.get("cost_usd"),
        "status": exported["status"],
        "start_time_unix_ns": int(exported["start_time_unix_ns"]),
        "tags": exported.get("tags") or {},
        "expectations": expectations,
        EXPECTED_DOCUMENTS: expectations.get(EXPECTED_DOCUMENTS),
        "input_hash": input_hash(recorded_input),
    }
    if mapping.columns or mapping.function is not None:
        row.update(_asked_for(exported, mapping, recorded_input, recorded_output))
    return row


EXPORTED: Final = (
    *(
        "trace_id",
        "span_id",
        "start_time_unix_ns",
        "model_id",
        "model_name",
        "name",
        "experiment_id",
        "run_id",
    ),
    *("status", "latency_ms", "input_tokens", "output_tokens", "cost_usd", "input", "output", "tags"),
    *("expectations", "spans"),
)
"""The columns of the export that a mapping needs."""


def missing(row: Row, needed: Iterable[str]) -> list[str]:
    """Which of the needed columns have no value."""
    return [name for name in needed if row.get(name) is None]


def reason_for(column: str, mapping: TraceMapping) -> str:
    """Why a trace has no value in a column, the same for all such traces: reasons are counted."""
    if (path := mapping.columns.get(column)) is not None:
        return f"{column}: nothing at {path.text}"
    return REASONS.get(column, f"{column}: traces do not tell it; map it with mapping={{{column!r}: ...}}")


def _asked_for(
    exported: Mapping[str, Any], mapping: TraceMapping, recorded_input: Any, recorded_output: Any
) -> Row:
    trace = {
        **exported,
        "input": recorded_input,
        "output": recorded_output,
        "spans": [_span(span, exported) for span in exported.get("spans") or ()],
    }
    if mapping.function is not None:
        made = mapping.function(trace)
        return {"inputs": None, "predictions": None} if made is None else dict(made)
    row = Row()
    for name, path in mapping.columns.items():
        values = path.find(trace)
        if name in _LISTS or (path.finds_many and name not in _TEXTS):
            flat = [one for value in values for one in _flat(value)]
            row[name] = ([as_text(one) for one in flat] if name != "tool_calls" else flat) or None
        elif name in _TEXTS:
            row[name] = as_text(values[0]) if values else None
        else:
            row[name] = values[0] if values else None
    return row


def _flat(value: Any) -> Sequence[Any]:
    opened = paths.opened(value)
    return opened if isinstance(opened, list) else (value,)


def _span(span: Mapping[str, Any], exported: Mapping[str, Any]) -> dict[str, Any]:
    """A span as paths and functions see it."""
    is_entry = span["span_id"] == exported["span_id"]
    return {
        **span,
        "type": span["span_type"],
        "duration_ms": span["duration_ns"] / 1e6,
        "input": (exported.get("input") if is_entry else span["input"]) or None,
        "output": (exported.get("output") if is_entry else span["output"]) or None,
    }


def _content_below(
    entry: str, spans: Sequence[Mapping[str, Any]], given_input: str | None, given_output: str | None
) -> tuple[str | None, str | None]:
    """What the shallowest span says that does work of its own, where the entry is just a request."""
    depths = {entry: 0}
    ranked = list[tuple[int, int, Mapping[str, Any]]]()
    waiting = [span for span in spans if span["span_id"] != entry]
    while waiting:
        placed = [span for span in waiting if span["parent_span_id"] in depths]
        if not placed:
            # Those whose parents were not recorded, or are too many to be looked at, come last.
            known = {span["span_id"] for span in waiting}
            lost = [
                span for span in waiting if span["parent_span_id"] and span["parent_span_id"] not in known
            ]
            if not lost:
                break
            below = max(depths.values()) + 1
            depths |= {span["parent_span_id"]: below for span in lost}
            continue
        for span in placed:
            depths[span["span_id"]] = depths[span["parent_span_id"]] + 1
        ranked += [(depths[span["span_id"]], span["start_time_unix_ns"], span) for span in placed]
        waiting = [span for span in waiting if span["span_id"] not in depths]
    ranked.sort(key=lambda item: item[:2])
    telling = [span for _, _, span in ranked if span["span_type"] in _CONTENT_TYPES]
    both = next((span for span in telling if span["input"] and span["output"]), None)
    if both is not None and not given_input and not given_output:
        beside = (
            span
            for span in telling
            if span["parent_span_id"] == both["parent_span_id"] and span["span_type"] == both["span_type"]
        )
        answers = [span["output"] for span in beside if span["output"]] if both["span_type"] == _LLM else []
        return both["input"], answers[-1] if answers else both["output"]
    found_input = given_input or next((span["input"] for span in telling if span["input"]), None)
    if not given_output:
        with_output = [
            item for item in ranked if item[2]["output"] and item[2]["span_type"] in _CONTENT_TYPES
        ]
        top = min((depth for depth, _, _ in with_output), default=0)
        last = [span["output"] for depth, _, span in with_output if depth == top]
        given_output = last[-1] if last else None
    return found_input, given_output


def _documents(span: Mapping[str, Any]) -> list[tuple[str | None, str | None]] | None:
    """The documents that a span of a retriever tells; None if it tells none, not even that there are none."""
    attributes = span["attributes"]
    if told := attributes.get("gen_ai.retrieval.documents"):
        return documents_of(told)
    found: dict[int, dict[str, Any]] = {}
    for key, value in attributes.items():
        parts = key.split(".")  # retrieval.documents.0.document.content
        if key.startswith("retrieval.documents.") and len(parts) > 4 and parts[2].isdigit():  # noqa: PLR2004
            found.setdefault(int(parts[2]), {})[parts[4]] = value
    if found:
        return documents_of(json_text([found[number] for number in sorted(found)]))
    return documents_of(span["output"]) if span["output"] else None


def _tool_calls(spans: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """From the spans of tools, else from what language models said that they want to call."""
    calls = [_tool_call(span) for span in spans if span["span_type"] == "TOOL"]
    if calls:
        return calls
    answers = dict[str, Any]()
    asked = dict[str, dict[str, Any]]()
    for span in spans:
        if span["span_type"] != "LLM":
            continue
        for part in (*tool_parts(span["input"]), *tool_parts(span["output"])):
            identifier = str(part.get("id") or "")
            if part["type"] == "tool_call_response":
                answers[identifier] = part.get("response", part.get("result"))
            else:
                arguments = paths.opened(part.get("arguments"))
                name = str(part.get("name") or "")
                # A conversation repeats earlier calls in each later input.
                asked.setdefault(identifier or f"{name} {arguments}", {"name": name, "arguments": arguments})
    return [{**call, "result": answers.get(identifier)} for identifier, call in asked.items()]


def _tool_call(span: Mapping[str, Any]) -> dict[str, Any]:
    attributes = span["attributes"]
    name = attributes.get("gen_ai.tool.name") or attributes.get("tool.name")
    return {
        "name": name or span["name"].removeprefix("execute_tool "),
        "arguments": paths.opened(attributes.get("gen_ai.tool.call.arguments") or span["input"] or None),
        "result": paths.opened(attributes.get("gen_ai.tool.call.result") or span["output"] or None),
    }
