"""Named detectors of what should not be stored: patterns of bounded cost, and a check where one helps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Detector:
    """Finds one kind of thing in a text."""

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...] = ()
    """One of these stands in every text that has a match: looked for first, as that is much cheaper."""
    holds: Callable[[str], bool] | None = None
    """Whether what the pattern found is one; None: always."""

    def redact(self, text: str) -> str:
        """``text`` with a mark in place of all that is found.

        Example:
            >>> DETECTORS["email"].redact("write to ada@example.org.")
            'write to [REDACTED:email].'
        """
        if self.hints:
            for hint in self.hints:  # a generator would cost more than the loop
                if hint in text:
                    break
            else:
                return text
        mark, holds = f"[REDACTED:{self.name}]", self.holds
        if holds is None:
            return self.pattern.sub(mark, text)
        return self.pattern.sub(lambda found: mark if holds(found[0]) else found[0], text)


class _CardDetector(Detector):
    """Payment cards, by the issuers' ranges and the check digit, also within a longer run of digits."""

    __slots__ = ()

    def redact(self, text: str) -> str:
        return self.pattern.sub(lambda found: _without_cards(found[0]), text)


_ISSUED: Final = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|5\d\d|4[4-9]\d)\d{12,15}|62\d{14,17}"
)
_SHORTEST_CARD, _LONGEST_CARD = 13, 19
_CARD_GROUPS: Final = re.compile(r"(?<!\d)\d++(?![A-Za-z])")


def _without_cards(run: str) -> str:
    """A run of digits and separators, with a mark for each part from group to group that is a card."""
    groups = list(_CARD_GROUPS.finditer(run))
    kept, position, first = "", 0, 0
    while first < len(groups):
        digits = ""
        for last in range(first, min(first + 8, len(groups))):
            digits += groups[last][0]
            if len(digits) > _LONGEST_CARD:
                break
            if len(digits) >= _SHORTEST_CARD and _ISSUED.fullmatch(digits) and _passes_luhn(digits):
                kept += run[position : groups[first].start()] + "[REDACTED:credit_card]"
                position = groups[last].end()
                first = last
                break
        first += 1
    return kept + run[position:]


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    total = sum(int(digit) for digit in digits[::-2]) + sum(number // 10 + number % 10 for number in doubled)
    return total % 10 == 0


_SHORTEST_PHONE, _LONGEST_PHONE = 8, 15
"""Digits; the longest is E.164's."""
_NO_PHONE: Final = re.compile(r"\d{4}[-.]\d\d[-.]\d\d.*|\d{1,3}(?:\.\d{1,3}){3}")
"""Dates and addresses, which are written with the same separators."""


def _is_phone(text: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    if not _SHORTEST_PHONE <= digits <= _LONGEST_PHONE:
        return False
    if text[0] in "+(":
        return True
    return len(text) - digits > 1 and _NO_PHONE.fullmatch(text) is None


def _is_ip_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_iban(text: str) -> bool:
    compact = text.replace(" ", "")
    number = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return 15 <= len(compact) <= 34 and int(number) % 97 == 1  # noqa: PLR2004 - ISO 13616


_API_KEYS: Final = {
    "sk-": r"sk-[A-Za-z0-9_-]{16,200}",  # OpenAI, Anthropic, DeepSeek, OpenRouter
    "AIza": r"AIza[A-Za-z0-9_-]{35}",  # Google
    "AKIA": r"AKIA[A-Z0-9]{16}",  # AWS
    "ASIA": r"ASIA[A-Z0-9]{16}",
    "hf_": r"hf_[A-Za-z0-9]{30,60}",  # Hugging Face
    "gsk_": r"gsk_[A-Za-z0-9]{40,60}",  # Groq
    "xai-": r"xai-[A-Za-z0-9]{40,100}",
    "pplx-": r"pplx-[A-Za-z0-9]{40,60}",  # Perplexity
    "r8_": r"r8_[A-Za-z0-9]{30,50}",  # Replicate
    "ghp_": r"ghp_[A-Za-z0-9]{36,255}",  # GitHub
    "gho_": r"gho_[A-Za-z0-9]{36,255}",
    "ghs_": r"ghs_[A-Za-z0-9]{36,255}",
    "github_pat_": r"github_pat_[A-Za-z0-9_]{50,100}",
    "glpat-": r"glpat-[A-Za-z0-9_-]{20,60}",  # GitLab
    "xox": r"xox[abeprs]-[A-Za-z0-9-]{10,250}",  # Slack
    "_live_": r"[sr]k_live_[A-Za-z0-9]{16,120}",  # Stripe
    "eyJ": r"eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,4096}",  # JSON web tokens
    "earer ": r"(?<=earer )[A-Za-z0-9._~+/=-]{16,4096}",  # Authorization: Bearer
    " PRIVATE KEY-----": (
        # Only as far as the next dashes: a text of many beginnings would be read from each of them.
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----)){1,16384}+"
        r"-----END [A-Z ]{0,40}PRIVATE KEY-----"
    ),
}

DETECTORS: Final = {
    detector.name: detector
    for detector in (
        Detector(
            "api_key",
            re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(_API_KEYS.values()) + ")"),
            tuple(_API_KEYS),
        ),
        Detector("url_password", re.compile(r"(?<=://)[^\s/:@\"']{0,200}:[^\s/@\"']{1,200}(?=@)"), ("://",)),
        Detector(
            "email",
            re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"),
            ("@",),
        ),
        _CardDetector("credit_card", re.compile(r"(?<![A-Za-z0-9])\d(?:[ -]?\d){12,}+[A-Za-z]?")),
        Detector(
            "phone",
            re.compile(
                r"(?<![\w.:+-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?"
                r"\d{2,12}(?:[ .-]\d{2,8}){0,4}(?![\w-])"
            ),
            holds=_is_phone,
        ),
        Detector(
            "ip_address",
            re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]{2,39})(?![\w:]|\.\d)"),
            (".", ":"),
            holds=_is_ip_address,
        ),
        Detector("us_ssn", re.compile(r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}\b"), ("-",)),
        Detector(
            "iban",
            re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"),
            holds=_is_iban,
        ),
    )
}
DEFAULT: Final = ("api_key", "url_password")
"""What is never wanted in a trace, and costs next to nothing to look for."""
