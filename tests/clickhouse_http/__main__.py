"""Run the server as a process of its own: one process can hold one engine.

``python -m tests.clickhouse_http --path DIR`` prints one line of JSON with its ports once it serves, and
serves until SIGTERM, SIGINT, or the end of its standard input (so that it never outlives its test).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from tests.clickhouse_http.execution import Execution
from tests.clickhouse_http.server import ClickHouseHttp, control_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="directory of the engine")
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    arguments = parser.parse_args()
    directory = arguments.path.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    # Given a schema as a string, the engine writes a cache into the directory it was started in.
    os.chdir(directory)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = ClickHouseHttp(
        Execution(directory), port=arguments.port, user=arguments.user, password=arguments.password
    )
    control = control_of(server)
    ports = {"port": server.port, "control_port": control.server_address[1]}
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    threading.Thread(target=_wait_for_parent, args=(stopping,), daemon=True).start()
    stopping.wait()
    control.shutdown()
    server.close()


def _wait_for_parent(stopping: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stopping.set()


if __name__ == "__main__":
    main()
