"""Runs and experiments: what is active where, what is recorded under it, and how it ends."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any

import pytest

import spanfold
from spanfold._internal import active, active_run
from spanfold.errors import ExperimentNotFoundError, InvalidArgumentError, RunNotFoundError
from spanfold_schemas.fold import fold_experiment, fold_run
from spanfold_schemas.ids import derive_experiment_id, derive_model_id
from tests.sdk import otlp_receiver

if TYPE_CHECKING:
    from spanfold.testing import Captured
    from tests.sdk.conftest import RunScript
    from tests.sdk.otlp_receiver import Server


def of(captured: Captured, run_id: str) -> Any:
    return fold_run(event for event in captured.events if event.stream == run_id)


def test_a_run_is_active_in_its_block_and_finished_after_it(captured: Captured) -> None:
    with spanfold.start_run(run_name="trial", tags={"n": 1}, description="first") as run:
        assert spanfold.active_run() is run
        assert run.info.status == "RUNNING"
        assert spanfold.log_param("k", 5) == 5
        spanfold.log_params({"p": 0.5, "q": None})
        spanfold.log_metric("loss", 1.5, step=1)
        spanfold.log_metrics({"loss": 1, "f1": 0.5}, step=2)
        spanfold.set_tag("team", "ml")
        spanfold.set_tags({"gone": "x"})
        spanfold.delete_tag("gone")
        assert of(captured, run.info.run_id).status == "RUNNING"
    assert spanfold.active_run() is None
    state = of(captured, run.info.run_id)
    assert (state.status, state.run_name, state.experiment_id) == ("FINISHED", "trial", "0")
    assert state.params == {"k": "5", "p": "0.5", "q": "None"}
    assert state.metrics == {"loss": 1.0, "f1": 0.5}
    assert state.tags == {"n": "1", "mlflow.note.content": "first", "team": "ml"}
    assert run.data.tags == {"n": "1", "mlflow.note.content": "first"}
    assert state.start_time_unix_ns // 1_000_000 == run.info.start_time


def test_an_exception_fails_the_run_and_goes_on(captured: Captured) -> None:
    def fail() -> None:
        with spanfold.start_run():
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        fail()
    assert of(captured, captured.events[0].stream).status == "FAILED"
    assert active_run.current() is None


def test_runs_nest_if_they_say_so_and_each_end_restores_the_outer_one(captured: Captured) -> None:
    with spanfold.start_run() as outer:
        with pytest.raises(InvalidArgumentError, match="nested=True"):
            spanfold.start_run()
        with spanfold.start_run(nested=True) as inner:
            assert active_run.current() == inner.info.run_id
        assert active_run.current() == outer.info.run_id
    assert of(captured, inner.info.run_id).parent_run_id == outer.info.run_id
    assert of(captured, outer.info.run_id).parent_run_id is None
    assert len({event.stream for event in captured.events}) == 2


def test_a_plain_call_holds_for_the_process_until_end_run_wherever_that_is_called(captured: Captured) -> None:
    run = spanfold.start_run()
    seen = list[str | None]()

    def elsewhere() -> None:
        seen.append(active_run.current())
        spanfold.end_run("KILLED")

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert seen == [run.info.run_id]
    assert active_run.current() is None
    assert of(captured, run.info.run_id).status == "KILLED"
    spanfold.end_run()
    assert len(captured.events) == 2


def test_a_status_that_no_run_can_end_with_is_refused_and_the_run_goes_on(captured: Captured) -> None:
    with spanfold.start_run() as run:
        with pytest.raises(InvalidArgumentError, match="FINISHED, FAILED, KILLED"):
            spanfold.end_run("READY")
        assert active_run.current() == run.info.run_id
    assert of(captured, run.info.run_id).status == "FINISHED"


def test_overlapping_runs_of_tasks_and_threads_are_each_others_business_only(captured: Captured) -> None:
    async def trial(barrier: asyncio.Barrier) -> str:
        with spanfold.start_run() as run:
            await barrier.wait()
            spanfold.log_param("mine", run.info.run_id)
            with spanfold.start_span("work"):
                await asyncio.sleep(0)
            return run.info.run_id

    async def every() -> list[str]:
        barrier = asyncio.Barrier(5)
        return await asyncio.gather(*(trial(barrier) for _ in range(5)))

    made = asyncio.run(every())

    def thread_trial() -> None:
        with spanfold.start_run() as run:
            spanfold.log_param("mine", run.info.run_id)
            made.append(run.info.run_id)

    threads = [threading.Thread(target=thread_trial) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(set(made)) == 10
    assert all(of(captured, run_id).params == {"mine": run_id} for run_id in made)
    assert active_run.current() is None


def test_a_snapshot_carries_model_and_run_into_a_thread(captured: Captured) -> None:
    with spanfold.set_active_model(name="v1"), spanfold.start_run() as run:
        noted = active.snapshot()
    seen = list[tuple[str | None, str | None]]()

    def later() -> None:
        tokens = active.resume(noted)
        seen.append((active.current(), active_run.current()))
        active.suspend(tokens)
        seen.append((active.current(), active_run.current()))

    with spanfold.set_active_model(name="v2"):
        contextvars.copy_context().run(later)
    # The run has ended meanwhile: nothing can be recorded under it any more.
    assert seen == [(derive_model_id("0", "v1"), None), (derive_model_id("0", "v2"), None)]
    assert of(captured, run.info.run_id).status == "FINISHED"


def test_a_thread_started_inside_a_block_belongs_to_its_run_and_its_version(captured: Captured) -> None:
    seen = list[tuple[str | None, str | None]]()

    def work() -> None:
        seen.append((active.current(), active_run.current()))

    with spanfold.set_active_model(name="v1") as model, spanfold.start_run() as run:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)
    assert seen == [(model.model_id, run.info.run_id)]
    assert of(captured, run.info.run_id).status == "FINISHED"


def test_a_model_made_inside_a_run_belongs_to_it_and_so_do_its_metrics(captured: Captured) -> None:
    with spanfold.start_run() as run:
        model = spanfold.create_external_model(name="my-agent-v3.0")
        spanfold.log_metric("f1", 0.5, model_id=model.model_id)
        named = spanfold.create_external_model(source_run_id="another")
    assert model.source_run_id == run.info.run_id
    assert named.source_run_id == "another"
    assert of(captured, run.info.run_id).metrics == {"f1": 0.5}
    logged = [event for event in captured.events if event.event_type.endswith("metrics_logged")]
    assert [event.payload for event in logged] == [
        {"metrics": {"f1": 0.5}, "model_id": model.model_id},
        {"metrics": {"f1": 0.5}, "source_run_id": run.info.run_id},
    ]


def test_what_is_logged_without_a_run_starts_one(captured: Captured) -> None:
    spanfold.log_param("k", "v")
    spanfold.log_metric("f1", 0.5)
    run = spanfold.active_run()
    assert run is not None
    spanfold.end_run()
    assert of(captured, run.info.run_id).metrics == {"f1": 0.5}


def test_an_experiment_is_derived_from_its_name_and_holds_what_is_made_in_it(captured: Captured) -> None:
    experiment = spanfold.set_experiment("support bot")
    assert experiment.experiment_id == derive_experiment_id("support bot")
    assert active_run.current_experiment() == experiment.experiment_id
    model = spanfold.set_active_model(name="v1")
    assert (model.experiment_id, model.model_id) == (
        experiment.experiment_id,
        derive_model_id(experiment.experiment_id, "v1"),
    )
    assert spanfold.create_external_model().experiment_id == experiment.experiment_id
    with spanfold.start_run(experiment_id="7") as run:
        assert run.info.experiment_id == "7"
        assert spanfold.create_external_model().experiment_id == "7"
    spanfold.set_experiment("support bot")
    state = fold_experiment(event for event in captured.events if event.stream == experiment.experiment_id)
    assert state is not None
    assert state.name == "support bot"
    assert spanfold.set_experiment(experiment_id="0").name == "Default"
    assert active_run.current_experiment() is None


@pytest.mark.parametrize(
    "arguments", [{}, {"experiment_name": "a", "experiment_id": "1"}, {"experiment_name": ""}]
)
def test_an_experiment_must_be_named_once_and_well(captured: Captured, arguments: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="experiment"):
        spanfold.set_experiment(**arguments)
    assert captured.events == []


def test_ids_that_the_server_does_not_know_are_clear_errors(server: Server) -> None:
    with pytest.raises(ExperimentNotFoundError, match="'17'"):
        spanfold.set_experiment(experiment_id="17")
    with pytest.raises(RunNotFoundError, match="'none'"):
        spanfold.start_run(run_id="none")
    with pytest.raises(RunNotFoundError, match="'none'"):
        spanfold.log_metric("f1", 1.0, run_id="none")
    assert spanfold.flush()
    assert server.records == []


def test_a_run_that_nobody_ends_is_finished_with_the_process_and_the_environment_names_the_experiment(
    run_script: RunScript,
) -> None:
    with otlp_receiver.running() as server:
        run_script(
            "import spanfold; spanfold.start_run(); spanfold.log_param('k', 1)",
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT=server.address,
            MLFLOW_EXPERIMENT_NAME="from the shell",
        )
    assert [record.event_name for record in server.records] == [
        "spanfold.experiment.created",
        "spanfold.run.started",
        "spanfold.run.params_logged",
        "spanfold.run.ended",
    ]
    assert derive_experiment_id("from the shell") in server.records[1].body.string_value


def test_a_process_continues_the_run_that_its_environment_names(
    captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "ab" * 16)
    with spanfold.start_run() as run:
        assert run.info.run_id == "ab" * 16
    with spanfold.start_run() as another:
        assert another.info.run_id != "ab" * 16
    assert of(captured, "ab" * 16).status == "FINISHED"
