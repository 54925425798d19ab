"""The corpus: documentation strings of the standard library, which every machine with Python has."""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES: Final = """
    argparse array ast asyncio base64 bisect builtins calendar cmath codecs collections
    concurrent.futures configparser contextlib copy csv dataclasses datetime decimal difflib
    email.message enum fnmatch fractions functools getpass glob gzip hashlib heapq hmac html http.client
    inspect io ipaddress itertools json keyword linecache locale logging lzma math mimetypes
    multiprocessing.pool operator os os.path pathlib pickle pprint queue random re sched secrets select
    selectors shelve shlex shutil signal smtplib socket sqlite3 ssl statistics string struct subprocess
    sys tarfile tempfile textwrap threading time timeit tokenize traceback types typing unicodedata
    unittest.mock urllib.parse urllib.request uuid weakref xml.etree.ElementTree zipfile zlib
""".split()  # noqa: SIM905 - a hundred lines otherwise
"""Public modules that import quickly and change nothing by being imported."""

_MIN_DOCUMENT_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Document:
    """One documented name of the standard library."""

    name: str
    """Dotted name, such as ``os.path.join``."""
    text: str

    @property
    def summary(self) -> str:
        """The first sentence of the first paragraph that is prose, not a call signature."""
        for paragraph in self.text.split("\n\n"):
            line = " ".join(paragraph.split())
            if line and not re.match(r"[\w.]+\(.*\) *(->|$)", line):
                return re.split(r"(?<=[a-z)])\.(?:\s|$)", line, maxsplit=1)[0]
        return " ".join(self.text.split())

    @property
    def opening(self) -> str:
        """The first two sentences, on one line: what a right answer to a question about the name says."""
        return " ".join(sentences(" ".join(self.text.split()))[:2])


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of words of one document: what is ranked and returned."""

    name: str
    text: str


def load_documents() -> list[Document]:
    """Every documented public function, class and method of :data:`MODULES`, in a fixed order."""
    documents: dict[str, Document] = {}
    for module_name in MODULES:
        try:
            module = importlib.import_module(module_name)
        except ImportError:  # an optional part of this Python, such as sqlite3
            continue
        for name, value in _public_members(module_name, module):
            text = inspect.getdoc(value) or ""
            if len(text.split()) >= _MIN_DOCUMENT_WORDS:
                documents.setdefault(name, Document(name, text))
    return list(documents.values())


def sentences(text: str) -> list[str]:
    """The sentences of a text.

    Example:
        >>> sentences("Join parts. Ignore empty ones!")
        ['Join parts.', 'Ignore empty ones!']
    """
    return [part for part in re.split(r"(?<=[.!?])\s+", text) if part]


def cut_passages(documents: list[Document], passage_words: int) -> list[Passage]:
    """Cut documents into passages of at most ``passage_words`` words.

    Example:
        >>> cut_passages([Document("f", "one two three")], passage_words=2)
        [Passage(name='f', text='one two'), Passage(name='f', text='three')]
    """
    return [
        Passage(document.name, " ".join(words[start : start + passage_words]))
        for document in documents
        for words in [document.text.split()]
        for start in range(0, len(words), passage_words)
    ]


def _public_members(title: str, module: ModuleType) -> Iterator[tuple[str, object]]:
    package = module.__name__.split(".")[0]
    yield title, module
    for name in getattr(module, "__all__", None) or dir(module):
        value = getattr(module, name, None)
        if name.startswith("_") or isinstance(value, ModuleType) or not callable(value):
            continue
        yield f"{title}.{name}", value
        if inspect.isclass(value) and value.__module__.split(".")[0] == package:
            for method_name, method in vars(value).items():
                if not method_name.startswith("_"):
                    yield f"{title}.{name}.{method_name}", method
