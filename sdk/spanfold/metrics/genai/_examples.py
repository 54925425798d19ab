"""Examples that show a judge what a score means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spanfold.errors import InvalidArgumentError


@dataclass(frozen=True)
class EvaluationExample:
    """An output, the score that it deserves, and why. The fields are MLflow's, in its order.

    A tuple or list of texts is taken as one text: a comma after a text in parentheses is easily left there.

    Example:
        >>> EvaluationExample(input="What is 1 + 1?", output=("It is ", "2.",), score=5).output
        'It is 2.'
    """

    output: str
    score: float
    justification: str | None = None
    input: str | None = None
    grading_context: Mapping[str, Any] | str | None = None
    """What the judge sees besides, by the name of its column; plain text where there is a single column."""

    def __post_init__(self) -> None:
        """Join texts.

        Raises:
            InvalidArgumentError: a field has no value of its type.
        """
        for name in ("output", "justification", "input"):
            value = getattr(self, name)
            if isinstance(value, (tuple, list)) and all(isinstance(part, str) for part in value):
                object.__setattr__(self, name, "".join(value))
            elif not isinstance(value, str) and (value is not None or name == "output"):
                raise InvalidArgumentError(f"EvaluationExample: {name}={value!r} is no text")
        if isinstance(self.score, bool) or not isinstance(self.score, (int, float)):
            raise InvalidArgumentError(f"EvaluationExample: score={self.score!r} is no number")

    @classmethod
    def read(cls, given: EvaluationExample | Mapping[str, Any]) -> EvaluationExample:
        """An example, or its JSON.

        Raises:
            InvalidArgumentError: it is neither.
        """
        if isinstance(given, EvaluationExample):
            return given
        try:
            return cls(**given)
        except TypeError as fault:
            raise InvalidArgumentError(f"examples: {given!r} is no EvaluationExample: {fault}") from fault

    def context(self, columns: tuple[str, ...]) -> dict[str, Any]:
        """The grading context, by column.

        Raises:
            InvalidArgumentError: plain text, and not a single column that it could be of.
        """
        if self.grading_context is None:
            return {}
        if isinstance(self.grading_context, Mapping):
            return dict(self.grading_context)
        if len(columns) != 1:
            message = (
                "EvaluationExample: grading_context is plain text, and grading_context_columns has "
                f"{len(columns)} names: write {{column: text}}"
            )
            raise InvalidArgumentError(message)
        return {columns[0]: self.grading_context}

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, without what is not set."""
        context = self.grading_context
        fields = {
            "output": self.output,
            "score": self.score,
            "justification": self.justification,
            "input": self.input,
            "grading_context": dict(context) if isinstance(context, Mapping) else context,
        }
        return {name: value for name, value in fields.items() if value is not None}
