"""The gateway's routes: OpenAI's, MLflow's, and what it tells of itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from spanfold_query_api.gateway import wire
from spanfold_query_api.gateway.protocol import GatewayError
from spanfold_query_api.problems import not_found, responses

if TYPE_CHECKING:
    from spanfold_query_api.gateway.calls import Calls
    from spanfold_query_api.gateway.config import Endpoint
    from spanfold_query_api.gateway.reload import Gateway

INVOCATIONS: Final = "/endpoints/{name}/invocations"
_MLFLOW: Final = "/api/2.0/endpoints"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "additionalProperties": True}}},
    }
}


class _Answer(BaseModel):
    model_config = ConfigDict(protected_namespaces=())


class EndpointModel(_Answer):
    """What answers an endpoint, without anything that is secret."""

    name: str
    provider: str
    weight: Annotated[float, Field(description="Its share of the calls is this by the sum of all.")] = 1.0
    model_id: Annotated[str | None, Field(description="The model version that its calls belong to.")] = None


class EndpointLimit(_Answer):
    """At most so many calls in a period."""

    calls: int
    key: None = None
    renewal_period: str


class EndpointAnswer(_Answer):
    """An endpoint, in MLflow's form; `models` is ours."""

    name: str
    endpoint_type: str
    model: Annotated[EndpointModel, Field(description="The first of `models`.")]
    models: list[EndpointModel]
    endpoint_url: Annotated[str, Field(description="Where it is called, below this server's address.")]
    limit: EndpointLimit | None


class EndpointList(_Answer):
    """All endpoints."""

    endpoints: list[EndpointAnswer]
    next_page_token: None = None


class GatewayStatus(_Answer):
    """What is in force, and what keeps a newer file from it."""

    file: str
    reloads: Annotated[int, Field(description="How often a changed file was taken.")]
    loaded_at_unix_s: float | None
    endpoints: list[str]
    calls_underway: int
    error: Annotated[str | None, Field(description="Why the file as it is now is not in force.")]
    error_at_unix_s: float | None


def router(gateway: Gateway, calls: Calls) -> APIRouter:
    """All routes of the gateway."""
    routes = APIRouter(tags=["gateway"])
    _add_openai(routes, gateway, calls)
    _add_mlflow(routes, gateway, calls)

    @routes.get("/gateway/v1/status", summary="Which endpoints are in force?")
    async def status() -> GatewayStatus:
        return GatewayStatus(**gateway.status())

    return routes


def _add_openai(routes: APIRouter, gateway: Gateway, calls: Calls) -> None:
    summary = "OpenAI's {}; `model` is the name of an endpoint"

    @routes.post(
        "/gateway/v1/chat/completions", summary=summary.format("chat completions"), openapi_extra=_BODY
    )
    async def chat(request: Request) -> Response:
        return await calls.answer(request, "chat")

    @routes.post("/gateway/v1/completions", summary=summary.format("completions"), openapi_extra=_BODY)
    async def completions(request: Request) -> Response:
        return await calls.answer(request, "completions")

    @routes.post("/gateway/v1/embeddings", summary=summary.format("embeddings"), openapi_extra=_BODY)
    async def embeddings(request: Request) -> Response:
        return await calls.answer(request, "embeddings")

    @routes.get("/gateway/v1/models", summary="The endpoints, as OpenAI lists models")
    async def models() -> Response:
        async with gateway.serving() as serving:
            return wire.answer(wire.model_list(serving))

    @routes.get("/gateway/v1/models/{name}", summary="One endpoint, as OpenAI shows a model")
    async def model(name: str) -> Response:
        async with gateway.serving() as serving:
            try:
                return wire.answer(wire.model_of(serving, name))
            except GatewayError as error:
                return wire.error_answer(error)


def _add_mlflow(routes: APIRouter, gateway: Gateway, calls: Calls) -> None:
    @routes.get(_MLFLOW, include_in_schema=False)
    @routes.get(f"{_MLFLOW}/", summary="The endpoints, as MLflow lists them")
    async def list_endpoints() -> EndpointList:
        return EndpointList(endpoints=[_shown(one) for one in gateway.table.endpoints])

    @routes.get(
        f"{_MLFLOW}/{{name}}",
        summary="One endpoint, as MLflow shows it",
        responses=responses(HTTPStatus.NOT_FOUND),
    )
    async def get_endpoint(name: str) -> EndpointAnswer:
        endpoint = gateway.table.endpoint(name)
        if endpoint is None:
            raise not_found("endpoint", name)
        return _shown(endpoint)

    @routes.post(INVOCATIONS, summary="Call an endpoint, as MLflow's client does", openapi_extra=_BODY)
    async def invoke(request: Request, name: str) -> Response:
        return await calls.answer(request, None, name)


def _shown(endpoint: Endpoint) -> EndpointAnswer:
    models = [
        EndpointModel(name=one.name, provider=one.provider, weight=one.weight, model_id=one.model_id)
        for one in endpoint.models
    ]
    limit = endpoint.limit
    return EndpointAnswer(
        name=endpoint.name,
        endpoint_type=endpoint.endpoint_type,
        model=models[0],
        models=models,
        endpoint_url=INVOCATIONS.format(name=endpoint.name),
        limit=None
        if limit is None
        else EndpointLimit(calls=limit.calls, renewal_period=limit.renewal_period),
    )
