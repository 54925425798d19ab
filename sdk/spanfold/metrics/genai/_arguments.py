"""What those who make judges may say, checked."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics.genai._backend import Connection, Limits, parsed
from spanfold.metrics.genai._verdict import Scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_MODEL: Final = "openai:/gpt-5-mini"
_RESERVED: Final = frozenset(
    {
        "model",
        "messages",
        "system",
        "response_format",
        "output_config",
        "output_format",
        "stream",
        "n",
        "tools",
    }
)
_COLUMN: Final = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}|\{([A-Za-z_]\w*)\}")
_ALIASES: Final = {
    "input": "inputs",
    "output": "predictions",
    "outputs": "predictions",
    "prediction": "predictions",
    "target": "targets",
}
_AGGREGATIONS: Final = ("mean", "variance", "p90", "median", "min", "max")


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Numbers of all scores, by their names."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            InvalidArgumentError: one of them is not known.
        """
        unknown = [name for name in self.names if name not in _AGGREGATIONS]
        if unknown:
            known = ", ".join(_AGGREGATIONS)
            raise InvalidArgumentError(f"aggregations: {unknown[0]!r} is none of {known}")

    def __call__(self, scores: Sequence[Any]) -> dict[str, float]:
        """The numbers; rows without a score do not count, and without any there are none."""
        import numpy as np  # noqa: PLC0415 - `import spanfold` stays light

        given = np.asarray([one for one in scores if one is not None], dtype=float)
        if not given.size:
            return {}
        numbers = {
            "mean": np.mean(given),
            "variance": np.var(given),
            "p90": np.percentile(given, 90),
            "median": np.median(given),
            "min": np.min(given),
            "max": np.max(given),
        }
        return {name: float(numbers[name]) for name in self.names}


def chosen_model(model: str | None) -> str:
    """The model of a judge: what was named, ``SPANFOLD_JUDGE_MODEL``, or the default.

    Raises:
        InvalidArgumentError: it is no URI of a model.
    """
    chosen = model or os.environ.get("SPANFOLD_JUDGE_MODEL") or DEFAULT_MODEL
    scheme, name = parsed(chosen)
    if scheme == "transformers" and Path(name).is_dir():
        return f"{scheme}:{Path(name).resolve()}"  # who makes it again may have another working directory
    return chosen


def is_local(model: str) -> bool:
    """Whether a model runs on this machine, so that rows are better sent in batches than in parallel."""
    return parsed(model)[0] == "transformers"


def checked_parameters(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """Parameters that may be passed on to a model.

    Raises:
        InvalidArgumentError: one is the judge's own business, or JSON cannot say it.
    """
    given = dict(parameters or {})
    if clash := sorted(_RESERVED & set(given)):
        raise InvalidArgumentError(f"parameters: {clash[0]!r} is set by the judge itself; leave it out")
    try:
        json.dumps(given, allow_nan=False)
    except (TypeError, ValueError) as fault:
        raise InvalidArgumentError(f"parameters={given!r} cannot be said in JSON: {fault}") from fault
    return given


def connection_of(
    extra_headers: Mapping[str, str] | None, proxy_url: str | None, *, is_cached: bool
) -> Connection:
    """How to reach the provider."""
    headers = tuple(sorted((str(name), str(value)) for name, value in (extra_headers or {}).items()))
    return Connection(headers, proxy_url, is_cached)


def limits_of(given: Limits | Mapping[str, Any] | None, max_workers: int) -> Limits:
    """How hard a model may be asked.

    Raises:
        InvalidArgumentError: a limit is not known, or makes no sense.
    """
    if isinstance(given, Limits):
        return replace(given, concurrency=max_workers)
    try:
        return Limits(**{**(given or {}), "concurrency": max_workers})
    except TypeError as fault:
        known = ", ".join(one.name for one in fields(Limits))
        raise InvalidArgumentError(f"limits={given!r}: {fault}; there are {known}") from fault


def columns_of(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Names of columns, of which there may be a single one."""
    return (given,) if isinstance(given, str) else tuple(given or ())


def scale_of(score_range: Sequence[float] | None, prompt: str, scores: Sequence[float]) -> Scale:
    """Which scores there are: as the caller says, else as the prompt says.

    Raises:
        InvalidArgumentError: the range is none, or an example is outside.
    """
    if score_range is None:
        return Scale.said_in(prompt, scores)
    scale = Scale.of(tuple(score_range))  # type: ignore[arg-type] # checked there
    outside = [one for one in scores if not scale.low <= one <= scale.high]  # type: ignore[operator]
    if outside:
        raise InvalidArgumentError(f"examples: score={outside[0]!r} is outside score_range={score_range!r}")
    return scale


def named(name: str) -> str:
    """A name that keys of results can begin with.

    Raises:
        InvalidArgumentError: it is empty, or has a slash.
    """
    if not name.strip() or "/" in name:
        raise InvalidArgumentError(
            f"name={name!r}: write a text without a slash; keys of results begin with it"
        )
    return name


def pieces_of(prompt: str) -> tuple[str, ...]:
    """A prompt as text, column, text, ..., column, text.

    Raises:
        InvalidArgumentError: there is no column in it.
    """
    pieces: list[str] = []
    position = 0
    for found in _COLUMN.finditer(prompt):
        column = found[1] or found[2]
        pieces += [prompt[position : found.start()], _ALIASES.get(column, column)]
        position = found.end()
    if not pieces:
        message = "judge_prompt names no column: write {predictions} where the judge shall read the output"
        raise InvalidArgumentError(message)
    return (*pieces, prompt[position:])
