"""What spanfold costs while nothing happens: start, memory and CPU of an idle server, and the SDK's import.

    python -m benchmarks.footprint             about 1 minute

Starts ``spanfold serve`` twice, on an empty directory (tables are made) and on the one it left, and reads
CPU, resident and proportional memory of the process tree. Then imports the SDK in fresh interpreters: the CPU
beyond a bare interpreter's, and the modules that have no business in an application.

Budgets: 500 MB, ready within 3 CPU-s, import within 150 ms, no server package loaded.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks import _report
from benchmarks._processes import run_spanfold

SERVER_PACKAGES: Final = (
    "spanfold_collector", "spanfold_query_api", "spanfold_deploy", "chdb", "clickhouse_connect", "fastapi",
    "grpc", "httpx", "lark", "orjson", "prometheus_client", "pydantic", "rich", "starlette", "structlog",
    "typer", "uvicorn",
)  # fmt: skip
_REPEAT: Final = 7
_MB: Final = 1e6
_CPU_OF: Final = "import time; {}print(time.process_time())"
_MODULES: Final = "import sys; before = len(sys.modules); import spanfold; print(len(sys.modules) - before)"
_LOADED: Final = "import spanfold, sys; print(*[name for name in {!r} if name in sys.modules])"


def _server(name: str, data: Path, log: Path, idle_s: float) -> dict[str, Any]:
    with run_spanfold(data, log) as server:
        idle = server.idle_share(idle_s)
        memory = server.memory()
        return {
            "server": name,
            "RSS MB": memory.rss / _MB,
            "PSS MB": memory.pss / _MB,
            "ready CPU-s": server.start_cpu_s,
            "ready wall s": server.start_wall_s,
            "idle CPU %": idle * 100,
        }


def _output(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def measure_import() -> dict[str, Any]:
    """CPU milliseconds of ``import spanfold``, and the server packages that it loads."""
    # Interpreters in turn, so that both see the same load of the machine.
    pairs = [
        (float(_output(_CPU_OF.format(""))), float(_output(_CPU_OF.format("import spanfold; "))))
        for _ in range(_REPEAT)
    ]
    bare, loaded = (min(side) for side in zip(*pairs, strict=True))
    return {
        "import spanfold": "CPU ms beyond a bare interpreter",
        "CPU ms": (loaded - bare) * 1e3,
        "modules loaded": int(_output(_MODULES)),
        "server packages loaded": _output(_LOADED.format(SERVER_PACKAGES)) or "none",
    }


def main() -> None:
    """Measure and print."""
    parser = _report.parser(__doc__)
    parser.add_argument("--idle-s", type=float, default=10, help="seconds of watching (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, log = Path(folder) / "data", Path(folder) / "log"
        rows = [_server(name, data, log, options.idle_s) for name in ("first start", "second start")]
    imported = measure_import()
    if not options.json:
        print(_report.table([imported]))
    _report.show("idle footprint", rows, as_json=options.json, sdk=imported)


if __name__ == "__main__":
    main()
