"""The topics of one account: exemplars, the questions that topics are made of, and which of them any other question
joins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flows.questions import naming, neighbours
from flows.questions.coverage import Article, Coverage, covered
from flows.questions.embedders import Vectors
from flows.questions.forms import NOTHING, Sold, plain, sold
from flows.questions.naming import Name
from flows.questions.neighbours import Neighbours, floor_of
from flows.questions.places import FEWEST, Groups
from flows.questions.space import Space, distinct, made_from
from flows.questions.wording import JOINED, gist

MOST = 4_000  # exemplars of an account


@dataclass(frozen=True)
class Exemplars:
    """Questions in their groups; all sequences have shape (exemplars,).

    `texts` are as shoppers wrote them, no two of one normal form; `questions` says how often each form was asked,
    `groups` number from 0; those that are `is_loose` are in no topic.
    """

    texts: Sequence[str]
    questions: NDArray[np.int64]
    groups: Groups
    is_loose: NDArray[np.bool_]
    places: Vectors
    space: Space
    forms: Sequence[str] | None = None  # their normal forms, where they are at hand

    def coverage(self, articles: Sequence[Article]) -> Coverage:
        """How well the articles answer each exemplar."""
        return covered(self.forms or plain(self.texts, self.space.sold), self.places, self.groups, articles, self.space)

    def names(self, votes: NDArray[np.int64] | None = None) -> dict[int, Name]:
        """The names of the groups that are topics; `votes` are what exemplars say of the kind of their topic
        (kinds.vote), where that is known.
        """
        inside = [int(one) for one in np.flatnonzero(~self.is_loose)]
        if not inside:
            return {}
        texts = [gist(self.texts[one]) for one in inside]
        found = naming.named(
            texts,
            self.places[inside],
            self.groups[inside],
            self.questions[inside],
            votes=None if votes is None else votes[inside],
            known=self.space.sold,
        )
        return {group: replace(name, representative=inside[name.representative]) for group, name in found.items()}

    def neighbours(self) -> Neighbours:
        """What finds the nearest of them."""
        return Neighbours(self.space, self.places, floor_of(self.places, self.is_loose))


def key(text: str) -> str:
    """The name of a text, as the models make it: its MD5."""
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def made(
    texts: Sequence[str],
    questions: NDArray[np.int64],
    embedder: str,
    *,
    known: Sold = NOTHING,
    forms: Sequence[str] | None = None,
    votes: NDArray[np.int64] | None = None,
) -> Exemplars:
    """Exemplars grouped from nothing; `texts` differ in their normal `forms`, are in a fixed order, and at most
    MOST.
    """
    from flows.questions import grouping  # noqa: PLC0415  only who groups anew waits for scipy's trees

    space, views = made_from(forms or plain(texts, known), embedder, known)
    groups = grouping.grouped(views, None if votes is None else votes > 0)
    places = space.put(views.meaning, views.wording)
    return Exemplars(texts, questions, groups, grouping.loose(places, groups, questions), places, space, forms)


@dataclass(frozen=True)
class Wordings:
    """The texts of an account by their normal form: what is the same to the method is one exemplar.

    `first` are the places of a text for each form, shape (forms,); `which` is the form of each text, shape (texts,);
    `questions` says how often each form was asked. The first `exemplars` of the forms make topics.
    """

    forms: Sequence[str]
    first: NDArray[np.int64]
    which: NDArray[np.int64]
    questions: NDArray[np.int64]
    exemplars: int


def wordings(texts: Sequence[str], questions: Sequence[int], known: Sold = NOTHING) -> Wordings:
    """The forms of texts, in the order of the first text of each: of those that stand alone, and then of the others.

    What is read with the turn before it is of two matters. It joins topics and makes none: many times "and how fast?"
    after this and that would be one. Where less than FEWEST stand alone, all do.
    """
    forms = plain(texts, known)
    first, which = distinct(forms)
    is_alone = np.array([JOINED not in texts[at] for at in first], dtype=np.bool_)
    order = np.argsort(~is_alone, kind="stable")
    which, first = np.argsort(order)[which], first[order]
    asked = np.bincount(which, questions, minlength=len(first)).astype(np.int64)
    exemplars = min(int(is_alone.sum()) if is_alone.sum() >= FEWEST else len(first), MOST)
    return Wordings([forms[at] for at in first], first, which, asked, exemplars)


@dataclass(frozen=True)
class Grouped:
    """An account whose questions were grouped from nothing.

    `chosen` are the places of its exemplars among the texts; `index` says which exemplar each text joins and `nearness`
    how near it is, shape (texts,); all else is of the exemplars (Exemplars).
    """

    chosen: NDArray[np.int64]
    index: NDArray[np.int64]
    nearness: NDArray[np.float64]
    questions: NDArray[np.int64]
    groups: Groups
    is_loose: NDArray[np.bool_]
    names: dict[int, Name]
    coverage: Coverage
    places: Vectors
    floor: float


def grouped(
    texts: Sequence[str],
    questions: Sequence[int],
    votes: Sequence[int],
    *,
    articles: Sequence[Article],
    titles: Sequence[str],
    embedder: str,
    space: Path,
) -> Grouped:
    """The questions of an account from nothing, in a fixed order, held against its articles. `votes` are what they
    say of the kind of their topic (kinds.vote), `titles` are those of the account's products. The space in which
    other texts join them is kept as `space`.
    """
    known = sold(titles)
    asked = wordings(texts, questions, known)
    count = asked.exemplars
    chosen = asked.first[:count]
    of_chosen = np.array(votes, dtype=np.int64)[chosen]
    exemplars = made(
        [texts[at] for at in chosen],
        asked.questions[:count],
        embedder,
        known=known,
        forms=asked.forms[:count],
        votes=of_chosen,
    )
    near = exemplars.neighbours()
    index, nearness = near.nearest(asked.forms[count:])
    neighbours.keep(space, near)
    return Grouped(
        chosen,
        np.concatenate([np.arange(count), index])[asked.which],
        np.concatenate([np.ones(count), nearness])[asked.which],
        exemplars.questions,
        exemplars.groups,
        exemplars.is_loose,
        exemplars.names(of_chosen),
        exemplars.coverage(articles),
        exemplars.places,
        near.floor,
    )


def joined(texts: Sequence[str], space: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which exemplar of the kept `space` each text joins, and how near it is; shapes (texts,)."""
    near = neighbours.loaded(space)
    forms = plain(texts, near.space.sold)
    first, which = distinct(forms)
    index, nearness = near.nearest([forms[at] for at in first])
    return index[which], nearness[which]


def placed(texts: Sequence[str], topics: Sequence[str | None], embedder: str, titles: Sequence[str] = ()) -> Neighbours:
    """What finds the nearest of exemplars that were grouped before."""
    known = sold(titles)
    space, views = made_from(plain(texts, known), embedder, known)
    places = space.put(views.meaning, views.wording)
    return Neighbours(space, places, floor_of(places, np.array([topic is None for topic in topics])))


def again(
    texts: Sequence[str], questions: Sequence[int], topics: Sequence[str | None], neighbours: Neighbours
) -> Exemplars:
    """Exemplars as they were grouped before; what is in no topic has a group of its own."""
    names: dict[tuple[str, object], int] = {}
    groups = np.array(
        [
            names.setdefault(("topic", topic) if topic else ("none", one), len(names))
            for one, topic in enumerate(topics)
        ],
        dtype=np.int64,
    )
    is_loose = np.array([topic is None for topic in topics])
    counts = np.array(questions, dtype=np.int64)
    return Exemplars(texts, counts, groups, is_loose, neighbours.places, neighbours.space)
