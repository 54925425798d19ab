"""Templates: text, or the messages of a chat, in which ``{{ name }}`` stands for a variable.

What stands in for a variable is text and nothing else: it is never looked at for further variables, so what
a user typed cannot pull in what another variable holds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Message = Mapping[str, str]
    Template = str | Sequence[Message]

_VARIABLE: Final = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")


def variables(template: Template) -> tuple[str, ...]:
    """The names of a template's variables, in the order in which they come, each once.

    Example:
        >>> variables("Dear {{ name }}, {{greeting}} {{name}}")
        ('name', 'greeting')
    """
    texts = [template] if isinstance(template, str) else [message["content"] for message in template]
    return tuple(dict.fromkeys(name for text in texts for name in _VARIABLE.findall(text)))


def fill(template: Template, values: Mapping[str, str]) -> str | list[dict[str, str]]:
    """The template with values in the place of those variables that have one; the others stay.

    Example:
        >>> fill([{"role": "user", "content": "{{ question }}"}], {"question": "What is {{ secret }}?"})
        [{'role': 'user', 'content': 'What is {{ secret }}?'}]
    """
    return _replaced(template, lambda found: values.get(found[1], found[0]))


def single_braces(template: Template) -> str | list[dict[str, str]]:
    """The template with its variables in single braces, as Python's ``str.format`` and LangChain write them.

    Braces that belong to no variable are doubled, which is how those say a brace.

    Example:
        >>> single_braces('Answer {{ question }} as {"answer": ...}')
        'Answer {question} as {{"answer": ...}}'
    """
    return _each(template, _single_braced)


def _single_braced(text: str) -> str:
    pieces = _VARIABLE.split(text)  # text, name, text, name, ..., text
    return "".join(
        f"{{{piece}}}" if number % 2 else piece.replace("{", "{{").replace("}", "}}")
        for number, piece in enumerate(pieces)
    )


def _replaced(template: Template, replacement: Callable[[re.Match[str]], str]) -> str | list[dict[str, str]]:
    return _each(template, lambda text: _VARIABLE.sub(replacement, text))


def _each(template: Template, change: Callable[[str], str]) -> str | list[dict[str, str]]:
    if isinstance(template, str):
        return change(template)
    return [{**message, "content": change(message["content"])} for message in template]
