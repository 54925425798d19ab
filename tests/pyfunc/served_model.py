"""A model of several moods, served by the tests: which one it is in, its input says."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from spanfold import pyfunc

if TYPE_CHECKING:
    from collections.abc import Generator


class Moody(pyfunc.PythonModel):
    """Repeats what it is told, with the number of rows of the call; or fails, or takes its time."""

    def predict(self, context: Any, model_input: Any, params: dict[str, Any] | None = None) -> list[str]:
        del context
        texts = list(model_input["text"])
        if "slow" in texts:
            threading.Event().wait(1.0)
        if "exit" in texts:
            sys.exit(3)
        if "fail" in texts:
            raise RuntimeError("not in the mood")
        mark = (params or {}).get("mark", "")
        return [f"{text}{mark} of {len(texts)}" for text in texts]

    def predict_stream(self, context: Any, model_input: Any, params: Any = None) -> Generator[str, None, Any]:
        del context, params
        (text,) = model_input["text"]
        if text == "slow":
            yield "s"
            threading.Event().wait(2.0)
        if text == "fail":
            raise RuntimeError("not in the mood")
        for letter in text:
            yield letter
            if letter == "!":
                raise RuntimeError("broke off")
        usage = {"prompt_tokens": 1, "completion_tokens": len(text), "total_tokens": 1 + len(text)}
        return {"choices": [], "usage": usage}


pyfunc.set_model(Moody())
