"""The conversations, held with the real client libraries.

``python -m tests.dialects._applications FAMILY CASE`` is how the recorder runs it.
"""
# ruff: noqa: PLC0415 - each family runs with an interpreter that lacks the others' libraries

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

QUESTION: Final = "What is the capital of France?"
SYSTEM: Final = "Answer in one sentence."
TOOL: Final = "find_city"
_SCHEMA: Final = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_GPT: Final = "gpt-4o"
_CLAUDE: Final = "claude-sonnet-4-5"

_INSTRUMENTORS: Final = {
    "genai-openai": "opentelemetry.instrumentation.genai.openai:OpenAIInstrumentor",
    "genai-anthropic": "opentelemetry.instrumentation.genai.anthropic:AnthropicInstrumentor",
    "genai-langchain": "opentelemetry.instrumentation.genai.langchain:LangChainInstrumentor",
    "openinference-openai": "openinference.instrumentation.openai:OpenAIInstrumentor",
    "openinference-anthropic": "openinference.instrumentation.anthropic:AnthropicInstrumentor",
    "openinference-langchain": "openinference.instrumentation.langchain:LangChainInstrumentor",
    "openllmetry-openai": "opentelemetry.instrumentation.openai:OpenAIInstrumentor",
    "openllmetry-anthropic": "opentelemetry.instrumentation.anthropic:AnthropicInstrumentor",
    "openllmetry-2025-openai": "opentelemetry.instrumentation.openai:OpenAIInstrumentor",
    "openllmetry-2025-anthropic": "opentelemetry.instrumentation.anthropic:AnthropicInstrumentor",
    "openllmetry-langchain": "opentelemetry.instrumentation.langchain:LangchainInstrumentor",
}


def _openai(**request: Any) -> Any:
    import openai

    return openai.OpenAI().chat.completions.create(model=_GPT, **request)


def _anthropic(**request: Any) -> Any:
    import anthropic

    return anthropic.Anthropic().messages.create(model=_CLAUDE, max_tokens=100, **request)


def openai_chat() -> None:
    _openai(messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}])


def openai_tools() -> None:
    tool = {"type": "function", "function": {"name": TOOL, "description": "d", "parameters": _SCHEMA}}
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    answer = _openai(messages=messages, tools=[tool])
    call = answer.choices[0].message.tool_calls[0]
    messages += [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": TOOL, "arguments": '{"city": "Paris"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "found"},
    ]
    _openai(messages=messages, tools=[tool])


def openai_stream() -> None:
    for _ in _openai(messages=[{"role": "user", "content": QUESTION}], stream=True):
        pass


def openai_stream_with_usage() -> None:
    options = {"include_usage": True}
    for _ in _openai(messages=[{"role": "user", "content": QUESTION}], stream=True, stream_options=options):
        pass


def openai_embeddings() -> None:
    import openai

    openai.OpenAI().embeddings.create(model="text-embedding-3-small", input=QUESTION)


def openai_responses() -> None:
    import openai

    openai.OpenAI().responses.create(model=_GPT, input=QUESTION, instructions=SYSTEM)


def anthropic_chat() -> None:
    _anthropic(system=SYSTEM, messages=[{"role": "user", "content": QUESTION}])


def anthropic_tools() -> None:
    tool = {"name": TOOL, "description": "d", "input_schema": _SCHEMA}
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    answer = _anthropic(messages=messages, tools=[tool])
    call = answer.content[0]
    messages += [
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": call.id, "name": TOOL, "input": call.input}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "found"}]},
    ]
    _anthropic(messages=messages, tools=[tool])


def anthropic_stream() -> None:
    for _ in _anthropic(messages=[{"role": "user", "content": QUESTION}], stream=True):
        pass


def langchain_chain() -> None:
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_openai import ChatOpenAI

    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("user", "{question}")])
    chain = prompt | ChatOpenAI(model=_GPT) | StrOutputParser()
    config: Any = {"metadata": {"session_id": "s-1"}}
    chain.invoke({"question": QUESTION}, config=config)


_CASES: Final[dict[str, dict[str, Callable[[], None]]]] = {
    "openai": {
        "chat": openai_chat,
        "tools": openai_tools,
        "stream": openai_stream,
        "stream with usage": openai_stream_with_usage,
        "embeddings": openai_embeddings,
        "responses": openai_responses,
    },
    "anthropic": {"chat": anthropic_chat, "tools": anthropic_tools, "stream": anthropic_stream},
    "langchain": {"chain": langchain_chain},
}


def cases_of(family: str) -> dict[str, Callable[[], None]]:
    """The conversations of a family, by name."""
    return _CASES[family.rpartition("-")[2]]


def _instrument(family: str) -> Callable[[], object]:
    """Instrument, and return what flushes."""
    if family.startswith("mlflow"):
        mlflow: Any = importlib.import_module("mlflow")

        os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
        getattr(mlflow, family.rpartition("-")[2]).autolog()
        return lambda: mlflow.flush_trace_async_logging(terminate=True)
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    module, _, name = _INSTRUMENTORS[family].partition(":")
    getattr(importlib.import_module(module), name)().instrument(tracer_provider=provider)
    return provider.shutdown


if __name__ == "__main__":
    flush = _instrument(sys.argv[1])
    cases_of(sys.argv[1])[sys.argv[2]]()
    flush()
