"""Log and load a model of 1 GB, against `cp` and against hashing alone, in one run.

    python -m benchmarks.artifacts                       about 2 minutes
    python -m benchmarks.artifacts --mib 64 --runs 1     to see that it runs

One large file and 64 small ones of incompressible bytes are logged through the query API of a real server
and to a folder, and loaded by processes of their own. `cp` is followed by `sync` of what it copied, since
what is logged is durable too. Each way is run in turn, several times; the median counts. Fails when a
process's memory grows by more than 256 MiB, a quarter of the model.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from benchmarks._processes import Server, run_spanfold

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB: Final = 2**20
SMALL_FILES: Final = 64
SMALL_SHARE: Final = 8
"""One in so many bytes is in small files."""
TIMEOUT_S: Final = 600
MAX_GROWTH_MIB: Final = 256
_SAMPLE_S: Final = 0.05

START: Final = """
import json, resource, shutil, sys, time
from pathlib import Path
import spanfold
from spanfold import artifacts
from spanfold.artifacts import _http
from spanfold.artifacts._blobs import digest_of
folder, target = Path(sys.argv[1]), Path(sys.argv[2])
model_id = sys.argv[3]
spanfold.start_span
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
import requests, fsspec, tqdm, spanfold.evaluation._sender
before, started = peak(), time.perf_counter()
"""
END: Final = """
print(json.dumps({"wall_s": time.perf_counter() - started, "growth_mib": peak() - before}))
"""
WAYS: Final = {
    "cp": "import subprocess; subprocess.run(['cp', '-r', str(folder), str(target)], check=True); "
    "subprocess.run(['sync', *map(str, target.rglob('*'))], check=True)",
    "hash alone": "[digest_of(file) for file in folder.iterdir()]",
    "log through the query API": "artifacts.upload_folder(model_id, folder)",
    "log what is there already": "artifacts.upload_folder(model_id, folder)",
    "load into an empty cache": "artifacts.download(model_id)",
    "load again": "artifacts.download(model_id)",
    "load into a folder": "artifacts.download(model_id, target)",
    "log to a folder": "artifacts.upload_folder(model_id, folder)",
}


def make_model(folder: Path, size_bytes: int) -> None:
    """One large file, and many small ones."""
    folder.mkdir()
    small = size_bytes // SMALL_SHARE // SMALL_FILES
    for number in range(SMALL_FILES):
        (folder / f"small-{number}").write_bytes(os.urandom(small))
    with (folder / "large").open("wb") as file:
        for _ in range((size_bytes - small * SMALL_FILES) // MIB):
            file.write(os.urandom(MIB))


def measure(way: str, server: Server, places: Mapping[str, Path], model_id: str) -> dict[str, Any]:
    """Run one way in a process of its own, and watch the server meanwhile."""
    variables = {
        "PATH": os.environ["PATH"],
        "SPANFOLD_ENDPOINT": server.addresses["api_url"],
        "OTEL_EXPORTER_OTLP_ENDPOINT": server.addresses["otlp_http_endpoint"],
        "SPANFOLD_CACHE_DIR": str(places["cache"]),
    }
    if way == "log to a folder":
        variables["SPANFOLD_ARTIFACTS"] = str(places["direct"])
    target = places["target"] / way.replace(" ", "-")
    before, cpu_s = server.memory().rss, server.cpu_s()
    peaks = [before]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_SAMPLE_S):
            peaks.append(server.memory().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = subprocess.run(
            [sys.executable, "-c", START + WAYS[way] + END, str(places["model"]), str(target), model_id],
            env=variables,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    finally:
        ended.set()
        watcher.join()
    if done.returncode:
        raise RuntimeError(done.stderr)
    said = json.loads(done.stdout)
    return {
        "way": way,
        "wall s": said["wall_s"],
        "server CPU s": server.cpu_s() - cpu_s,
        "client growth MiB": said["growth_mib"],
        "server growth MiB": (max(peaks) - before) / MIB,
    }


def one_run(directory: Path, model: Path, number: int) -> list[dict[str, Any]]:
    """Every way once, with a server, a cache and folders of their own."""
    root = directory / f"run-{number}"
    root.mkdir()
    places = {name: root / name for name in ("cache", "target", "direct")} | {"model": model}
    places["target"].mkdir()
    model_id = f"m-{number:032x}"
    with run_spanfold(root / "data", root / "log") as server:
        rows = [measure(way, server, places, model_id) for way in WAYS]
    subprocess.run(["rm", "-rf", str(root)], check=True)
    return rows


def main() -> int:
    """Measure and print; 1 if memory grew with the model."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--mib", type=int, default=1024, help="size of the model")
    parser.add_argument("--runs", type=int, default=3, help="runs of each way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        make_model(directory / "model", options.mib * MIB)
        runs = [one_run(directory, directory / "model", number) for number in range(options.runs)]
    results = []
    for of_way in zip(*runs, strict=True):
        result = {key: median(row[key] for row in of_way) for key in of_way[0] if key != "way"}
        results.append(
            {"way": of_way[0]["way"], "MB/s": options.mib * MIB / 1e6 / result["wall s"], **result}
        )
    cp_s = results[0]["wall s"]
    rows = [{**row, "times cp": row["wall s"] / cp_s} for row in results]
    grown = max(max(row["client growth MiB"], row["server growth MiB"]) for row in rows)
    _report.show(f"A model of {options.mib} MiB", rows, as_json=options.json, **{"largest growth MiB": grown})
    return int(grown > MAX_GROWTH_MIB)


if __name__ == "__main__":
    sys.exit(main())
