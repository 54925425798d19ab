"""Nothing that is queued is lost when a process ends in order, and its end is what it would be without us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.sdk import otlp_receiver
from tests.sdk.conftest import ROOT

if TYPE_CHECKING:
    from tests.sdk.otlp_receiver import Server

BEGIN = """
import os, signal, sys, threading, time
import spanfold
def span(name):
    with spanfold.start_span(name): pass
"""
ENDS = {
    "the end of the program": ("", 0),
    "the end of a program under Python 3.12, which starts no thread then": (
        """
import atexit, threading
def refuse(*_):
    raise RuntimeError("can't create new thread at interpreter shutdown")
atexit.register(setattr, threading, "_start_new_thread", refuse)
atexit.register(setattr, threading, "_start_joinable_thread", refuse)
""",
        0,
    ),
    "sys.exit": ("sys.exit(3)", 3),
    "an unhandled exception": ("raise ValueError('theirs')", 1),
    "Ctrl-C": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(30)", -signal.SIGINT),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", -signal.SIGTERM),
    "SIGTERM while waiting for a lock": (
        """
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
lock = threading.Lock()
lock.acquire()
lock.acquire(timeout=30)
""",
        -signal.SIGTERM,
    ),
    "SIGTERM and a handler set before": (None, 5),
    "SIGTERM and a handler set later": (
        """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(6))
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(30)
""",
        6,
    ),
    "SIGTERM and a handler that puts the default back": (
        """
before = signal.signal(signal.SIGTERM, lambda *_: span('theirs'))
assert before is signal.SIG_DFL
os.kill(os.getpid(), signal.SIGTERM)
signal.signal(signal.SIGTERM, before)
signal.raise_signal(signal.SIGTERM)
""",
        -signal.SIGTERM,
    ),
    "exec": ("os.execl(sys.executable, sys.executable, '-c', 'import sys; sys.exit(7)')", 7),
    "exec with an environment": (
        "os.execvpe('sh', ['sh', '-c', 'exit $STATUS'], {**os.environ, 'STATUS': '8'})",
        8,
    ),
    "the configuration in another thread, and SIGTERM through the application": (
        "signal.signal(signal.SIGTERM, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)",
        -signal.SIGTERM,
    ),
}


def run(server: Server, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.address,
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
        "SPANFOLD_ENDPOINT": server.address,
    }
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={**os.environ, **variables, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("way", ENDS)
def test_what_is_queued_is_sent_and_the_exit_status_stays(way: str) -> None:
    end, status = ENDS[way]
    if end is None:
        code = BEGIN + "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\nspan('one')\n"
        code += "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(30)"
    elif "another thread" in way:
        code = (
            BEGIN
            + f"thread = threading.Thread(target=span, args=('one',))\nthread.start()\nthread.join()\n{end}"
        )
    else:
        code = BEGIN + f"span('one')\n{end}"
    with otlp_receiver.running() as server:
        done = run(server, code)
    assert done.returncode == status, done.stderr
    theirs = ["theirs"] if "puts the default back" in way else []
    assert [span.name for span in server.spans] == ["one", *theirs]
    assert ("Traceback" in done.stderr) == (way in {"an unhandled exception", "Ctrl-C"})


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", "KILLED"),
        ("sys.exit()", "FINISHED"),
        ("if os.fork() == 0: os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)\nos.wait()", "FINISHED"),
    ],
)
def test_a_run_that_is_active_is_over_when_its_process_is(end: str, status: str) -> None:
    code = BEGIN + f"with spanfold.start_run(run_name='over'): pass\nspanfold.start_run(run_name='on')\n{end}"
    with otlp_receiver.running() as server:
        run(server, code)
    ends = [record for record in server.records if record.event_name == "spanfold.run.ended"]
    assert [json.loads(record.body.string_value)["status"] for record in ends] == ["FINISHED", status]


def test_a_collector_that_is_away_delays_sigterm_by_five_seconds_at_most() -> None:
    code = (
        BEGIN
        + """
import logging
logging.disable()
span('one')
from spanfold._internal import setup
assert setup.EXIT_TIMEOUT_S == 5.0
from spanfold._internal import exits
exits._limit_s = 0.2
setup.EXIT_TIMEOUT_S = 0.2
threading.Timer(20, os._exit, (9,)).start()
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(30)
"""
    )
    with otlp_receiver.running() as server:
        server.status = 503
        done = run(server, code)
    assert done.returncode == -signal.SIGTERM


def test_sigterm_can_be_left_to_the_application() -> None:
    with otlp_receiver.running() as server:
        done = run(
            server,
            BEGIN + "span('one')\nassert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL\n"
            "os.kill(os.getpid(), signal.SIGTERM)",
            SPANFOLD_FLUSH_ON_SIGTERM="false",
        )
    assert done.returncode == -signal.SIGTERM
    assert server.spans == []


def test_children_send_their_own_spans_and_not_their_parents() -> None:
    """Forked by hand, killed by SIGTERM, or made by multiprocessing: each span comes exactly once."""
    code = (
        BEGIN
        + """
import multiprocessing, warnings
warnings.simplefilter("ignore", DeprecationWarning)
span("parent")
statuses = []
for name, end in (("exit", lambda: sys.exit(2)),
                  ("killed", lambda: (os.kill(os.getpid(), signal.SIGTERM), time.sleep(30))),
                  ("exec", lambda: os.execv("/bin/sh", ["sh", "-c", "exit 4"]))):
    pid = os.fork()
    if pid == 0:
        span(name)
        end()
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
process = multiprocessing.get_context("fork").Process(target=span, args=("process",))
process.start()
process.join()
statuses.append(process.exitcode)
def wait():
    span("terminated")
    go.set()
    time.sleep(30)
process = multiprocessing.get_context("fork").Process(target=wait)
go = multiprocessing.get_context("fork").Event()
process.start()
go.wait(30)
process.terminate()
process.join()
statuses.append(process.exitcode)
print(statuses)
"""
    )
    with otlp_receiver.running() as server:
        done = run(server, code)
    assert done.stdout == "[2, -15, 4, 0, -15]\n", done.stderr
    names = sorted(span.name for span in server.spans)
    assert names == sorted(["parent", "exit", "killed", "exec", "process", "terminated"])


def test_after_a_shutdown_the_process_is_as_it_was() -> None:
    code = (
        BEGIN
        + """
import multiprocessing.process
from concurrent.futures import ThreadPoolExecutor
def state():
    return (signal.signal, os.execv, os.execve, threading.Thread.start, ThreadPoolExecutor.submit,
            multiprocessing.process.BaseProcess.start, signal.getsignal(signal.SIGTERM))
before = state()
span("one")
assert not set(before) & set(state())
assert spanfold.shutdown()
assert state() == before
"""
    )
    with otlp_receiver.running() as server:
        done = run(server, code)
    assert done.returncode == 0, done.stderr
    assert len(server.spans) == 1
