"""Random names that a person can read, say and find again."""

from __future__ import annotations

import os
from typing import Final

_ADJECTIVES: Final = """
    able agile amber ample brave bright brisk calm careful clear clever crisp curious deft eager
    early earnest fair fleet fond frank fresh gentle glad golden grand hardy honest humble keen kind
    lively loyal lucid mellow merry mild modest neat nimble noble open patient plain polite prompt
    proud quick quiet rapid ready serene sharp silver sincere smooth solid steady sunny swift tidy
    vivid warm wise witty
""".split()  # noqa: SIM905 - a list of quoted words is harder to read
_NOUNS: Final = """
    badger bear beaver bee bison crane crow deer dolphin dove duck eagle elk falcon finch fox frog
    gecko goose hare hawk hedgehog heron horse ibex jay kestrel lark lemur lion lizard lynx magpie
    marten mole moose moth newt otter owl panda pelican penguin pigeon puffin quail rabbit raven
    robin salmon seal sparrow squirrel stork swallow swan swift tern thrush tiger toad trout turtle
    vole whale wolf wren yak zebra
""".split()  # noqa: SIM905 - a list of quoted words is harder to read


def random_name() -> str:
    """A name such as ``swift-otter-417`` (not unique: the ID is). Leaves the global random seed alone."""
    chance = int.from_bytes(os.urandom(8), "big")
    chance, adjective = divmod(chance, len(_ADJECTIVES))
    chance, noun = divmod(chance, len(_NOUNS))
    return f"{_ADJECTIVES[adjective]}-{_NOUNS[noun]}-{chance % 900 + 100}"
