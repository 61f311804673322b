"""Texts of shoppers as they are compared: what makes no difference is alike. Nothing here is dear to import."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from flows.questions.wording import gist

PRODUCT = "product"  # stands for the title of any
FEWEST_WORDS = 2  # of a title that is looked for
WORD = re.compile(r"\w+")
LENGTH = 600  # characters of a text that are compared: a question is asked in fewer
NUMBERS = re.compile(r"\d+")
BLANKS = re.compile(r"\s+")
# scripts that write no blanks between words: every sign counts as a word
UNSPACED = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff])")


def normal(text: str) -> str:
    """The text as it is compared: in lower case, numbers alike, blanks between words."""
    plain = unicodedata.normalize("NFKC", text[:LENGTH].encode("utf-8", "replace").decode()).lower()
    return BLANKS.sub(" ", UNSPACED.sub(r" \1 ", NUMBERS.sub("0", plain))).strip()


@lru_cache(maxsize=10_000)
def _normal_word(word: str) -> str:
    return normal(word)


@dataclass(frozen=True)
class Sold:
    """What an account sells: the words of its products' titles, by the first of them, the longest first.

    What shoppers ask about one product they ask about another: the name is the smallest part of the matter, and would
    else be the largest of its words.
    """

    by_word: Mapping[str, Sequence[tuple[str, ...]]] = field(default_factory=dict)

    def alike(self, text: str) -> str:
        """A normal text in which every product is the same one."""
        return replaced(text, self.titles_in(text), PRODUCT)

    def unnamed(self, text: str, by: str) -> str:
        """A text as it was written, with `by` in the place of every title."""
        return replaced(text, self.titles_in(text, _normal_word), by)

    def titles_in(self, text: str, word: Callable[[str], str] = str) -> Iterator[tuple[int, int]]:
        """Where titles of products begin and end in a text of which `word` makes the words normal."""
        found = list(WORD.finditer(text)) if self.by_word else []
        words = [word(one[0]) for one in found]
        at = 0
        while at < len(words):
            titles = self.by_word.get(words[at], ())
            length = next((len(one) for one in titles if tuple(words[at : at + len(one)]) == one), 0)
            if length:
                yield found[at].start(), found[at + length - 1].end()
            at += length or 1

    def titles(self) -> list[str]:
        """The titles, from which the same can be made."""
        return [" ".join(one) for titles in self.by_word.values() for one in titles]


def replaced(text: str, places: Iterable[tuple[int, int]], by: str) -> str:
    """The text with `by` in these places, which follow each other."""
    parts, end = [], 0
    for start, last in places:
        parts += [text[end:start], by]
        end = last
    return "".join([*parts, text[end:]])


NOTHING = Sold()


def sold(titles: Iterable[str]) -> Sold:
    """Titles of two words and more: one that is a single word may be any word."""
    found = {words for title in titles if len(words := tuple(WORD.findall(normal(title)))) >= FEWEST_WORDS}
    by_word: dict[str, list[tuple[str, ...]]] = {}
    for words in sorted(found, key=lambda one: (-len(one), one)):
        by_word.setdefault(words[0], []).append(words)
    return Sold(by_word)


def plain(texts: Sequence[str], known: Sold = NOTHING) -> list[str]:
    """The questions of messages as they are compared."""
    return [known.alike(normal(gist(text))) for text in texts]
