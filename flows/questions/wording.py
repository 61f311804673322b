"""Which messages of shoppers ask (rule 8.1): told by their words and marks, in the languages of words.toml.

A message is folded first: no case, no accents, no apostrophes, one blank between words, values as `0`. The words of
words.toml are folded the same way, so that both always agree.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import unescape
from itertools import groupby, islice
from pathlib import Path
from typing import Literal

from flows.ground.patterns import compiled

Kind = Literal["asks", "tells", "small_talk"]

JOINED = " … "  # between a question that cannot stand alone and the turn before it
LONGEST = 2000  # characters that are looked at
REMEMBERED = 30_000  # texts whose outcome is kept in memory: shoppers say the same over and over
MANY = 30_000  # texts from which on rules for ASCII letters alone save more time than it takes to compile them
GREETING = 20  # words behind which none ends
WORDS = Path(__file__).with_name("words.toml")

# What stands inside a word. `\w` lacks the vowel signs of Indic scripts and of Thai.
INSIDE = r"\w\u0900-\u0963\u0970-\u0dff\u0e31-\u0e4e"
BEFORE, AFTER = rf"(?<![{INSIDE}])", rf"(?![{INSIDE}])"
UNSPACED = "\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"

MARKUP = re.compile(r"</?[a-z][^<>]{0,200}>", re.IGNORECASE)
VALUE = re.compile(
    r"https?://\S+|(?<!\w)www\.\S+"
    r"|(?<![\w.+-])[\w.+-]+@[\w.-]+"
    r"|\[[^\[\]]{0,40}(?:image|photo|picture|video|file|attach|audio|voice|sticker|gif|document|media|screenshot|foto|"
    r"bild|imagen|imagem|immagine|fichier|datei|anhang|adjunto|anexo|allegato)[^\[\]]{0,80}\]"
    r"|(?<![\w.-])[\w-]+\.(?:png|jpe?g|gif|pdf|mp4|mov|heic|webp|docx?)\b"
    r"|(?<![a-z\d])#?(?:[a-z]{1,6}[-_])?[a-z\d]*\d[a-z\d]*(?:[-./:,_#][a-z\d]*\d[a-z\d]*)*"
    r"|(?<!\w)[:;=]-?[dpox](?!\w)"
)
MAY_HOLD_VALUE = re.compile(r"[\d@\[:;=]|www|\w\.\w")
SYMBOLS = re.compile(rf"[^{INSIDE}\s\x00-\x7f]+")
MARKS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]+")
NOTHING = (
    "'’‘`´ʼ′\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufe0f\ufeff"
)
SAME = str.maketrans(
    {"-": " ", "_": " ", "‐": " ", "‑": " ", "\n": " . ", "\r": " ", "\u2028": " . "}
    | {"ø": "o", "ł": "l", "ı": "i", "đ": "d", "æ": "ae", "œ": "oe"}
    | dict.fromkeys(NOTHING)
    | dict.fromkeys("؟¿՞፧⸮꘏꛷❓❔", "?")
)
BLANKS = re.compile(r"\s{2,}|[^\S ]")
ASKED = re.compile(r"\?|[α-ω] ?;")  # a Greek question mark becomes a semicolon when it is folded
TOLD = "told"  # stands for what looks as if it asked
GAP = "\x00"  # stands in a phrase for up to five words


@dataclass(frozen=True)
class _Rules:
    """What to look for in folded texts: of ASCII letters only, or of all."""

    small: re.Pattern[str]  # what is taken away; its group `unasked` leaves a word behind
    rest: re.Pattern[str]  # a word that is neither a value nor goes along with small talk
    value: re.Pattern[str]  # a value, or what is small talk alone
    asks: re.Pattern[str]  # in what is left
    pieces: re.Pattern[str] | None = None  # in the whole text: what asks in scripts without blanks


def gist(text: str) -> str:
    """The text without lines of small talk: an e-mail without its greeting and its signature, which name people; the
    text itself where nothing else is in it.
    """
    return without_courtesy(text) or text


def without_courtesy(text: str) -> str:
    """The text without lines of small talk, empty where there is nothing else."""
    if "\n" not in text:
        return text
    turns = (
        "\n".join(line for line in turn.splitlines() if line.strip() and not _is_courtesy(line))
        for turn in text[:LONGEST].split(JOINED)
    )
    return JOINED.join(filter(None, turns))


def after_greeting(text: str) -> str:
    """The text without the small talk that it begins with, the text itself where nothing else is in it."""
    plain, at = folded(text), 0
    small = _rules(False).small
    while (found := small.match(plain, at)) and not found.lastgroup and found.end() > at:
        at = next((one.start() for one in re.finditer(r"\w", plain[found.end() :])), len(plain)) + found.end()
    if not at or at == len(plain):
        return text
    starts = (one.start() for one in islice(re.finditer(r"[¿¡]?\w+", text), GREETING))
    return next((text[one:] for one in starts if folded(text[one:]).lstrip("?!¿¡. ") == plain[at:]), text)


@lru_cache(maxsize=REMEMBERED)
def _is_courtesy(line: str) -> bool:
    """Small talk, perhaps with a name behind it."""
    words = line.split()
    return kind(line) == "small_talk" or (1 < len(words) <= 5 and kind(" ".join(words[:-1])) == "small_talk")


def kind(text: str) -> Kind:
    """What a visitor's message does (8.1): asks, tells something else, or says nothing of substance.

    Only its first 2,000 characters count. Raises nothing, whatever the text is.
    """
    text = without_courtesy(text)
    return kind_of(folded(text)) if text else "small_talk"


@lru_cache(maxsize=REMEMBERED)
def kind_of(plain: str, *, are_many: bool = False) -> Kind:
    """The kind of a message of which the gist is folded.

    `are_many` changes no answer: the work is then worth rules of its own for texts of ASCII letters.
    """
    rules = _rules(are_many and plain.isascii())
    left, taken = rules.small.subn(_taken, plain)
    asks = rules.asks.search(left)  # "où est ma commande 123" has no word that could not answer a question
    if not asks and not rules.rest.search(left) and (taken or rules.value.search(left) or not _has_word(left)):
        return "small_talk"
    if asks or ASKED.search(plain) or (rules.pieces and rules.pieces.search(plain)):
        return "asks"
    return "tells"


def _taken(found: re.Match[str]) -> str:
    """In the place of small talk a sentence ends, so that what follows begins one."""
    return TOLD if found.lastgroup else "."


def _has_word(text: str) -> bool:
    return any(map(str.isalnum, text))


def folded(text: str) -> str:
    """The beginning of a text as words are compared."""
    text = text[:LONGEST]
    if "&" in text or "<" in text:
        text = MARKUP.sub(" . ", unescape(text))[:LONGEST]
    text = text.casefold()
    if MAY_HOLD_VALUE.search(text):  # much faster than looking for values in texts without
        text = VALUE.sub(" 0 ", text)
    return bare(text.replace(" - ", " . ")).strip()


def bare(text: str) -> str:
    """A text without accents, apostrophes and double blanks."""
    text = text.translate(SAME)
    if not text.isascii():
        bare = MARKS.sub("", unicodedata.normalize("NFKD", text)[: 2 * LONGEST])
        text = SYMBOLS.sub(".", unicodedata.normalize("NFC", bare).translate(SAME))
    return BLANKS.sub(" ", text)


@cache
def _rules(ascii_only: bool) -> _Rules:
    """The rules, compiled once: for any text, or less to look for in texts of ASCII letters only."""
    name = "words-of-ascii" if ascii_only else "words"
    return _Rules(**compiled(name, [WORDS, Path(__file__)], lambda: _patterns(ascii_only)))


def _patterns(ascii_only: bool) -> dict[str, str]:
    """What the rules look for, by the names of the rules."""
    words, pieces = _words(ascii_only)
    small, unasked = any_of(words["small"], stretched=True), any_of(words["unasked"])
    asks = rf"{BEFORE}(?:{any_of(words['asks'] | words['trouble'])})"
    links = rf"(?:(?:{any_of(words['links'] | words['alone'])}) ){{0,2}}"
    starts = rf"(?:\A|[^{INSIDE}\s])[\s]?{links}(?:{any_of(words['starts'])})"
    along = words["links"] | words["along"] | words["labels"] | words["values"] | words["alone"] | {"0"}
    at_end = rf"{any_of(words['alone'], stretched=True)}(?= ?(?:[^{INSIDE} ]|\Z))"
    taken = rf"{BEFORE}(?:(?P<unasked>{unasked})|{small}|{at_end})"
    found = {
        "rest": rf"{BEFORE}(?!{any_of(along)})[{INSIDE}]",
        "value": rf"{BEFORE}(?:{any_of(words['values'] | words['alone'] | {'0'})})",
        "asks": rf"{asks}|{starts}",
    }
    if not ascii_only:
        taken += rf"|(?=[{UNSPACED}])(?:{any_of(pieces['small'], end='')})"
        found["pieces"] = any_of(pieces["asks"] | pieces["trouble"], end="")
    return {"small": taken, **found}


def _words(ascii_only: bool) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The folded phrases of words.toml by table: of languages with blanks between words, and of those without."""
    tables = tomllib.loads(WORDS.read_text("utf-8"))
    unspaced = set(tables.pop("unspaced"))
    words: dict[str, set[str]] = {}
    pieces: dict[str, set[str]] = {}
    for table, languages in tables.items():
        for language, phrases in languages.items():
            into = (pieces if language in unspaced else words).setdefault(table, set())
            folded = (bare(written.casefold()) for written in phrases)
            into.update(phrase for phrase in folded if not ascii_only or phrase.isascii())
    return words, pieces


def any_of(phrases: Iterable[str], *, end: str = AFTER, stretched: bool = False) -> str:
    """A pattern for any of some phrases of words.toml. Common beginnings are looked at once, which makes it fast.

    `stretched`: letters may be repeated at will, or written once instead of twice ("helo", "hellooo").
    """
    found: set[tuple[str, ...]] = set()
    waiting = list(phrases)
    while waiting:
        parts = _parts(waiting.pop())
        if parts and len(parts[0]) > 1:  # begins with alternatives: each is a beginning of its own
            waiting += [choice + "".join(parts[1:]) for choice in _choices(parts[0])]
            continue
        found.add(tuple(_once(parts) if stretched else parts))
    # The end stands once, behind all: at each phrase it would be compiled thousands of times, which takes a second.
    return (_branches(sorted(found), 0, stretched) if found else "(?!)") + end


def _once(parts: Sequence[str]) -> Iterator[str]:
    """The parts without letters that repeat the one before."""
    before = ""
    for part in parts:
        if not (part == before and part.isalpha()):
            yield part
        before = part


def _branches(phrases: Sequence[tuple[str, ...]], start: int, stretched: bool) -> str:
    """The pattern of sorted phrases, of which the parts before `start` are the same and are left out."""
    first, last = phrases[0], phrases[-1]
    fork = start
    while fork < min(len(first), len(last)) and first[fork] == last[fork]:
        fork += 1
    begun = "".join(_pattern(part, stretched) for part in first[start:fork])
    if first == last:
        return begun
    found = []
    for part, group in groupby(phrases, lambda phrase: phrase[fork] if len(phrase) > fork else ""):
        below = list(group)
        found.append((part == "", part == "*", -max(map(len, below)), part, _branches(below, fork, stretched)))
    found.sort()  # what may go on longest is tried first; the same order in every process
    return f"{begun}(?:{'|'.join(pattern for *_, pattern in found)})"


@cache
def _pattern(part: str, stretched: bool) -> str:
    """A letter, alternatives, `*` for the rest of a word, or GAP for up to five words between two."""
    if part == "*":
        return rf"[{INSIDE}]*"
    if part == GAP:
        return rf"[ ,;:]+(?:[{INSIDE}]+[ ,;:]+){{0,5}}"
    if len(part) > 1:
        return any_of(_choices(part), end="", stretched=stretched)
    return re.escape(part) + (f"{part}*" if stretched and part.isalpha() else "")


def _parts(phrase: str) -> list[str]:
    """A phrase as its letters and its outermost `(alternatives)`, in order."""
    parts, depth = [""], 0
    for letter in phrase:
        if depth == 0:
            parts.append("")
        depth += (letter == "(") - (letter == ")")
        parts[-1] += letter
    return parts[1:]


def _choices(group: str) -> list[str]:
    """What `(a|b)` offers: a and b, which may have alternatives of their own."""
    choices = [""]
    for part in _parts(group[1:-1]):
        if part == "|":
            choices.append("")
        else:
            choices[-1] += part
    return choices
