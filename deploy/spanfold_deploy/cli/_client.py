"""The query API as the commands see it: JSON, or one clear error."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx

from spanfold_deploy.errors import ApiError
from spanfold_deploy.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TIMEOUT: Final = httpx.Timeout(60, connect=5)
_PIECE_TIMEOUT: Final = httpx.Timeout(120, connect=5)
"""A rare condition makes the server look through much before it finds a piece."""
_PAGE: Final = 1000


class ApiClient:
    """A connection to the query API. Every call ends within a minute, with JSON or :class:`ApiError`."""

    def __init__(self, endpoint: str, http: httpx.Client) -> None:
        self.endpoint = endpoint
        self._http = http

    def get(self, path: str, /, **parameters: object) -> Any:
        """The JSON at ``path``; parameters that are None are left out, those that are lists repeated."""
        given = _given(parameters)
        with self._answered():
            response = self._http.get(path, params=given)
        return self._json(response, given)

    def post(self, path: str, body: object = None) -> Any:
        """The JSON that answers ``body``; None where the answer is empty."""
        with self._answered():
            response = self._http.post(path) if body is None else self._http.post(path, json=body)
        return self._json(response, {})

    def put(self, path: str, body: object) -> Any:
        """The JSON that answers ``body``."""
        with self._answered():
            response = self._http.put(path, json=body)
        return self._json(response, {})

    def delete(self, path: str) -> Any:
        """The JSON that answers a deletion; None where the answer is empty."""
        with self._answered():
            response = self._http.delete(path)
        return self._json(response, {})

    @contextmanager
    def stream(self, path: str, **parameters: object) -> Iterator[Iterator[bytes]]:
        """The bytes at ``path`` as they come in, for as long as they do; parameters as for :meth:`get`."""
        given = _given(parameters)
        with (
            self._answered(),
            self._http.stream("GET", path, params=given, timeout=_PIECE_TIMEOUT) as response,
        ):
            if response.is_error:
                response.read()
                raise ApiError(_explain(response, given))
            yield response.iter_bytes()

    def _json(self, response: httpx.Response, given: Mapping[str, str | list[str]]) -> Any:
        if response.is_error:
            raise ApiError(_explain(response, given))
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        try:
            return response.json()
        except ValueError:
            message = f"{self.endpoint} does not speak JSON: is it a spanfold query API?"
            raise ApiError(message) from None

    @contextmanager
    def _answered(self) -> Iterator[None]:
        """Say in one sentence what keeps the server from answering.

        Raises:
            ApiError: instead of what the HTTP client raises in the block.
        """
        try:
            yield
        except httpx.ConnectError:
            message = (
                f"nothing answers at {self.endpoint}.\n"
                "  Fix: start a server with `spanfold serve`, or name a running one with "
                "--endpoint or SPANFOLD_ENDPOINT."
            )
            raise ApiError(message) from None
        except httpx.TimeoutException:
            message = f"{self.endpoint} took more than {_TIMEOUT.read:.0f} s to answer.\n  Fix: ask for less."
            raise ApiError(message) from None
        except httpx.HTTPError as error:
            message = f"{self.endpoint} broke off the answer: {str(error) or type(error).__name__}."
            raise ApiError(message) from None

    def pages(
        self, path: str, member: str, limit: int, /, *, page_size: int = _PAGE, **parameters: object
    ) -> list[dict[str, Any]]:
        """Up to ``limit`` items of a listing, over as many pages as it takes."""
        items: list[dict[str, Any]] = []
        token: str | None = None
        while len(items) < limit:
            page = self.get(path, limit=min(page_size, limit - len(items)), page_token=token, **parameters)
            items += page[member]
            token = page.get("next_page_token")
            if not token:
                break
        return items

    def find_model(self, name_or_id: str) -> dict[str, Any]:
        """One model version by its ID, or the newest of that name."""
        if name_or_id.startswith("m-"):
            found: dict[str, Any] = self.get(f"/v1/models/{name_or_id}")
            return found
        models = self.pages("/v1/models", "models", _PAGE, name=name_or_id)
        matches = [model for model in models if model["name"] == name_or_id]
        if not matches:
            message = f"there is no model named {name_or_id}.\n  Fix: see `spanfold models list`."
            raise ApiError(message)
        return max(matches, key=lambda model: model["creation_timestamp"])


@contextmanager
def connect(endpoint: str | None, config: Path | None) -> Iterator[ApiClient]:
    """A client for the endpoint given, else for the one that the settings name."""
    url = load_settings({"endpoint": endpoint}, config=config).endpoint
    with httpx.Client(base_url=url, timeout=_TIMEOUT) as http:
        yield ApiClient(url, http)


def _given(parameters: Mapping[str, object]) -> dict[str, str | list[str]]:
    return {
        name: list(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in parameters.items()
        if value is not None
    }


def _explain(response: httpx.Response, parameters: Mapping[str, str | list[str]]) -> str:
    """What an RFC 9457 problem says, with the place in the filter that it complains about."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict) or "title" not in problem:
        return f"{response.url} answered {response.status_code} {response.reason_phrase}."
    lines = [str(problem.get("detail") or problem["title"])]
    position, text = problem.get("position"), parameters.get("filter")
    if isinstance(position, int) and isinstance(text, str) and "\n" not in text:
        lines += [f"  {text}", f"  {' ' * position}^"]
    if response.status_code == httpx.codes.NOT_FOUND and lines[0].startswith("there is no model"):
        lines.append("  Fix: see `spanfold models list`.")
    return "\n".join(lines)
