"""An application of three versions, told over OTLP as if it had run for two days.

``python -m tests.web.traffic`` prints the versions by name as JSON; where the collector and the
query API are, the environment says. The third version answers worse, slower and
with more errors than the second.
"""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

import spanfold
from spanfold.evaluation._sender import EventSender, OutgoingEvent, score_event

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext, Tracer

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
HOUR_S: Final = 3_600
SERVICE: Final = "docs-qa"
ERROR: Final = "the model did not answer within 30 s"
REPOSITORY: Final = "https://github.com/example/docs-qa"
TOPICS: Final = (
    (
        "How do I rotate an API key?",
        "Open Settings, choose Keys, and press Rotate. The old key works for one more hour.",
    ),
    ("Which regions are there?", "Frankfurt, Dublin, Osaka and Oregon."),
    ("How long are traces kept?", "90 days, unless you set another retention."),
    ("Can I export my data?", "Yes: as Arrow or JSON lines, from the Traces page or with one command."),
    ("What does an error 429 mean?", "Too many requests: wait as long as the Retry-After header says."),
)


@dataclass(frozen=True, slots=True)
class Version:
    """What one version does."""

    name: str
    first_hour_ago: float
    last_hour_ago: float
    trace_count: int
    latency_s: float
    error_rate: float
    right_rate: float
    params: dict[str, str]
    commit: str


VERSIONS: Final = (
    Version(
        *("docs-qa-v1", 47, 26, 90, 0.9, 0.03, 0.75),
        params={"model": "gpt-4o-mini", "temperature": "0.7", "top_k": "3", "prompt": "Answer the question."},
        commit="1f3a9c2e5b7d8f60a1b2c3d4e5f60718293a4b5c",
    ),
    Version(
        *("docs-qa-v2", 28, 0.1, 160, 0.8, 0.02, 0.9),
        params={
            "model": "gpt-4o-mini",
            "temperature": "0.2",
            "top_k": "5",
            "prompt": "Answer the question from the pages below.\nSay so if they do not answer it.",
        },
        commit="7be0d14f9a2c3e5d6f708192a3b4c5d6e7f80912",
    ),
    Version(
        *("docs-qa-v3", 6, 0.02, 120, 1.7, 0.14, 0.45),
        params={
            "model": "gpt-4o",
            "temperature": "0.2",
            "top_k": "1",
            "prompt": "Answer the question from the pages below.\nBe brief.",
        },
        commit="c04d8e71b6a5f4e3d2c1b0a99887766554433221",
    ),
)


def main() -> None:
    """Tell all of it, and wait until it is durable."""
    dice = random.Random(7)  # the same traffic at each call
    now_ns = time.time_ns()
    exporter = OTLPSpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=10_000))
    tracer = provider.get_tracer("docs-qa")
    events: list[OutgoingEvent] = []
    versions = {}
    for version in VERSIONS:
        tags = {
            "stage": "production",
            "git.commit": version.commit,
            "git.branch": "main",
            "git.repo_url": REPOSITORY,
        }
        model = spanfold.create_external_model(
            version.name, tags=tags, params=version.params, model_type="agent"
        )
        versions[version.name] = model.model_id
        for number in range(version.trace_count):
            share = number / version.trace_count
            hours_ago = version.first_hour_ago + (version.last_hour_ago - version.first_hour_ago) * share
            start_ns = now_ns - int(hours_ago * HOUR_S * NS_PER_S)
            events += Request(version, model.model_id, number, start_ns, dice).tell(tracer)
    provider.shutdown()
    sender = EventSender()
    sender.send(events)
    sender.close()
    spanfold.flush()
    sys.stdout.write(json.dumps(versions))


class Request:
    """One question, its answer, and what is thought of it."""

    def __init__(
        self, version: Version, model_id: str, number: int, start_ns: int, dice: random.Random
    ) -> None:
        self._version = version
        self._stamp = {"spanfold.model.id": model_id}
        self._number = number
        self._question, answer = TOPICS[number % len(TOPICS)]
        self._is_right = dice.random() < version.right_rate
        self._is_error = dice.random() < version.error_rate
        self._page = f"{self._question} {answer}"
        self._right_answer = answer
        self._answer = answer if self._is_right else "Please contact the support team."
        self._start_ns = start_ns
        self._end_ns = start_ns + int(version.latency_s * dice.lognormvariate(0, 0.5) * NS_PER_S)
        self._found_ns = start_ns + (self._end_ns - start_ns) // 5

    def tell(self, tracer: Tracer) -> list[OutgoingEvent]:
        """Record the spans; the scores are for the caller to send."""
        number = self._number
        root = tracer.start_span(
            "answer",
            start_time=self._start_ns,
            attributes={
                **self._stamp,
                "spanfold.span.type": "CHAIN",
                "spanfold.input": self._question,
                "user.id": f"user-{number % 17}",
                "session.id": f"session-{number // 4}",
                "spanfold.tag.tier": ("free", "pro")[number % 2],
            },
        )
        inside = set_span_in_context(root)
        self._search(tracer, inside)
        self._chat(tracer, inside)
        if self._is_error:
            root.set_status(Status(StatusCode.ERROR, ERROR))
        else:
            root.set_attribute("spanfold.output", self._answer)
        root.end(self._end_ns)
        if self._is_error:
            return []
        told = root.get_span_context()
        spanfold.log_expectation(f"{told.trace_id:032x}", value=self._right_answer)
        return self._scores(told)

    def _search(self, tracer: Tracer, inside: Context) -> None:
        pages = [{"content": self._page, "score": 0.91, "metadata": {"page": "faq.md"}}]
        attributes = {"spanfold.span.type": "RETRIEVER", "spanfold.input": self._question}
        span = tracer.start_span(
            "search",
            inside,
            start_time=self._start_ns + NS_PER_MS,
            attributes={**self._stamp, **attributes, "spanfold.output": json.dumps(pages)},
        )
        span.end(self._found_ns)

    def _chat(self, tracer: Tracer, inside: Context) -> None:
        params = self._version.params
        system = params["prompt"]
        asked = [_message("system", f"{system}\n\n{self._page}"), _message("user", self._question)]
        span = tracer.start_span(
            f"chat {params['model']}",
            inside,
            kind=SpanKind.CLIENT,
            start_time=self._found_ns,
            attributes={
                **self._stamp,
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": params["model"],
                "gen_ai.request.temperature": 0.2,
                "gen_ai.input.messages": json.dumps(asked),
            },
        )
        if self._is_error:
            span.record_exception(TimeoutError(ERROR), timestamp=self._end_ns)
            span.set_status(Status(StatusCode.ERROR, ERROR))
        else:
            said = {**_message("assistant", self._answer), "finish_reason": "stop"}
            span.set_attributes(
                {
                    "gen_ai.response.model": params["model"],
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 180 + 90 * (self._number % 5),
                    "gen_ai.usage.output_tokens": len(self._answer) // 4,
                    "gen_ai.output.messages": json.dumps([said]),
                }
            )
        span.end(self._end_ns - NS_PER_MS)

    def _scores(self, scored: SpanContext) -> list[OutgoingEvent]:
        score = partial(
            score_event,
            trace_id=f"{scored.trace_id:032x}",
            span_id=f"{scored.span_id:016x}",
            model_id=self._stamp["spanfold.model.id"],
            time_unix_ns=self._end_ns + NS_PER_S,
        )
        right = self._is_right
        scores = []
        if self._number % 5 < 4:
            why = "It says what the page says." if right else "The page answers it, and this does not."
            judged = score(name="correctness", value=float(right), explanation=why, source="LLM_JUDGE")
            scores.append(judged)
        if self._number % 6 == 0:
            likes = right if self._number % 4 else not right
            scores.append(score(name="helpful", value=likes, scorer="ada", source="HUMAN"))
        return scores


def _message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


if __name__ == "__main__":
    main()
