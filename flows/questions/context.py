"""Questions that cannot stand alone, and what they are read with (rule 8.1): told by the phrases of follow_ups.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flows.questions import kinds, wording
from flows.questions.wording import BEFORE, INSIDE, JOINED, any_of, bare, folded, gist

PHRASES = Path(__file__).with_name("follow_ups.toml")
EARLIER = 400  # characters of the turn before, as in the models
SHORT = 8  # words that such a question has at most
WORD = re.compile(rf"[{INSIDE}]+")


def follows_up(text: str) -> bool:
    """Whether a question goes on with what was said before: a short one that begins so, or whose words name no matter.

    It depends on the text alone. Raises nothing, whatever the text is.
    """
    return follows_up_of(folded(gist(text)))


def follows_up_of(plain: str) -> bool:
    """The same of a question of which the gist is folded."""
    words = WORD.findall(plain)
    if not 0 < len(words) <= SHORT:
        return False
    phrases = _phrases()
    return bool(phrases.begins.match(" ".join(words)) or all(map(phrases.words.fullmatch, words)))


def says_nothing(plain: str) -> bool:
    """Whether a question that cannot stand alone leaves unsaid what it is about: it has only words that name no matter,
    or a connective before what asks nothing by itself ("and the blue one?").
    """
    words = WORD.findall(plain)
    phrases = _phrases()
    if all(map(phrases.words.fullmatch, words)):
        return True
    text = " ".join(words)
    rest = phrases.joins.sub("", text)
    return rest != text and not kinds.is_told(rest) and wording.kind_of(phrases.turns.sub("", rest)) != "asks"


def together(earlier: str, text: str) -> str:
    """A question that cannot stand alone behind the turn before it, as the models put the two together."""
    return f"{earlier[:EARLIER]}{JOINED}{text}"


@dataclass(frozen=True)
class _Phrases:
    """What to look for in the words of a question, by the tables of follow_ups.toml."""

    begins: re.Pattern[str]
    joins: re.Pattern[str]
    turns: re.Pattern[str]
    words: re.Pattern[str]


@cache
def _phrases() -> _Phrases:
    tables = tomllib.loads(PHRASES.read_text("utf-8"))
    begins, joins, turns, words = (
        {bare(phrase.casefold()) for phrases in tables[table].values() for phrase in phrases}
        for table in ("begins", "joins", "turns", "words")
    )
    return _Phrases(
        begins=re.compile(BEFORE + any_of(begins)),
        joins=re.compile(rf"\A(?:{any_of(joins)} ?)+"),
        turns=re.compile(rf"\A(?:{any_of(turns)} ?)"),
        words=re.compile(any_of(words, end="")),
    )
