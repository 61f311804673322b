"""The space in which questions are compared: what a text means beside how it is worded.

Meaning comes from an embedder (embedders.py), wording from the words and the pieces of words that the account's own
shoppers use. The second works in every language; the first knows that two words mean the same. Both views are kept
apart as well: where they agree there are topics (grouping.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from flows.questions.embedders import BATCH, Vectors, embedded, is_multilingual
from flows.questions.forms import NOTHING, Sold
from flows.questions.languages import language, spoken
from flows.questions.learning import axes
from flows.questions.places import together, unit
from flows.questions.terms import Terms, learned

DIMENSIONS = 256


def distinct(forms: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of normal texts the places of those that differ, in their order, and for each text which of them it is."""
    number: dict[str, int] = {}
    which = np.array([number.setdefault(form, len(number)) for form in forms], dtype=np.int64)
    return np.unique(which, return_index=True)[1].astype(np.int64), which


@dataclass(frozen=True)
class Space:
    """A space made from an account's questions, in which any text has its place."""

    embedder: str
    terms: tuple[Terms, ...] = ()  # pieces of words, and words; none where the questions have no words at all
    axes: Vectors | None = None  # shape (pieces and words, dimensions)
    # Where several languages are spoken, and the embedder knows them: the middle of what each means, by its code, and
    # of all for the others. Without it no text would be as near to its translation as to others of its language.
    centres: Mapping[str, Vectors] = field(default_factory=dict)
    sold: Sold = field(default_factory=Sold)

    def meaning(self, texts: Sequence[str]) -> Vectors:
        """What normal texts mean, shape (texts, dimensions), whatever their language where several are spoken."""
        return self._centred(embedded(self.embedder, texts), texts)

    def put(self, meaning: Vectors, wording: Vectors) -> Vectors:
        """The places of texts from both views: of meaning alone where several languages are spoken, because wording
        tells them apart first of all.
        """
        return meaning if self.centres else together(meaning, wording)

    def places(self, texts: Sequence[str]) -> Vectors:
        """Where normal texts are; the product of two places is their likeness, at most 1."""
        batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        parts = [self.put(self.meaning(batch), self._wording(batch)) for batch in batches]
        return np.concatenate(parts) if parts else np.zeros((0, 1), dtype=np.float32)

    def _centred(self, meaning: Vectors, texts: Sequence[str]) -> Vectors:
        if not self.centres or not len(texts):
            return meaning
        middles = np.stack([self.centres.get(language(text, self.centres), self.centres[""]) for text in texts])
        return unit(meaning - middles)

    def meaning_at(self, places: Vectors) -> Vectors:
        """The meaning of texts at `places`, as `meaning` has it: an embedder may take long."""
        if self.centres:
            return places
        wording = 1 if self.axes is None else self.axes.shape[1]
        return unit(places[:, :-wording])

    def likeness(self, texts: Sequence[str], meaning: Vectors, others: Sequence[str], others_mean: Vectors) -> Vectors:
        """How alike normal texts and others are, of which the meaning is known; shape (texts, others), at most 1.

        Unlike the product of places it counts rare words in full: few axes blur just what tells an article from the
        next.
        """
        alike = meaning @ others_mean.T
        if self.centres:  # an article of another language has no words in common
            return np.asarray(alike, dtype=np.float32)
        for one in self.terms:
            alike += 0.5 * (one.weigh(texts) @ one.weigh(others).T).toarray()
        return np.asarray(alike / (2 if self.terms else 1), dtype=np.float32)

    def _wording(self, texts: Sequence[str]) -> Vectors:
        if self.axes is None or self.centres or not texts:
            return np.zeros((len(texts), 1), dtype=np.float32)
        return unit(_weighed(self.terms, texts) @ self.axes)


@dataclass(frozen=True)
class Views:
    """Meaning and wording of an account's questions, each of shape (questions, its dimensions). Where several languages
    are spoken, `main` says which questions are in the most frequent, shape (questions,).
    """

    meaning: Vectors
    wording: Vectors
    main: NDArray[np.bool_] | None = None


def made_from(texts: Sequence[str], embedder: str, known: Sold = NOTHING) -> tuple[Space, Views]:
    """The space of an account whose questions are `texts` (normal, distinct, in a fixed order), and their two views."""
    meaning = embedded(embedder, texts)
    space = replace(_made_of(texts, embedder), sold=known)
    wording = space._wording(texts)
    names, of_text = spoken(texts) if is_multilingual(embedder) else ([], np.empty(0, dtype=np.str_))
    if len(names) < 2:
        return space, Views(meaning, wording)
    centres = {name: meaning[of_text == name].mean(axis=0) for name in names} | {"": meaning.mean(axis=0)}
    across = Space(embedder, centres=centres, sold=known)
    return across, Views(across._centred(meaning, texts), wording, of_text == names[0])


def _made_of(texts: Sequence[str], embedder: str) -> Space:
    try:
        terms = (learned("pieces", texts), learned("words", texts))
    except ValueError:  # no words at all
        return Space(embedder)
    weighed = _weighed(terms, texts)
    dimensions = min(DIMENSIONS, min(weighed.shape) - 1)
    if dimensions < 2:
        return Space(embedder)
    return Space(embedder, terms, axes(weighed, dimensions))


def _weighed(terms: Sequence[Terms], texts: Sequence[str]) -> csr_matrix:
    return csr_matrix(hstack([one.weigh(texts) for one in terms]))
