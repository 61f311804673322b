"""Keys of segments: what one is, and one that is made of a name that people gave."""

from __future__ import annotations

import re
import unicodedata

KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
RULE = "it begins with a letter and has only a to z, 0 to 9, _ and -, 63 at most"
LETTERS = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "o", "œ": "oe", "å": "a", "ł": "l", "đ": "d", "ð": "d", "þ": "th",
    "ı": "i",
})  # fmt: skip


def latin(name: str) -> str:
    """The name in lower case and letters of English, as far as it is written in Latin letters: `kaeufer`."""
    composed = unicodedata.normalize("NFC", name).casefold().translate(LETTERS)
    apart = unicodedata.normalize("NFKD", composed)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).casefold()


def key_of(name: str) -> str:
    """A key that reads like the name; empty where nothing of the name can stand in a key."""
    words = re.findall(r"[a-z0-9]+", latin(name))
    joined = "_".join(words)
    key = joined if joined[:1].isalpha() else f"segment_{joined}" if joined else ""
    return key[:56].rstrip("_")
