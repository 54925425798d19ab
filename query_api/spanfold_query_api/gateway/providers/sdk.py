"""What the providers behind OpenAI's and Anthropic's client libraries share.

The libraries bring keys to headers, addresses together, events out of bytes, and know their errors. Requests
and answers pass through them as plain dicts: making objects of them and dicts of these again would cost as
much as all the rest, and would lose what the library does not know yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.gateway import faults
from spanfold_query_api.gateway.protocol import Call, Reply, StreamReply

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from types import ModuleType

    from spanfold.metrics.genai._faults import Scrubber

CONNECT_TIMEOUT_S: Final = 10.0
IDLE_TIMEOUT_S: Final = 3_600.0
"""Of one read: beyond any endpoint's timeout, which the router keeps."""


class SdkProvider:
    """One model, behind a client library."""

    def __init__(self, name: str, model: str, sdk: ModuleType, client: Any, scrubber: Scrubber) -> None:
        """Take them.

        Args:
            name: the provider's, as the configuration has it.
            model: the model's.
            sdk: the client library.
            client: an asynchronous client of it, without retries.
            scrubber: knows the keys.
        """
        self.name = name
        self.model = model
        self._sdk = sdk
        self._client = client
        self._scrubber = scrubber
        self._label = f"{name} ({model})"

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """One request, and the JSON object that answers it.

        Raises:
            GatewayError: there is none.
        """
        try:
            answer = await self._client.post(
                path, cast_to=object, body=body, options={"headers": dict(headers)}
            )
        except Exception as error:  # the library lets through what its transport and JSON parser raise
            raise self._fault(error) from error
        if not isinstance(answer, dict):
            raise faults.unusable(self._label, f"{type(answer).__name__} where a JSON object belongs")
        return answer

    async def _events(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> AsyncGenerator[dict[str, Any]]:
        """One request, and the JSON objects that it is answered with, one after the other.

        Raises:
            GatewayError: before the first or between any two.
        """
        try:
            stream = await self._client.post(
                path,
                cast_to=object,
                body=body,
                options={"headers": dict(headers)},
                stream=True,
                stream_cls=self._sdk.AsyncStream[object],
            )
            async with stream:
                async for event in stream:
                    if not isinstance(event, dict):
                        raise faults.unusable(self._label, "an event that is no JSON object")  # noqa: TRY301
                    yield event
        except Exception as error:
            raise self._fault(error) from error

    async def _begun(self, chunks: AsyncGenerator[dict[str, Any]]) -> StreamReply:
        return await begun(chunks, self.name, self.model, self._label)

    def _reply(self, body: dict[str, Any]) -> Reply:
        return Reply(body, self.name, self.model)

    def _fault(self, error: Exception) -> Exception:
        return faults.fault_of(error, self._label, self._scrubber, self._sdk)


async def begun(chunks: AsyncGenerator[dict[str, Any]], name: str, model: str, label: str) -> StreamReply:
    """A reply whose first chunk has come.

    Args:
        chunks: all of them.
        name: the provider's.
        model: the model's.
        label: of both, for messages.

    Raises:
        GatewayError: none came.
    """
    try:
        first = await anext(chunks)
    except StopAsyncIteration:
        raise faults.unusable(label, "an empty stream") from None
    reply = StreamReply(_after(first, chunks), name, model)
    reply.close_with = chunks.aclose  # a generator that was not begun closes nothing
    return reply


async def _after(
    first: dict[str, Any], others: AsyncGenerator[dict[str, Any]]
) -> AsyncGenerator[dict[str, Any]]:
    yield first
    async for chunk in others:
        yield chunk


def bounded_client(sdk: ModuleType) -> Any:
    """An HTTP client that follows no redirect, since keys would follow too, and reads no endless answer."""
    from spanfold_query_api.gateway.providers import bounded  # noqa: PLC0415 - as the library itself

    return sdk.DefaultAsyncHttpxClient(
        timeout=sdk.Timeout(IDLE_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        follow_redirects=False,
        event_hooks={"response": [bounded.bound]},
        verify=bounded.certificates(),
    )


def with_model(call: Call, model: str) -> dict[str, Any]:
    """The body of the call, naming the provider's model."""
    return {**call.body, "model": model}
