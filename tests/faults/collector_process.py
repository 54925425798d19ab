"""A collector as a process of its own, to be killed: prints its ports as a line of JSON once it serves.

``python -m tests.faults.collector_process --database URL --directory DIR [--set NAME=VALUE ...]`` serves
until SIGTERM, or until its standard input ends (so that it never outlives its test).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import structlog

from spanfold_collector.collector import Collector
from spanfold_collector.settings import CollectorSettings
from spanfold_deploy.database import open_database
from spanfold_schemas.migrate import migrate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    changes: dict[str, Any] = {
        name: json.loads(value) for name, _, value in (change.partition("=") for change in arguments.set)
    }
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    database = open_database(arguments.database)
    migrate(database)
    settings = CollectorSettings(directory=arguments.directory, **{"grpc_port": 0, "http_port": 0, **changes})
    collector = Collector(database, settings)
    collector.start()
    sys.stdout.write(json.dumps({"grpc_port": collector.grpc_port, "http_port": collector.http_port}) + "\n")
    sys.stdout.flush()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
    stopping.wait()
    drained = collector.stop()
    database.close()
    # Past the reader of standard input, which cannot be interrupted.
    os._exit(0 if drained else 3)


if __name__ == "__main__":
    main()
