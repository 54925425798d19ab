"""Calls of Amazon's client library."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

from spanfold._flavors._remote import RemoteModel, Request, system_and_others
from spanfold._flavors._spans import Answer, Tokens, is_original

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_INFERENCE: Final = {
    "temperature": "temperature",
    "max_tokens": "maxTokens",
    "top_p": "topP",
    "stop_sequences": "stopSequences",
}


class BedrockModel(RemoteModel):
    """A model of Bedrock's. The library finds region and credentials itself: variables, profile, role."""

    library = "boto3"
    install = "pip install boto3"
    provider = "aws.bedrock"
    aliases: ClassVar[Mapping[str, str]] = {"stop": "stop_sequences", "max_completion_tokens": "max_tokens"}

    def _open(self) -> Any:
        import boto3  # noqa: PLC0415 - optional, and slow to import
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=self.calls.timeout_s,
            read_timeout=self.calls.timeout_s,
            retries={"total_max_attempts": self.calls.max_retries + 1, "mode": "standard"},
            max_pool_connections=self.calls.concurrency,
        )
        # A session of its own: the default one must not be shared by threads.
        return boto3.session.Session().client("bedrock-runtime", config=config)

    def _is_instrumented(self) -> bool:
        client: Any = sys.modules.get("botocore.client")
        if client is None:
            return False
        call = client.BaseClient._make_api_call  # noqa: SLF001 - what all instrumentations replace
        return not is_original(call, "botocore")

    def _ask(self, client: Any, request: Request, parameters: Mapping[str, Any]) -> Answer:
        given = client.converse(**self._body(request, parameters))
        blocks = given["output"]["message"]["content"]
        text = "".join(block.get("text", "") for block in blocks)
        calls = [block["toolUse"] for block in blocks if "toolUse" in block]
        output: Any = {"content": text or None, "tool_calls": calls} if calls else text
        response_id = given.get("ResponseMetadata", {}).get("RequestId")
        return Answer([output], _tokens(given.get("usage")), None, response_id, given.get("stopReason"))

    def _stream(
        self, client: Any, request: Request, parameters: Mapping[str, Any]
    ) -> Generator[str, None, Answer]:
        given = client.converse_stream(**self._body(request, parameters))
        texts: list[str] = []
        tokens, finish = Tokens(), None
        events = given["stream"]
        try:
            for event in events:
                if text := event.get("contentBlockDelta", {}).get("delta", {}).get("text"):
                    texts.append(text)
                    yield text
                elif "messageStop" in event:
                    finish = event["messageStop"].get("stopReason")
                elif "metadata" in event:
                    tokens = _tokens(event["metadata"].get("usage"))
        finally:
            events.close()
        if finish is None:
            message = "the stream broke off before its end"
            raise ConnectionError(message)
        return Answer(["".join(texts)], tokens, None, None, finish)

    def _body(self, request: Request, parameters: Mapping[str, Any]) -> dict[str, Any]:
        system, messages = system_and_others(request.content)
        body = {name: value for name, value in parameters.items() if name not in _INFERENCE}
        inference = {
            **body.pop("inferenceConfig", {}),
            **{key: parameters[name] for name, key in _INFERENCE.items() if name in parameters},
        }
        if inference:
            stops = inference.get("stopSequences")
            inference["stopSequences"] = [stops] if isinstance(stops, str) else stops
            body["inferenceConfig"] = {name: value for name, value in inference.items() if value is not None}
        if system:
            body["system"] = [block for one in system for block in _blocks(one)]
        contents = [{"role": one["role"], "content": _blocks(one["content"])} for one in messages]
        return {**body, "modelId": self.model, "messages": contents}


def _blocks(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, list):
        return [block for one in content for block in _blocks(one)]
    # ``{"type": "text"}`` is how the other providers mark a text; Bedrock's blocks know no such field.
    if isinstance(content, dict):
        return [{name: value for name, value in content.items() if name != "type" or value != "text"}]
    return [{"text": content}]


def _tokens(usage: Mapping[str, Any] | None) -> Tokens:
    if not usage:
        return Tokens()
    cached, written = usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens")
    # Bedrock counts what was cached apart; the conventions count it among the input.
    total = usage["inputTokens"] + (cached or 0) + (written or 0)
    return Tokens(total, usage.get("outputTokens"), cached, written)
