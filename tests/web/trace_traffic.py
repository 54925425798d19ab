"""Traces that try the trace page: a conversation with all it can show, hostile texts, very many spans, hours.

``python -m tests.web.trace_traffic [SPANS]`` prints the trace IDs by name as JSON; where the collector is,
the environment says. With a number there is one trace of so many spans and nothing else.
"""

from __future__ import annotations

import base64
import json
import sys
import time
import zlib
from typing import TYPE_CHECKING, Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags, set_span_in_context

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

MS: Final = 1_000_000
HOUR_MS: Final = 3_600_000
FLUSH_MS: Final = 100_000
ELSEWHERE: Final = SpanContext(
    0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7, is_remote=True, trace_flags=TraceFlags(1)
)
WIDTH_PX: Final = 96


def picture() -> str:
    """A PNG of a slope of grey, as base64: an attachment."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + check

    head = WIDTH_PX.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    lines = b"".join(
        b"\0" + bytes((x + y) * 255 // (2 * WIDTH_PX) for x in range(WIDTH_PX)) for y in range(WIDTH_PX)
    )
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )
    return base64.b64encode(png).decode()


HOSTILE: Final = (
    "<script>window.broken = 1</script><img src=x onerror='window.broken = 2'>"
    "<a href='javascript:window.broken=3'>click</a> [a](javascript:window.broken=4) "
    "![leak](https://evil.example/leak.png?all-of-it) <iframe src='https://evil.example'></iframe> "
    "\u202eevil\u202c zero\u200bwidth \x1b[31mred\x07 tags\U000e0041\U000e0042 "
    "{{constructor.constructor('x')()}}"
)
BROKEN_JSON: Final = '[{"role": "user", "parts": [{"type": "text", "content": "cut off'


class Telling:
    """One trace, told span by span with times of its own."""

    def __init__(self, tracer: Tracer, start_ns: int) -> None:
        self._tracer = tracer
        self._start_ns = start_ns

    def span(self, name: str, parent: Span | None, from_ms: float, to_ms: float, **attributes: Any) -> Span:
        """A span; keywords are attributes, with ``__`` for a dot."""
        span = self._tracer.start_span(
            name,
            None if parent is None else set_span_in_context(parent),
            start_time=self.ns(from_ms),
            attributes={key.replace("__", "."): value for key, value in attributes.items()},
            links=[Link(ELSEWHERE, {"reason": "asked before"})] if name == "agent" else None,
        )
        span.end(self.ns(to_ms)) if to_ms else None
        return span

    def ns(self, ms: float) -> int:
        """So long after the start."""
        return self._start_ns + int(ms * MS)


def trace_id(span: Span) -> str:
    """As the page's address has it."""
    return f"{span.get_span_context().trace_id:032x}"


def failing_tool(tell: Telling, logs: LoggerProvider, agent: Span) -> None:
    """A tool with an exception and a log record."""
    tool = tell.span(
        *("execute_tool get_weather", agent, 410, 0),
        gen_ai__operation__name="execute_tool",
        spanfold__input='{"city": "Paris"}',
    )
    why = "the weather service did not answer"
    stack = f'Traceback (most recent call last):\n  File "/app/weather.py", line 7\nConnectionError: {why}\n'
    failure = {"exception.type": "ConnectionError", "exception.message": why, "exception.stacktrace": stack}
    tool.add_event("exception", failure, tell.ns(500))
    tool.set_status(Status(StatusCode.ERROR, why))
    record = LogRecord(
        timestamp=tell.ns(499),
        context=set_span_in_context(tool),
        severity_text="WARN",
        severity_number=SeverityNumber.WARN,
        body="retrying the weather service",
        attributes={"attempt": 3},
    )
    logs.get_logger("weather").emit(record)
    tool.end(tell.ns(510))


def conversation(tracer: Tracer, logs: LoggerProvider, start_ns: int) -> str:
    """An agent that asks a model, calls a tool that fails, finds documents, and answers as a stream."""
    tell = Telling(tracer, start_ns)
    agent = tell.span("agent", None, 0, 0, spanfold__span__type="AGENT", spanfold__input="Weather?")
    asked = [
        {"role": "system", "parts": [{"type": "text", "content": "You are a kind forecaster."}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "What is the weather in Paris?"},
                {"type": "blob", "modality": "image", "mime_type": "image/png", "content": picture()},
                {"type": "uri", "modality": "image", "uri": "https://evil.example/leak.png"},
            ],
        },
    ]
    call = {"type": "tool_call", "id": "call_1", "name": "get_weather", "arguments": {"city": "Paris"}}
    thought = {"type": "reasoning", "content": "I should look it up."}
    chat: dict[str, Any] = {
        "gen_ai__operation__name": "chat",
        "gen_ai__provider__name": "openai",
        "gen_ai__request__model": "gpt-4o-mini",
        "gen_ai__usage__input_tokens": 1200,
        "gen_ai__usage__output_tokens": 34,
    }
    said = {"role": "assistant", "parts": [thought, call], "finish_reason": "tool_call"}
    first = tell.span(
        *("chat gpt-4o-mini", agent, 10, 0),
        **chat,
        gen_ai__input__messages=json.dumps(asked),
        gen_ai__output__messages=json.dumps([said]),
        gen_ai__response__time_to_first_chunk=0.123,
        gen_ai__response__finish_reasons=["tool_call"],
    )
    first.end(tell.ns(400))
    failing_tool(tell, logs, agent)
    documents = [
        {"id": "climate.md", "score": 0.87, "content": "It rains in Paris.", "metadata": {"page": 4}},
        {"id": "travel.md", "score": 0.42, "content": "Paris is in France."},
    ]
    tell.span(
        *("find pages", agent, 420, 700),
        spanfold__span__type="RETRIEVER",
        spanfold__input="weather Paris",
        spanfold__output=json.dumps(documents),
    )
    answer = {"role": "assistant", "parts": [{"type": "text", "content": "Take an umbrella."}]}
    result = {"type": "tool_call_response", "id": "call_1", "response": "no answer"}
    then = [*asked, said, {"role": "tool", "parts": [result]}]
    tell.span(
        *("chat gpt-4o-mini", agent, 710, 990),
        **chat,
        gen_ai__input__messages=json.dumps(then),
        gen_ai__output__messages=json.dumps([answer]),
    )
    agent.set_attribute("spanfold.output", "Take an umbrella.")
    agent.end(tell.ns(1_000))
    return trace_id(agent)


def hostile(tracer: Tracer, start_ns: int) -> str:
    """Texts that would run, lead away, hide or never end, in every place where a text can stand."""
    tell = Telling(tracer, start_ns)
    root = tell.span(f"root {HOSTILE}", None, 0, 100, spanfold__input="a" * 1_000_000)
    svg = "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+"
    named: dict[str, Any] = {HOSTILE: HOSTILE}
    parts = [
        {"type": "text", "content": HOSTILE},
        {"type": "image_url", "image_url": {"url": "https://evil.example/leak.png"}},
        {"type": "image_url", "image_url": {"url": svg}},
        {"type": "image_url", "image_url": {"url": "javascript:window.broken=5"}},
        {"type": HOSTILE, "content": HOSTILE},
    ]
    tell.span(
        *("chat", root, 1, 50),
        gen_ai__operation__name="chat",
        gen_ai__request__model=HOSTILE,
        gen_ai__input__messages=json.dumps([{"role": HOSTILE, "name": HOSTILE, "content": parts}]),
        gen_ai__output__messages=BROKEN_JSON,
        **named,
    )
    failed = tell.span("failed", root, 51, 0)
    failed.add_event("exception", {"exception.type": HOSTILE, "exception.stacktrace": HOSTILE}, tell.ns(52))
    failed.set_status(Status(StatusCode.ERROR, HOSTILE))
    failed.end(tell.ns(60))
    words = ("So I think. " * 90_000)[:1_000_000]
    tell.span("long", root, 61, 90, spanfold__input=words, spanfold__output="w\u202e" * 300_000)
    return trace_id(root)


def hours(tracer: Tracer, start_ns: int) -> str:
    """An agent that worked for an hour and a half, in steps of a millisecond and of minutes."""
    tell = Telling(tracer, start_ns - 2 * HOUR_MS * MS)
    root = tell.span("long run", None, 0, 1.5 * HOUR_MS, spanfold__span__type="AGENT")
    for minute in range(90):
        step = tell.span(f"step {minute}", root, minute * 60_000, minute * 60_000 + 40_000)
        tell.span("short", step, minute * 60_000 + 5, minute * 60_000 + 6, spanfold__span__type="TOOL")
    return trace_id(root)


def many(tracer: Tracer, start_ns: int, count: int) -> str:
    """An agent of so many spans, five levels deep, as an instrumented one records them."""
    tell = Telling(tracer, start_ns)
    root = tell.span("big agent", None, 0, count, spanfold__span__type="AGENT")
    made, page = 1, "The quick brown fox jumps over the lazy dog. " * 10
    while made < count:
        at = float(made)
        step = tell.span(f"step {made}", root, at, at + 9, spanfold__span__type="CHAIN")
        chat = tell.span(
            *("chat gpt-4o-mini", step, at, at + 6),
            gen_ai__operation__name="chat",
            gen_ai__request__model="gpt-4o-mini",
            gen_ai__usage__input_tokens=100,
            gen_ai__usage__output_tokens=20,
            gen_ai__input__messages=json.dumps(
                [{"role": "user", "parts": [{"type": "text", "content": page}]}]
            ),
            gen_ai__output__messages=json.dumps(
                [{"role": "assistant", "parts": [{"type": "text", "content": f"answer {made}"}]}]
            ),
        )
        http = tell.span("POST", chat, at + 1, at + 5, http__request__method="POST", url__path="/v1/chat")
        tell.span("connect", http, at + 1, at + 2, server__address="api.example", server__port="443")
        tool = tell.span("lookup", step, at + 6, 0, spanfold__span__type="TOOL", spanfold__input=str(made))
        if made % 2_000 < 5:
            tool.set_status(Status(StatusCode.ERROR, f"lookup {made} failed"))
        tool.end(tell.ns(at + 8))
        made += 5
    return trace_id(root)


def main() -> None:
    """Tell them, and wait until they are durable."""
    resource = Resource.create({"service.name": "weather-agent", "service.version": "7"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=100_000))
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter()))
    tracer = provider.get_tracer("tests.web", "1.0")
    now_ns = time.time_ns() - 60_000 * MS
    if len(sys.argv) > 1:
        told = {"many": many(tracer, now_ns, int(sys.argv[1]))}
    else:
        told = {
            "conversation": conversation(tracer, logs, now_ns),
            "hostile": hostile(tracer, now_ns + 1_000 * MS),
            "hours": hours(tracer, now_ns),
        }
    assert provider.force_flush(FLUSH_MS)
    provider.shutdown()
    logs.shutdown()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
