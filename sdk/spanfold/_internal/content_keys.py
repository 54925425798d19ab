"""Which attributes and events hold content: what users and models wrote, in every dialect we know."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from spanfold_schemas import keys

_WHOLE: Final = {
    keys.INPUT,
    keys.OUTPUT,
    # OpenTelemetry's GenAI conventions, and their older forms
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.retrieval.documents",
    "gen_ai.retrieval.query.text",
    "gen_ai.prompt",
    "gen_ai.completion",
    "gen_ai.event.content",
    # OpenLLMetry
    "traceloop.entity.input",
    "traceloop.entity.output",
    # OpenInference
    "input.value",
    "output.value",
    "llm.prompts",
    "llm.completions",
    "llm.prompt_template.template",
    "llm.prompt_template.variables",
    "llm.function_call",
    "tool.parameters",
    "reranker.query",
    "embedding.text",
    # MLflow
    "mlflow.spanInputs",
    "mlflow.spanOutputs",
    "mlflow.chat.messages",
    "mlflow.traceInputs",
    "mlflow.traceOutputs",
}
_PATTERN: Final = re.compile(
    r"""
      gen_ai\.(?:prompt|completion)\.\d+\.(?:content|reasoning|refusal|(?:tool_calls|function_call)\..*arguments)
    | llm\.(?:input|output)_messages\.\d+\.message\.(?:content|contents\..*|function_call_arguments_json
        |tool_calls\.\d+\.tool_call\.function\.arguments)
    | (?:llm|retrieval|embedding|reranker)\.(?:.*\.)?(?:text|content|vector|document\.metadata)
    | .*\.prompt\.text | .*\.completion\.text
    """,
    re.VERBOSE | re.DOTALL,
)
_EVENT: Final = re.compile(
    r"gen_ai\.(?:(?:system|user|assistant|tool)\.message|choice|content\.(?:prompt|completion))"
)


@lru_cache(4_096)
def is_content(key: str) -> bool:
    """Whether the attribute holds content.

    Example:
        >>> is_content("gen_ai.prompt.0.content"), is_content("gen_ai.prompt.0.role")
        (True, False)
    """
    return key in _WHOLE or _PATTERN.fullmatch(key) is not None


def is_content_event(name: str | None) -> bool:
    """Whether a log record of this event name holds content in its body."""
    return name is not None and _EVENT.fullmatch(name) is not None
