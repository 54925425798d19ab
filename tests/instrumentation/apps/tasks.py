"""Celery tasks that call OpenAI, with a broker in a folder."""

from __future__ import annotations

import os

from celery import Celery  # type: ignore[import-untyped]
from openai import OpenAI

folder = os.environ["BROKER_FOLDER"]
app = Celery("tasks", broker="filesystem://", backend=f"file://{folder}/results")
app.conf.broker_transport_options = {
    "data_folder_in": f"{folder}/queue",
    "data_folder_out": f"{folder}/queue",
    "control_folder": f"{folder}/control",
}


@app.task  # type: ignore[untyped-decorator]
def answer(question: str) -> str:
    with OpenAI() as client:
        completion = client.chat.completions.create(
            model="celery", messages=[{"role": "user", "content": question}]
        )
    return completion.choices[0].message.content or ""
