"""Bodies of requests: JSON only, of bounded size, checked against a model."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import orjson
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError

from spanfold_query_api.problems import ProblemError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES: Final = 256 * 1024
MEDIA_TYPE: Final = "application/json"


class Posted(BaseModel):
    """Base of what requests say in their body: a member that is not one of them is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


T = TypeVar("T", bound=Posted)


async def read_json(request: Request) -> Any:
    """The body of a request as JSON; None for an empty one. Raises as :func:`read_json_of`."""
    return await read_json_of(request, MAX_BODY_BYTES)


async def read_json_of(request: Request, max_bytes: int) -> Any:
    """The body of a request as JSON, of at most so many bytes; None for an empty one.

    No other media type is taken: a browser then asks the server before it sends what a foreign page made.

    Raises:
        ProblemError: it is of another media type, too large, or no JSON.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > max_bytes:
            detail = f"the body has more than {max_bytes} bytes"
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE and (body or media_type):
        detail = f"the body must be {MEDIA_TYPE}: send the header Content-Type: {MEDIA_TYPE}"
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid("body", f"is no JSON: {error}") from None


JsonBody = Annotated[Any, Depends(read_json)]


def checked(model: type[T], body: object) -> T:
    """The body as an object of ``model``.

    Raises:
        ProblemError: it is missing or no object.
        RequestValidationError: a member is not what it must be; the answer names it.
    """
    if not isinstance(body, dict):
        raise invalid("body", "must be a JSON object")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        errors = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        raise RequestValidationError(errors) from None


def described(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """OpenAPI's description of a body, for a route's ``openapi_extra``."""
    schema = model.model_json_schema()
    whole = _inlined(schema, schema.get("$defs", {}))
    return {"requestBody": {"required": required, "content": {MEDIA_TYPE: {"schema": whole}}}}


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with what it refers to in its place: a reference would lead nowhere there."""
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(value, definitions) for name, value in schema.items() if name != "$defs"}
