"""Every snippet of the documents runs as printed, against a real server; every relative link holds."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.repository._files import ROOT, repository_files
from tests.repository._snippets import Snippet, snippets

if TYPE_CHECKING:
    from collections.abc import Iterator

START_LIMIT_S = 60
STOP_LIMIT_S = 30
SNIPPET_LIMIT_S = 60
LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)\s#]+)(?:#[^)\s]*)?\)")
CODE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2`*~*$|`[^`\n]*`", re.DOTALL | re.MULTILINE)

DOCUMENTS = [file for file in repository_files() if file.suffix == ".md"]
RUN_DOCUMENTS = [file for file in DOCUMENTS if file == ROOT / "README.md" or ROOT / "docs" in file.parents]


def name_of(value: object) -> str:
    if isinstance(value, Snippet):
        return f"{value.file.relative_to(ROOT)}:{value.line}"
    return str(value)


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on; all are held until the last one is found, so they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Server:
    """A running `spanfold serve`, and what a snippet needs in order to talk to it."""

    def __init__(self, api: int, grpc: int, http: int) -> None:
        self.ports = {"4319": api, "4317": grpc, "4318": http}
        self.api_url = f"http://127.0.0.1:{api}"

    def environment(self) -> dict[str, str]:
        inherited = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
        return {
            **inherited,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.ports['4318']}",
            "SPANFOLD_ENDPOINT": self.api_url,
        }

    def localise(self, code: str) -> str:
        """Documents name the default ports; this server listens on others."""
        return re.sub(
            r"\b(localhost|127\.0\.0\.1):(431[789])\b", lambda at: f"{at[1]}:{self.ports[at[2]]}", code
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("documents")
    running = Server(*free_ports(3))
    log = folder / "serve.log"
    options = ("--api-port", "--otlp-grpc-port", "--otlp-http-port")
    ports = [text for pair in zip(options, running.ports.values(), strict=True) for text in map(str, pair)]
    command = [str(Path(sys.executable).parent / "spanfold"), "serve", "--data", str(folder / "data"), *ports]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + START_LIMIT_S
            while not answers(f"{running.api_url}/health"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.mark.parametrize(
    "snippet", [one for file in RUN_DOCUMENTS for one in snippets(file) if one.is_run], ids=name_of
)
def test_a_snippet_runs_as_printed(snippet: Snippet, server: Server, tmp_path: Path) -> None:
    command = [server.localise(part) for part in snippet.command(sys.executable)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=server.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SNIPPET_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{name_of(snippet)}\n{snippet.code}\n{done.stdout}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_of_the_repository(document: Path) -> None:
    targets = LINK.findall(CODE.sub("", document.read_text()))
    missing = [target for target in targets if not (document.parent / unquote(target)).exists()]
    assert not missing


def test_blocks_are_read_with_their_language_options_and_indent(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_text('a\n\n  ```bash no-run "needs a cluster"\n  ls\n  ```\n````python\n```\n````\n')
    first, second = snippets(file)
    assert (first.line, first.language, first.code, first.is_run) == (3, "bash", "ls\n", False)
    assert (second.line, second.language, second.code, second.is_run) == (6, "python", "```\n", True)


def test_leaving_a_block_out_needs_a_reason(tmp_path: Path) -> None:
    bare = Snippet(tmp_path, 1, "bash", "no-run", "ls\n")
    with pytest.raises(ValueError, match="reason"):
        assert bare.is_run


def test_only_the_commands_of_a_console_block_are_run(tmp_path: Path) -> None:
    block = Snippet(tmp_path, 1, "console", "", "$ echo 1\n1\n$ true\n")
    assert block.command("python")[-1] == "echo 1\ntrue"
