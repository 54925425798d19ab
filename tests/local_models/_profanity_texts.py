"""Texts on which the shipped scorer is held to its original. Made, not kept: nobody wants to read them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FIXED = (
    "",
    " \t\n",
    "?!... --- ***",
    "a I 1",
    "the and of to a in is",
    "Thank you, that helps a lot.",
    "What a damn good answer!",
    "THIS SUCKS. This sucks! this sucks",
    "The cock crowed at dawn.",
    "Women should not be allowed to vote.",
    "お客様の請求書は二重に課金されています。",
    "Счёт выставлен дважды, idiot",
    "İSTANBUL straße ΣΊΣΥΦΟΣ nai\u0308ve naïve",
    "zero\u200bwidth\ufeffidiot under_score idiot_ _idiot 2nd",
    "null\0byte idiot\r\nnext line",
    "emoji 😀idiot😀 damn🔥",
    "damn " * 3_000,
    "x" * 100_000,
)
_WORDS_A_TEXT = 40
_MIXED = 300
_PLAIN = [
    "please",
    "help",
    "invoice",
    "twice",
    "customer",
    "thanks",
    "refund",
    "Tokyo",
    "2024",
    "because",
    "really",
    "never",
    "😀",
    "—",
    "猫",
    "don't",
]


def texts(vocabulary: Sequence[str]) -> list[str]:
    """Fixed texts; every word of the vocabulary once; and mixtures in which words repeat."""
    order = random.Random(20_241)
    words = sorted(vocabulary)
    order.shuffle(words)
    every = [" ".join(words[at : at + _WORDS_A_TEXT]) for at in range(0, len(words), _WORDS_A_TEXT)]
    mixed = []
    for _ in range(_MIXED):
        chosen = order.choices(words, k=order.randint(0, 6)) + order.choices(_PLAIN, k=order.randint(1, 60))
        order.shuffle(chosen)
        cased = [order.choice((str.lower, str.upper, str.title))(word) for word in chosen]
        mixed.append(order.choice((" ", ", ", "\n", "-")).join(cased))
    return [*FIXED, *every, *mixed]
