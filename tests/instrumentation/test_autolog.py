"""``spanfold.autolog()`` and the other ways in: when it instruments, what it leaves alone, what it costs."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import spanfold
from spanfold.errors import InvalidArgumentError
from tests.instrumentation.conftest import MODEL_ID, RUN, World
from tests.sdk.otlp_receiver import attributes_of

CALL = (
    "def call(model):\n"
    "    with openai.OpenAI() as client:\n"
    "        says = [{'role': 'user', 'content': 'hello'}]\n"
    "        client.chat.completions.create(model=model, messages=says)\n"
)
BIN = Path(sys.executable).parent


def script(*lines: str) -> str:
    return "\n".join(lines)


def python(world: World, *lines: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run code that is not instrumented from outside."""
    return world.run(sys.executable, "-c", script(*lines), SPANFOLD_ACTIVE_MODEL_ID="bot-v1", **more)


def test_a_library_is_instrumented_when_it_is_imported_later(world: World) -> None:
    done = python(world, "import spanfold; spanfold.autolog()", "import openai", CALL, "call('later')")
    assert attributes_of(world.call("later").span.attributes)["spanfold.model.id"] == MODEL_ID
    assert (done.stdout, done.stderr) == ("", "")


def test_a_library_that_is_imported_already_is_instrumented_at_once_and_only_once(world: World) -> None:
    python(
        world,
        "import openai, spanfold",
        CALL,
        "call('untraced')",
        "spanfold.autolog(only=['requests'])",
        "call('left-out')",
        "spanfold.autolog(); spanfold.autolog()",
        "call('added')",
    )
    assert [len(world.calls(model)) for model in ("untraced", "left-out", "added")] == [0, 0, 1]


def test_the_applications_tracer_provider_is_used(world: World) -> None:
    done = python(
        world,
        "from opentelemetry import trace",
        "from opentelemetry.sdk.trace import TracerProvider",
        "from opentelemetry.sdk.trace.export import SimpleSpanProcessor",
        "from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter",
        "memory, provider = InMemorySpanExporter(), TracerProvider()",
        "provider.add_span_processor(SimpleSpanProcessor(memory))",
        "trace.set_tracer_provider(provider)",
        "import spanfold; spanfold.autolog()",
        "import openai",
        CALL,
        "call('own-provider')",
        "assert trace.get_tracer_provider() is provider",
        "print(*[(s.name, s.attributes['spanfold.model.id']) for s in memory.get_finished_spans()])",
    )
    assert f"('chat own-provider', '{MODEL_ID}')" in done.stdout
    assert world.calls("own-provider") == []


def test_the_standard_variable_disables_instrumentations(world: World) -> None:
    start = ("import spanfold; spanfold.autolog()", "import openai", CALL)
    python(world, *start, "call('disabled')", OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="requests, OpenAI")
    assert world.calls("disabled") == []


def test_content_is_left_out_where_it_is_not_wanted(world: World) -> None:
    start = ("import spanfold; spanfold.autolog()", "import openai", CALL)
    python(world, *start, "call('discreet')", SPANFOLD_CAPTURE_CONTENT="none")
    assert "hello" not in str(world.call("discreet").attributes)


@pytest.mark.parametrize(
    ("dead", "mark"),
    [
        (["opentelemetry-instrumentation-genai-openai"], "openinference.span.kind"),
        (
            ["opentelemetry-instrumentation-genai-openai", "openinference-instrumentation-openai"],
            "gen_ai.is_streaming",
        ),
    ],
    ids=["OpenInference", "OpenLLMetry"],
)
def test_the_next_family_takes_over_and_leaves_out_content_where_it_is_not_wanted(
    world: World, dead: list[str], mark: str
) -> None:
    python(
        world,
        "from spanfold._internal.instrumentation import catalogue",
        f"catalogue.DEAD.update(dict.fromkeys({dead}, 'as if it were'))",
        "import spanfold; spanfold.autolog()",
        "import openai",
        CALL,
        f"call({mark!r})",
        SPANFOLD_CAPTURE_CONTENT="none",
    )
    call = world.call(mark)
    assert mark in call.attributes
    assert "hello" not in str(call.attributes)


def test_stock_opentelemetry_instrument_works_without_settings(world: World) -> None:
    command = (str(BIN / "opentelemetry-instrument"), sys.executable, "-c")
    code = script("import openai", CALL, "call('stock')")
    done = world.run(*command, code, SPANFOLD_ACTIVE_MODEL_ID="bot-v1")
    assert attributes_of(world.call("stock").span.attributes)["spanfold.model.id"] == MODEL_ID
    assert (done.stdout, done.stderr) == ("", "")


def test_a_version_set_in_the_code_wins_over_that_of_the_environment(world: World) -> None:
    code = script(
        "import openai, spanfold",
        CALL,
        "with spanfold.set_active_model(name='canary') as model: call('in-block')",
        "print(model.model_id)",
        "call('outside')",
    )
    command = (sys.executable, "-m", "spanfold", "run", sys.executable, "-c", code)
    canary = world.run(*command, MLFLOW_ACTIVE_MODEL_ID="bot-v1").stdout.strip()
    ids = [
        attributes_of(world.call(name).span.attributes)["spanfold.model.id"]
        for name in ("in-block", "outside")
    ]
    assert ids == [canary, MODEL_ID]


def test_the_commit_can_name_the_version(world: World, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(script("import openai", CALL, "call('by-git')"))
    git = ("git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True, timeout=30)
    asked = "import spanfold; print(spanfold.set_active_model_from_git().model_id)"
    run = (sys.executable, "-m", "spanfold", "run", "--model", "git")
    expected = world.run("sh", "-c", f'cd {tmp_path} && exec {sys.executable} -c "{asked}"').stdout.strip()
    world.run("sh", "-c", f"cd {tmp_path} && exec {' '.join(run)} app.py")
    assert attributes_of(world.call("by-git").span.attributes)["spanfold.model.id"] == expected


def test_libraries_that_threads_import_at_the_same_time_are_all_instrumented(world: World) -> None:
    code = script(
        "import threading",
        "def load(name): __import__(name)",
        "names = ('openai', 'anthropic', 'fastapi', 'langchain_openai', 'grpc', 'requests')",
        "threads = [threading.Thread(target=load, args=(name,)) for name in names]",
        "[thread.start() for thread in threads]",
        "[thread.join() for thread in threads]",
        "from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor as A",
        "from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor as L",
        "from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as O",
        "from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor as F",
        "from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient as G",
        "from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor as H",
        "from opentelemetry.instrumentation.requests import RequestsInstrumentor as R",
        "print(all(one().is_instrumented_by_opentelemetry for one in (A, L, O, F, G, H, R)))",
    )
    done = world.run(*RUN, sys.executable, "-c", code)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_an_instrumentor_that_does_not_load_is_logged_and_the_others_work(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "opentelemetry_instrumentation_unfit-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: opentelemetry-instrumentation-unfit\nVersion: 1.0\n"
    )
    (folder / "entry_points.txt").write_text(
        "[opentelemetry_instrumentor]\nunfit = no_such_module:Instrumentor\n"
    )
    code = script("import openai", CALL, "call('beside-unfit')")
    done = world.run(*RUN, sys.executable, "-c", code, PYTHONPATH=str(tmp_path))
    assert "could not instrument unfit by opentelemetry-instrumentation-unfit" in done.stderr
    assert len(world.calls("beside-unfit")) == 1


def test_both_http_libraries_can_be_imported_in_either_order(world: World) -> None:
    for order in ("httpx, httpx2", "httpx2, httpx"):
        done = world.run(*RUN, sys.executable, "-c", f"import {order}; print(httpx.Client.__module__)")
        assert done.stderr == ""


def test_the_sitecustomize_of_the_environment_still_runs(world: World, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.hidden = 'found'\n")
    done = world.run(*RUN, sys.executable, "-c", "print(hidden)", PYTHONPATH=str(tmp_path))
    assert done.stdout == "found\n"


def test_a_script_a_module_and_a_status_pass_through(world: World, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import sys; print(sys.argv[1:]); sys.exit(3)\n")
    for command in (
        ["app.py", "--model", "x"],
        ["-m", "app", "--model", "x"],
        ["--", "python", "app.py", "--model", "x"],
    ):
        done = subprocess.run(
            [*RUN, *command],
            env=world.environment(),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (3, "['--model', 'x']\n", "")


def test_a_program_that_is_not_there_is_said_to_be_missing(world: World) -> None:
    done = subprocess.run(
        [*RUN, "no-such-program"],
        env=world.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        127,
        "error: cannot run no-such-program: No such file or directory\n",
    )


def test_start_up_takes_less_than_a_cpu_second(world: World, tmp_path: Path) -> None:
    cached = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    loaded = world.run(*RUN, sys.executable, "-c", "import sys; print(*sys.modules)", **cached).stdout.split()
    assert not {"openai", "anthropic", "httpx", "fastapi", "grpc", "celery"} & set(loaded)
    taken = list[float]()
    while (
        len(taken) < 3 and min(taken, default=9.0) >= 1.0
    ):  # a busy machine makes a run dearer, never cheaper
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        world.run(*RUN, sys.executable, "-c", "pass", **cached)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < 1.0


@pytest.mark.parametrize("wrong", [[1], [None]])
def test_names_must_be_text(wrong: list[str]) -> None:
    with pytest.raises(InvalidArgumentError, match="names of libraries"):
        spanfold.autolog(disable=wrong)


def notebook(folder: Path, *cells: str) -> Path:
    written: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": str(number),
            "metadata": {},
            "outputs": [],
            "source": cell,
        }
        for number, cell in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file = folder / "notebook.ipynb"
    file.write_text(json.dumps({"cells": written, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return file


@pytest.mark.parametrize("way", ["cell", "run"])
def test_notebooks_are_traced_by_a_cell_or_by_the_kernels_start(
    world: World, tmp_path: Path, way: str
) -> None:
    first = "import spanfold\nspanfold.autolog()" if way == "cell" else "pass"
    file = notebook(tmp_path, first, "import openai\n" + CALL, f"call('notebook-{way}')")
    prefix = () if way == "cell" else RUN
    private = {
        name: str(tmp_path / name) for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
    }
    execute = (str(BIN / "jupyter-execute"), str(file))
    world.run(*prefix, *execute, SPANFOLD_ACTIVE_MODEL_ID="bot-v1", OTEL_BSP_SCHEDULE_DELAY="100", **private)
    assert attributes_of(world.call(f"notebook-{way}").span.attributes)["spanfold.model.id"] == MODEL_ID
