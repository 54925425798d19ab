"""YAML as plain data, and where in the text each value stands.

Only YAML's own types, as with its safe loader. Anchors and merges (`<<`) work; what they blow up to is
bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARS: Final = 1_048_576
MAX_VALUES: Final = 100_000
MAX_DEPTH: Final = 20
_MERGE: Final = "tag:yaml.org,2002:merge"

Path = tuple[str | int, ...]
"""The way to a value: names of members, and indices of items."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the text, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """What the text says."""

    data: Any
    values: Mapping[Path, Place] = field(default_factory=dict)
    names: Mapping[Path, Place] = field(default_factory=dict)
    """Where the name of a member stands, rather than its value."""

    def place(self, path: Path, *, of_name: bool = False) -> Place:
        """Where the value at a path stands, or the nearest that is around it.

        Args:
            path: the way to it.
            of_name: rather where its name stands.
        """
        if of_name and path in self.names:
            return self.names[path]
        for end in range(len(path), -1, -1):
            if path[:end] in self.values:
                return self.values[path[:end]]
        return Place(1, 1)


class YamlError(Exception):
    """The text is no YAML, or too much of it."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


def read(text: str) -> Document:
    r"""The one document that the text holds.

    Raises:
        YamlError: it is none, holds several, names a member twice, or is too large.

    Example:
        >>> document = read("endpoints:\n- name: chat\n")
        >>> document.data, document.place(("endpoints", 0, "name"))
        ({'endpoints': [{'name': 'chat'}]}, Place(line=2, column=9))
    """
    if len(text) > MAX_CHARS:
        raise YamlError(Place(1, 1), f"the file has more than {MAX_CHARS} characters")
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return Document(None)
        reader = _Reader(loader)
        data = reader.value(node, ())
        return Document(data, reader.values, reader.names)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
        # Its other words repeat the text, in which there may be a key; so does the name of an alias.
        problem = (error.problem or "it cannot be read").partition(" alias ")[0]
        raise YamlError(place, f"this is no YAML: {problem}") from None
    except yaml.YAMLError:
        raise YamlError(
            Place(1, 1), "this is no YAML: it holds a character that YAML does not allow"
        ) from None
    except RecursionError:
        raise YamlError(Place(1, 1), "this nests too deeply") from None
    except ValueError:
        raise YamlError(Place(1, 1), "this is no YAML: a number or date in it cannot be") from None
    finally:
        if loader is not None:
            loader.dispose()


class _Reader:
    """Makes data of nodes, noting where each stands."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader = loader
        self.values: dict[Path, Place] = {}
        self.names: dict[Path, Place] = {}
        self._count = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        place = _place(node)
        if len(path) > MAX_DEPTH:
            raise YamlError(place, f"this nests more than {MAX_DEPTH} deep")
        self._counted(place)
        self.values[path] = place
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._loader.construct_object(node)

    def _counted(self, place: Place) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            raise YamlError(place, f"the file has more than {MAX_VALUES} values")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name_node, value_node in node.value:
            if name_node.tag == _MERGE:
                data |= self._merged(value_node, path)
        self.values[path] = _place(node)
        own: set[str] = set()
        for name_node, value_node in node.value:
            if name_node.tag == _MERGE:
                continue
            name = name_node.value
            if not isinstance(name, str):
                raise YamlError(_place(name_node), "the name of a member must be plain text")
            if name in own:
                raise YamlError(_place(name_node), f"{name!r} stands here twice")
            own.add(name)
            self.names[*path, name] = _place(name_node)
            data[name] = self.value(value_node, (*path, name))
        return data

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        """Members that `<<` takes over; of several mappings, the first wins."""
        self._counted(_place(node))
        if isinstance(node, yaml.SequenceNode):
            parts = [self._merged(item, path) for item in node.value]
            return {name: value for part in reversed(parts) for name, value in part.items()}
        if not isinstance(node, yaml.MappingNode):
            raise YamlError(_place(node), "<< takes over the members of a mapping: write *its_anchor")
        return self._mapping(node, path)


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
