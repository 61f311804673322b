"""In which language a text is written, as far as its short words or its script tell."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flows.questions.places import FEWEST

FILE = Path(__file__).with_name("languages.toml")
WORD = re.compile(r"[^\W\d_]+")
SHARE = 0.05  # of the texts, from which on a language is spoken in an account


@cache
def _known() -> tuple[dict[str, list[str]], list[tuple[str, re.Pattern[str]]]]:
    tables = tomllib.loads(FILE.read_text("utf-8"))
    languages: dict[str, list[str]] = defaultdict(list)
    for language, words in tables["words"].items():
        for word in dict.fromkeys(words):
            languages[word].append(language)
    return languages, [(language, re.compile(f"[{signs}]")) for language, signs in tables["scripts"].items()]


def language(text: str, among: Collection[str] = ()) -> str:
    """The language of a text as its code of two letters; empty where nothing tells it. With `among` it is one of these:
    languages that are near to each other share many short words.
    """
    languages, scripts = _known()
    if not text.isascii():
        found = {name: len(signs.findall(text)) for name, signs in scripts}
        most = max(found, key=found.__getitem__)
        if 2 * found[most] > sum(map(str.isalpha, text)) or found["ja"]:  # Japanese is written in Chinese signs, too
            return "ja" if found["ja"] else most
    votes: dict[str, float] = defaultdict(float)
    for word in WORD.findall(text.lower()):
        names = [name for name in languages.get(word, ()) if not among or name in among]
        for name in names:
            votes[name] += 1 / len(names)  # a word of many languages says little
    best = sorted(votes.values())[-2:]
    if not best or (best[0] == best[-1] and len(best) > 1):
        return ""
    return max(votes, key=votes.__getitem__)


def spoken(texts: Sequence[str]) -> tuple[list[str], NDArray[np.str_]]:
    """The languages in which an account is spoken to, the most frequent first, and that of each text, shape (texts,).

    A text in which no word is of these languages, or as many are of one as of another, is in none: empty.
    """
    fewest = max(FEWEST, SHARE * len(texts))
    counts = Counter(language(text) for text in texts)
    many = [name for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])) if count >= fewest]
    names = [name for name in many if name]
    found = [language(text, names) if names else "" for text in texts]
    return names, np.array([name if name in names else "" for name in found], dtype=np.str_)
