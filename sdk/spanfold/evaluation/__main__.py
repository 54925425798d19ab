"""Processes of evaluations: ``python -m spanfold.evaluation run``, ``monitors`` and ``work``.

``run`` and ``monitors`` are what the query API starts. They end when their standard input closes, which it
does when the process that started them ends, however that happens.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from typing import Final

ORPHANED: Final = 3
"""Exit status of a process whose parent is gone."""


class _JsonLines(logging.Formatter):
    """A JSON object a line, for whoever collects the server's log."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        said = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit status."""
    said = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m spanfold.evaluation")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run an evaluation that the server knows")
    run.add_argument("--evaluation-id", required=True)
    commands.add_parser("work", help="run metrics for another process")
    commands.add_parser("monitors", help="score new traces as they come", add_help=False)
    given, more = parser.parse_known_args(said)
    if more and given.command != "monitors":
        parser.error(f"unknown: {' '.join(more)}")
    if given.command == "work":
        # Ctrl-C reaches all processes of a terminal: what is under way here is finished, and sent.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        from spanfold.evaluation import _job_workers  # noqa: PLC0415

        _job_workers.serve(sys.stdin, sys.stdout)
        return 0
    # What an evaluation names comes from whoever may ask this server for one: code is no part of that.
    os.environ.setdefault("SPANFOLD_LOGGED_JUDGES", "off")
    _log_to_stderr()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    from spanfold.errors import SpanfoldError  # noqa: PLC0415

    try:
        if given.command == "monitors":
            return int(importlib.import_module("spanfold.evaluation._monitors").main(more))
        from spanfold.evaluation import _job  # noqa: PLC0415

        outcome = _job.run_evaluation(given.evaluation_id)
    except SpanfoldError as fault:
        logging.getLogger("spanfold").error("%s", fault)  # noqa: TRY400 - it says all
        return 1
    logging.getLogger("spanfold").info(
        "%s %s %s", outcome.evaluation_id, outcome.status, outcome.reason or ""
    )
    return 0


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("httpx", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _end_with_parent() -> None:
    # Whatever is under way may be lost: it is scored again when the evaluation goes on.
    while os.read(0, 4_096):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    sys.exit(main())
