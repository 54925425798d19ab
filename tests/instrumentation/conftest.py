"""A provider and a collector on loopback, and programs of their own processes between them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_schemas import ids
from tests.providers import script
from tests.providers import server as providers
from tests.sdk import otlp_receiver
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

APPS = Path(__file__).parent / "apps"
RUN = (sys.executable, "-m", "spanfold", "run", "--model", "bot-v1")
MODEL_ID = ids.derive_model_id("0", "bot-v1")
TIMEOUT_S = 100


@dataclass(frozen=True)
class World:
    """What a program under test talks to."""

    provider: providers.Provider
    collector: otlp_receiver.Server

    def environment(self, **more: str) -> dict[str, str]:
        """For a child process: its clients find the provider, its telemetry the collector."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "SPANFOLD_", "MLFLOW_", "PYTHONPATH", "OPENAI_", "ANTHROPIC_"))
        }
        return {
            **inherited,
            **self.provider.environment,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.address,
            "SPANFOLD_ENDPOINT": self.collector.address,
            **more,
        }

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; it must succeed."""
        done = subprocess.run(
            command,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done

    def calls(self, model: str) -> list[Call]:
        """The spans of calls to a model of a provider, in whatever dialect; one a call if all is well."""
        names = ("gen_ai.request.model", "llm.model_name", "embedding.model_name")
        found = [Call(span, attributes_of(span.attributes)) for span in self.collector.spans]
        given = {model, model + script.MODEL_SUFFIX}  # OpenInference keeps the one that answered
        return [one for one in found if given & {one.attributes.get(name) for name in names}]

    def call(self, model: str) -> Call:
        """The one span of the one call."""
        (found,) = self.calls(model)
        return found


@dataclass(frozen=True)
class Call:
    """A span of a call to a provider."""

    span: Span
    attributes: Mapping[str, Any]

    @property
    def finish_reasons(self) -> list[str]:
        """Why the model stopped."""
        values = self.attributes["gen_ai.response.finish_reasons"].values
        return [value.string_value for value in values]

    @property
    def tokens(self) -> tuple[int | None, int | None]:
        """Input and output tokens; None where the span does not say."""
        read = self.attributes.get
        return read("gen_ai.usage.input_tokens"), read("gen_ai.usage.output_tokens")

    @property
    def failed(self) -> bool:
        """Whether the span says that the call failed."""
        return self.span.status.code == self.span.status.STATUS_CODE_ERROR


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with providers.running() as provider, otlp_receiver.running() as collector:
        yield World(provider, collector)
