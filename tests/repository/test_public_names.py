"""What users import is written down here: a name comes or goes only on purpose."""

from __future__ import annotations

import inspect

import spanfold

PUBLIC_NAMES = [
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


def test_the_public_names_of_the_sdk_are_these() -> None:
    assert sorted(spanfold.__all__) == PUBLIC_NAMES


def test_every_public_name_is_documented() -> None:
    documented = {name: inspect.getdoc(getattr(spanfold, name)) for name in spanfold.__all__}
    assert not [name for name, text in documented.items() if not text]
