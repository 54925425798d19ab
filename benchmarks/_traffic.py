"""OTLP requests as a GenAI application sends them, the same on every machine and at every run."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL_VERSIONS: Final = 10
SPANS_A_TRACE: Final = 8
BATCH_SPANS: Final = 512
"""The default batch of OpenTelemetry's batch span processor."""

_PROMPT_WORDS: Final = 68
_ANSWER_WORDS: Final = 52
_SYLLABLES: Final = ("an", "be", "cor", "da", "el", "fi", "gra", "hu", "in", "jo", "ka", "lu", "mer", "no")
_REMOTE_PARENT_KNOWN: Final = 0x100
_MILLISECOND: Final = 1_000_000


def _vocabulary(generator: random.Random) -> list[str]:
    return ["".join(generator.choices(_SYLLABLES, k=generator.randrange(1, 5))) for _ in range(5_000)]


def _set(holder: Any, key: str, value: str | float | bool) -> None:  # noqa: FBT001 - an attribute's value
    attribute = holder.attributes.add()
    attribute.key = key
    match value:
        case bool():
            attribute.value.bool_value = value
        case int():
            attribute.value.int_value = value
        case float():
            attribute.value.double_value = value
        case str():
            attribute.value.string_value = value


class Traffic:
    """A source of export requests: every request is new, every run has the same sequence.

    Start times are near the present, since a server may refuse old spans; all else comes from the seed.

    Example:
        >>> len(Traffic(seed=1).request(spans=8)) // 8 in range(1_200, 1_700)
        True
    """

    def __init__(self, seed: int) -> None:
        """Make the vocabulary; two sources with different seeds share no trace ID."""
        self._random = random.Random(seed)
        self._words = _vocabulary(random.Random(0))
        self._start_unix_ns = time.time_ns() - 60_000 * _MILLISECOND

    def request(self, spans: int = BATCH_SPANS) -> bytes:
        """One serialised ExportTraceServiceRequest of one application version."""
        request = ExportTraceServiceRequest()
        resource_spans = request.resource_spans.add()
        version = self._random.randrange(MODEL_VERSIONS)
        _set(resource_spans.resource, "service.name", "support-agent")
        _set(resource_spans.resource, "service.version", f"1.{version}")
        _set(resource_spans.resource, "telemetry.sdk.name", "opentelemetry")
        _set(resource_spans.resource, "spanfold.model.id", f"m-{version:032x}")
        scope_spans = resource_spans.scope_spans.add()
        scope_spans.scope.name = "support_agent.tracing"
        scope_spans.scope.version = "3.1"
        trace_id, root_id = b"", b""
        for number in range(spans):
            is_root = number % SPANS_A_TRACE == 0
            if is_root:
                trace_id, root_id = self._random.randbytes(16), b""
            span = scope_spans.spans.add(trace_id=trace_id, span_id=self._random.randbytes(8))
            span.parent_span_id = root_id
            root_id = span.span_id if is_root else root_id
            self._fill(span, is_root=is_root)
        return request.SerializeToString()

    def requests(self, count: int, spans: int = BATCH_SPANS) -> Iterator[bytes]:
        """So many requests, one after the other."""
        return (self.request(spans) for _ in range(count))

    def _fill(self, span: Any, *, is_root: bool) -> None:
        draw = self._random
        self._start_unix_ns += draw.randrange(_MILLISECOND)
        span.name = "answer" if is_root else f"chat gpt-5-{draw.randrange(3)}"
        span.kind = 2 if is_root else 3
        span.flags = _REMOTE_PARENT_KNOWN
        span.start_time_unix_nano = self._start_unix_ns
        span.end_time_unix_nano = self._start_unix_ns + draw.randrange(1, 4_000) * _MILLISECOND
        span.status.code = 2 if draw.random() < 0.02 else 1  # noqa: PLR2004 - 2 % of errors
        _set(span, "gen_ai.operation.name", "chat")
        _set(span, "gen_ai.provider.name", "openai")
        _set(span, "gen_ai.request.model", "gpt-5")
        _set(span, "gen_ai.response.model", f"gpt-5-{draw.randrange(3)}")
        _set(span, "gen_ai.request.temperature", draw.randrange(10) / 10)
        _set(span, "gen_ai.usage.input_tokens", draw.randrange(3_000))
        _set(span, "gen_ai.usage.output_tokens", draw.randrange(900))
        _set(span, "gen_ai.conversation.id", f"conversation-{draw.randrange(100_000)}")
        _set(span, "user.id", f"user-{draw.randrange(1_000)}")
        _set(span, "app.streaming", draw.random() < 0.5)  # noqa: PLR2004 - every other one
        _set(span, "gen_ai.input.messages", self._message("user", _PROMPT_WORDS))
        _set(span, "gen_ai.output.messages", self._message("assistant", _ANSWER_WORDS))
        reasons = span.attributes.add(key="gen_ai.response.finish_reasons")
        reasons.value.array_value.values.add(string_value="stop")
        event = span.events.add(time_unix_nano=span.end_time_unix_nano, name="first-token")
        _set(event, "app.token.index", 0)

    def _message(self, role: str, words: int) -> str:
        text = " ".join(self._random.choices(self._words, k=words))
        return f'[{{"role":"{role}","parts":[{{"type":"text","content":"{text}"}}]}}]'
