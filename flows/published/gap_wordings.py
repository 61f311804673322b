"""Shoppers' questions made fit to be read by others: without greetings and names, and near-equal ones as one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from flows.questions.wording import gist

HIDDEN = "…"
ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？؟।])|[\r\n]+")
WORD = re.compile(r"\w+(?:['’-]\w+)*")
LEAST = 5  # letters of a word that may be a misspelt other one
MISSPELT = 2  # words of a question
UNSPACED = "\u0e00"  # from here on there are scripts that put no blanks between words

# How people say what they are called; the words behind it, up to three that begin with a capital letter, are a name.
INTRODUCED = re.compile(
    r"\b((?i:my name is|my name['’]s|i am called|this is|i['’]m|ich heiße|ich heisse|mein name ist|je m['’]appelle"
    r"|mon nom est|me llamo|mi nombre es|meu nome é|me chamo|chamo-me|mi chiamo|il mio nome è|mijn naam is|ik heet"
    r"|mit navn er|jeg hedder|jeg heter|jag heter|mitt namn är|nazywam się|mam na imię|minun nimeni on))"
    r"(\s+[A-ZÀ-ÖØ-ÞĀ-Ž]\w*(?:['’-]\w+)*(?:\s+[A-ZÀ-ÖØ-ÞĀ-Ž]\w*(?:['’-]\w+)*){0,2})"
)
NAMED = re.compile(  # after these everything that follows is a name, in small letters too
    r"\b((?i:my name is|my name['’]s|ich heiße|ich heisse|mein name ist|je m['’]appelle|me llamo|mi nombre es"
    r"|meu nome é|me chamo|mi chiamo|mijn naam is|ik heet|jag heter|nazywam się))(\s+\w+)"
)


def without_names(text: str, names: Iterable[str | None]) -> str:
    """The text without lines and sentences of courtesy, and without names: those that are given, and those by which
    people introduce themselves.
    """
    shown = " ".join(gist("\n".join(ENDS.split(text))).split())
    shown = INTRODUCED.sub(rf"\1 {HIDDEN}", shown)
    shown = NAMED.sub(rf"\1 {HIDDEN}", shown)
    known = {word.casefold() for name in names if name for word in WORD.findall(name) if len(word) > 1}
    if known:
        shown = WORD.sub(lambda found: HIDDEN if found[0].casefold() in known else found[0], shown)
    return re.sub(rf"{HIDDEN}(?:[\s,]*{HIDDEN})+", HIDDEN, shown)


def words_of(text: str) -> frozenset[str]:
    """The words of a text without case, accents and signs; what is hidden counts for nothing."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return frozenset("".join(sign for sign in word if sign.isalnum()) for word in WORD.findall(
        "".join(sign for sign in bare if not unicodedata.combining(sign))
    ))  # fmt: skip


def is_near(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two questions have the same words, but for a letter in one or two long words."""
    here, there = one - other, other - one
    if len(here) != len(there) or len(here) > MISSPELT:
        return False
    left = set(there)
    for word in sorted(here):
        found = next((to for to in sorted(left) if _is_misspelt(word, to)), None)
        if found is None:
            return False
        left.discard(found)
    return True


def _is_misspelt(word: str, other: str) -> bool:
    """One letter more, less, other, or two that changed places."""
    if min(len(word), len(other)) < LEAST or abs(len(word) - len(other)) > 1:
        return False
    if any(sign.isdigit() or sign >= UNSPACED for sign in word + other):
        return False
    start = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    if start is None:
        return True
    a, b = word[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


@dataclass
class Wordings:
    """Questions by their words, in the order in which they came; near-equal ones are one, in the words of the first."""

    found: list[tuple[frozenset[str], str]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def add(self, text: str, times: int) -> None:
        words = words_of(text)
        if not words:
            return
        for place, (known, _) in enumerate(self.found):
            if known == words or is_near(known, words):
                self.times[place] += times
                return
        self.found.append((words, text))
        self.times.append(times)

    def most_asked(self, most: int) -> list[tuple[str, int]]:
        """The questions and how often each was asked; of those that were asked as often the first comes first."""
        order = sorted(range(len(self.found)), key=lambda place: -self.times[place])[:most]
        return [(self.found[place][1], self.times[place]) for place in order]
