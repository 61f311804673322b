"""What a question is about (rule 8.4): knowledge, or what no article answers; told by the phrases of kinds.toml.

Phrases are folded as those of words.toml are (wording.py). Titles of products are compared by their words alone.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from flows.ground.patterns import compiled
from flows.questions import wording
from flows.questions.wording import BEFORE, GAP, INSIDE, LONGEST, any_of, bare, folded

Kind = Literal["knowledge", "product", "order", "person", "complaint", "other"]

PHRASES = Path(__file__).with_name("kinds.toml")
ORDER: tuple[Kind, ...] = ("person", "knowledge", "complaint", "order")  # the first that fits is the kind
TELLING = 2  # words of a title from which on it says by itself that a question is about a product
WORD = re.compile(rf"[{INSIDE}]+")


@dataclass(frozen=True)
class About:
    """The kind of a question, and of kind product the product that its text names, if it does."""

    kind: Kind
    product_id: str | None = None


class Named(NamedTuple):
    """The product whose title is first in a text, how many words its title has, and what the text says besides all
    titles.
    """

    product_id: str
    words: int
    beside: str


@dataclass(frozen=True)
class Titles:
    """Titles of an account's products: by their first word the words of each and its product, the longest first."""

    by_word: Mapping[str, Sequence[tuple[tuple[str, ...], str]]] = field(default_factory=dict)

    def named_in(self, text: str) -> Named | None:
        """The product that the text names, of several at one place the one with the longest title."""
        if not self.by_word:
            return None
        words, beside, at = _words(text), list[str](), 0
        first: tuple[str, int] | None = None
        while at < len(words):
            for title, product in self.by_word.get(words[at], ()):
                if words[at : at + len(title)] == title:
                    first = first or (product, len(title))
                    beside.append("x")  # a word of nothing, so that phrases still reach over it
                    at += len(title)
                    break
            else:
                beside.append(words[at])
                at += 1
        return Named(*first, " ".join(beside)) if first else None


class _Told(NamedTuple):
    """What phrases tell: the kind, whether no title of a product makes it another, and whether none does unless the
    phrase is a part of the title.
    """

    kind: Kind
    is_sure: bool = False
    is_of_every_product: bool = False


def titles(products: Iterable[tuple[str, str]]) -> Titles:
    """Titles to look for, of (product_id, title); of two products with one title the first id counts."""
    found: dict[tuple[str, ...], str] = {}
    for product, title in sorted(products):
        if words := _words(title):
            found.setdefault(words, product)
    by_word: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for words, product in sorted(found.items(), key=lambda one: (-len(one[0]), one)):
        by_word[words[0]].append((words, product))
    return Titles(by_word)


def about(text: str, known: Titles) -> About:
    """What a question is about, by its first 2,000 characters. Raises nothing, whatever the text is."""
    text = wording.gist(text)
    return about_of(folded(text), text, known)


def vote(kind: str | None) -> int:
    """What a question says of its topic: that it is a matter of the knowledge base (1), that it is not (-1), or nothing
    (0), as small talk does.
    """
    return {"knowledge": 1, "other": 0}.get(kind or "", -1)


def about_of(plain: str, gist: str, known: Titles) -> About:
    """What a question is about of which the gist is known, as it is and folded."""
    told = _by_phrases(plain)
    named = None if told.is_sure else known.named_in(gist)
    if named and told.is_of_every_product:  # "made" in a title says nothing of where a thing is made
        told = _by_phrases(folded(named.beside))
    if told.is_sure or told.is_of_every_product or not named:
        return About(told.kind)
    is_product = named.words >= TELLING or told.kind == "product"
    return About("product", named.product_id) if is_product else About("knowledge")


def is_told(plain: str) -> bool:
    """Whether a phrase says what a folded text is about."""
    return _by_phrases(plain) != _Told("knowledge")


@lru_cache(maxsize=wording.REMEMBERED)
def _by_phrases(plain: str) -> _Told:
    """What phrases tell of a folded text."""
    phrases = _phrases()
    kind = next((one for one in ORDER if phrases[one].search(plain)), None)
    if kind:
        return _Told(kind, is_sure=True)
    left, taken = phrases["other"].subn(".", plain)
    if taken and wording.kind(left) == "small_talk":
        return _Told("other", is_sure=True)
    if phrases["every_product"].search(plain):
        return _Told("knowledge", is_of_every_product=True)
    return _Told("product" if phrases["product"].search(plain) else "knowledge")


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(bare(text[:LONGEST].casefold())))


@cache
def _phrases() -> dict[str, re.Pattern[str]]:
    """What to look for in folded texts, by the tables of kinds.toml."""
    return compiled("kinds", [PHRASES, Path(__file__), Path(wording.__file__)], _patterns)


def _patterns() -> dict[str, str]:
    tables = tomllib.loads(PHRASES.read_text("utf-8"))
    return {
        table: BEFORE + any_of(_phrase(one) for phrases in languages.values() for one in phrases)
        for table, languages in tables.items()
    }


def _phrase(written: str) -> str:
    return bare(written.casefold().replace(" ... ", GAP))
