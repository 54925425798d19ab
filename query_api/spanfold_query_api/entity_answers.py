"""What is answered about runs and experiments."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from spanfold_query_api.answers import Answer, NextPage, Time


class Run(Answer):
    """One run, as its events describe it."""

    run_id: Annotated[str, Field(examples=["4b1f5c0e2d9a4c7f8e6b3a2d1c0f9e8d"])]
    run_name: Annotated[str, Field(examples=["calm-otter-417"])]
    experiment_id: Annotated[str, Field(examples=["0"])]
    parent_run_id: Annotated[str | None, Field(description="The run that it was nested in.")]
    user: str | None
    status: Annotated[
        str,
        Field(description="RUNNING, FINISHED, FAILED, KILLED, or UNSPECIFIED where the start is not known."),
    ]
    start_timestamp: Annotated[int, Field(description="Milliseconds since 1970.")]
    end_timestamp: Annotated[int | None, Field(description="Milliseconds since 1970; null while it runs.")]
    start_time: Time
    end_time: Time | None
    params: dict[str, str]
    metrics: Annotated[dict[str, float], Field(description="The last value of each.")]
    tags: dict[str, str]
    deleted: bool


class RunPage(Answer):
    """Runs, newest first unless another order was asked for."""

    runs: list[Run]
    next_page_token: NextPage


class Experiment(Answer):
    """What model versions and runs belong to."""

    experiment_id: Annotated[str, Field(examples=["570734566221431849"])]
    name: Annotated[str, Field(examples=["support bot"])]
    creation_timestamp: Annotated[
        int, Field(description="Milliseconds since 1970; 0 for the default experiment.")
    ]
    tags: dict[str, str]


class ExperimentPage(Answer):
    """Experiments, newest first; the default one comes last."""

    experiments: list[Experiment]
    next_page_token: NextPage
