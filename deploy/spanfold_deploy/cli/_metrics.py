"""Metrics as the command line names them."""

from __future__ import annotations

import inspect
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spanfold.metrics._metric import EvaluationMetric, MetricSpec

_PARAMETER: Final = re.compile(r"\s*[A-Za-z_]\w*=")
_EXAMPLES: Final[dict[str, Any]] = {
    "pattern": ".",
    "schema": {},
    "k": 3,
    "model": "openai:/any",
    "guidelines": ["-"],
}
"""Values of parameters that metrics cannot do without, to see what else they need."""
_JUDGES: Final = "spanfold.metrics.genai:"


def split(texts: Sequence[str]) -> list[str]:
    r"""Single metrics of options that hold several, separated by commas.

    A comma also separates the parameters of one metric: what begins like ``name=`` belongs to the metric
    before it. ``\,`` is a comma inside a value.

    Example:
        >>> split(["token_f1,latency", "regex_match:pattern=a\\,b,name=ab,length"])
        ['token_f1', 'latency', 'regex_match:pattern=a\\,b,name=ab', 'length']
    """
    found = list[str]()
    for text in texts:
        begun = len(found)
        for part in re.split(r"(?<!\\),", text):
            if len(found) > begun and ":" in found[-1] and _PARAMETER.match(part):
                found[-1] += f",{part}"
            elif part.strip():
                found.append(part.strip())
    return found


def specs(texts: Sequence[str], judge: str | None = None) -> list[MetricSpec]:
    """Specs of the metrics that the server can make; judges that name no model get ``judge``.

    Raises:
        SettingsError: one of them does not exist, or is the user's own, which a server does not run.
    """
    from spanfold.errors import SpanfoldError  # noqa: PLC0415 - as everything that is not always needed
    from spanfold.metrics import _registry  # noqa: PLC0415
    from spanfold.metrics._files import is_file_text  # noqa: PLC0415
    from spanfold_deploy.errors import SettingsError  # noqa: PLC0415

    found = list[Any]()
    for text in split(texts):
        if is_file_text(text):
            message = f"{text}: a server does not run files of yours.\n  Fix: leave --on-server out."
            raise SettingsError(message)
        try:
            found.append(with_judge(_registry.parse(text), judge))
            _registry.from_spec(found[-1])
        except SpanfoldError as error:
            raise SettingsError(str(error)) from error
    return found


def made(texts: Sequence[str], judge: str | None = None) -> Iterator[EvaluationMetric]:
    """The metrics themselves, those of the user's own files among them.

    Raises:
        SettingsError: one of them does not exist, or cannot be made on this machine.
    """
    from spanfold.errors import SpanfoldError  # noqa: PLC0415 - as everything that is not always needed
    from spanfold.metrics import _registry  # noqa: PLC0415
    from spanfold.metrics._files import is_file_text  # noqa: PLC0415
    from spanfold_deploy.errors import SettingsError  # noqa: PLC0415

    for text in split(texts):
        try:
            named = text if is_file_text(text) else with_judge(_registry.parse(text), judge)
            yield _registry.resolve(named, files=True)
        except SpanfoldError as error:
            raise SettingsError(str(error)) from error


def with_judge(spec: MetricSpec, judge: str | None) -> MetricSpec:
    """The spec, with the model of a judge that names none."""
    from spanfold.metrics import _registry  # noqa: PLC0415 - as everything that is not always needed

    is_judge = _registry.NAMES.get(spec.name, "").startswith(_JUDGES)
    if judge is None or not is_judge or "model" in spec.parameters:
        return spec
    return replace(spec, parameters={**spec.parameters, "model": judge})


def described() -> list[dict[str, Any]]:
    """Every metric that has a name: what it is, the columns it uses and its parameters, as JSON has it."""
    from spanfold.errors import SpanfoldError  # noqa: PLC0415 - as everything that is not always needed
    from spanfold.metrics import _registry  # noqa: PLC0415

    found = list[dict[str, Any]]()
    for name in _registry.NAMES:
        make = _registry.factory(name)
        parameters = [
            one for one in inspect.signature(make).parameters.values() if one.kind is not one.VAR_KEYWORD
        ]
        needed, used = tuple[str, ...](), tuple[str, ...]()
        greater_is_better: bool | None = None
        with suppress(SpanfoldError, TypeError):  # needs a parameter or a model that only its user knows
            metric = make(**{one.name: _EXAMPLES[one.name] for one in parameters if one.name in _EXAMPLES})
            needed, used = metric.arguments()
            greater_is_better = metric.greater_is_better
        found.append(
            {
                "name": name,
                "columns": list(needed or used),
                "greater_is_better": greater_is_better,
                "parameters": [
                    one.name if one.default is not one.empty else f"{one.name} (needed)" for one in parameters
                ],
                "summary": _plain(inspect.getdoc(make) or ""),
            }
        )
    return found


def _plain(documentation: str) -> str:
    r"""The first paragraph, without marks of reStructuredText.

    Example:
        >>> _plain("See :func:`rouge1`,\nof ``targets``.\n\nMore.")
        'See rouge1, of targets.'
    """
    line = " ".join(documentation.split("\n\n", 1)[0].split())
    return re.sub(r"(?::\w+:)?`+([^`]*)`+", r"\1", line)
