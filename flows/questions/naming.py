"""Names for topics that people understand: a question in a shopper's words, and a sentence of it as a label."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from flows.questions.context import follows_up
from flows.questions.embedders import Vectors
from flows.questions.forms import NOTHING, Sold
from flows.questions.kinds import Titles, about, is_told
from flows.questions.languages import spoken
from flows.questions.places import Groups, middles
from flows.questions.wording import JOINED, folded, kind

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SENTENCE = re.compile(r"[^.!?…\n]*[.!?]*")
CLAUSE = re.compile(r"[.!?;:,()\[\]\"“”…\ue000\n]+")
PRIVATE = re.compile(
    r"\d{3}|@|https?:|www\.", re.IGNORECASE
)  # an order number, an address: of one shopper, not of the topic
LONGEST = 5  # words of a phrase that a topic shares
LENGTH = 300  # characters of a question that is shown
LABEL_LENGTH = 60
ANY = "\ue000"  # stands for the title of whichever product, and ends no sentence; in a label it is "…"
SHARED = 0.1  # how much better a question stands for a topic with the phrase that most of its questions share
BESIDE = 0.1  # how much worse with a greeting
TITLED = 0.03  # and with the title of a product


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
    *,
    votes: NDArray[np.int64] | None = None,
    known: Sold = NOTHING,
) -> dict[int, Name]:
    """The name of each group; `texts` are as the shoppers wrote them, `questions` says how often each was asked.

    Where it is known what questions say of the kind of their topic (`votes`, kinds.vote), a group is named after a
    matter of the knowledge base, or after another: of whichever more was asked. No two groups have the same label.
    Where several languages are spoken, names are in the most frequent one wherever the group has a question in it.
    Titles of `known` products are left out of labels: a topic is about whichever of them.
    """
    central = (places * middles(places, groups)[groups]).sum(axis=1)
    texts = [known.unnamed(text, ANY) for text in texts]
    phrases = [set(_phrases(text)) for text in texts]
    members: dict[int, list[int]] = defaultdict(list)
    for question, group in enumerate(groups.tolist()):
        members[group].append(question)
    if votes is not None:
        members = {group: _of_its_kind(np.array(inside), questions, votes) for group, inside in members.items()}
    languages, of_text = spoken(texts)
    if len(languages) > 1:
        main = max(languages, key=lambda one: (int(questions[of_text == one].sum()), one))
        members = {
            group: [one for one in inside if of_text[one] == main] or inside for group, inside in members.items()
        }
    spread = Counter(phrase for group in members.values() for phrase in set().union(*(phrases[one] for one in group)))
    common = {phrase[0] for phrase, count in spread.items() if len(phrase) == 1 and count > max(3, len(members) / 8)}
    shared = {
        group: _shared_phrase([phrases[one] for one in inside], spread, common, len(members))
        for group, inside in members.items()
    }

    def stands_for(one: int, group: int) -> tuple[float, int]:
        has_shared = SHARED * (shared[group] in phrases[one])
        return has_shared + _stands(texts[one], central[one], int(questions[one])), -one

    stands = {group: max(inside, key=partial(stands_for, group=group)) for group, inside in members.items()}
    labels = [_shortened(_sentence(texts[stands[group]], phrase)) for group, phrase in shared.items()]
    return {group: Name(label, stands[group]) for group, label in zip(members, distinct(labels), strict=True)}


def _of_its_kind(inside: NDArray[np.int64], questions: NDArray[np.int64], votes: NDArray[np.int64]) -> list[int]:
    """Those questions of a group that are a matter of the knowledge base, or those that are another: what is asked
    more. Small talk where there is hardly anything else.
    """
    of, asked = votes[inside], questions[inside]
    is_small_talk = 4 * asked[of == 0].sum() > 3 * asked.sum()
    voted = 0 if is_small_talk else (1 if of @ asked >= 0 else -1)
    of_its_kind: list[int] = inside[of == voted].tolist()
    return of_its_kind


def _stands(text: str, central: float, questions: int) -> float:
    """How well a question stands for its topic: in its middle, often asked, of a length to read, of nobody in
    particular, and not one that needs the turn before it.
    """
    length = len(text)
    unread = abs(log(max(length, 1) / 50)) * 0.05
    of_one = 0.3 if PRIVATE.search(text) or JOINED in text or follows_up(text) else 0
    beside = BESIDE * _greets(text) + TITLED * (ANY in text)
    return central + 0.02 * log(questions) - unread - of_one - beside


def _greets(text: str) -> bool:
    """Whether a text begins with a word or two of small talk."""
    words = text.split(maxsplit=2)
    return len(words) > 2 and any(kind(" ".join(words[:count])) == "small_talk" for count in (1, 2))


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
    """The sentence of a question that tells the topic: of nobody in particular, no small talk, with a phrase that tells
    its kind, one that asks, with the phrase that the topic shares, the longest. So a label reads as somebody would say
    it, whatever the language.
    """
    sentences = [one.strip(" ,;:-") for one in SENTENCE.findall(question)]
    told = [one for one in sentences if len(WORD.findall(one)) > 1]

    def tells(sentence: str) -> tuple[bool, bool, bool, bool, bool, int]:
        is_of_all, asks = not PRIVATE.search(sentence), sentence.endswith("?")
        says = kind(sentence) != "small_talk"
        tells_kind = is_told(folded(sentence)) and about(sentence, Titles()).kind != "other"  # not "what happened?"
        return is_of_all, says, tells_kind, asks, phrase in set(_phrases(sentence)), len(sentence)

    return max(told, key=tells) if told else question


def _shortened(question: str) -> str:
    """The question on one line, cut at a word where it is long."""
    text = " ".join(question.replace(ANY, "…").split())
    if len(text) > LABEL_LENGTH:
        text = f"{text[:LABEL_LENGTH].rsplit(' ', 1)[0]} …"
    return _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
