"""The traffic generator: asks every version every question, and scores what comes back."""

from __future__ import annotations

import asyncio
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

from spanfold_schemas.keys import EVALUATION_RESULT, MODEL_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry.context import Context

    from spanfold_deploy.demo.questions import AskedQuestion

CONCURRENT_USERS: Final = 4
_TIMEOUT_S: Final = 60
SCORE_NAME: Final = "right_docstring_first"


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


class Scores:
    """Sends scores as standard OpenTelemetry events, with nothing of spanfold: any SDK can."""

    def __init__(self, otlp_endpoint: str) -> None:
        self._provider = LoggerProvider(Resource.create({"service.name": "docs-qa-users"}))
        exporter = OTLPLogExporter(endpoint=f"{otlp_endpoint}/v1/logs")
        self._provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        self._logger = self._provider.get_logger("spanfold_deploy.demo")

    def send(self, deployment: Deployment, context: Context, *, right: bool, explanation: str) -> None:
        """Send one score in the context of the span that it judges."""
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

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def send_traffic(
    deployments: Sequence[Deployment],
    questions: Sequence[AskedQuestion],
    scores: Scores,
    on_answer: Callable[[], object],
) -> Mapping[str, Tally]:
    """Ask one deployment after the other every question, a few at a time; the tallies by version name."""
    return asyncio.run(_send(deployments, questions, scores, on_answer))


async def _send(
    deployments: Sequence[Deployment],
    questions: Sequence[AskedQuestion],
    scores: Scores,
    on_answer: Callable[[], object],
) -> Mapping[str, Tally]:
    tallies = {deployment.name: Tally() for deployment in deployments}
    waiting = iter([(deployment, question) for deployment in deployments for question in questions])

    async def user(client: httpx.AsyncClient) -> None:
        for deployment, question in waiting:
            await _ask(client, deployment, question, scores, tallies[deployment.name])
            on_answer()

    # A connection a question: uvicorn drops the connection of a request that crashed, without a word.
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=_TIMEOUT_S, limits=limits) as client:
        await asyncio.gather(*(user(client) for _ in range(CONCURRENT_USERS)))
    return tallies


async def _ask(
    client: httpx.AsyncClient, deployment: Deployment, question: AskedQuestion, scores: Scores, tally: Tally
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
        scores.send(deployment, context, right=first == question.expected, explanation=explanation)


def _context_of(response: httpx.Response) -> Context | None:
    """The span that the service says it answered in: the W3C ``traceresponse`` header."""
    header = response.headers.get("traceresponse")
    if header is None:
        return None
    context = TraceContextTextMapPropagator().extract({"traceparent": header})
    return context if trace.get_current_span(context).get_span_context().is_valid else None
