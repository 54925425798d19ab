"""Tracing and observability for GenAI applications, by model version.

Example:
    >>> import spanfold
    >>> spanfold.set_active_model(name="my-agent-v1.0")  # doctest: +SKIP
    >>> @spanfold.trace
    ... def answer(question: str) -> str:
    ...     return "..."
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from spanfold._internal.compare import compare, diff
from spanfold._internal.evaluation_reads import agreement, compare_evaluations
from spanfold._internal.experiment_lookup import Experiment
from spanfold._internal.experiments import set_experiment
from spanfold._internal.feedback import log_expectation, log_feedback
from spanfold._internal.instrumentation.autolog import autolog
from spanfold._internal.metrics import log_metric, log_metrics
from spanfold._internal.model import ActiveModel, LoggedModel, LoggedModelStatus
from spanfold._internal.model_changes import (
    delete_logged_model,
    delete_logged_model_tag,
    log_model_params,
    restore_logged_model,
    set_logged_model_tags,
)
from spanfold._internal.model_reads import (
    get_logged_model,
    history,
    last_logged_model,
    search_logged_models,
)
from spanfold._internal.models import (
    clear_active_model,
    create_external_model,
    finalize_logged_model,
    get_active_model_id,
    initialize_logged_model,
    set_active_model,
    set_active_model_from_git,
)
from spanfold._internal.run import ActiveRun, Run, RunData, RunInfo
from spanfold._internal.run_reads import get_run, search_runs
from spanfold._internal.runs import (
    active_run,
    delete_tag,
    end_run,
    log_param,
    log_params,
    set_tag,
    set_tags,
    start_run,
)
from spanfold._internal.setup import configure, flush, shutdown
from spanfold._internal.traces.search import get_trace, search_traces
from spanfold._internal.traces.streams import arrow_traces, iter_spans, iter_traces
from spanfold._internal.tracing import start_span, trace
from spanfold.evaluation._evaluate import evaluate

if TYPE_CHECKING:
    from typing import Any

    from spanfold import anthropic as anthropic
    from spanfold import artifacts as artifacts
    from spanfold import bedrock as bedrock
    from spanfold import deployments as deployments
    from spanfold import evaluation as evaluation
    from spanfold import genai as genai
    from spanfold import google as google
    from spanfold import langchain as langchain
    from spanfold import metrics as metrics
    from spanfold import models as models
    from spanfold import openai as openai
    from spanfold import prompts as prompts
    from spanfold import pyfunc as pyfunc
    from spanfold import sentence_transformers as sentence_transformers
    from spanfold import transformers as transformers
    from spanfold.artifacts import download_artifacts, list_artifacts, log_artifact, log_artifacts
    from spanfold.evaluation._reads import (
        Evaluation,
        Monitor,
        create_monitor,
        delete_monitor,
        get_evaluation,
        pause_monitor,
        resume_monitor,
        search_evaluations,
        search_monitors,
    )
    from spanfold.evaluation._result import EvaluationResult
    from spanfold.evaluation._selection import TraceSelection
    from spanfold.prompts import (
        Prompt,
        PromptVersion,
        delete_prompt,
        delete_prompt_alias,
        delete_prompt_tag,
        load_prompt,
        register_prompt,
        search_prompts,
        set_prompt_alias,
        set_prompt_tag,
    )

_PACKAGES = (
    "anthropic",
    "artifacts",
    "bedrock",
    "deployments",
    "evaluation",
    "genai",
    "google",
    "langchain",
    "metrics",
    "models",
    "openai",
    "prompts",
    "pyfunc",
    "sentence_transformers",
    "transformers",
)
_LATER = {
    "Evaluation": "spanfold.evaluation._reads",
    "EvaluationResult": "spanfold.evaluation._result",
    "Monitor": "spanfold.evaluation._reads",
    "Prompt": "spanfold.prompts",
    "PromptVersion": "spanfold.prompts",
    "TraceSelection": "spanfold.evaluation._selection",
    "create_monitor": "spanfold.evaluation._reads",
    "delete_monitor": "spanfold.evaluation._reads",
    "delete_prompt": "spanfold.prompts",
    "delete_prompt_alias": "spanfold.prompts",
    "delete_prompt_tag": "spanfold.prompts",
    "download_artifacts": "spanfold.artifacts",
    "get_evaluation": "spanfold.evaluation._reads",
    "list_artifacts": "spanfold.artifacts",
    "load_prompt": "spanfold.prompts",
    "log_artifact": "spanfold.artifacts",
    "log_artifacts": "spanfold.artifacts",
    "pause_monitor": "spanfold.evaluation._reads",
    "register_prompt": "spanfold.prompts",
    "resume_monitor": "spanfold.evaluation._reads",
    "search_evaluations": "spanfold.evaluation._reads",
    "search_monitors": "spanfold.evaluation._reads",
    "search_prompts": "spanfold.prompts",
    "set_prompt_alias": "spanfold.prompts",
    "set_prompt_tag": "spanfold.prompts",
}

__all__ = [
    "ActiveModel",
    "ActiveRun",
    "Evaluation",
    "EvaluationResult",
    "Experiment",
    "LoggedModel",
    "LoggedModelStatus",
    "Monitor",
    "Prompt",
    "PromptVersion",
    "Run",
    "RunData",
    "RunInfo",
    "TraceSelection",
    "active_run",
    "agreement",
    "arrow_traces",
    "autolog",
    "clear_active_model",
    "compare",
    "compare_evaluations",
    "configure",
    "create_external_model",
    "create_monitor",
    "delete_logged_model",
    "delete_logged_model_tag",
    "delete_monitor",
    "delete_prompt",
    "delete_prompt_alias",
    "delete_prompt_tag",
    "delete_tag",
    "diff",
    "download_artifacts",
    "end_run",
    "evaluate",
    "finalize_logged_model",
    "flush",
    "get_active_model_id",
    "get_evaluation",
    "get_logged_model",
    "get_run",
    "get_trace",
    "history",
    "initialize_logged_model",
    "iter_spans",
    "iter_traces",
    "last_logged_model",
    "list_artifacts",
    "load_prompt",
    "log_artifact",
    "log_artifacts",
    "log_expectation",
    "log_feedback",
    "log_metric",
    "log_metrics",
    "log_model_params",
    "log_param",
    "log_params",
    "pause_monitor",
    "register_prompt",
    "restore_logged_model",
    "resume_monitor",
    "search_evaluations",
    "search_logged_models",
    "search_monitors",
    "search_prompts",
    "search_runs",
    "search_traces",
    "set_active_model",
    "set_active_model_from_git",
    "set_experiment",
    "set_logged_model_tags",
    "set_prompt_alias",
    "set_prompt_tag",
    "set_tag",
    "set_tags",
    "shutdown",
    "start_run",
    "start_span",
    "trace",
]


def __getattr__(name: str) -> Any:
    """What few applications need is loaded when it is first used."""
    if name in _PACKAGES:
        return import_module(f"spanfold.{name}")
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    message = f"module 'spanfold' has no attribute {name!r}"
    raise AttributeError(message)
