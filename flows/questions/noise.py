"""Questions as hurried people type them, made of tidy ones: for measuring, always the same for a text."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from typing import Literal, get_args

Noise = Literal["typing_errors", "no_accents", "emoji", "mixed_languages"]
NOISES: tuple[Noise, ...] = get_args(Noise)

EMOJI = ("🙏", "😊", "😡", "❤️", "👍", "🤔", "😭", "📦")
GREETINGS = ("hola", "hello", "oi", "bonjour", "hallo", "ciao", "hey there", "bom dia")
ENDINGS = ("please", "por favor", "danke", "merci", "asap", "gracias", "obrigado", "thx")


def noisy(text: str, noise: Noise) -> str:
    """The text with such noise; what is drawn depends on the text alone."""
    return MAKERS[noise](text, random.Random(f"{noise} {text}"))  # noqa: S311  no secret


def _typing_errors(text: str, dice: random.Random) -> str:
    """One letter in about every second longer word is left out, doubled, or changes places with the next."""
    return " ".join(_mistyped(word, dice) if len(word) > 3 and dice.random() < 0.5 else word for word in text.split())


def _mistyped(word: str, dice: random.Random) -> str:
    at = dice.randrange(len(word) - 1)
    letters = dice.choice(("", word[at] * 2, word[at + 1] + word[at]))
    return word[:at] + letters + word[at + (2 if len(letters) == 2 and letters != word[at] * 2 else 1) :]


def _no_accents(text: str, dice: random.Random) -> str:  # noqa: ARG001  nothing is drawn
    """Small letters without accents and marks."""
    bare = (sign for sign in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(sign))
    return " ".join("".join(sign if sign.isalnum() else " " for sign in bare).split())


def _emoji(text: str, dice: random.Random) -> str:
    return f"{text}{dice.choice(('', '!!', '???'))} {dice.choice(EMOJI) * dice.randint(1, 3)}"


def _mixed_languages(text: str, dice: random.Random) -> str:
    return f"{dice.choice(GREETINGS)}, {text} {dice.choice(ENDINGS)}"


MAKERS: dict[Noise, Callable[[str, random.Random], str]] = {
    "typing_errors": _typing_errors,
    "no_accents": _no_accents,
    "emoji": _emoji,
    "mixed_languages": _mixed_languages,
}
