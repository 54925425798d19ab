"""Calls endpoints of a gateway. Standard library only; every wait has a limit."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError, NotFoundError, ServerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.client import HTTPResponse
    from urllib.error import HTTPError

DEFAULT_TIMEOUT_S: Final = 130.0
"""Somewhat more than an endpoint may take by default: then its own error arrives."""
MAX_ANSWER_BYTES: Final = 256 * 2**20
MAX_EVENT_BYTES: Final = 16 * 2**20
_VARIABLES: Final = ("SPANFOLD_DEPLOYMENTS_TARGET", "MLFLOW_DEPLOYMENTS_TARGET", "SPANFOLD_ENDPOINT")
_DEFAULT: Final = "http://localhost:4319"
_NOT_FOUND: Final = 404
_REFUSED: Final = frozenset({400, 403, 404, 409, 413, 415, 422})

_target: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of a gateway."""

    name: str
    endpoint_type: str
    """`llm/v1/chat`, `llm/v1/completions` or `llm/v1/embeddings`."""
    model: dict[str, Any]
    """Name and provider of what answers; the first of :attr:`models`."""
    endpoint_url: str
    """Where it is called."""
    limit: dict[str, Any] | None = None
    models: list[dict[str, Any]] = field(default_factory=list)
    """All that share the calls, with weights and model IDs."""

    def dict(self) -> dict[str, Any]:
        """All of it, as MLflow's endpoints give it."""
        return asdict(self)


def set_deployments_target(target: str) -> None:
    """Say where the gateway is, for this process.

    Raises:
        InvalidArgumentError: this is no address.

    Example:
        >>> set_deployments_target("http://localhost:4320")
        >>> get_deployments_target()
        'http://localhost:4320'
    """
    global _target  # noqa: PLW0603 - of the process, as in MLflow
    _target = _checked(target)


def get_deployments_target() -> str:
    """Where the gateway is.

    By :func:`set_deployments_target`, else the variables `SPANFOLD_DEPLOYMENTS_TARGET`,
    `MLFLOW_DEPLOYMENTS_TARGET` and `SPANFOLD_ENDPOINT`, else `http://localhost:4319`.

    Raises:
        InvalidArgumentError: a variable holds no address.
    """
    if _target is not None:
        return _target
    found = next((value for name in _VARIABLES if (value := os.environ.get(name, "").strip())), _DEFAULT)
    return _checked(found)


def get_deploy_client(target_uri: str | None = None) -> DeploymentClient:
    """A client of the gateway.

    Args:
        target_uri: its address; by default, :func:`get_deployments_target`.

    Raises:
        InvalidArgumentError: this is no address.
    """
    return DeploymentClient(get_deployments_target() if target_uri is None else _checked(target_uri))


class DeploymentClient:
    """Calls the endpoints of one gateway: spanfold's, or one that MLflow runs. Any thread may use it.

    A call within a span is part of its trace: the gateway's span becomes a child.
    """

    def __init__(self, target_uri: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Prepare; nobody is asked yet.

        Args:
            target_uri: address of the gateway.
            timeout_s: the longest wait for an answer, and for each part of one.
        """
        self.target_uri: Final = _checked(target_uri)
        self._timeout_s = timeout_s

    def predict(
        self,
        deployment_name: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        endpoint: str | None = None,
    ) -> dict[str, Any]:
        """Call an endpoint and wait for the whole answer.

        Args:
            deployment_name: as `endpoint`; MLflow has both.
            inputs: what the endpoint's type takes, in OpenAI's form: `messages`, `prompt` or `input`, and any
                parameter.
            endpoint: name of the endpoint.

        Returns:
            The answer, in OpenAI's form.

        Raises:
            InvalidArgumentError: the gateway refuses the call; its own words say why.
            NotFoundError: there is no such endpoint.
            ServerUnavailableError: no answer: the gateway or the provider is away, or a limit is reached.

        Example:
            >>> inputs = {"messages": [{"role": "user", "content": "Hi"}]}
            >>> client.predict(endpoint="completions", inputs=inputs)  # doctest: +SKIP
        """
        with self._called(deployment_name, inputs, endpoint, stream=False) as response:
            answer: dict[str, Any] = self._json(response)
            return answer

    def predict_stream(
        self,
        deployment_name: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        endpoint: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Call an endpoint for an answer in parts, as they come. Arguments and errors are those of `predict`.

        Example:
            >>> for chunk in client.predict_stream(endpoint="completions", inputs=inputs):  # doctest: +SKIP
            ...     print(chunk["choices"][0]["delta"].get("content", ""), end="")
        """
        with self._called(deployment_name, inputs, endpoint, stream=True) as response:
            while line := response.readline(MAX_EVENT_BYTES):
                if not line.startswith(b"data:"):
                    continue
                data = line.removeprefix(b"data:").strip()
                if data == b"[DONE]":
                    return
                try:
                    chunk = json.loads(data)
                except ValueError as fault:
                    raise self._unavailable(f"a part of its answer is no JSON: {fault}") from fault
                if isinstance(chunk, dict) and "error" in chunk:
                    raise ServerUnavailableError(f"the answer broke off: {_words(chunk)}")
                yield chunk
            raise self._unavailable("its answer broke off")

    def list_endpoints(self) -> list[Endpoint]:
        """All endpoints. Raises as `predict`."""
        found: list[Endpoint] = []
        token: str | None = None
        while True:
            with self._opened("/api/2.0/endpoints/" + (f"?page_token={token}" if token else "")) as response:
                answer = self._json(response)
            found += [self._endpoint(one) for one in answer.get("endpoints", [])]
            token = answer.get("next_page_token")
            if not token:
                return found

    def get_endpoint(self, endpoint: str) -> Endpoint:
        """One endpoint. Raises as `predict`."""
        from urllib.parse import quote  # noqa: PLC0415 - not needed by an application that never asks

        with self._opened(f"/api/2.0/endpoints/{quote(endpoint, safe='')}") as response:
            return self._endpoint(self._json(response))

    @contextmanager
    def _called(
        self,
        deployment_name: str | None,
        inputs: Mapping[str, Any] | None,
        endpoint: str | None,
        *,
        stream: bool,
    ) -> Iterator[HTTPResponse]:
        from urllib.parse import quote  # noqa: PLC0415

        name = endpoint or deployment_name
        if not name:
            raise InvalidArgumentError(
                "endpoint: name the endpoint, as in predict(endpoint='chat', inputs={...})"
            )
        if not isinstance(inputs, dict):
            example = 'inputs={"messages": [{"role": "user", "content": "Hi"}]}'
            raise InvalidArgumentError(f"inputs: must be a dictionary, such as {example}")
        try:
            body = json.dumps({**inputs, **({"stream": True} if stream else {})}).encode()
        except (TypeError, ValueError) as fault:
            raise InvalidArgumentError(f"inputs: cannot be sent as JSON: {fault}") from fault
        with self._opened(f"/endpoints/{quote(name, safe='')}/invocations", body) as response:
            yield response

    def _json(self, response: HTTPResponse) -> Any:
        body = response.read(MAX_ANSWER_BYTES + 1)
        if len(body) > MAX_ANSWER_BYTES:
            raise self._unavailable(f"its answer has more than {MAX_ANSWER_BYTES} bytes")
        try:
            return json.loads(body)
        except ValueError as fault:
            raise self._unavailable(f"its answer is no JSON: {fault}") from fault

    def _endpoint(self, said: Any) -> Endpoint:
        try:
            url = said["endpoint_url"]
            return Endpoint(
                name=said["name"],
                endpoint_type=said["endpoint_type"],
                model=said["model"],
                endpoint_url=url if "://" in url else self.target_uri + url,
                limit=said.get("limit"),
                models=said.get("models") or [said["model"]],
            )
        except (KeyError, TypeError) as fault:
            raise self._unavailable(f"its answer is no endpoint: {fault!r}") from fault

    @contextmanager
    def _opened(self, path: str, body: bytes | None = None) -> Iterator[HTTPResponse]:
        """Ask; errors in the block are translated, too."""
        from http.client import HTTPException  # noqa: PLC0415 - slow to import, and needed only here
        from urllib.error import HTTPError  # noqa: PLC0415
        from urllib.request import Request, urlopen  # noqa: PLC0415

        headers = {"Accept": "application/json", **_traced()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = Request(self.target_uri + path, body, headers)  # noqa: S310 - checked to be http(s)
        try:
            with urlopen(request, timeout=self._timeout_s) as response:  # noqa: S310
                yield response
        except HTTPError as fault:
            with fault:
                raise self._refusal(fault) from None
        except ServerUnavailableError:
            raise
        except (OSError, HTTPException) as fault:
            why = f"{fault}: start one with `spanfold deployments start`, or set SPANFOLD_DEPLOYMENTS_TARGET"
            raise self._unavailable(why) from fault

    def _refusal(self, fault: HTTPError) -> Exception:
        try:
            words = _words(json.loads(fault.read(2**20)))
        except (ValueError, OSError):
            words = fault.reason
        if fault.code == _NOT_FOUND:
            return NotFoundError(words)
        if fault.code in _REFUSED:
            return InvalidArgumentError(words)
        after = fault.headers.get("Retry-After")
        again = f" (try again after {after} s)" if after else ""
        return ServerUnavailableError(
            f"the gateway at {self.target_uri} answered {fault.code}: {words}{again}"
        )

    def _unavailable(self, why: str) -> ServerUnavailableError:
        return ServerUnavailableError(f"no usable answer from the gateway at {self.target_uri}: {why}")


def _words(said: Any) -> str:
    """What an error says, in OpenAI's form, as a problem, or in FastAPI's."""
    if isinstance(said, dict):
        error = said.get("error", said)
        if isinstance(error, dict):
            return str(error.get("message") or error.get("detail") or error)
        return str(error)
    return str(said)


def _traced() -> dict[str, str]:
    """The current span, for the gateway's to be its child; nothing else of the context leaves."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier


def _checked(target: str) -> str:
    if not target.startswith(("http://", "https://")):
        message = (
            f"the target of deployments must be an address such as http://localhost:4320, not {target!r}"
        )
        raise InvalidArgumentError(message)
    return target.rstrip("/")
