"""Evaluations: listing, state, scores and progress; and those that run beside the query API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from spanfold_query_api import bodies, evaluation_requests, evaluations
from spanfold_query_api.bodies import JsonBody  # noqa: TC001 - FastAPI reads the annotations of routes
from spanfold_query_api.evaluation_answers import Evaluation, EvaluationPage
from spanfold_query_api.evaluation_inputs import (
    EvaluationId,
    EvaluationListParameters,
    NewEvaluation,
    ResumedEvaluation,
    ScoreParameters,
)
from spanfold_query_api.evaluation_progress import MEDIA_TYPE as EVENT_STREAM
from spanfold_query_api.evaluation_progress import Watchers
from spanfold_query_api.outgoing import await_visible
from spanfold_query_api.problems import ProblemError, not_found, responses
from spanfold_query_api.streaming import Exports
from spanfold_schemas import ids, keys
from spanfold_schemas.evaluation_events import (
    EVALUATION_CANCELLING,
    EVALUATION_END_STATUSES,
    EVALUATION_RUNNING,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from spanfold_query_api.outgoing import Outgoing
    from spanfold_query_api.workers import Workers
    from spanfold_schemas.database import Database, RawFormat
    from spanfold_schemas.fold import EvaluationState

_FORMATS: Final[dict[str, tuple[RawFormat, str]]] = {
    "arrow": ("ArrowStream", "application/vnd.apache.arrow.stream"),
    "jsonl": ("JSONEachRow", "application/jsonl"),
}
_SCORES: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {
        "description": "All scores, each once, by name and trace. An answer that ends early was broken off.",
        "content": {media_type: {} for _, media_type in _FORMATS.values()},
    }
}
_PROGRESS: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK.value: {
        "description": "Server-sent events: `progress` with the evaluation on every change. Ends with it.",
        "content": {EVENT_STREAM: {}},
    }
}


def router(database: Database, outgoing: Outgoing, workers: Workers) -> APIRouter:
    """The routes under ``/v1/evaluations``."""
    routes = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])
    _add_reads(routes, database, workers)
    _add_commands(routes, database, outgoing, workers)
    return routes


def _add_reads(routes: APIRouter, database: Database, workers: Workers) -> None:
    exports = Exports()
    watchers = Watchers(database, workers.stopping)
    not_there = responses(HTTPStatus.NOT_FOUND)

    @routes.get("", summary="List evaluations, newest first", responses=responses())
    def list_evaluations(parameters: Annotated[EvaluationListParameters, Query()]) -> EvaluationPage:
        asked = evaluations.Asked(
            name=parameters.name,
            model_id=parameters.model_id,
            statuses=tuple(sorted(set(parameters.status))),
            experiment_ids=tuple(sorted(set(parameters.experiment_id))),
        )
        found, more = evaluations.listing(
            database, asked, page_token=parameters.page_token, limit=parameters.limit
        )
        described = [evaluations.describe(state) for state in found]
        return EvaluationPage.model_validate({"evaluations": described, "next_page_token": more})

    @routes.get("/{evaluation_id}", summary="One evaluation", responses=not_there)
    def get_evaluation(evaluation_id: EvaluationId) -> Evaluation:
        return _answer(_found(database, evaluation_id))

    @routes.get(
        "/{evaluation_id}/scores",
        summary="All scores that an evaluation, or a monitor, gave",
        response_model=None,
        responses={**_SCORES, **responses()},
    )
    def get_scores(evaluation_id: EvaluationId, parameters: Annotated[ScoreParameters, Query()]) -> Response:
        raw_format, media_type = _FORMATS[parameters.format]
        asked = evaluations.AskedScores(
            evaluation_id,
            parameters.wanted(),
            raw_format,
            name=parameters.name,
            model_id=parameters.model_id,
            since_ns=parameters.since or 0,
        )
        return exports.respond(lambda: evaluations.scores(database, asked), media_type)

    @routes.get(
        "/{evaluation_id}/events",
        summary="Progress, as server-sent events",
        response_model=None,
        responses={**_PROGRESS, **not_there},
    )
    def watch(evaluation_id: EvaluationId) -> Response:
        return watchers.respond(_found(database, evaluation_id))


def _add_commands(routes: APIRouter, database: Database, outgoing: Outgoing, workers: Workers) -> None:
    not_there = responses(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

    @routes.post(
        "",
        summary="Evaluate traces beside this API",
        status_code=HTTPStatus.ACCEPTED,
        responses=responses(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        openapi_extra=bodies.described(NewEvaluation),
    )
    def create(body: JsonBody) -> Evaluation:
        asked = bodies.checked(NewEvaluation, body)
        evaluation_id = ids.new_evaluation_id()
        payload = evaluation_requests.evaluation(asked, evaluation_id)
        with workers.room() as enqueue:
            sent_ns = outgoing.send_fact(
                keys.EVALUATION_STARTED, evaluation_id, payload, actor=asked.user or ""
            )
            return _answer(_recorded(database, evaluation_id, sent_ns, enqueue))

    @routes.post("/{evaluation_id}/cancel", summary="Stop an evaluation", responses=not_there)
    def cancel(evaluation_id: EvaluationId) -> Evaluation:
        state = _found(database, evaluation_id)
        if state.status in EVALUATION_END_STATUSES:
            return _answer(state)
        sent_ns = outgoing.send_fact(keys.EVALUATION_CANCEL_REQUESTED, evaluation_id, {})
        where = workers.cancel(evaluation_id)
        if state.runner == "server" and where != "running":
            sent_ns = outgoing.send_fact(keys.EVALUATION_CANCELLED, evaluation_id, {})
        return _answer(await_visible(lambda: evaluations.get(database, evaluation_id), sent_ns))

    @routes.post(
        "/{evaluation_id}/resume",
        summary="Let an evaluation that ended early go on",
        status_code=HTTPStatus.ACCEPTED,
        responses={**not_there, **responses(HTTPStatus.TOO_MANY_REQUESTS)},
        openapi_extra=bodies.described(ResumedEvaluation, required=False),
    )
    def resume(evaluation_id: EvaluationId, body: JsonBody) -> Evaluation:
        changes = bodies.checked(ResumedEvaluation, {} if body is None else body)
        state = _found(database, evaluation_id)
        if _goes_on(state, is_here=workers.knows(evaluation_id)):
            return _answer(state)
        with workers.room() as enqueue:
            sent_ns = outgoing.send_fact(
                keys.EVALUATION_STARTED, evaluation_id, _started_again(state, changes)
            )
            return _answer(_recorded(database, evaluation_id, sent_ns, enqueue))


def _answer(state: EvaluationState) -> Evaluation:
    return Evaluation.model_validate(evaluations.describe(state))


def _found(database: Database, evaluation_id: str) -> EvaluationState:
    state = evaluations.get(database, evaluation_id)
    if state is None:
        raise not_found("evaluation", evaluation_id)
    return state


def _goes_on(state: EvaluationState, *, is_here: bool) -> bool:
    """Whether an evaluation that is to be resumed is running anyhow.

    Raises:
        ProblemError: it cannot be resumed here, or not now.
    """
    evaluation_id = state.evaluation_id
    if state.runner != "server":
        detail = f"{evaluation_id} was run by a client: resume it there"
        raise ProblemError(HTTPStatus.CONFLICT, "evaluation-runs-elsewhere", detail)
    if state.status == "FINISHED":
        raise ProblemError(HTTPStatus.CONFLICT, "evaluation-finished", f"{evaluation_id} has finished")
    if is_here and state.status == EVALUATION_CANCELLING:
        detail = f"{evaluation_id} is being cancelled: resume it once it is CANCELLED"
        raise ProblemError(HTTPStatus.CONFLICT, "evaluation-cancelling", detail)
    return is_here and state.status == EVALUATION_RUNNING


def _recorded(
    database: Database, evaluation_id: str, sent_ns: int, enqueue: Callable[[str], None]
) -> EvaluationState:
    """The state after its start, which is recorded: it runs even if the database is behind for a while."""
    try:
        return await_visible(lambda: evaluations.get(database, evaluation_id), sent_ns)
    finally:
        enqueue(evaluation_id)


def _started_again(state: EvaluationState, changes: ResumedEvaluation) -> dict[str, Any]:
    return {
        "name": state.name,
        "experiment_id": state.experiment_id,
        "source": state.source,
        "runner": state.runner,
        "metrics": list(state.metrics),
        "selection": state.selection,
        "options": {**state.options, **changes.options.model_dump(exclude_none=True)},
        "run_id": state.run_id,
        "user": state.user,
        "model_ids": list(state.model_ids),
        "monitor_id": state.monitor_id,
    }
