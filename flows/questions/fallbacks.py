"""Whether an agent's answer says that it has none (rule 8.3), as the models find it in SQL."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import dbt_project
from contract import phrases

FILE = Path(dbt_project.__file__).parent / "fallbacks.toml"
LENGTH = 1_000  # characters of an answer that are looked at
DASHES = re.compile("[–—‑]")
ENDS = re.compile("[\n\r]")


def says_no_answer(text: str) -> bool:
    """Whether one of the phrases is found in the beginning of the text, whatever its language."""
    of_languages, taken_out = _patterns()
    words = ENDS.sub(".", DASHES.sub("-", phrases.plain(text[:LENGTH])).replace("\t", " "))
    rest = taken_out.sub(" . ", words)
    return any(pattern.search(words) and pattern.search(rest) for pattern in of_languages)


@cache
def _patterns() -> tuple[list[re.Pattern[str]], re.Pattern[str]]:
    """Of each language, and of what is taken out."""
    found = phrases.read(FILE)
    languages = dict.fromkeys(one.language for one in found)
    telling = [one for one in found if not one.is_taken_out]
    return (
        [re.compile(phrases.any_of(one for one in telling if one.language == language)) for language in languages],
        re.compile(phrases.any_of(one for one in found if one.is_taken_out)),
    )
