"""Prompts: their versions, and the aliases and tags that are set on them."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response

from spanfold.errors import InvalidArgumentError
from spanfold.prompts import check_prompt_name
from spanfold_query_api import bodies, entities, paging, prompt_diff, prompts, times
from spanfold_query_api.answers import EventPage
from spanfold_query_api.bodies import JsonBody  # noqa: TC001 - FastAPI reads the annotations of routes
from spanfold_query_api.entity_inputs import StateParameters  # noqa: TC001
from spanfold_query_api.inputs import EventListParameters  # noqa: TC001
from spanfold_query_api.listings import parse_filter, parse_orders
from spanfold_query_api.outgoing import await_visible
from spanfold_query_api.problems import invalid, not_found, responses
from spanfold_query_api.prompt_answers import (
    Prompt,
    PromptDiff,
    PromptPage,
    PromptVersion,
    PromptVersionPage,
)
from spanfold_query_api.prompt_inputs import (
    Alias,
    AliasTarget,
    DiffParameters,
    NewPromptVersion,
    NewTags,
    PromptListParameters,
    PromptName,
    TagKey,
    VersionBody,
    VersionListParameters,
    Which,
)
from spanfold_query_api.prompt_registering import Registrar
from spanfold_schemas import keys
from spanfold_schemas.slots import PROMPT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from spanfold import prompts as sdk
    from spanfold_query_api.outgoing import Outgoing
    from spanfold_schemas.database import Database

PREFIX = "/v1/prompts"


class WholeSegments:
    """Lets the routes of prompts see paths as they were sent: ``team%2Fgreeting`` is one name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and raw.startswith(PREFIX.encode() + b"/"):
            scope = {**scope, "path": raw.decode("latin-1")}
        await self._app(scope, receive, send)


def router(database: Database, outgoing: Outgoing) -> APIRouter:
    """The routes under ``/v1/prompts``; the application needs :class:`WholeSegments` for them."""
    routes = APIRouter(prefix=PREFIX, tags=["prompts"])
    _add_reads(routes, database)
    _add_version_reads(routes, database)
    _add_registering(routes, Registrar(database, outgoing))
    _add_changes(routes, database, outgoing)
    return routes


def _add_reads(routes: APIRouter, database: Database) -> None:
    not_there = responses(HTTPStatus.NOT_FOUND)

    @routes.get("", summary="List prompts, newest first unless ordered", responses=responses())
    def list_prompts(parameters: Annotated[PromptListParameters, Query()]) -> PromptPage:
        asked = replace(
            prompts.PROMPTS,
            condition=parse_filter(parameters.filter),
            orders=parse_orders(parameters.order_by),
            include_deleted=parameters.include_deleted,
            as_of_ns=parameters.as_of_ns,
        )
        found, more = prompts.listing(
            database, asked, page_token=parameters.page_token, limit=parameters.limit
        )
        return PromptPage.model_validate(
            {
                "prompts": list(map(prompts.describe, found)),
                "next_page_token": more,
            }
        )

    @routes.get("/{name}", summary="A prompt as it is or was", responses=not_there)
    def get_prompt(name: PromptName, parameters: Annotated[StateParameters, Query()]) -> Prompt:
        return _prompt(_found(database, name, parameters.as_of_ns, deleted=True))

    @routes.get("/{name}/events", summary="The events of a prompt, oldest first", responses=not_there)
    def list_events(name: PromptName, parameters: Annotated[EventListParameters, Query()]) -> EventPage:
        found, more = entities.event_page(
            database, PROMPT, name, page_token=parameters.page_token, limit=parameters.limit
        )
        if not found:
            _found(database, name, deleted=True)
        return EventPage.model_validate({"events": found, "next_page_token": more})


def _add_version_reads(routes: APIRouter, database: Database) -> None:
    not_there = responses(HTTPStatus.NOT_FOUND)

    @routes.get("/{name}/versions", summary="The versions of a prompt, newest first", responses=not_there)
    def list_versions(
        name: PromptName, parameters: Annotated[VersionListParameters, Query()]
    ) -> PromptVersionPage:
        as_of_ns = parameters.as_of_ns
        found = _found(database, name, as_of_ns, deleted=True)
        query = {"listing": "prompt_versions", "name": name, "as_of_ns": as_of_ns}
        token = parameters.page_token
        (before,) = (found.latest + 1,) if token is None else paging.decode(token, query, (int,))
        numbers = [number for number in reversed(found.numbers) if number < before]
        shown = prompts.versions(database, found, numbers[: parameters.limit], as_of_ns)
        more = paging.encode(query, (shown[-1].version,)) if len(numbers) > parameters.limit else None
        return PromptVersionPage.model_validate(
            {
                "versions": list(map(prompts.describe_version, shown)),
                "next_page_token": more,
            }
        )

    @routes.get(
        "/{name}/versions/{version}",
        summary="A version by its number, an alias, or `latest`",
        responses=not_there,
    )
    def get_version(
        name: PromptName, version: Which, parameters: Annotated[StateParameters, Query()]
    ) -> PromptVersion:
        return _version(prompts.version(database, name, version, as_of_ns=parameters.as_of_ns))

    @routes.get("/{name}/diff", summary="Two versions, and what differs", responses=not_there)
    def diff(name: PromptName, parameters: Annotated[DiffParameters, Query()]) -> PromptDiff:
        a, b = (
            prompts.version(database, name, which, as_of_ns=parameters.as_of_ns)
            for which in (parameters.a, parameters.b)
        )
        return PromptDiff(a=_version(a), b=_version(b), diff=prompt_diff.unified(a, b))


def _add_registering(routes: APIRouter, registrar: Registrar) -> None:
    @routes.post(
        "/{name}/versions",
        summary="Register a version under the next number",
        status_code=HTTPStatus.CREATED,
        responses=responses(HTTPStatus.CONFLICT, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        openapi_extra=bodies.described(NewPromptVersion),
    )
    async def register(name: PromptName, body: VersionBody) -> PromptVersion:
        given = bodies.checked(NewPromptVersion, body)
        try:
            check_prompt_name(name)
        except InvalidArgumentError as error:
            raise invalid("name", str(error).removeprefix("name: ")) from None
        said = {key: value for key, value in given.model_dump().items() if value not in (None, {})}
        return _version(await registrar.registered(name, said, actor=given.user or ""))


def _add_changes(routes: APIRouter, database: Database, outgoing: Outgoing) -> None:
    not_there = responses(HTTPStatus.NOT_FOUND)

    def told(event_type: str, name: str, payload: Mapping[str, Any], actor: str = "") -> Prompt:
        sent_ns = outgoing.send_fact(event_type, name, payload, actor=actor)
        return _prompt(await_visible(lambda: prompts.head(database, name, deleted=True), sent_ns))

    @routes.put(
        "/{name}/aliases/{alias}",
        summary="Let an alias stand for a version",
        responses=not_there,
        openapi_extra=bodies.described(AliasTarget),
    )
    def set_alias(name: PromptName, alias: Alias, body: JsonBody) -> Prompt:
        given = bodies.checked(AliasTarget, body)
        if given.version not in _found(database, name).numbers:
            raise not_found("prompt-version", f"prompts:/{name}/{given.version}")
        payload = {"alias": alias, "version": given.version}
        return told(keys.PROMPT_ALIAS_SET, name, payload, given.user)

    @routes.delete("/{name}/aliases/{alias}", summary="Remove an alias", responses=not_there)
    def delete_alias(name: PromptName, alias: Alias) -> Prompt:
        _found(database, name)
        return told(keys.PROMPT_ALIAS_DELETED, name, {"alias": alias})

    @routes.post(
        "/{name}/tags", summary="Set tags", responses=not_there, openapi_extra=bodies.described(NewTags)
    )
    def set_tags(name: PromptName, body: JsonBody) -> Prompt:
        given = bodies.checked(NewTags, body)
        _found(database, name)
        return told(keys.PROMPT_TAGS_SET, name, {"tags": given.tags}, given.user)

    @routes.delete("/{name}/tags/{key}", summary="Remove a tag", responses=not_there)
    def delete_tag(name: PromptName, key: TagKey) -> Prompt:
        _found(database, name)
        return told(keys.PROMPT_TAG_DELETED, name, {"key": key})

    @routes.delete(
        "/{name}",
        summary="Delete a prompt; a version that is registered later brings it back",
        status_code=HTTPStatus.NO_CONTENT,
        responses=not_there,
    )
    def delete(name: PromptName) -> Response:
        _found(database, name)
        told(keys.PROMPT_DELETED, name, {})
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _found(
    database: Database, name: str, as_of_ns: int = times.MAX_UNIX_NS, *, deleted: bool = False
) -> prompts.Head:
    found = prompts.head(database, name, as_of_ns=as_of_ns, deleted=deleted)
    if found is None:
        raise not_found("prompt", name)
    return found


def _prompt(found: prompts.Head) -> Prompt:
    return Prompt.model_validate(prompts.describe(found))


def _version(found: sdk.PromptVersion) -> PromptVersion:
    return PromptVersion.model_validate(prompts.describe_version(found))
