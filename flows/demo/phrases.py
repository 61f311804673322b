"""What is said in the demo, by language: `texts/<language>.txt`.

A line `= order_status` opens a section; a line of it begins with who speaks (`?` visitor, `!` agent, `*` human,
`-` system). `[a|b]` is one of several wordings, `{order}` a slot. `? question => answer` belong together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from flows.demo.dice import Dice

Wordings = list[list[str]]  # the parts of a line, each with its alternatives


def _read(name: str) -> str:
    return files(__package__ or "flows.demo").joinpath("texts", name).read_text("utf-8")


@cache
def shop_facts(name: str) -> dict[str, Any]:
    """Account, catalogue, people and knowledge base of a shop: `texts/<name>.json`."""
    facts: dict[str, Any] = json.loads(_read(f"{name}.json"))
    return facts


def _wordings(line: str) -> Wordings:
    return [part.split("|") if i % 2 else [part] for i, part in enumerate(re.split(r"\[([^\]]*)\]", line)) if part]


def _fill(parts: Wordings, slots: Mapping[str, object], dice: Dice) -> str:
    text = "".join(part[0] if len(part) == 1 else dice.pick(part) for part in parts)
    return text.format_map(slots).strip()


class Phrases:
    """The lines of one language."""

    def __init__(self, language: str) -> None:
        self.lines: dict[tuple[str, str], list[Wordings]] = {}
        self.pairs: list[tuple[Wordings, Wordings]] = []
        section = ""
        for line in filter(None, map(str.strip, _read(f"{language}.txt").splitlines())):
            speaker, text = line[0], line[2:]
            if speaker == "=":
                section = text
            elif " => " in text:
                question, answer = text.split(" => ")
                self.pairs.append((_wordings(question), _wordings(answer)))
            else:
                self.lines.setdefault((section, speaker), []).append(_wordings(text))

    def has(self, section: str) -> bool:
        """Whether visitors of this language ask about `section`."""
        return (section, "?") in self.lines

    def say(self, section: str, speaker: str, slots: Mapping[str, object], dice: Dice) -> str:
        """A line of `section` in one of its wordings."""
        return _fill(dice.pick(self.lines[section, speaker]), slots, dice)

    def pair(self, slots: Mapping[str, object], dice: Dice) -> tuple[str, str]:
        """A further question and its answer."""
        question, answer = dice.pick(self.pairs)
        return _fill(question, slots, dice), _fill(answer, slots, dice)


def casual(text: str, dice: Dice) -> str:
    """`text` as people type it on a phone: now and then in lower case, without the last stop, or with a slip."""
    if dice.chance(0.25):
        text = text[:1].lower() + text[1:]
    if dice.chance(0.3):
        text = text.rstrip(".! ")
    if len(text) > 12 and dice.chance(0.05):
        i = dice.between(2, len(text) - 3)
        if text[i : i + 2].isalpha():
            text = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    return text
