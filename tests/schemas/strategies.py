"""Streams of events of any type: few instants and few keys, so that writes to one slot meet and tie."""

from __future__ import annotations

import uuid
from typing import Any, Final

from hypothesis import strategies as st

from spanfold_schemas import keys
from spanfold_schemas.events import RUN_END_STATUSES, STATUSES, Event
from spanfold_schemas.fold import EVALUATION, EXPERIMENT, MODEL, MONITOR, PROMPT, RUN, TRACE

STREAM: Final = "m-" + "0" * 32
EPOCH_NS: Final = 1_700_000_000_000_000_000
DAY_NS: Final = 86_400_000_000_000

names: Final = st.sampled_from(["k", "k.k", "a/b", 'q"\\', "\x00", "\u2028", "ключ", "\U0001f600"])
texts: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
entries: Final = st.dictionaries(names, texts, max_size=3)
numbers: Final = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from([0.0, -0.0, 1.0, 1e-7, 1e20, 1e21, 1e22, 1.2345678901234568e20]),
)
_tags_set: Final = st.builds(lambda tags: {"tags": tags}, entries)
_tag_deleted: Final = st.builds(lambda key: {"key": key}, names)
_params_logged: Final = st.builds(lambda params: {"params": params}, entries)
_metrics_logged: Final = st.fixed_dictionaries(
    {"metrics": st.dictionaries(names, numbers, max_size=3)},
    optional={"step": st.integers(-(2**63), 2**63 - 1), "source_run_id": texts, "model_id": texts},
)
# The engine spells floats past 2**53 as integers of the same digits: the same float, another integer.
_exact: Final = st.floats(-(2**53), 2**53) | st.integers(-(2**63), 2**64 - 1)
_json: Final = st.recursive(
    st.none() | st.booleans() | _exact | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
_objects: Final = st.dictionaries(texts, _json, max_size=3)
_counts: Final = st.integers(0, 2**40)
_counters: Final[dict[Any, st.SearchStrategy[Any]]] = {
    **dict.fromkeys(("done", "failed", "unmapped", "calls", "scores"), _counts),
    "total": st.none() | _counts,
    "cost_usd": st.floats(0, 1e6),
}
_over: Final[dict[Any, st.SearchStrategy[Any]]] = {
    **_counters,
    "metrics": st.dictionaries(names, numbers, max_size=3),
    "unmapped_reasons": st.dictionaries(names, _counts, max_size=2),
}
_metrics: Final = st.lists(
    st.builds(lambda name, more: {**more, "name": name}, st.sampled_from(["toxicity", "版/é"]), _objects),
    min_size=1,
    max_size=2,
)
_aliases: Final = st.sampled_from(["production", "a.b"])
_expected: Final = st.sampled_from(["expected_response", "版/é", "a.b"])

PAYLOADS: Final = {
    keys.EXPERIMENT_CREATED: st.fixed_dictionaries(
        {"name": st.sampled_from(["support", "版/é"])}, optional={"tags": entries}
    ),
    keys.RUN_STARTED: st.fixed_dictionaries(
        {
            "experiment_id": st.sampled_from(["0", "17"]),
            "run_name": st.sampled_from(["calm-otter-1", "版/é"]),
        },
        optional={
            "parent_run_id": st.none() | texts,
            "user": st.none() | texts,
            "params": entries,
            "tags": entries,
        },
    ),
    keys.RUN_ENDED: st.builds(lambda status: {"status": status}, st.sampled_from(RUN_END_STATUSES)),
    keys.RUN_TAGS_SET: _tags_set,
    keys.RUN_TAG_DELETED: _tag_deleted,
    keys.RUN_PARAMS_LOGGED: _params_logged,
    keys.RUN_METRICS_LOGGED: _metrics_logged,
    keys.MODEL_CREATED: st.fixed_dictionaries(
        {
            "name": st.sampled_from(["support", "版/é"]),
            "experiment_id": st.just("0"),
            "status": st.sampled_from(STATUSES),
        },
        optional={
            "params": entries,
            "tags": entries,
            "model_type": st.none() | texts,
            "source_run_id": st.none() | texts,
        },
    ),
    keys.MODEL_TAGS_SET: _tags_set,
    keys.MODEL_TAG_DELETED: _tag_deleted,
    keys.MODEL_PARAMS_LOGGED: _params_logged,
    keys.MODEL_METRICS_LOGGED: _metrics_logged,
    keys.MODEL_STATUS_SET: st.fixed_dictionaries(
        {"status": st.sampled_from(STATUSES)}, optional={"status_message": st.none() | texts}
    ),
    keys.MODEL_ARTIFACTS_LOGGED: st.builds(
        lambda artifacts: {"artifacts": artifacts},
        st.dictionaries(
            st.sampled_from(["MLmodel", "artifacts/版/é.bin", 'q"']),
            st.builds(
                lambda digit, size: {"sha256": digit * 64, "size_bytes": size},
                st.sampled_from("09af"),
                st.integers(0, 2**53 - 1),
            ),
            max_size=3,
        ),
    ),
    keys.MODEL_DELETED: st.just({}),
    keys.MODEL_RESTORED: st.just({}),
    keys.EVALUATION_STARTED: st.fixed_dictionaries(
        {
            "name": st.sampled_from(["nightly", "版/é"]),
            "experiment_id": st.sampled_from(["0", "17"]),
            "source": st.sampled_from(["traces", "rows"]),
            "runner": st.sampled_from(["client", "server"]),
            "metrics": _metrics,
        },
        optional={
            "selection": st.none() | _objects,
            "options": _objects,
            "run_id": st.none() | texts,
            "model_ids": st.lists(texts, max_size=2),
            "monitor_id": st.none() | texts,
            "user": st.none() | texts,
            "total": st.none() | _counts,
        },
    ),
    keys.EVALUATION_PROGRESSED: st.fixed_dictionaries({}, optional=_counters),
    keys.EVALUATION_FINISHED: st.fixed_dictionaries(
        {"metrics": _over["metrics"]}, optional={name: _over[name] for name in _over if name != "metrics"}
    ),
    keys.EVALUATION_FAILED: st.fixed_dictionaries(
        {"reason": st.sampled_from(["no such model", 'a "quoted"\nline'])}, optional=_over
    ),
    keys.EVALUATION_CANCEL_REQUESTED: st.just({}),
    keys.EVALUATION_CANCELLED: st.fixed_dictionaries({}, optional=_over),
    keys.MONITOR_CREATED: st.fixed_dictionaries(
        {
            "name": st.sampled_from(["tone", "版/é"]),
            "experiment_id": st.sampled_from(["0", "17"]),
            "metrics": _metrics,
            "selection": _objects,
        },
        optional={"options": _objects},
    ),
    keys.MONITOR_PAUSED: st.just({}),
    keys.MONITOR_RESUMED: st.just({}),
    keys.MONITOR_ADVANCED: st.fixed_dictionaries(
        {"until_unix_ns": st.integers(0, 2**63 - 1)}, optional=_counters
    ),
    keys.MONITOR_FAILED: st.just({"reason": "the judge is away"}),
    keys.MONITOR_DELETED: st.just({}),
    keys.PROMPT_VERSION_CREATED: st.fixed_dictionaries(
        {
            "version": st.integers(1, 3),
            "prompt": st.fixed_dictionaries(
                {
                    "template": texts
                    | st.lists(
                        st.builds(lambda text: {"role": "user", "content": text}, texts),
                        min_size=1,
                        max_size=2,
                    )
                },
                optional={
                    "model_settings": st.none() | _objects,
                    "response_format": st.none() | _objects,
                    "commit_message": st.none() | texts,
                    "user": st.none() | texts,
                    "tags": entries,
                },
            ),
        }
    ),
    keys.PROMPT_ALIAS_SET: st.fixed_dictionaries({"alias": _aliases, "version": st.integers(1, 3)}),
    keys.PROMPT_ALIAS_DELETED: st.fixed_dictionaries({"alias": _aliases}),
    keys.PROMPT_TAGS_SET: _tags_set,
    keys.PROMPT_TAG_DELETED: _tag_deleted,
    keys.PROMPT_DELETED: st.just({}),
    keys.TRACE_EXPECTATION_LOGGED: st.fixed_dictionaries(
        {"name": _expected, "value": _json},
        optional={"source_id": st.none() | texts, "span_id": st.none() | texts},
    ),
    keys.TRACE_EXPECTATION_DELETED: st.fixed_dictionaries({"name": _expected}),
}
TYPES: Final = (MODEL, RUN, EXPERIMENT, EVALUATION, MONITOR, PROMPT, TRACE)
# IDs that differ in their first or in their second half, which engines compare in other orders.
_ids: Final = st.builds(
    lambda first, second: str(uuid.UUID(int=(first << 64) + second)), st.integers(0, 40), st.integers(0, 40)
)
instants_ns: Final = st.one_of(st.integers(0, 4), st.sampled_from([DAY_NS - 1, DAY_NS, 40 * DAY_NS])).map(
    lambda offset: EPOCH_NS + offset
)
"""Ties within an instant, and writes of other days."""


def events_of(stream_type: str) -> st.SearchStrategy[Event]:
    """Any event of one type of stream."""
    known = sorted(name for name in PAYLOADS if name.startswith(f"spanfold.{stream_type}."))
    return st.sampled_from(known).flatmap(
        lambda event_type: st.builds(
            lambda event_id, time_ns, payload: Event(event_id, event_type, STREAM, time_ns, payload),
            _ids,
            instants_ns,
            PAYLOADS[event_type],
        )
    )


def streams_of(stream_type: str) -> st.SearchStrategy[list[Event]]:
    """All events of one stream."""
    return st.lists(events_of(stream_type), max_size=12, unique_by=lambda event: event.event_id)


models: Final = streams_of(MODEL)
streams: Final = st.sampled_from(TYPES).flatmap(
    lambda stream_type: st.tuples(st.just(stream_type), streams_of(stream_type))
)
"""A type of stream, and events of one such stream."""
