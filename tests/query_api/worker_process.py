"""A child of the query API that does what the name of its evaluation says; see test_evaluation_workers.py.

It reads its evaluation and sends its events as the real one does, over real sockets.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from spanfold.evaluation._sender import EventSender, entity_event
from spanfold_schemas import keys


def evaluation(evaluation_id: str) -> dict[str, Any]:
    """What the query API says of it."""
    url = f"{os.environ['SPANFOLD_ENDPOINT']}/v1/evaluations/{evaluation_id}"
    with urllib.request.urlopen(url, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
    return found


def note(what: str) -> None:
    """Leave a line where the test looks."""
    with Path(os.environ["WORKER_NOTES"]).open("a") as notes:
        notes.write(f"{what} {os.getpid()}\n")


def until_parent_ends() -> None:
    """End with the parent, however that ends."""
    sys.stdin.read()
    note("released")
    os._exit(0)


def main() -> None:
    """Run, as ``run --evaluation-id ID``."""
    threading.Thread(target=until_parent_ends, daemon=True).start()
    if sys.argv[1] == "monitors":
        note("monitors")
        time.sleep(3600)
    evaluation_id = sys.argv[3]
    sender = EventSender()
    what = evaluation(evaluation_id)["name"].split()[0]
    note(what)
    if what == "crash":
        sys.stderr.write("the first line\n")
        sys.exit("no such judge: gpt-0")
    if what == "silent":
        return
    if what == "linger":
        sender.send([entity_event(keys.EVALUATION_FAILED, evaluation_id, {"reason": "no budget"})])
        while "go" not in Path(os.environ["WORKER_NOTES"]).read_text().split():
            time.sleep(0.05)
        return
    sender.send([entity_event(keys.EVALUATION_PROGRESSED, evaluation_id, {"done": 1, "total": 2})])
    while what == "wait" and (status := evaluation(evaluation_id)["status"]) != "CANCELLING":
        time.sleep(0.05)
        if "go" in Path(os.environ["WORKER_NOTES"]).read_text().split():
            break
    else:
        if what == "wait" and status == "CANCELLING":
            sender.send([entity_event(keys.EVALUATION_CANCELLED, evaluation_id, {"done": 1})])
            return
    while what == "deaf":
        time.sleep(1)
    sender.send(
        [entity_event(keys.EVALUATION_FINISHED, evaluation_id, {"metrics": {"m/mean": 1}, "done": 2})]
    )


if __name__ == "__main__":
    main()
