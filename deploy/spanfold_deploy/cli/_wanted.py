"""What the options of ``spanfold evaluate`` say, checked before anything is read or paid for."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from spanfold_deploy.errors import SettingsError

OUTPUT_KINDS: Final = (".jsonl", ".csv", ".parquet", ".html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options, by the names that they have in the command."""

    model: list[str] | None = None
    since: str | None = None
    until: str | None = None
    where: str = ""
    run: str | None = None
    experiment: str | None = None
    sample: str | None = None
    stratify_by: str | None = None
    seed: int = 0
    data: Path | None = None
    predictions: str | None = None
    targets: str | None = None
    model_type: str | None = None
    metrics: list[str] | None = None
    judge: str | None = None
    mapping: str | None = None
    max_cost_usd: float | None = None
    max_calls: int | None = None
    concurrency: int | None = None
    yes: bool = False
    name: str | None = None
    on_server: bool = False
    resume: str | None = None
    output: list[Path] | None = None
    json_output: bool = False

    @classmethod
    def names(cls) -> frozenset[str]:
        """Names of the options."""
        return frozenset(one.name for one in fields(cls))

    @property
    def selects_traces(self) -> bool:
        """Whether an option chooses traces."""
        chosen = (self.model, self.since, self.until, self.where, self.run, self.experiment)
        return any(chosen) or self.sample is not None or self.stratify_by is not None

    def check(self) -> None:
        """Refuse options that do not go together.

        Raises:
            SettingsError: the message names the options.
        """
        if self.data is not None and self.selects_traces:
            message = (
                "--data evaluates the rows of a file; --model, --since, --where, --sample ... choose "
                "traces.\n  Fix: leave one or the other out."
            )
            raise SettingsError(message)
        if self.data is not None and (self.on_server or self.resume):
            message = (
                "--on-server and --resume are for traces; the file of --data is here.\n"
                "  Fix: leave them out. Judges' answers are cached: asking again costs nothing."
            )
            raise SettingsError(message)
        if self.data is None and (self.predictions or self.targets or self.model_type):
            message = (
                "--predictions, --targets and --model-type are for --data.\n"
                "  Fix: leave them out. Of traces the answer is the prediction, and the expectation "
                "expected_response the target; --mapping changes that."
            )
            raise SettingsError(message)
        if not self.metrics and self.resume is None and self.model_type is None:
            message = (
                "no metrics are named.\n"
                "  Fix: for example --metrics token_f1,latency; `spanfold evaluate metrics` lists all."
            )
            raise SettingsError(message)
        for output in self.output or ():
            check_output(output)

    def mapped(self) -> dict[str, Any] | None:
        """The mapping, from a file or the text itself.

        Raises:
            SettingsError: it is no JSON object.
        """
        if self.mapping is None:
            return None
        text = self.mapping
        fix = 'a file with a JSON object, or the object itself, such as {"inputs": "attributes.question"}'
        try:
            if not text.lstrip().startswith("{"):
                text = Path(text).expanduser().read_text(encoding="utf-8")
            read = json.loads(text)
        except (OSError, ValueError) as error:
            message = f"--mapping {self.mapping}: {error}.\n  Fix: {fix}."
            raise SettingsError(message) from error
        if not isinstance(read, dict):
            message = f"--mapping holds no JSON object.\n  Fix: {fix}."
            raise SettingsError(message)
        return read


def check_output(output: Path) -> None:
    """Refuse what cannot be written before anything is paid for.

    Raises:
        SettingsError: the kind of file is not known, its library not installed, or its directory not there.
    """
    if output.suffix.lower() not in OUTPUT_KINDS:
        message = f"--output {output}: what kind of file?\n  Fix: end its name in {', '.join(OUTPUT_KINDS)}."
        raise SettingsError(message)
    if output.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        message = "Parquet needs pyarrow.\n  Fix: pip install 'spanfold[dataframe]', or write .jsonl or .csv."
        raise SettingsError(message)
    if not output.parent.is_dir():
        message = (
            f"there is no directory {output.parent}.\n  Fix: make it, or name another file with --output."
        )
        raise SettingsError(message)
