"""Questions that cannot stand alone, and what they are read with (rule 8.1): told by the phrases of follow_ups.toml."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from flows.questions.wording import BEFORE, INSIDE, any_of, bare, folded, gist

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
    begins, of_words = _phrases()
    return bool(begins.match(" ".join(words)) or all(map(of_words.fullmatch, words)))


def together(earlier: str, text: str) -> str:
    """A question that cannot stand alone behind the turn before it, as the models put the two together."""
    return f"{earlier[:EARLIER]} … {text}"


@cache
def _phrases() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What such questions begin with, and the words that name no matter."""
    tables = tomllib.loads(PHRASES.read_text("utf-8"))
    begins, words = (
        {bare(phrase.casefold()) for phrases in tables[table].values() for phrase in phrases}
        for table in ("begins", "words")
    )
    return re.compile(BEFORE + any_of(begins)), re.compile(any_of(words, end=""))
