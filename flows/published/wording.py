"""Words looked for in texts, whatever their case and script, the same way on DuckDB and on Postgres.

Neither database can be asked for it: Postgres folds ASCII only where text compares by its bytes, and DuckDB folds by
other rules. A pattern that spells out every case of every letter means the same to both.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from flows.ground.errors import InputError
from flows.ground.sql import literal

LONGEST = 200  # characters; a pattern of more is refused by one database or the other
CASED_BELOW = 0x20000  # no letter above has a case
# Accents and other marks beside a letter: Latin, Greek and Cyrillic ones, Hebrew points, Arabic vowels.
MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
APOSTROPHES = "\u2019\u2018`\u00b4"
DOT = "\u0307"  # what is left of a Turkish İ in lower case, beside the i


def has_words(column: str, text: str) -> str:
    """SQL: every blank-separated word of `text` occurs in the column. Signs stand for themselves, % and _ too.

    Cases are those of Unicode's folding (ß is ss), and I, i, İ and ı are one letter.
    """
    patterns = dict.fromkeys(pattern(word) for word in text.split())  # a word said a hundred times is looked for once
    return " and ".join(f"{column} ~ {literal(f'(?s).*{one}.*')}" for one in patterns) or "true"


def check_text(parameter: str, text: str) -> None:
    """Raises InputError for what no text of a warehouse can hold, and no statement either."""
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise InputError("holds a sign that no text can have", where=parameter)


def check_search(parameter: str, text: str) -> None:
    """Raises InputError for what cannot be looked for."""
    check_text(parameter, text)
    if len(text) > LONGEST:
        raise InputError(f"is longer than {LONGEST} characters", where=parameter, remedy="look for fewer words")


def pattern(word: str, *, is_bare: bool = False, begins: bool = True, ends: bool = True) -> str:
    """A regular expression that DuckDB's, Postgres' and Python's engines all read; with `is_bare` without accents.

    It is found from the middle of a letter that stands for several (ß) and up to the middle of one, too, unless a blank
    has to be there, because it does not say where the text `begins` or `ends`.
    """
    cases = _cases(is_bare)
    folded = _folded(word, is_bare)

    def halves(start: int, end: int) -> str:
        """Of letters at these places the signs of which they are the end or the beginning, where that may be."""
        letters, first, last = folded[start:end], start == 0 and begins, end == len(folded) and ends
        return (cases.ends.get(letters, "") if first else "") + (cases.beginnings.get(letters, "") if last else "")

    parts = []
    at = 0
    while at < len(folded):
        letters = next(
            (folded[at : at + long] for long in (3, 2) if folded[at : at + long] in cases.several), folded[at]
        )
        after = f"[{MARKS}]*" if is_bare and letters.isalpha() else f"{DOT}?" if letters == "i" else ""
        spelled = after.join(
            _any_of(cases.single.get(letter, letter) + halves(one, one + 1)) for one, letter in enumerate(letters, at)
        )
        if letters in cases.several:
            spelled = f"(?:{spelled}|{_any_of(cases.several[letters] + halves(at, at + len(letters)))})"
        parts.append(spelled + after)
        at += len(letters)
    return "".join(parts)


def _any_of(letters: str) -> str:
    return f"[{letters}]" if len(letters) > 1 else re.escape(letters)


def _folded(text: str, is_bare: bool) -> str:
    if is_bare:
        text = "".join(map(_without_marks, text))
    return text.casefold().replace("ı", "i").replace(f"i{DOT}", "i")


def _without_marks(sign: str) -> str:
    """The letter alone; nothing of a mark. A sign of several letters (Korean syllables) stays."""
    if sign in APOSTROPHES:
        return "'"
    letters = re.sub(f"[{MARKS}]", "", unicodedata.normalize("NFD", sign))
    return letters if len(letters) <= 1 else sign


@dataclass(frozen=True)
class _Cases:
    """Signs by folded letters: `single` has all cases of a letter, with itself, `several` what stands for those letters
    (ss: ßẞ), `beginnings` and `ends` what stands for more letters and begins or ends with those (s: ßẞ).
    """

    single: dict[str, str]
    several: dict[str, str]
    beginnings: dict[str, str]
    ends: dict[str, str]


@cache
def _cases(is_bare: bool) -> _Cases:
    found: dict[str, str] = defaultdict(str)
    for sign in map(chr, range(CASED_BELOW)):
        if (folded := _folded(sign, is_bare)) != sign:
            found[folded] += sign
    single = {folded: folded + cases for folded, cases in found.items() if len(folded) == 1}
    several = {folded: cases for folded, cases in found.items() if len(folded) > 1}
    beginnings: dict[str, str] = defaultdict(str)
    ends: dict[str, str] = defaultdict(str)
    for folded, cases in several.items():
        for long in range(1, len(folded)):
            beginnings[folded[:long]] += cases
            ends[folded[-long:]] += cases
    return _Cases(single, several, dict(beginnings), dict(ends))
