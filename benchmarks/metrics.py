"""How fast rows are scored: each metric through ``evaluate``, here and in the published MLflow package.

    python -m benchmarks.metrics               about 3 minutes; 10 the first time
    python -m benchmarks.metrics --rows 500    sooner, and noisier

The same rows (English answers of about 284 characters, and right answers that share most of their words) go
through ``mlflow.evaluate`` and ``spanfold.evaluate``, each in its own environment, a metric at a time and
three together. MLflow logs to SQLite; spanfold sends its events to a server that answers and forgets. Imports
and dictionaries are loaded before the clock starts, each round has new texts, and the round with the fewest
CPU seconds counts. MLflow would download ROUGE from a hub; here it gets the program that it would have found
there. The numbers that both report must be equal to 1e-9.

Budget: at least 5 times the rows a CPU second of MLflow's ``evaluate``.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from benchmarks._peers import Package, default_cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

PEER: Final = Package(
    name="mlflow",
    requirement="mlflow==3.17.2",
    beside=("textstat==0.7.8", "rouge_score==0.1.2", "evaluate==0.4.6"),
)
PROGRAM: Final = Path(__file__).with_name("_metrics_program.py")
TOLERANCE: Final = 1e-9
CHARS: Final = 284
VOCABULARY: Final = 4_000
RIGHT_SHARE: Final = 0.3
"""Of the answers: these equal their targets."""
CHANGED_SHARE: Final = 0.2
"""Of the words of the other targets."""
_TIMEOUT_S: Final = 1_200


def make_rows(count: int) -> dict[str, list[str]]:
    """Rows of made-up English: words as frequent as their rank says, in sentences."""
    chance = random.Random(1)
    packed = resources.files("spanfold.metrics").joinpath("data", "syllables.txt.gz").read_bytes()
    known = [word for word in gzip.decompress(packed).decode().split() if word.isalpha()]
    words = chance.sample(known, VOCABULARY)
    weights = [1 / rank for rank in range(1, VOCABULARY + 1)]

    def text() -> str:
        sentences: list[str] = []
        while sum(map(len, sentences)) < CHARS - 40:
            chosen = chance.choices(words, weights, k=chance.randint(6, 18))
            sentences.append(" ".join(chosen).capitalize() + chance.choice((".", ".", ".", "?", "!")))
        return " ".join(sentences)

    predictions = [text() for _ in range(count)]
    targets = [one if chance.random() < RIGHT_SHARE else _changed(one, chance) for one in predictions]
    return {"predictions": predictions, "targets": targets}


def _changed(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    return " ".join(chance.choice(words) if chance.random() < CHANGED_SHARE else word for word in words)


@contextmanager
def _sink() -> Iterator[str]:
    """A server that takes everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def run(python: Path | str, library: str, rows: Path, address: str) -> dict[str, dict[str, Any]]:
    """Score the rows with one library."""
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": address,
        "SPANFOLD_ENDPOINT": address,
        "HF_HUB_OFFLINE": "1",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    done = subprocess.run(
        [str(python), str(PROGRAM), library, str(rows)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{library} failed:\n{done.stderr[-3_000:]}")
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def _difference(ours: dict[str, float], theirs: dict[str, float]) -> float:
    """The largest between numbers of the same name; there must be some."""
    shared = ours.keys() & theirs.keys()
    assert shared, (ours, theirs)
    return max(abs(ours[key] - theirs[key]) for key in shared)


def compare(
    ours: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]], count: int
) -> list[dict[str, Any]]:
    """A row of the report for each line of metrics."""
    rows: list[dict[str, Any]] = []
    for line, mine in ours.items():
        peer = theirs.get(line)
        rows.append(
            {
                "metrics": line,
                "rows a CPU-s": count / mine["cpu_s"],
                "MLflow's": count / peer["cpu_s"] if peer else "-",
                "times": peer["cpu_s"] / mine["cpu_s"] if peer else "-",
                "CPU s": mine["cpu_s"],
                "MLflow's CPU s": peer["cpu_s"] if peer else "-",
                "wall s": mine["wall_s"],
                "largest difference": _difference(mine["metrics"], peer["metrics"]) if peer else "-",
            }
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = _report.parser(__doc__)
    parser.add_argument("--rows", type=int, default=2_000, help="rows to score (default: %(default)s)")
    parser.add_argument(
        "--cache-dir",
        type=Path,
        default=default_cache_dir() / "metrics",
        help="where MLflow's environment is kept (default: %(default)s)",
    )
    options = parser.parse_args()
    made = make_rows(options.rows)
    mean_chars = sum(map(len, made["predictions"])) / options.rows
    with tempfile.TemporaryDirectory() as folder, _sink() as address:
        path = Path(folder) / "rows.json"
        path.write_text(json.dumps(made), encoding="utf-8")
        ours = run(sys.executable, "spanfold", path, address)
        theirs = run(PEER.python(options.cache_dir), "mlflow", path, address)
    rows = compare(ours, theirs, options.rows)
    _report.show("Metrics", rows, as_json=options.json, characters_a_row=mean_chars)
    far = [
        row["metrics"]
        for row in rows
        if isinstance(row["largest difference"], float) and row["largest difference"] > TOLERANCE
    ]
    if far:
        sys.exit(f"the numbers differ: {', '.join(far)}")


if __name__ == "__main__":
    main()
