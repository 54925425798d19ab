"""Every exception that spanfold raises on purpose.

SpanfoldError
├── InvalidArgumentError (ValueError)   the call itself cannot be right: change it
├── NotFoundError (LookupError)         the server answered that it has no such thing
│   ├── ModelNotFoundError              ... no such model version, or it was deleted
│   ├── RunNotFoundError                ... no such run
│   ├── ExperimentNotFoundError         ... no such experiment
│   ├── EvaluationNotFoundError         ... no such evaluation
│   ├── MonitorNotFoundError            ... no such monitor, or it was deleted
│   └── PromptNotFoundError             ... no such prompt, version or alias
├── ModelError                          a logged model cannot be written, loaded, or run
├── ArtifactError                       files of a model version cannot be stored, or are not what was stored
│   └── StorageFullError                ... there is no room for them
├── GitError (OSError)                  there is no Git state to name a version after
└── ServerUnavailableError (OSError)    the query API gave no usable answer: the same call may work later

Faults of the SDK itself are none of these: they never reach the application. They are logged once and
counted, and raised only under :func:`spanfold.testing.raise_faults`.
"""

from __future__ import annotations


class SpanfoldError(Exception):
    """Base of all of spanfold's exceptions."""


class InvalidArgumentError(SpanfoldError, ValueError):
    """An argument that can never be right. The message names it and says what to write instead."""


class NotFoundError(SpanfoldError, LookupError):
    """The server has nothing with this ID."""


class ModelNotFoundError(NotFoundError):
    """The server has no model version with this ID, or it was deleted.

    Example:
        >>> print(ModelNotFoundError("m-0"))
        no model version has the ID 'm-0'
    """

    def __init__(self, model_id: str, *, deleted: bool = False) -> None:
        there_is_none = f"no model version has the ID {model_id!r}"
        was_deleted = f"the model version {model_id!r} was deleted: restore_logged_model() brings it back"
        super().__init__(was_deleted if deleted else there_is_none)
        self.model_id = model_id
        self.deleted = deleted


class RunNotFoundError(NotFoundError):
    """The server has no run with this ID."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"no run has the ID {run_id!r}")
        self.run_id = run_id


class ExperimentNotFoundError(NotFoundError):
    """The server has no experiment with this ID."""

    def __init__(self, experiment_id: str) -> None:
        super().__init__(
            f"no experiment has the ID {experiment_id!r}: set_experiment(experiment_name=...) makes one"
        )
        self.experiment_id = experiment_id


class EvaluationNotFoundError(NotFoundError):
    """The server has no evaluation with this ID."""

    def __init__(self, evaluation_id: str) -> None:
        super().__init__(f"no evaluation has the ID {evaluation_id!r}")
        self.evaluation_id = evaluation_id


class MonitorNotFoundError(NotFoundError):
    """The server has no monitor with this ID, or it was deleted."""

    def __init__(self, monitor_id: str) -> None:
        super().__init__(f"no monitor has the ID {monitor_id!r}")
        self.monitor_id = monitor_id


class ModelError(SpanfoldError):
    """A logged model cannot be written, loaded, or run; the message says what to change."""


class ArtifactError(SpanfoldError):
    """Files of a model version cannot be stored or read, or are not what was stored; says which, and why."""


class StorageFullError(ArtifactError):
    """There is no room for a file where it is to be stored; the message says where, and how much it needs."""


class PromptNotFoundError(NotFoundError):
    """The server has no such prompt, or it was deleted, or it has no such version or alias."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"there is no prompt {reference!r}: register_prompt() makes one")
        self.reference = reference


class GitError(SpanfoldError, OSError):
    """Git is not installed, too slow, or this is no repository with a commit; the message says which."""


class ServerUnavailableError(SpanfoldError, OSError):
    """The query API is away, too slow, or answered something that is not its protocol."""
