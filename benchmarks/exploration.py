"""What it costs to explore traces: histogram, facets, scatter, at one and at ten million spans.

    python -m benchmarks.exploration                             about 15 minutes, 6 GB of disk
    python -m benchmarks.exploration --spans 20_000 200_000      to see that it runs
    python -m benchmarks.exploration --spans 10_000_000 --keep DIR    for `spanfold serve --data DIR`

Fills a database of its own: spans as in ``benchmarks.queries``, of the seven days up to now, with the model
versions that made them, scores, and logs of what failed. Asks the query API over its ASGI interface, and
prints a Markdown table with the budgets at the largest size.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from benchmarks import _report
from benchmarks._spans_generator import DAYS, SPANS_A_TRACE, statement
from benchmarks.queries import GENERATE_TIMEOUT_S, SIZES, Answer, ask, fill, settle
from spanfold_deploy.database import open_database
from spanfold_query_api.app import create_app

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

LEAD_S: Final = 1_800
"""How far the spans reach beyond the start of the program, which takes some minutes to make ten million."""
BUDGETS_MS: Final = {"histogram, week": 300, "histogram, day": 300, "facets, week": 300, "facets, day": 300}


def fill_all(database: Database, spans: int) -> None:
    """Make spans, the model versions that they name, scores, and logs."""
    first_s = int(time.time()) + LEAD_S - DAYS * 86_400
    fill(database, spans, first_s)
    database.command(statement("_exploration_models.sql"), {"first_ns": first_s * 10**9})
    database.command(statement("_exploration_scores.sql"))
    database.command(statement("_exploration_logs.sql"))
    settle(database)


def questions(database: Database) -> dict[str, list[str]]:
    """Paths to ask for."""
    ((busy, end_s, failed),) = database.query(
        "SELECT (SELECT topK(1)(ModelId)[1] FROM spans),"
        " (SELECT toUnixTimestamp(max(Timestamp)) + 1 FROM spans),"
        " (SELECT lower(hex(any(TraceId))) FROM logs)"
    )
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end_s))
    day = f"end={end}&start={time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(end_s - 86_400))}"
    errors, region = "filter=status = 'ERROR'", "filter=attributes['deployment.region'] = 'eu-west-1'"
    asked: dict[str, list[str]] = {}
    for route in ("histogram", "facets", "scatter"):
        path = f"/v1/traces/{route}"
        asked |= {
            f"{route}, week": [path],
            f"{route}, day": [f"{path}?{day}"],
            f"{route} of the busiest version, week": [f"{path}?model_id={busy}"],
            f"{route} of errors, week": [f"{path}?{errors}"],
            f"{route} of an attribute value in half the spans, day": [f"{path}?{region}&{day}"],
            f"{route} of an absent word in the prompt, day": [
                f"{path}?filter=input LIKE '%25nowhere%25'&{day}"
            ],
        }
    return {
        **asked,
        "values of user_id with a text, day": [f"/v1/traces/facets?field=user_id&contains=u-12&{day}"],
        "fields": ["/v1/traces/fields"],
        "logs of a trace": [f"/v1/traces/{failed}/logs"],
    }


def measure(spans: int, directory: Path) -> list[Answer]:
    """Ask each question of a database of this many spans, which is made if it is not there."""
    database = open_database(f"chdb://{directory}", timeout_s=GENERATE_TIMEOUT_S)
    try:
        if not database.query("SELECT count() FROM system.tables WHERE name = 'spans'").rows[0][0]:
            fill_all(database, spans // SPANS_A_TRACE * SPANS_A_TRACE)
        asked = questions(database)
        transport = httpx.ASGITransport(app=create_app(database))
        with asyncio.Runner() as runner:
            client = httpx.AsyncClient(transport=transport, base_url="http://query-api", timeout=None)
            return [ask(runner, client, question, paths) for question, paths in asked.items()]
    finally:
        database.close()


def _measure_apart(spans: int, directory: Path) -> list[Answer]:
    """A process holds one embedded database, so each size gets a process."""
    command = [sys.executable, "-m", "benchmarks.exploration", "--child", "--keep", str(directory)]
    output = subprocess.run([*command, "--spans", str(spans)], check=True, stdout=subprocess.PIPE).stdout
    return [Answer(**answer) for answer in json.loads(output)]


def compared(sizes: list[int], answers: list[list[Answer]]) -> list[dict[str, float | str]]:
    """One row a question: its cost at each size, and whether the last keeps to the budget."""
    rows: list[dict[str, float | str]] = []
    for same in zip(*answers, strict=True):
        row: dict[str, float | str] = {"question": same[0].question}
        for size, answer in zip(sizes, same, strict=True):
            row |= {f"{size:,} spans: wall ms": answer.wall_ms, f"{size:,} spans: CPU ms": answer.cpu_ms}
        limit = BUDGETS_MS.get(same[0].question)
        kept = "" if limit is None else f"{limit} ms: {'kept' if same[-1].wall_ms <= limit else 'MISSED'}"
        rows.append({**row, "bytes": same[-1].bytes_answered, "budget": kept})
    return rows


def main() -> None:
    """Parse the arguments, measure, and print."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--spans", type=int, nargs="+", default=list(SIZES), help="sizes, smallest first")
    parser.add_argument(
        "--keep", type=Path, help="directory of the database of a single size; kept, and used again"
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.keep and len(arguments.spans) > 1:
        parser.error("--keep takes one size")
    if arguments.child:
        print(json.dumps([asdict(answer) for answer in measure(arguments.spans[0], arguments.keep)]))
        return
    answers = []
    for spans in arguments.spans:
        with tempfile.TemporaryDirectory() as directory:
            answers.append(_measure_apart(spans, arguments.keep or Path(directory)))
    _report.show("Exploring traces", compared(arguments.spans, answers), as_json=arguments.json)


if __name__ == "__main__":
    main()
