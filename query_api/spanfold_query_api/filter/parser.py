"""From text to tree. Knows the shape of the language; what the fields are is :mod:`.fields`' matter."""

from __future__ import annotations

import math
import re
from importlib import resources
from typing import TYPE_CHECKING, Final, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from spanfold_query_api.filter import nodes
from spanfold_query_api.filter.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHARS: Final = 4_000
MAX_DEPTH: Final = 32
MAX_LIST: Final = 100

_GRAMMAR: Final = Lark(
    resources.files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    propagate_positions=True,
    maybe_placeholders=False,
    start=["start", "order"],
)

_TERMINALS: Final = {
    "NAME": "a field name",
    "BACKQUOTED": "a key in backquotes",
    "STRING": "a string in single quotes",
    "NUMBER": "a number",
    "COMPARE": "a comparison (=, !=, <, <=, >, >=)",
    "$END": "the end of the filter",
    "_AND": "AND",
    "_OR": "OR",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "DOT": ".",
}
_FOUND: Final = re.compile(r"\w+|'(?:[^']|'')*'|\S")
_MAX_FOUND_CHARS: Final = 40
_INT64: Final = range(-(2**63), 2**63)


def parse(text: str) -> nodes.Node:
    """Parse a filter.

    Raises:
        FilterError: the text is not a filter, or is larger than the limits allow.

    Example:
        >>> parse("status = 'ERROR'")  # doctest: +NORMALIZE_WHITESPACE
        Comparison(field=Field(name='status', key=None, any_span=False, position=0), operator='=',
                   literal=Literal(value='ERROR', position=9), position=7)
    """
    tree = _parse(text, "start")
    return _node(cast("Tree[Token]", tree.children[0]), depth=0)


def parse_order(text: str) -> nodes.Order:
    """Parse what to sort by: a field, and ``ASC`` (if left out) or ``DESC``.

    Raises:
        FilterError: the text is no such thing.

    Example:
        >>> parse_order("metrics.accuracy DESC")  # doctest: +NORMALIZE_WHITESPACE
        Order(field=Field(name='metrics', key='accuracy', any_span=False, position=0), descending=True)
    """
    tree = _parse(text, "order")
    direction = tree.children[-1]
    descending = isinstance(direction, Token) and direction.type == "DESC"
    return nodes.Order(_field(cast("Tree[Token]", tree.children[0])), descending)


def _parse(text: str, start: str) -> Tree[Token]:
    if len(text) > MAX_CHARS:
        message = f"the filter has {len(text)} characters, and at most {MAX_CHARS} are allowed"
        raise FilterError(message, position=MAX_CHARS, found="")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "this is half of a character (a lone surrogate)"
        raise FilterError(message, position=error.start, found="") from None
    try:
        return _GRAMMAR.parse(text, start=start)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None


def _syntax_error(text: str, error: UnexpectedInput) -> FilterError:
    if isinstance(error, UnexpectedToken):
        at_end = error.token.type == "$END"
        terminals: Iterable[str] = error.accepts or error.expected
    else:
        at_end = isinstance(error, UnexpectedEOF)
        terminals = error.allowed or () if isinstance(error, UnexpectedCharacters) else ()
    position = len(text) if at_end else cast("int", error.pos_in_stream)
    found_match = _FOUND.match(text, position)
    found = found_match.group() if found_match else ""
    if found == "'":
        message = "this string is never closed by another single quote"
    elif found == '"':
        message = "strings stand in single quotes, not in double quotes"
    elif found:
        message = f"found {_shorten(found)}"
    else:
        message = "the filter ends too early"
    expected = tuple(sorted({_TERMINALS.get(name, name) for name in terminals}))
    return FilterError(message, position=position, found=_shorten(found), expected=expected)


def _shorten(found: str) -> str:
    return found if len(found) <= _MAX_FOUND_CHARS else found[: _MAX_FOUND_CHARS - 1] + "…"


def _node(tree: Tree[Token], depth: int) -> nodes.Node:
    match tree.data:
        case "group" | "negated":
            if depth == MAX_DEPTH:
                message = f"parentheses and NOT are nested deeper than {MAX_DEPTH} levels"
                raise FilterError(message, position=tree.meta.start_pos, found="")
            inner = _node(cast("Tree[Token]", tree.children[-1]), depth + 1)
            return inner if tree.data == "group" else nodes.Not(inner)
        case "conjunction":
            return nodes.And(_operands(tree, depth))
        case "disjunction":
            return nodes.Or(_operands(tree, depth))
        case _:
            return _predicate(tree)


def _operands(tree: Tree[Token], depth: int) -> tuple[nodes.Node, ...]:
    return tuple(_node(cast("Tree[Token]", child), depth) for child in tree.children)


def _predicate(tree: Tree[Token]) -> nodes.Node:
    subject = _field(cast("Tree[Token]", tree.children[0]))
    operators = [child for child in tree.children[1:] if isinstance(child, Token)]
    literals = tuple(_literal(child) for child in tree.children[1:] if isinstance(child, Tree))
    position = _position(operators[0])
    negated = any(token.type == "NOT" for token in operators)
    if tree.data == "missing":
        return nodes.Missing(subject, negated)
    if tree.data == "membership":
        if len(literals) > MAX_LIST:
            message = f"the list has {len(literals)} values, and at most {MAX_LIST} are allowed"
            raise FilterError(message, position=literals[MAX_LIST].position, found="")
        return nodes.Membership(subject, literals, negated, position)
    operator = " ".join(token.upper() for token in operators)
    return nodes.Comparison(subject, "!=" if operator == "<>" else operator, literals[0], position)


def _field(tree: Tree[Token]) -> nodes.Field:
    """``span.`` and the field, with its key in brackets or after a dot; a dotted key may hold dots itself."""
    names = [child for child in tree.children if isinstance(child, Token)]
    brackets = [cast("Token", child.children[0]) for child in tree.children if isinstance(child, Tree)]
    any_span = len(names) > 1 and names[0].lower() == "span" and names[1].type == "NAME"
    name, *rest = names[1:] if any_span else names
    if rest and brackets:
        message = "the key stands both after a dot and in brackets"
        raise FilterError(message, position=_position(brackets[0]), found=_shorten(brackets[0]))
    key = _unquote(brackets[0]) if brackets else ".".join(part.strip("`") for part in rest) or None
    return nodes.Field(name.lower(), key, any_span, _position(names[0]))


def _literal(tree: Tree[Token]) -> nodes.Literal:
    token = cast("Token", tree.children[0])
    position = _position(token)
    if token.type == "STRING":
        return nodes.Literal(_unquote(token), position)
    number: int | float
    try:
        number = int(token)
        fits = number in _INT64
    except ValueError:
        number = float(token)
        fits = math.isfinite(number)
    if not fits:
        message = f"the number {_shorten(token)} is too large"
        raise FilterError(message, position=position, found=_shorten(token))
    return nodes.Literal(number, position)


def _unquote(token: Token) -> str:
    return token[1:-1].replace("''", "'")


def _position(token: Token) -> int:
    return token.start_pos or 0
