"""The topics of one account: exemplars, the questions that topics are made of, and which of them any other question
joins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flows.questions import naming
from flows.questions.coverage import Article, Coverage, covered
from flows.questions.embedders import Vectors
from flows.questions.grouping import Groups, grouped, loose
from flows.questions.naming import Name
from flows.questions.space import Space, made_from, normal, together
from flows.questions.wording import gist

MOST = 8_000  # exemplars of an account
ROWS = 2_000  # of a table of likenesses at once


@dataclass(frozen=True)
class Exemplars:
    """Questions in their groups; all sequences have shape (exemplars,).

    `texts` are as shoppers wrote them, `questions` says how often each was asked, `groups` number from 0; those that
    are `is_loose` are in no topic.
    """

    texts: Sequence[str]
    questions: NDArray[np.int64]
    groups: Groups
    is_loose: NDArray[np.bool_]
    places: Vectors
    space: Space

    def coverage(self, articles: Sequence[Article]) -> Coverage:
        """How well the articles answer each exemplar."""
        return covered(_plain(self.texts), self.places, self.groups, articles, self.space)

    def names(self) -> dict[int, Name]:
        """The names of the groups that are topics."""
        inside = [int(one) for one in np.flatnonzero(~self.is_loose)]
        if not inside:
            return {}
        texts = [gist(self.texts[one]) for one in inside]
        found = naming.named(texts, self.places[inside], self.groups[inside], self.questions[inside])
        return {group: replace(name, representative=inside[name.representative]) for group, name in found.items()}

    def nearest(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """For each text the index of its nearest exemplar, whose topic it joins, and its nearness; shapes (texts,).

        Nearness is 1 where the text is as near as exemplars are to each other, and less where it is too far to belong.
        """
        index = np.zeros(len(texts), dtype=np.int64)
        nearness = np.zeros(len(texts))
        floor = self._floor()
        for start in range(0, len(texts), ROWS):
            likeness = self.space.places(_plain(texts[start : start + ROWS])) @ self.places.T
            index[start : start + ROWS] = likeness.argmax(axis=1)
            nearness[start : start + ROWS] = np.clip(likeness.max(axis=1) / floor, 0, 1)
        return index, nearness

    def _floor(self) -> float:
        """The likeness below which a text is further from a topic than nearly all of its own questions are."""
        nearest = []
        for start in range(0, len(self.places), ROWS):
            likeness = self.places[start : start + ROWS] @ self.places.T
            likeness[np.arange(len(likeness)), np.arange(start, start + len(likeness))] = -1
            nearest.append(likeness.max(axis=1))
        inside = np.concatenate(nearest)[~self.is_loose]
        usual = float(np.quantile(inside, 0.02)) if len(inside) > 1 else 0.0
        return min(max(usual, 0.3), 0.7)


def key(text: str) -> str:
    """The name of a text, as the models make it: its MD5."""
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def made(texts: Sequence[str], questions: NDArray[np.int64], embedder: str) -> Exemplars:
    """Exemplars grouped from nothing; `texts` are distinct, in a fixed order, and not more than MOST."""
    plain = _plain(texts)
    space, meaning, wording = made_from(plain, embedder)
    groups = grouped(meaning, wording)
    places = together(meaning, wording)
    return Exemplars(texts, questions, groups, loose(places, groups, questions), places, space)


def again(texts: Sequence[str], questions: Sequence[int], topics: Sequence[str | None], embedder: str) -> Exemplars:
    """Exemplars as they were grouped before; what is in no topic has a group of its own."""
    plain = _plain(texts)
    space, meaning, wording = made_from(plain, embedder)
    names: dict[tuple[str, object], int] = {}
    groups = np.array(
        [
            names.setdefault(("topic", topic) if topic else ("none", one), len(names))
            for one, topic in enumerate(topics)
        ],
        dtype=np.int64,
    )
    is_loose = np.array([topic is None for topic in topics])
    return Exemplars(texts, np.array(questions, dtype=np.int64), groups, is_loose, together(meaning, wording), space)


def _plain(texts: Sequence[str]) -> list[str]:
    """The texts as they are compared."""
    return [normal(gist(text)) for text in texts]
