"""How a chat is put to a logged model, and how its answer is read: whatever its columns and outputs are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.pyfunc import _inputs

if TYPE_CHECKING:
    from spanfold.pyfunc._signature import ModelSignature

MESSAGES: Final = "messages"
_TEXT_KEYS: Final = ("content", "text", "generated_text", "answer", "output", "candidates", "predictions")


class RowCountError(Exception):
    """A model did not give an output a row: its rows have to be asked one by one."""


def chat_row(messages: Sequence[Mapping[str, Any]], signature: ModelSignature | None) -> Any:
    """The row that a chat is to a model: the conversation, or what the user said last.

    Raises:
        InvalidArgumentError: the model takes something else.
    """
    if signature is None or not signature.inputs or MESSAGES in signature.input_names:
        return {MESSAGES: messages}
    said = next((one for one in reversed(messages) if one.get("role") == "user"), messages[-1])
    return text_row(_text_of_content(said.get("content")), signature)


def text_row(text: str, signature: ModelSignature | None) -> Any:
    """The row that one text is to the model.

    Raises:
        InvalidArgumentError: the model takes several columns.
    """
    specs = [] if signature is None else list(signature.inputs or ())
    required = [one for one in specs if one.required] or specs
    if not specs or (len(specs) == 1 and specs[0].name is None):
        return text
    if required[0].name == MESSAGES:
        return {MESSAGES: [{"role": "user", "content": text}]}
    if len(required) > 1:
        names = ", ".join(repr(one.name) for one in required)
        raise InvalidArgumentError(f"the model takes the columns {names}: use predict(), or /invocations")
    return {str(required[0].name): text}


def text_of(output: Any) -> str:
    """The text of an output: itself, or where dicts and lists usually have it; anything else as JSON.

    Example:
        >>> text_of({"candidates": ["Because."]})
        'Because.'
    """
    if isinstance(output, str):
        return output
    if isinstance(output, Mapping):
        if is_whole(output):
            choice = output["choices"][0]
            return text_of(choice.get("message", {}).get("content") or choice.get("text") or "")
        for name in _TEXT_KEYS:
            if name in output:
                return text_of(output[name])
    if isinstance(output, list) and len(output) == 1:
        return text_of(output[0])
    return json.dumps(plain(output), ensure_ascii=False)


def is_whole(output: Any) -> bool:
    """Whether an output is an answer in OpenAI's form."""
    return isinstance(output, Mapping) and isinstance(output.get("choices"), list) and bool(output["choices"])


def plain(output: Any) -> Any:
    """An output as JSON can say it: data frames as a list of rows, arrays as lists."""
    if hasattr(output, "to_dict") and hasattr(output, "columns"):
        return plain(output.to_dict(orient="records"))
    if hasattr(output, "tolist"):
        return plain(output.tolist())
    if isinstance(output, Mapping):
        return {str(name): plain(value) for name, value in output.items()}
    if isinstance(output, list | tuple | set | frozenset):
        return [plain(one) for one in output]
    if output is None or isinstance(output, str | int | bool):
        return output
    if isinstance(output, float):
        return output if output - output == 0 else None  # NaN and infinity are no JSON
    return str(output)


def outputs_of(made: Any, count: int) -> list[Any]:
    """A model's answer to rows, as an output a row.

    Raises:
        RowCountError: it has another number of them.

    Example:
        >>> outputs_of({"candidates": ["a", "b"]}, 2)
        ['a', 'b']
    """
    columns = None if isinstance(made, list) else _inputs.columns_of(made)
    if columns and all(len(values) == count for values in columns.values()):
        if isinstance(made, Mapping) and count == 1 and not any(map(_inputs.is_list, made.values())):
            return [dict(made)]  # an object rather than columns
        if len(columns) == 1:
            return list(next(iter(columns.values())))
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    values = _inputs.as_list(made) if _inputs.is_list(made) or getattr(made, "ndim", 0) > 1 else None
    if values is not None and len(values) == count:
        return values
    if count == 1:
        return [made]
    raise RowCountError


def table_of(rows: Sequence[Any], signature: ModelSignature | None) -> Any:
    """Rows as ``predict`` takes them: columns where each is a dict."""
    if not all(isinstance(row, Mapping) for row in rows) or (signature is not None and signature.inputs):
        return list(rows)
    names = dict.fromkeys(name for row in rows for name in row)
    return _inputs.to_table({name: [row.get(name) for row in rows] for name in names})


def _text_of_content(content: Any) -> str:
    """What a message says: its text, or the texts of its parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [one.get("text") for one in content if isinstance(one, Mapping)]
        return "\n".join(one for one in parts if isinstance(one, str))
    raise InvalidArgumentError("messages: the last one of the user has no text")
