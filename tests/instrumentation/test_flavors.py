"""Logged models and auto-instrumentation: a call of a model is one span, whoever makes it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.instrumentation.conftest import World

PREDICT = """
import sys
import spanfold
flavor = getattr(spanfold, sys.argv[1])
arguments = {"task": "chat.completions"} if sys.argv[1] == "openai" else {}
flavor.save_model(model=sys.argv[2], path=sys.argv[3], **arguments)
model = spanfold.pyfunc.load_model(sys.argv[3])
model.predict(["hello"])
"".join(model.predict_stream(["hello"]))
spanfold.flush()
"""
AUTOLOG = "import spanfold; spanfold.autolog()\n"
TWO = 2


@pytest.mark.parametrize("flavor", ["openai", "anthropic"])
@pytest.mark.parametrize("is_instrumented", [True, False], ids=["instrumented", "plain"])
def test_each_call_is_one_span_with_its_tokens(
    world: World,
    tmp_path: Path,
    flavor: str,
    is_instrumented: bool,  # noqa: FBT001
) -> None:
    name = f"{flavor}-{'instrumented' if is_instrumented else 'plain'}"
    code = (AUTOLOG if is_instrumented else "") + PREDICT
    world.run(sys.executable, "-c", code, flavor, name, str(tmp_path / "m"))
    calls = world.calls(name)
    assert len(calls) == TWO
    for call in calls:
        attributes = attributes_of(call.span.attributes)
        assert attributes["gen_ai.usage.output_tokens"]
        assert call.span.parent_span_id


def test_our_packages_are_not_taken_for_the_libraries_of_their_names(world: World) -> None:
    done = world.run(
        sys.executable,
        "-c",
        AUTOLOG
        + "import sys\n"
        + "names = ['openai', 'anthropic', 'langchain', 'transformers', 'sentence_transformers']\n"
        + "for name in [*names, 'google', 'bedrock']:\n"
        + "    assert getattr(spanfold, name).log_model\n"
        + "names += ['boto3', 'google.genai', 'torch']\n"
        + "print(sorted(name for name in names if name in sys.modules))\n"
        + "import openai\n"
        + "from spanfold import openai as ours\n"
        + "assert ours is not openai and openai.OpenAI\n"
        + "print(type(openai.resources.chat.Completions.create).__name__)\n",
    )
    assert done.stdout.split("\n")[:2] == ["[]", "BoundFunctionWrapper"]
