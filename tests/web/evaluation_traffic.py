"""Traffic that a judge of the tests scores as its texts ask for, and that people have scored, too.

``python -m tests.web.evaluation_traffic`` prints the versions by name as JSON; where the collector and the
query API are, the environment says.
"""

from __future__ import annotations

import json
import sys
from typing import Final

import spanfold

TRACES_A_VERSION: Final = 30
HOSTILE: Final = "<img src=x onerror=document.title='run'>"


def main() -> None:
    """Tell all of it, and wait until it is durable."""
    versions = {}
    for name, best in (("guide-v1", 4), ("guide-v2", 2)):
        model = spanfold.create_external_model(name)
        versions[name] = model.model_id
        with spanfold.set_active_model(model_id=model.model_id):
            for number in range(TRACES_A_VERSION):
                grade = number % (best + 1)
                with spanfold.start_span("ask") as span:
                    span.set_inputs({"question": f"Question {number} {HOSTILE}"})
                    span.set_outputs(f"Answer {number} {HOSTILE} [judge:score:{grade}]")
                if name == "guide-v1":
                    said = grade if number % 5 else 4 - grade
                    spanfold.log_feedback(span.trace_id, "professionalism", said, source_id="ann")
                    spanfold.log_expectation(span.trace_id, value=f"Answer {number}")
    spanfold.flush()
    sys.stdout.write(json.dumps(versions))


if __name__ == "__main__":
    main()
