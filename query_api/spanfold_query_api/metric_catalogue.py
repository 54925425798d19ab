"""The metrics that can be made by name, as forms show them: what each needs, takes and costs."""

from __future__ import annotations

import inspect
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._scoring import needed_columns
from spanfold.metrics import _registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold.metrics import EvaluationMetric

_KINDS: Final[Mapping[str, str]] = {
    "_matching": "text",
    "_readability": "text",
    "_rouge": "text",
    "_translation": "text",
    "_structure": "structure",
    "_recorded": "recorded",
    "_retrieval": "retrieval",
    "_classifier": "classification",
    "_regressor": "regression",
    "_toxicity": "safety",
    "_profanity": "safety",
    "_embeddings": "embedding",
    "genai": "judge",
}
"""What a metric is, by the module of its factory."""
_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "regex_match": {"pattern": "."},
    "json_schema_match": {"schema": {}},
    "precision_at_k": {"k": 3},
    "recall_at_k": {"k": 3},
    "ndcg_at_k": {"k": 3},
    "guidelines": {"guidelines": "Be polite."},
    "genai": {
        "name": "brevity",
        "definition": "No word too many.",
        "grading_prompt": "Score 1: no. Score 5: yes.",
    },
    "genai_prompt": {"name": "brevity", "judge_prompt": "Score {predictions} from 1 to 5."},
}
"""Arguments of metrics that cannot be made without, to learn what they need."""
_WITH_MODELS: Final[Mapping[str, tuple[bool, tuple[str, ...]]]] = {
    "toxicity": (False, ("predictions",)),
    "semantic_similarity": (True, ("predictions", "targets")),
    "bertscore": (True, ("predictions", "targets")),
}
"""Whether more is better and what is needed, of metrics that cannot be made where their model is not."""
_SECRETS: Final = frozenset({"extra_headers", "proxy_url"})
"""What is asked of a server is stored, and these may hold secrets: it does not take them."""
_ARGUMENT: Final = re.compile(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)
_SECTION: Final = re.compile(r"^(Args|Raises|Returns|Example):$", re.MULTILINE)
_OWN_NAMES: Final = ("genai", "genai_prompt")
"""Metrics whose scores have the name that their author chose."""
_TYPES: Final = {
    "str": "text",
    "bool": "boolean",
    "int": "integer",
    "float": "number",
}


def metrics() -> list[dict[str, Any]]:
    """Every metric in the members of :class:`~spanfold_query_api.metric_answers.MetricDescription`."""
    return [_described(name, place) for name, place in _registry.NAMES.items()]


def greater_is_better(name: str) -> bool | None:
    """Whether more is better by the built-in metric of this name; None: neither is.

    Of a name that is not built in, more is better: most scores are meant so, and it is the default of
    MLflow's ``make_genai_metric``.
    """
    return _directions().get(name, True)


@lru_cache(1)
def _directions() -> Mapping[str, bool | None]:
    """By the names of scores, which those of metrics are."""
    return {name: _facts(name)[0] for name in _registry.NAMES if name not in _OWN_NAMES}


def _facts(name: str) -> tuple[bool | None, tuple[str, ...]]:
    """Whether more is better, and the columns that it needs."""
    if name in _WITH_MODELS:
        return _WITH_MODELS[name]
    metric = _made(name)
    return metric.greater_is_better, needed_columns(metric)


def _made(name: str) -> EvaluationMetric:
    return _registry.factory(name)(**_EXAMPLES.get(name, {}))


def _unavailable(name: str) -> str | None:
    """Why it cannot be made here."""
    try:
        _made(name)
    except InvalidArgumentError as error:
        return str(error)
    return None


def _described(name: str, place: str) -> dict[str, Any]:
    factory = _registry.factory(name)
    greater, needs = _facts(name)
    kind = _KINDS[place.partition(":")[0].rpartition(".")[2]]
    return {
        "name": name,
        "description": _plain_text(_SECTION.split(_text(factory))[0].split("\n\n")[0]),
        "kind": kind,
        "greater_is_better": greater,
        "needs": list(needs),
        "is_paid": kind == "judge",
        "unavailable": _unavailable(name),
        "parameters": _parameters(factory, place),
    }


def _parameters(factory: Any, place: str) -> list[dict[str, Any]]:
    """What it takes. Metrics of one module explain a parameter that they share once."""
    module = place.partition(":")[0]
    siblings = [
        _registry.factory(name) for name, one in _registry.NAMES.items() if one.startswith(f"{module}:")
    ]
    told: dict[str, str] = {}
    for one in (factory, *siblings):
        for name, said in _ARGUMENT.findall(_text(one)):
            told.setdefault(name, _plain_text(said))
    found = []
    for parameter in inspect.signature(factory).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD or parameter.name in _SECRETS:
            continue
        required = parameter.default is parameter.empty
        found.append(
            {
                "name": parameter.name,
                "type": _type(str(parameter.annotation)),
                "default": None if required else _plain(parameter.default),
                "is_required": required,
                "description": told.get(parameter.name, ""),
            }
        )
    return found


def _text(factory: Any) -> str:
    return inspect.getdoc(factory) or ""


def _plain_text(text: str) -> str:
    """Without the marks of docstrings, but for `code`."""
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", " ".join(text.split())).replace("``", "`")


def _type(annotation: str) -> str:
    """What a form asks for: text, a number, a yes or no; of the rest JSON."""
    return _TYPES.get(annotation.removesuffix(" | None"), "json")


def _plain(default: Any) -> Any:
    return list(default) if isinstance(default, tuple) else default
