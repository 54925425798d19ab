"""Which instrumentor is used for a library: a pure decision."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from spanfold._internal.instrumentation import catalogue, installed
from spanfold._internal.instrumentation.choice import Candidate, Wish, choose, names
from spanfold._internal.instrumentation.loading import _Queue

GENAI, INFERENCE, LLMETRY = "OpenTelemetry GenAI", "OpenInference", "OpenLLMetry"


def candidate(library: str, family: str, distribution: str = "", conflict: str | None = None) -> Candidate:
    entry_point = EntryPoint(library, "no.module:Instrumentor", installed.GROUP)
    named = distribution or f"{family}-{library}".lower().replace(" ", "-")
    return Candidate(library, entry_point, named, "1.0", family, (), conflict)


def decided(candidates: list[Candidate], wish: Wish | None = None) -> dict[str, str | None]:
    return {one.candidate.family: one.reason for one in choose(candidates, wish or Wish())}


def test_the_best_family_is_used_and_the_others_are_skipped_with_a_reason() -> None:
    reasons = decided([candidate("openai", family) for family in (LLMETRY, INFERENCE, GENAI)])
    assert reasons[GENAI] is None
    assert (
        reasons[INFERENCE]
        == reasons[LLMETRY]
        == ("opentelemetry-genai-openai instruments it: two would double every span")
    )


def test_the_next_family_steps_in_where_the_best_does_not_fit() -> None:
    unfit = candidate("openai", GENAI, conflict="openai 0.28 is installed, it works with openai>=1.26")
    reasons = decided([unfit, candidate("openai", INFERENCE), candidate("openai", LLMETRY)])
    assert reasons[GENAI] == unfit.conflict
    assert reasons[INFERENCE] is None
    assert reasons[LLMETRY] is not None


def test_one_that_would_double_the_calls_of_another_library_gives_way_to_it() -> None:
    both = [candidate("botocore", "OpenTelemetry"), candidate("bedrock", GENAI)]
    assert "disable bedrock to have botocore" in str(decided(both)["OpenTelemetry"])
    assert decided(both, Wish({"bedrock": "disabled"}))["OpenTelemetry"] is None


def test_an_instrumentor_that_is_dead_is_never_used() -> None:
    dead = candidate("openai", "OpenTelemetry", "opentelemetry-instrumentation-openai-v2")
    reasons = decided([dead, candidate("openai", INFERENCE)])
    assert reasons[INFERENCE] is None
    assert "no longer loads" in str(reasons["OpenTelemetry"])


def test_what_is_disabled_is_left_alone_whatever_the_family_calls_it() -> None:
    llama = candidate(catalogue.canonical("llama_index"), GENAI)
    for spelled in ("llama-index", "llama_index", "LlamaIndex", "*"):
        wish = Wish(dict.fromkeys(names([spelled], "disable"), "disabled"))
        assert decided([llama], wish) == {GENAI: "disabled"}
    assert decided([llama], Wish(only=frozenset({"openai"})))[GENAI] is not None


@pytest.mark.parametrize(
    ("distribution", "requires", "family"),
    [
        ("opentelemetry-instrumentation-genai-openai", [], GENAI),
        ("opentelemetry-instrumentation-google-genai", [], GENAI),
        ("opentelemetry-instrumentation-requests", ["opentelemetry-api~=1.12"], "OpenTelemetry"),
        ("openinference-instrumentation-openai", [], INFERENCE),
        (
            "opentelemetry-instrumentation-google-generativeai",
            ["opentelemetry-semantic-conventions-ai<0.6.0,>=0.5.1"],
            LLMETRY,
        ),
    ],
)
def test_a_family_is_known_by_the_name_and_what_it_depends_on(
    distribution: str, requires: list[str], family: str
) -> None:
    assert catalogue.family_of(distribution, requires) == family


def test_what_is_installed_here_is_read_with_the_module_to_wait_for() -> None:
    found = {(one.library, one.family): one for one in installed.candidates()}
    assert found["openai", GENAI].modules == ("openai",)
    assert found["langchain", GENAI].modules == ("langchain_core",)
    assert found["langchain", GENAI].conflict is None  # it asks for langchain, and uses langchain-core
    assert found["grpc-client", "OpenTelemetry"].modules == ("grpc",)
    assert found["httpx", "OpenTelemetry"].modules == ("httpx",)
    assert found["httpx2", "OpenTelemetry"].modules == ("httpx2",)


def test_a_job_that_comes_up_during_another_is_done_after_it() -> None:
    queue, order = _Queue(), list[str]()

    def outer() -> None:
        queue.run(lambda: order.append("inner"))
        order.append("outer")

    queue.run(outer)
    assert order == ["outer", "inner"]


def test_a_job_that_fails_does_not_block_those_after_it() -> None:
    queue, order = _Queue(), list[str]()

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        queue.run(fail)
    queue.run(lambda: order.append("next"))
    assert order == ["next"]
