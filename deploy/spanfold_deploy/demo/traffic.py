"""The traffic generator: asks every version every question, and says of what comes back if it is right."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from spanfold_schemas.events import SCHEMA_VERSION
from spanfold_schemas.ids import new_event_id
from spanfold_schemas.keys import (
    EVALUATION_RESULT,
    EVENT_ID,
    EVENT_SCHEMA_VERSION,
    EVENT_SOURCE,
    EVENT_STREAM,
    MODEL_ID,
    TRACE_EXPECTATION_LOGGED,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry.context import Context

    from spanfold_deploy.demo.questions import AskedQuestion

CONCURRENT_USERS: Final = 4
_TIMEOUT_S: Final = 60
SCORE_NAME: Final = "right_docstring_first"
EXPECTATION_NAME: Final = "expected_response"
"""What evaluations compare answers with, unless they are told otherwise."""


@dataclass(slots=True)
class Tally:
    """What the users of one version saw."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    scored: int = 0
    """Questions with one right answer."""
    right: int = 0
    """Of these, those for which the right documentation string was the first source."""

    @property
    def hit_rate(self) -> float | None:
        """Share of the scored questions that were answered from the right documentation string."""
        return self.right / self.scored if self.scored else None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A running version: where it answers, and the model ID that its spans carry."""

    name: str
    model_id: str
    url: str


class Feedback:
    """Sends what is known of answers as OpenTelemetry events, with nothing of spanfold's SDK: any SDK can.

    A score is OpenTelemetry's own event, in the context of the span that it judges. An expectation, the
    answer that would have been right, is an event of spanfold's, about the trace.
    """

    def __init__(self, otlp_endpoint: str) -> None:
        self._provider = LoggerProvider(Resource.create({"service.name": "docs-qa-users"}))
        exporter = OTLPLogExporter(endpoint=f"{otlp_endpoint}/v1/logs")
        self._provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        self._logger = self._provider.get_logger("spanfold_deploy.demo")

    def score(self, deployment: Deployment, context: Context, *, right: bool, explanation: str) -> None:
        """Send one score."""
        self._logger.emit(
            event_name=EVALUATION_RESULT,
            context=context,
            attributes={
                "gen_ai.evaluation.name": SCORE_NAME,
                "gen_ai.evaluation.score.value": float(right),
                "gen_ai.evaluation.score.label": "right" if right else "wrong",
                "gen_ai.evaluation.explanation": explanation,
                MODEL_ID: deployment.model_id,
            },
        )

    def expect(self, context: Context, answer: str) -> None:
        """Send what a right answer would have said."""
        now_unix_ns = time.time_ns()
        trace_id = trace.get_current_span(context).get_span_context().trace_id
        self._logger.emit(
            event_name=TRACE_EXPECTATION_LOGGED,
            timestamp=now_unix_ns,
            context=context,
            body=json.dumps({"name": EXPECTATION_NAME, "value": answer}),
            attributes={
                EVENT_ID: new_event_id(now_unix_ns),
                EVENT_STREAM: trace.format_trace_id(trace_id),
                EVENT_SCHEMA_VERSION: SCHEMA_VERSION,
                EVENT_SOURCE: "demo",
            },
        )

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def send_traffic(
    deployments: Sequence[Deployment],
    questions: Sequence[AskedQuestion],
    feedback: Feedback,
    on_answer: Callable[[], object],
) -> Mapping[str, Tally]:
    """Ask one deployment after the other every question, a few at a time; the tallies by version name."""
    return asyncio.run(_send(deployments, questions, feedback, on_answer))


async def _send(
    deployments: Sequence[Deployment],
    questions: Sequence[AskedQuestion],
    feedback: Feedback,
    on_answer: Callable[[], object],
) -> Mapping[str, Tally]:
    tallies = {deployment.name: Tally() for deployment in deployments}
    waiting = iter([(deployment, question) for deployment in deployments for question in questions])

    async def user(client: httpx.AsyncClient) -> None:
        for deployment, question in waiting:
            await _ask(client, deployment, question, feedback, tallies[deployment.name])
            on_answer()

    # A connection a question: uvicorn drops the connection of a request that crashed, without a word.
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits) as client:
        await asyncio.gather(*(user(client) for _ in range(CONCURRENT_USERS)))
    return tallies


async def _ask(
    client: httpx.AsyncClient,
    deployment: Deployment,
    question: AskedQuestion,
    feedback: Feedback,
    tally: Tally,
) -> None:
    response = await client.post(f"{deployment.url}/answer", json={"question": question.text})
    tally.sent += 1
    tally.statuses[response.status_code] += 1
    if question.expected is None:
        return
    first = response.json()["sources"][0] if response.is_success else None
    tally.scored += 1
    tally.right += first == question.expected
    context = _context_of(response)
    if context is not None:
        explanation = f"expected {question.expected}, the first source was {first}"
        feedback.score(deployment, context, right=first == question.expected, explanation=explanation)
        if question.answer is not None:
            feedback.expect(context, question.answer)


def _context_of(response: httpx.Response) -> Context | None:
    """The span that the service says it answered in: the W3C ``traceresponse`` header."""
    header = response.headers.get("traceresponse")
    if header is None:
        return None
    context = TraceContextTextMapPropagator().extract({"traceparent": header})
    return context if trace.get_current_span(context).get_span_context().is_valid else None
