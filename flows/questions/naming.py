"""Names for topics that people understand: a question in a shopper's words, and a sentence of it as a label."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from flows.questions.embedders import Vectors
from flows.questions.languages import spoken
from flows.questions.places import Groups, middles
from flows.questions.wording import JOINED

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SENTENCE = re.compile(r"[^.!?…\n]*[.!?]*")
CLAUSE = re.compile(r"[.!?;:,()\[\]\"“”…\n]+")
PRIVATE = re.compile(
    r"\d{3}|@|https?:|www\.", re.IGNORECASE
)  # an order number, an address: of one shopper, not of the topic
LONGEST = 5  # words of a phrase that a topic shares
LENGTH = 300  # characters of a question that is shown
LABEL_LENGTH = 60


@dataclass(frozen=True)
class Name:
    """What a topic is called, and the index of the question that stands for it."""

    label: str
    representative: int


def named(
    texts: Sequence[str],
    places: Vectors,
    groups: Groups,
    questions: NDArray[np.int64],
    is_knowledge: NDArray[np.bool_] | None = None,
) -> dict[int, Name]:
    """The name of each group; `texts` are as the shoppers wrote them, `questions` says how often each was asked.

    Where it is known which questions are a matter of the knowledge base (rule 8.4), a group is named after one of
    those, or after one of the others: of whichever more was asked. No two groups have the same label. Where several
    languages are spoken, names are in the most frequent one wherever the group has a question in it.
    """
    central = (places * middles(places, groups)[groups]).sum(axis=1)
    phrases = [set(_phrases(text)) for text in texts]
    members: dict[int, list[int]] = defaultdict(list)
    for question, group in enumerate(groups.tolist()):
        members[group].append(question)
    if is_knowledge is not None:
        members = {group: _of_its_kind(np.array(inside), questions, is_knowledge) for group, inside in members.items()}
    languages, of_text = spoken(texts)
    if len(languages) > 1:
        main = max(languages, key=lambda one: (int(questions[of_text == one].sum()), one))
        members = {
            group: [one for one in inside if of_text[one] == main] or inside for group, inside in members.items()
        }
    spread = Counter(phrase for group in members.values() for phrase in set().union(*(phrases[one] for one in group)))
    common = {phrase[0] for phrase, count in spread.items() if len(phrase) == 1 and count > max(3, len(members) / 8)}
    stands = {
        group: max(inside, key=lambda one: (_stands(texts[one], central[one], int(questions[one])), -one))
        for group, inside in members.items()
    }
    shared = {
        group: _shared_phrase([phrases[one] for one in inside], spread, common, len(members))
        for group, inside in members.items()
    }
    labels = [_shortened(_sentence(texts[stands[group]], phrase)) for group, phrase in shared.items()]
    return {group: Name(label, stands[group]) for group, label in zip(members, distinct(labels), strict=True)}


def _of_its_kind(inside: NDArray[np.int64], questions: NDArray[np.int64], is_knowledge: NDArray[np.bool_]) -> list[int]:
    """Those questions of a group that are a matter of the knowledge base, or those that are not: what is asked more."""
    known = is_knowledge[inside]
    is_of_knowledge = 2 * questions[inside[known]].sum() >= questions[inside].sum()
    of_its_kind: list[int] = inside[known == is_of_knowledge].tolist()
    return of_its_kind


def _stands(text: str, central: float, questions: int) -> float:
    """How well a question stands for its topic: in its middle, often asked, of a length to read, of nobody in
    particular, and not one that needs the turn before it.
    """
    length = len(text)
    unread = abs(log(max(length, 1) / 50)) * 0.05
    of_one = 0.3 if PRIVATE.search(text) or JOINED in text else 0
    return central + 0.02 * log(questions) - unread - of_one


def _phrases(text: str) -> Iterable[tuple[str, ...]]:
    for clause in CLAUSE.split(text[:LENGTH]):
        words = [word.lower() for word in WORD.findall(clause)]
        for start in range(len(words)):
            for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
                yield tuple(words[start:end])


def distinct(labels: Sequence[str]) -> list[str]:
    """The labels in their order; of those that are the same, all but the first with a number."""
    seen: Counter[str] = Counter()
    result = []
    for label in labels:
        seen[label] += 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result


def _shared_phrase(
    inside: Sequence[set[tuple[str, ...]]], spread: Counter[tuple[str, ...]], common: set[str], groups: int
) -> tuple[str, ...] | None:
    """The phrase that many questions of the topic share and few other topics do."""
    often = Counter(phrase for phrases in inside for phrase in phrases)
    best, best_score = None, 0.0
    for phrase, count in often.items():
        share = count / len(inside)
        if count < 2 or share < 0.35 or len(phrase) < 2 or phrase[0] in common or phrase[-1] in common:
            continue
        score = share**0.5 * log(1 + groups / spread[phrase]) * len(phrase) ** 0.7
        if score > best_score or (score == best_score and best is not None and phrase < best):
            best, best_score = phrase, score
    return best


def _sentence(question: str, phrase: tuple[str, ...] | None) -> str:
    """The sentence of a question that tells the topic: of nobody in particular, one that asks, with the phrase that the
    topic shares, the longest. So a label reads as somebody would say it, whatever the language.
    """
    sentences = [one.strip(" ,;:-") for one in SENTENCE.findall(question)]
    told = [one for one in sentences if len(WORD.findall(one)) > 1]

    def tells(sentence: str) -> tuple[bool, bool, bool, int]:
        is_of_all, asks = not PRIVATE.search(sentence), sentence.endswith("?")
        return is_of_all, asks, phrase in set(_phrases(sentence)), len(sentence)

    return max(told, key=tells) if told else question


def _shortened(question: str) -> str:
    """The question on one line, cut at a word where it is long."""
    text = " ".join(question.split())
    if len(text) > LABEL_LENGTH:
        text = f"{text[:LABEL_LENGTH].rsplit(' ', 1)[0]} …"
    return _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
