"""SQL of the phrases that send a shopper to another channel (rule 13.5), from dbt_project/deflections.toml."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PHRASES = "dbt_project/deflections.toml"
MACRO = "dbt_project/macros/deflections.sql"
# The signs of a phrase, and what they are in a regular expression that DuckDB and Spark read alike: no backslash.
SIGNS = {"...": "[^.!?;]*", "@": "[a-z0-9._%+-]+@[a-z0-9-]+", "#": "[+(]?[0-9][0-9 ()/.-]{4,}[0-9]", " ?": " *"}
PART = re.compile(r"\[[^]]*\]|\.\.\.|@|#|\{(?P<name>\w+)\}| \?| +|.")


@dataclass(frozen=True)
class Phrase:
    """`to` is the channel to which it sends, None of a phrase that is taken out; `pattern` a regular expression."""

    to: str | None
    language: str
    phrase: str
    example: str
    pattern: str


def phrases(root: Path) -> list[Phrase]:
    """The phrases of the file, those that are taken out first. Raises KeyError for words that stand nowhere."""
    document = tomllib.loads((root / PHRASES).read_text("utf-8"))
    return [
        Phrase(
            one.get("to"),
            one["language"],
            one["phrase"],
            one["example"],
            _pattern(one["phrase"], document["words"].get(one["language"], {})),
        )
        for one in (*document["unless"], *document["phrase"])
    ]


def files(root: Path) -> dict[str, str]:
    found = phrases(root)
    targets = dict.fromkeys(one.to for one in found if one.to)
    by_target = {to: _either(one.pattern for one in found if one.to == to) for to in targets}
    lines = [
        f"{{#- Generated from {PHRASES} by `make generate`: change it there.",
        "    What sends a shopper elsewhere, and what does not (13.5), as regular expressions. -#}",
        "{% macro deflecting_phrases() -%}",
        "    {{ return({",
        *(f"        '{to}': \"{pattern}\"," for to, pattern in by_target.items()),
        "    }) }}",
        "{%- endmacro %}",
        "",
        "{% macro phrases_to_take_out() -%}",
        f'    {{{{ return("{_either(one.pattern for one in found if one.to is None)}") }}}}',
        "{%- endmacro %}",
    ]
    return {MACRO: "\n".join(lines) + "\n"}


def plain(text: str) -> str:
    """As texts are compared: in lower case, without accents, with a blank for every apostrophe."""
    letters = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return re.sub("['’‘`´]", " ", "".join(sign for sign in letters if not unicodedata.combining(sign)))


def _pattern(phrase: str, words: dict[str, str]) -> str:
    def filled(part: re.Match[str]) -> str:
        if name := part["name"]:
            return _pattern(words[name], words)
        text = part.group()
        return " +" if text.isspace() else SIGNS.get(text, text)

    return PART.sub(filled, plain(phrase))


def _either(patterns: Iterable[str]) -> str:
    """Any of them, between letters and digits of other words."""
    return f"(^|[^a-z0-9])({'|'.join(patterns)})($|[^a-z0-9])"
