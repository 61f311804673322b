"""Phrases of a file that people read and extend, as regular expressions.

Such a file (dbt_project/deflections.toml, dbt_project/fallbacks.toml) says at its top how a phrase is written.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# The signs of a phrase, and what they are in a regular expression that DuckDB and Spark read alike: no backslash.
SIGNS = {"...": "[^.!?;]*", "@": "[a-z0-9._%+-]+@[a-z0-9-]+", "#": "[+(]?[0-9][0-9 ()/.-]{4,}[0-9]", " ?": " *"}
PART = re.compile(r"\[[^]]*\]|\.\.\.|@|#|\{(?P<name>\w+)\}| \?| +|.")


@dataclass(frozen=True)
class Phrase:
    """`is_taken_out` of a phrase that tells nothing; `to` is the channel to which it sends, where it sends to one;
    `pattern` is a regular expression for a text that is `plain`.
    """

    language: str
    phrase: str
    example: str
    pattern: str
    is_taken_out: bool
    to: str | None


def read(file: Path) -> list[Phrase]:
    """The phrases of the file, those that are taken out first. Raises KeyError for words that stand nowhere."""
    document = tomllib.loads(file.read_text("utf-8"))
    return [
        Phrase(
            language=one["language"],
            phrase=one["phrase"],
            example=one["example"],
            pattern=_pattern(one["phrase"], document["words"].get(one["language"], {})),
            is_taken_out=kind == "unless",
            to=one.get("to"),
        )
        for kind in ("unless", "phrase")
        for one in document[kind]
    ]


def plain(text: str) -> str:
    """As texts are compared: in lower case, without accents, with a blank for every apostrophe."""
    letters = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return re.sub("['’‘`´]", " ", "".join(sign for sign in letters if not unicodedata.combining(sign)))


def any_of(phrases: Iterable[Phrase]) -> str:
    """A regular expression for any of them, between letters and digits of other words."""
    return f"(^|[^a-z0-9])({'|'.join(one.pattern for one in phrases)})($|[^a-z0-9])"


def _pattern(phrase: str, words: dict[str, str]) -> str:
    def filled(part: re.Match[str]) -> str:
        if name := part["name"]:
            return _pattern(words[name], words)
        text = part.group()
        return " +" if text.isspace() else SIGNS.get(text, text)

    return PART.sub(filled, plain(phrase))
