"""Settles what a selection of traces means, once: a resumed evaluation asks the same questions again."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import pages
from spanfold._internal.lookup import path_of
from spanfold.errors import InvalidArgumentError, ModelNotFoundError
from spanfold.evaluation._selection import (
    RESOLVED,
    TraceSelection,
    digest,
    instant_ns,
    rfc3339,
    size_of_sample,
)
from spanfold_schemas import ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold._internal.lookup import Parameter, QueryApi

MAX_RECORDED_TRACE_IDS: Final = 1_000
"""IDs that an evaluation's event says; of more it says their number and digest."""
TRACE_IDS_A_REQUEST: Final = 200
COUNT_TIMEOUT_S: Final = 120.0
"""A rare condition makes the server look through all entry spans of the range."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A selection with everything settled, so that asking again means the same traces."""

    selection: TraceSelection
    start_ns: int | None
    end_ns: int
    model_ids: tuple[str, ...] = ()
    experiment_id: str | None = None
    thresholds: Mapping[str, tuple[str, ...]] | None = None
    """Of a sample of a size or by strata: by model ID (empty: no model is asked for)."""
    total: int | None = None
    """Traces that there were when it was settled."""

    def to_dict(self) -> dict[str, Any]:
        """As events have it: what was said, and what it came to."""
        said = self.selection.to_dict()
        chosen = self.selection.trace_ids
        if chosen is not None and len(chosen) > MAX_RECORDED_TRACE_IDS:
            said["trace_ids"] = []
        settled: dict[str, Any] = {"end_ns": self.end_ns, "total": self.total}
        if self.start_ns is not None:
            settled["start_ns"] = self.start_ns
        if self.model_ids:
            settled["model_ids"] = list(self.model_ids)
        if self.experiment_id is not None:
            settled["experiment_id"] = self.experiment_id
        if self.thresholds is not None:
            settled["thresholds"] = {name: list(one) for name, one in self.thresholds.items()}
        if chosen is not None:
            settled["trace_ids"] = {"count": len(chosen), "sha256": digest(chosen)}
        return {**said, RESOLVED: settled}

    def questions(self) -> list[dict[str, Parameter]]:
        """The conditions of the export, one question a model version and a part of the trace IDs."""
        selection = self.selection
        shared: dict[str, Parameter] = {
            "filter": selection.where or None,
            "experiment_id": [self.experiment_id] if self.experiment_id is not None else None,
            "run_id": selection.run_id,
            "start": None if self.start_ns is None else rfc3339(self.start_ns),
            "end": rfc3339(self.end_ns),
        }
        share, size = size_of_sample(selection.sample)
        asked: list[dict[str, Parameter]] = []
        for model_id in self.model_ids or ("",):
            sampling: dict[str, Parameter] = {}
            if self.thresholds is not None:
                sampling = {
                    "sample_threshold": self.thresholds.get(model_id, ()),
                    "sample_seed": selection.seed,
                }
                sampling["stratify_by"] = selection.stratify_by
                if not sampling["sample_threshold"]:
                    continue
            elif size is None and share is not None and share < 1:
                sampling = {"sample_rate": share, "sample_seed": selection.seed}
            chosen = selection.trace_ids
            parts: list[list[str] | None] = [None]
            if chosen is not None:
                unique = list(dict.fromkeys(one.lower() for one in chosen))
                starts = range(0, len(unique), TRACE_IDS_A_REQUEST)
                parts = [unique[first : first + TRACE_IDS_A_REQUEST] for first in starts]
            asked += [
                {**shared, **sampling, "model_id": model_id or None, "trace_id": part} for part in parts
            ]
        return asked


def settle(selection: TraceSelection, query_api: QueryApi, *, now_ns: int | None = None) -> Resolved:
    """Settle what a selection means now.

    Raises:
        InvalidArgumentError: the filter or another member cannot be right.
        ModelNotFoundError: there is no such model version.
        ServerUnavailableError: no usable answer.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    experiment_id = None
    if selection.experiment is not None:
        is_id = selection.experiment.isascii() and selection.experiment.isdigit()
        experiment_id = selection.experiment if is_id else ids.derive_experiment_id(selection.experiment)
    found = dict.fromkeys(
        model_id for name in selection.models() for model_id in _model_ids(query_api, name, experiment_id)
    )
    resolved = Resolved(
        selection,
        None if selection.since is None else instant_ns("since", selection.since, now_ns),
        now_ns if selection.until is None else min(now_ns, instant_ns("until", selection.until, now_ns)),
        tuple(found),
        experiment_id,
    )
    if resolved.start_ns is not None and resolved.start_ns >= resolved.end_ns:
        raise InvalidArgumentError("until: it must be after since")
    return _counted(resolved, query_api)


def settled(said: Mapping[str, Any], trace_ids: Sequence[str] | None = None) -> Resolved | None:
    """What an evaluation's event settled; None if it was not settled yet.

    Args:
        said: the event's selection.
        trace_ids: the IDs, where the event has too many to say them.

    Raises:
        InvalidArgumentError: these are not the IDs that were settled.
    """
    known = said.get(RESOLVED)
    if known is None:
        return None
    selection = TraceSelection.from_dict(said)
    chosen = known.get("trace_ids")
    if chosen is not None:
        given = selection.trace_ids or trace_ids or ()
        if len(given) != chosen["count"] or digest(given) != chosen["sha256"]:
            message = (
                f"the evaluation is of {chosen['count']} traces that were chosen by ID; their IDs are kept "
                "on the machine where it was started: resume it there, or start it anew"
            )
            raise InvalidArgumentError(message)
        selection = TraceSelection.from_dict({**selection.to_dict(), "trace_ids": list(given)})
    thresholds = known.get("thresholds")
    return Resolved(
        selection,
        known.get("start_ns"),
        int(known["end_ns"]),
        tuple(known.get("model_ids", ())),
        known.get("experiment_id"),
        None if thresholds is None else {name: tuple(one) for name, one in thresholds.items()},
        known.get("total"),
    )


def _model_ids(query_api: QueryApi, name: str, experiment_id: str | None) -> list[str]:
    """The versions of this name, or the one of this ID."""
    found = pages.items(query_api, "/v1/models", "models", name=name, experiment_id=experiment_id)
    named = [str(one["model_id"]) for one in found]
    if named:
        return named
    if query_api.get(path_of("models", name)) is None:
        raise ModelNotFoundError(name)
    return [name]


def _counted(resolved: Resolved, query_api: QueryApi) -> Resolved:
    """With the number of traces, and what makes a sample of them where that takes a look at all."""
    selection = resolved.selection
    share, size = size_of_sample(selection.sample)
    takes_thresholds = size is not None or (share is not None and bool(selection.stratify_by))
    if takes_thresholds and selection.trace_ids is not None:
        raise InvalidArgumentError("sample: chosen trace IDs are sampled by a share, not by size or strata")
    asked = replace(resolved, thresholds=None).questions()
    if not takes_thresholds:
        total = sum(int(_count(query_api, one, {})["count"]) for one in asked)
        return replace(
            resolved, total=_at_most(selection.limit, round(total * (1.0 if share is None else share)))
        )
    sizes: list[int | None] = [size] * len(asked)
    if size is not None and len(asked) > 1:
        sizes = list(_split(size, [int(_count(query_api, one, {})["count"]) for one in asked]))
    thresholds = dict[str, tuple[str, ...]]()
    total = 0
    for one, own_size in zip(asked, sizes, strict=True):
        if own_size == 0:
            continue
        sampling: dict[str, Parameter] = {"sample_seed": selection.seed, "stratify_by": selection.stratify_by}
        sampling |= {"sample_rate": share} if own_size is None else {"sample_size": own_size}
        answer = _count(query_api, one, sampling)
        total += int(answer["sampled"])
        found = (stratum["sample_threshold"] for stratum in answer["strata"])
        thresholds[str(one["model_id"] or "")] = tuple(str(text) for text in found if text)
    return replace(resolved, total=_at_most(selection.limit, total), thresholds=thresholds)


def _count(query_api: QueryApi, asked: dict[str, Parameter], more: dict[str, Parameter]) -> dict[str, Any]:
    without = {
        name: value for name, value in asked.items() if name not in {"sample_rate", "sample_threshold"}
    }
    answer = query_api.get("/v1/traces/count", timeout_s=COUNT_TIMEOUT_S, **{**without, **more})
    return dict(answer or {})


def _split(size: int, counts: Sequence[int]) -> list[int]:
    """Share a size out among several counts, in proportion.

    Example:
        >>> _split(10, [100, 50, 50])
        [5, 3, 2]
    """
    total = sum(counts)
    size = min(size, total)
    exact = [count * size / total if total else 0.0 for count in counts]
    shares = [int(one) for one in exact]
    rests = sorted(range(len(counts)), key=lambda index: shares[index] - exact[index])
    for index in rests[: size - sum(shares)]:
        shares[index] += 1
    return shares


def _at_most(limit: int | None, total: int) -> int:
    return total if limit is None else min(limit, total)
