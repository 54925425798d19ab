"""Prompts and their versions as a program has them: plain, frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from spanfold.errors import InvalidArgumentError
from spanfold.prompts import _template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold.prompts._template import Message

_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """A version of a prompt: a template that never changes, and what belongs to it.

    Example:
        >>> prompt = PromptVersion("greeting", 3, "Say hello to {{ name }} in {{ language }}.")
        >>> prompt.variables, prompt.uri
        (('name', 'language'), 'prompts:/greeting/3')
        >>> prompt.format(name="Ann", language="French")
        'Say hello to Ann in French.'
    """

    name: str
    version: int
    template: str | Sequence[Message]
    """Text, or a chat: messages with ``role`` and ``content``."""
    model_settings: Mapping[str, Any] | None = None
    """What the model is to be called with, such as ``{"model": "gpt-4o", "temperature": 0.2}``."""
    response_format: Mapping[str, Any] | None = None
    """JSON schema of the answer."""
    commit_message: str | None = None
    user: str | None = None
    """Who registered it."""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Sequence[str] = ()
    """Those that stood for it when it was read."""
    creation_time_unix_ns: int = 0
    _given: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of variables from :meth:`format` with ``allow_partial``."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names that still need a value, in the order in which they come."""
        return tuple(name for name in _template.variables(self.template) if name not in self._given)

    @property
    def is_text_prompt(self) -> bool:
        """Whether the template is text; else it is a chat."""
        return isinstance(self.template, str)

    @property
    def uri(self) -> str:
        """Stands for this version for good, such as ``prompts:/greeting/3``."""
        return f"prompts:/{self.name}/{self.version}"

    @property
    def model_config(self) -> Mapping[str, Any] | None:
        """MLflow's name of :attr:`model_settings`."""
        return self.model_settings

    @property
    def user_id(self) -> str | None:
        """MLflow's name of :attr:`user`."""
        return self.user

    @property
    def creation_timestamp(self) -> int:
        """When it was registered, in milliseconds since 1970."""
        return self.creation_time_unix_ns // _NS_PER_MS

    # Loosely typed: applications pass it on to clients of any kind, and variables from dictionaries of text.
    def format(self, /, *, allow_partial: Any = False, **variables: object) -> Any:
        """The template with a value for each variable: text, or messages; the current span notes the version.

        A value is put in as text and not looked at for further variables.

        Args:
            allow_partial: True: where values are missing, return a version that awaits only those.
            **variables: a value for each of :attr:`variables`; what is no text becomes text by ``str``.

        Raises:
            InvalidArgumentError: a variable has no value, or the template has no such variable; the message
                names them.

        Example:
            >>> half = PromptVersion("q", 1, "{{ a }} and {{ b }}").format(a=1, allow_partial=True)
            >>> half.variables, half.format(b=2)
            (('b',), '1 and 2')
        """
        from spanfold._internal import used_prompts  # noqa: PLC0415 - a value needs no tracing to exist

        made = self.render(variables, allow_partial=allow_partial)
        if not isinstance(made, PromptVersion):
            used_prompts.note(f"{self.name}/{self.version}")
        return made

    @overload
    def render(
        self, variables: Mapping[str, object], *, allow_partial: Literal[False] = False
    ) -> str | list[dict[str, str]]: ...

    @overload
    def render(
        self, variables: Mapping[str, object], *, allow_partial: bool
    ) -> str | list[dict[str, str]] | PromptVersion: ...

    def render(
        self, variables: Mapping[str, object], *, allow_partial: bool = False
    ) -> str | list[dict[str, str]] | PromptVersion:
        """As :meth:`format`, but no span is told of it.

        Raises:
            InvalidArgumentError: as for :meth:`format`.
        """
        known = _template.variables(self.template)
        unknown = [name for name in variables if name not in known]
        if unknown:
            message = f"{self.uri} has no variable {_names(unknown)}; it has {_names(known) or 'none'}"
            raise InvalidArgumentError(message)
        given = {**self._given, **{name: str(value) for name, value in variables.items()}}
        missing = [name for name in known if name not in given]
        if missing and allow_partial:
            return replace(self, _given=given)
        if missing:
            message = (
                f"{self.uri} needs {_names(missing)}: give it a value, or allow_partial=True to give it later"
            )
            raise InvalidArgumentError(message)
        return _template.fill(self.template, given)

    def to_single_brace_format(self) -> str | list[dict[str, str]]:
        """The template with its variables in single braces, for ``str.format`` and LangChain.

        Example:
            >>> PromptVersion("q", 1, "{{ question }} Answer in JSON: {}").to_single_brace_format()
            '{question} Answer in JSON: {{}}'
        """
        return _template.single_braces(self.template)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as it was when it was read: its versions are asked for by :func:`spanfold.load_prompt`."""

    name: str
    latest_version: int
    aliases: Mapping[str, int] = field(default_factory=dict)
    """Which version each stands for."""
    tags: Mapping[str, str] = field(default_factory=dict)
    creation_time_unix_ns: int = 0
    last_updated_time_unix_ns: int = 0

    @property
    def creation_timestamp(self) -> int:
        """When its first version was registered, in milliseconds since 1970."""
        return self.creation_time_unix_ns // _NS_PER_MS

    @property
    def last_updated_timestamp(self) -> int:
        """When it was last changed, in milliseconds since 1970."""
        return self.last_updated_time_unix_ns // _NS_PER_MS


def _names(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
