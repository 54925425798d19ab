"""Varied texts for comparing metrics with other implementations. The same on every machine and Python."""

# ruff: noqa: RUF001, SIM905 - letters that look like others are what these texts are for

from __future__ import annotations

import random
from typing import Final

ROWS: Final = 2_400
SEED: Final = 20_261_121

_ENGLISH: Final = (
    "the a model answer question evaluation metric experiment tracking deployment because although quickly "
    "readability automatically hmm shh nth rhythm queue aisle people women created area idea naive science "
    "various MLflow Kubernetes ClickHouse OpenTelemetry spanfold xylophonist antidisestablishmentarianism "
    "floccinaucinihilipilification schwarzenegger fiancé café naïve Zürich résumé coöperate œuvre façade "
    "it's don't won't I'm we'll they've she'd you're o'clock rock'n'roll 'tis 'twas students' James' y'all "
    "DON'T CAN'T it’s don’t ‘quoted’ well-known state-of-the-art e.g. i.e. etc. U.S. Ph.D. Mr. v2.9.2 3.14 "
    "1,000,000 42 0 -7 50% $9.99 2026-11-21 10:30 10^6 x_y snake_case __init__ camelCase a.b.c foo() [x] "
    "https://example.com/a?b=c&d=e#f user@example.com C:\\temp /usr/bin/env `code` **bold** _it_ & | ~ — – …"
).split(" ")
_OTHER: Final = (
    "最近LLMを使った実験をする機会があったので,最新バージョン(2.9.2)を使ってみた.",
    "東京は日本の首都です。人口は約1400万人です！",
    "カタカナ ひらがな 漢字 ﾊﾝｶｸ ＦＵＬＬ－ＷＩＤＴＨ １２３",
    "机器学习的生命周期管理平台，包括实验跟踪、模型部署。",
    "대한민국의 수도는 서울입니다. 안녕하세요!",
    "Москва является столицей России. Привет, мир!",
    "Η Αθήνα είναι η πρωτεύουσα. ΟΔΟΣ ΣΟΦΟΣ ΤΕΛΟΣ.",
    "القاهرة هي عاصمة مصر. مرحبا بالعالم؟",
    "ירושלים היא עיר. שלום עולם!",
    "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "नई दिल्ली भारत की राजधानी है। नमस्ते दुनिया!",
    "İstanbul'da ıhlamur içtik. Straße, GROẞE, ﬁne ﬂow.",
    "🎉 Great job! 👍🏽👨‍👩‍👧‍👦 🇯🇵 ❤️ done ✅",
    "e\u0301 a\u0300 n\u0303 \u200bzero\u200bwidth\u200d soft\u00adhyphen no\u00a0break",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ℌ 𝟙𝟚𝟛 ½ ² ① Ⅷ ﹪ 〇",
)
_PUNCTUATION: Final = (
    "...",
    "!!!",
    "?!?!",
    "---",
    "'",
    "''",
    '"\'"',
    ".",
    "!?.",
    "()[]{}",
    "、。！？",
    "…",
    "‽",
    "'s",
    "_",
    "__ _",
)
_SPACE: Final = ("", " ", "\n", "\t\t", "\u3000", "\u00a0", "\u200b", "\x1c\x1d", "\x85", "\r\n \r\n")
_ENDS: Final = (".", "!", "?", "...", "?!", "", ";", ":", "。", ".)", '."', " .")
_JOINS: Final = (" ", " ", " ", " ", "  ", "\n", ", ", " - ", "\u00a0", "\t", "\u2003", "/", "\x1c")


def _sentence(chance: random.Random, longest: int) -> str:
    words = [chance.choice(_ENGLISH) for _ in range(chance.randint(1, longest))]
    text = words[0].capitalize() if chance.random() < 0.6 else words[0]
    for word in words[1:]:
        text += chance.choice(_JOINS) + word
    return text + chance.choice(_ENDS)


def _text(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.03:
        return chance.choice(_SPACE) * chance.randint(0, 3)
    if kind < 0.08:
        return " ".join(chance.choice(_PUNCTUATION) for _ in range(chance.randint(1, 6)))
    if kind < 0.20:
        return chance.choice(("", " ", "\n")).join(chance.choices(_OTHER, k=chance.randint(1, 3)))
    if kind < 0.28:
        characters = chance.choice(
            ("aeiouy'. ", "abcxyz", "tsdvelr'", "Aß'İΣς ", "１２あい。 a", "0123456789.,' ")
        )
        return "".join(chance.choices(characters, k=chance.randint(1, 80)))
    if kind < 0.34:
        return _sentence(chance, 12) + chance.choice(_OTHER) + _sentence(chance, 6)
    if kind < 0.345:
        return "".join(chance.choices("supercalifragilistic ", k=1)) + "x" * chance.randint(100, 3_000)
    if kind < 0.352:
        return " ".join(_sentence(chance, 25) for _ in range(chance.randint(100, 250)))
    return " ".join(_sentence(chance, 18) for _ in range(chance.randint(1, 6)))


def _target(chance: random.Random, prediction: str) -> str:
    """A right answer that shares something with the answer, or everything, or nothing."""
    kind = chance.random()
    if kind < 0.2:
        return prediction
    if kind < 0.4:
        return _text(chance)
    if kind < 0.5:
        return prediction.upper()
    words = prediction.split(" ")
    chance.shuffle(words)
    return " ".join(word for word in words if chance.random() < 0.7)


def text_rows() -> list[tuple[str, str]]:
    """Pairs of a prediction and a target: empty, non-Latin, very long, only punctuation, mixed."""
    chance = random.Random(SEED)
    predictions = [_text(chance) for _ in range(ROWS)]
    return [(prediction, _target(chance, prediction)) for prediction in predictions]


def id_rows() -> list[tuple[list[str], list[str]]]:
    """Pairs of retrieved and expected document IDs, with none, with repetitions, in any order."""
    chance = random.Random(SEED)
    return [
        (
            [f"d{chance.randint(0, 9)}" for _ in range(chance.randint(0, 8))],
            [f"d{chance.randint(0, 9)}" for _ in range(chance.randint(0, 5))],
        )
        for _ in range(300)
    ]
