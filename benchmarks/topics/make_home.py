"""The set `home` of topics/: what people say to a smart home, in seven languages, by what they want.

    pip download --no-deps -d WHEELS home-assistant-intents==2026.11.25
    python benchmarks/topics/make_home.py WHEELS

The sentences are those that speakers of these languages wrote for Home Assistant (Apache-2.0), as templates. Of each
intent and language some texts are drawn (seeded). Of every other intent each language has an article of its own: five
more sentences, of templates from which no question is made.
"""

from __future__ import annotations

import json
import random
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

from writing import write

LANGUAGES = {"de": "de", "en": "en", "es": "es", "fr": "fr", "it": "it", "nl": "nl", "pt-BR": "pt"}
EACH = 15  # questions of an intent in a language
FEWEST = 5
PHRASINGS = 5
TRIES = 12  # texts of a template
LARGE = ("HassTurnOn", "HassTurnOff", "HassGetState")  # of many kinds of things: each is an intent
ROOMS = {
    "de": ("Küche", "Garage", "Schlafzimmer"),
    "en": ("kitchen", "garage", "bedroom"),
    "es": ("cocina", "garaje", "dormitorio"),
    "fr": ("cuisine", "garage", "chambre"),
    "it": ("cucina", "garage", "camera"),
    "nl": ("keuken", "garage", "slaapkamer"),
    "pt": ("cozinha", "garagem", "quarto"),
}
CHOICE = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")
RULE = re.compile(r"<([^<>]+)>")
BLANK = re.compile(r"\{([^{}:]+)(?::[^{}]*)?\}")
Language = dict[str, Any]


def said(template: str, language: Language, code: str, dice: random.Random) -> str | None:
    """One of the texts that a template stands for; None where it names a thing that only a household knows."""

    def chosen(match: re.Match[str]) -> str:
        inside = match[1] if match[1] is not None else match[2]
        if match[1] is None and dice.random() < 0.5:
            return ""
        if ";" in inside:
            parts = inside.split(";")
            dice.shuffle(parts)
            return " ".join(parts)
        return dice.choice(inside.split("|"))

    for _ in range(20):
        if not RULE.search(template):
            break
        template = RULE.sub(lambda match: f"({language['expansion_rules'].get(match[1], '')})", template)
    while CHOICE.search(template):
        template = CHOICE.sub(chosen, template)
    filled = BLANK.sub(lambda match: _value(match[1], language, code, dice), template)
    return None if "\0" in filled or RULE.search(filled) else " ".join(filled.split())


def _value(name: str, language: Language, code: str, dice: random.Random) -> str:
    if name in ("area", "floor"):
        return dice.choice(ROOMS[code])
    known = language["lists"].get(name, {})
    if "range" in known:
        return str(dice.randrange(int(known["range"]["from"]) + 2, int(known["range"]["to"])))
    values = [value["in"] if isinstance(value, dict) else value for value in known.get("values", ())]
    return said(f"({dice.choice(values)})", language, code, dice) or "\0" if values else "\0"


def templates(language: Language) -> dict[str, list[str]]:
    """The templates of each intent, in their order."""
    found: dict[str, list[str]] = {}
    for intent, block in sorted(language["intents"].items()):
        for data in block["data"]:
            slots = data.get("slots", {})
            of = slots.get("device_class") or slots.get("domain") if intent in LARGE else None
            kind = of[0] if isinstance(of, list) else of
            if intent not in LARGE or kind:
                found.setdefault(f"{intent} {kind}" if kind else intent, []).extend(data["sentences"])
    return found


def main(wheels: Path) -> None:
    (wheel,) = wheels.glob("home_assistant_intents-*.whl")
    with zipfile.ZipFile(wheel) as files:
        languages = {
            code: json.loads(files.read(f"home_assistant_intents/data/{name}.json")) for name, code in LANGUAGES.items()
        }
    dice = random.Random(1)
    of_language = {code: templates(one) for code, one in languages.items()}
    intents = sorted({intent for of in of_language.values() for intent in of})
    questions, articles = [], []
    for number, intent in enumerate(intents):
        is_covered = number % 2 == 0
        for code, known in sorted(of_language.items()):
            sentences = list(known.get(intent, ()))
            dice.shuffle(sentences)
            half = max(1, len(sentences) // 3) if is_covered and len(sentences) > 1 else 0
            written, asked = (
                sorted({text for one in some for _ in range(TRIES) if (text := said(one, languages[code], code, dice))})
                for some in (sentences[:half], sentences[half:])
            )
            asked = [text for text in asked if text not in written and len(text.split()) > 1]
            dice.shuffle(asked)
            dice.shuffle(written)
            if len(asked) < FEWEST or (is_covered and len(written) < 2):
                continue
            if is_covered:
                title, *body = written[:PHRASINGS]
                article = {"article_id": f"{code}-{intent}", "title": title, "body": ". ".join(body), "language": code}
                articles.append(article)
            questions += [
                {
                    "question_id": f"{code}-{intent}-{at}",
                    "text": text,
                    "topic": intent,
                    "is_covered": is_covered,
                    "language": code,
                }
                for at, text in enumerate(asked[:EACH])
            ]
    write("home", questions, articles)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
