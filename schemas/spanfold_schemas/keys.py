"""Attribute keys and event names, each written down once.

Sources: OpenTelemetry semantic conventions 1.37 (``gen_ai.*``, ``service.*``), MLflow (``mlflow.*``);
``spanfold.*`` are ours.
"""

from typing import Final

MODEL_ID: Final = "spanfold.model.id"
"""ID of the model version that made a span: on the span, or on its resource."""
MLFLOW_MODEL_ID: Final = "mlflow.modelId"
"""MLflow's key for the same, accepted wherever ours is."""

CALLER_MODEL_ID: Final = "spanfold.caller.model.id"
"""ID of the model version that called this service, from W3C baggage: what the caller says, not proven."""
RUN_ID: Final = "spanfold.run.id"
"""The run that was active when a span started."""
EXPERIMENT_ID: Final = "spanfold.experiment.id"
"""The experiment that was active when a span started, unless it is the default one."""
COST_USD: Final = "spanfold.cost.usd"
"""What a span cost in US dollars, where the application knows it: it wins over the price list."""

INPUT: Final = "spanfold.input"
"""Arguments of a traced function, as JSON."""
OUTPUT: Final = "spanfold.output"
"""Return value of a traced function, as JSON."""
TRACE_TAG_PREFIX: Final = "spanfold.tag."
"""On a trace's entry span: ``spanfold.tag.tier`` is the tag ``tier`` of the trace."""
SPAN_TYPE: Final = "spanfold.span.type"
"""What a traced function is: CHAIN, TOOL, RETRIEVER, ... (MLflow's span types)."""

EVENT_ID: Final = "spanfold.event.id"
EVENT_STREAM: Final = "spanfold.event.stream"
EVENT_SCHEMA_VERSION: Final = "spanfold.event.schema_version"
EVENT_ACTOR: Final = "spanfold.event.actor"
EVENT_SOURCE: Final = "spanfold.event.source"

EVALUATION_RESULT: Final = "gen_ai.evaluation.result"
"""OpenTelemetry's event for one score."""

EXPERIMENT_CREATED: Final = "spanfold.experiment.created"
RUN_STARTED: Final = "spanfold.run.started"
RUN_ENDED: Final = "spanfold.run.ended"
RUN_PARAMS_LOGGED: Final = "spanfold.run.params_logged"
RUN_METRICS_LOGGED: Final = "spanfold.run.metrics_logged"
RUN_TAGS_SET: Final = "spanfold.run.tags_set"
RUN_TAG_DELETED: Final = "spanfold.run.tag_deleted"

MODEL_CREATED: Final = "spanfold.model.created"
MODEL_TAGS_SET: Final = "spanfold.model.tags_set"
MODEL_TAG_DELETED: Final = "spanfold.model.tag_deleted"
MODEL_PARAMS_LOGGED: Final = "spanfold.model.params_logged"
MODEL_METRICS_LOGGED: Final = "spanfold.model.metrics_logged"
MODEL_STATUS_SET: Final = "spanfold.model.status_set"
MODEL_DELETED: Final = "spanfold.model.deleted"
MODEL_RESTORED: Final = "spanfold.model.restored"
