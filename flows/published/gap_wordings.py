"""Shoppers' questions made fit to be read by others: without greetings and names, and near-equal ones as one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flows.questions.forms import NOTHING, Sold, normal, replaced
from flows.questions.wording import after_greeting, gist

HIDDEN = "…"
ENDS = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？؟।])|[\r\n]+")
WORD = re.compile(r"\w+(?:['’-]\w+)*")
NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
CAPITAL = r"[A-ZÀ-ÖØ-ÞČĐŁŘŚŞŠŻŽΑ-ΩЀ-Я]\w*(?:['’-]\w+)*"
# Behind a word or a comma, where no sentence begins: Porto Alegre, Rio de Janeiro.
NAME = re.compile(rf"(?<=[\w,] ){CAPITAL}(?: (?:\w{{1,3}} )?{CAPITAL}){{0,3}}")
FRAME = 3  # words around a name
SEVERAL = 3  # names that are the same question
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
    shown = _without_greeting(" ".join(gist("\n".join(ENDS.split(text))).split()))
    shown = INTRODUCED.sub(rf"\1 {HIDDEN}", shown)
    shown = NAMED.sub(rf"\1 {HIDDEN}", shown)
    known = {word.casefold() for name in names if name for word in WORD.findall(name) if len(word) > 1}
    if known:
        shown = WORD.sub(lambda found: HIDDEN if found[0].casefold() in known else found[0], shown)
    return re.sub(rf"{HIDDEN}(?:[\s,]*{HIDDEN})+", HIDDEN, shown)


def _without_greeting(text: str) -> str:
    """The text without a greeting before a sign or a capital letter: elsewhere the word may belong to the question."""
    rest = after_greeting(text)
    greeting = text.removesuffix(rest).rstrip("¿¡ ")
    return rest if greeting and (rest.lstrip("¿¡")[0].isupper() or not greeting[-1].isalnum()) else text


def words_of(text: str) -> frozenset[str]:
    """The words of a text without case, accents and signs; what is hidden counts for nothing."""
    return frozenset(_words(text))


def _words(text: str) -> tuple[str, ...]:
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return tuple("".join(sign for sign in word if sign.isalnum()) for word in WORD.findall(bare))


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
class Wording:
    """Near-equal questions: the first of them, what they have in common, and how often they were asked.

    `hidden` is what the common words leave out, of each of them; `names` says how often each product or place was asked
    about.
    """

    text: str
    common: str
    words: frozenset[str]
    times: int = 0
    hidden: set[tuple[str, ...]] = field(default_factory=set)
    names: Counter[str] = field(default_factory=Counter)

    @property
    def shown(self) -> str:
        return self.text if len(self.hidden) == 1 else self.common

    @property
    def such_as(self) -> list[str]:
        """The names that the common words leave out, those first that were in most questions."""
        return [name for name, _ in self.names.most_common()] if len(self.hidden) > 1 else []


def wordings(asked: Sequence[tuple[str, int]], known: Sold = NOTHING) -> list[Wording]:
    """Questions, and how often each was asked; near-equal ones are one. Those asked most come first, then the first.

    Courtesy, numbers and titles of products make no difference, nor do names that several questions have in the same
    place: whoever asks for a shop in Lisbon asks what others ask of other towns.
    """
    found: list[Wording] = []
    by_words: dict[frozenset[str], Wording] = {}
    spelt: dict[str, str] = {}
    texts = [(text, times, *_without(text, known.titles_in(text, normal))) for text, times in asked]
    places = _in_the_same_place(common for _, _, common, _ in texts)
    for text, times, untitled, titles in texts:
        unplaced, named = _without(untitled, (one.span() for one in places.finditer(untitled)))
        common, numbers = _without(unplaced, (one.span() for one in NUMBER.finditer(unplaced)))
        words = words_of(after_greeting(common))
        if not words:
            continue
        one = by_words.get(words) or next((one for one in found if is_near(one.words, words)), None)
        if one is None:
            one = Wording(text, common, words)
            found.append(one)
        by_words[words] = one
        one.times += times
        one.hidden.add(tuple(name.casefold() for name in titles + named + numbers))
        one.names.update({spelt.setdefault(name.casefold(), name): times for name in titles + named})
    return sorted(found, key=lambda one: -one.times)


def _without(text: str, spans: Iterable[tuple[int, int]]) -> tuple[str, list[str]]:
    """The text with the sign of what is hidden in some places, and what stood there."""
    places = list(spans)
    return replaced(text, places, HIDDEN), [text[start:end] for start, end in places]


def _in_the_same_place(texts: Iterable[str]) -> re.Pattern[str]:
    """Names, told by their capital letters, of which several stand between the same words."""
    between: dict[tuple[tuple[str, ...], ...], set[str]] = defaultdict(set)
    for text in texts:
        for name in NAME.finditer(text):
            rest = _words(text[: name.start()]), _words(text[name.end() :])
            if sum(map(len, rest)) >= FRAME:
                between[rest].add(name[0])
    names = {name for inside in between.values() if len(set(map(str.casefold, inside))) >= SEVERAL for name in inside}
    longest_first = sorted(names, key=lambda one: (-len(one), one))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})\b", re.IGNORECASE)
