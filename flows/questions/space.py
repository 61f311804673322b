"""The space in which questions are compared: what a text means beside how it is worded.

Meaning comes from an embedder (embedders.py), wording from the words and the pieces of words that the account's own
shoppers use. The second works in every language; the first knows that two words mean the same. Both views are kept
apart as well: where they agree there are topics (grouping.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from flows.questions.embedders import BATCH, Vectors, embedded
from flows.questions.wording import gist

DIMENSIONS = 256
WEIGHT_OF_WORDING = 0.7  # beside 1 for meaning
LENGTH = 600  # characters of a text that are compared: a question is asked in fewer
WORD = r"\w+"
NUMBERS = re.compile(r"\d+")
BLANKS = re.compile(r"\s+")
# scripts that write no blanks between words: every sign counts as a word
UNSPACED = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff])")


def normal(text: str) -> str:
    """The text as it is compared: in lower case, numbers alike, blanks between words."""
    plain = unicodedata.normalize("NFKC", text[:LENGTH].encode("utf-8", "replace").decode()).lower()
    return BLANKS.sub(" ", UNSPACED.sub(r" \1 ", NUMBERS.sub("0", plain))).strip()


def plain(texts: Sequence[str]) -> list[str]:
    """The questions of messages as they are compared."""
    return [normal(gist(text)) for text in texts]


@dataclass(frozen=True)
class Space:
    """A space made from an account's questions, in which any text has its place."""

    embedder: str
    pieces: TfidfVectorizer
    words: TfidfVectorizer
    axes: Vectors | None  # shape (pieces and words, dimensions)

    def views(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Meaning and wording of normal texts, each of shape (texts, its dimensions)."""
        return embedded(self.embedder, texts), self._wording(texts)

    def places(self, texts: Sequence[str]) -> Vectors:
        """Where normal texts are; the product of two places is their likeness, at most 1."""
        parts = [together(*self.views(texts[start : start + BATCH])) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, 1), dtype=np.float32)

    def likeness(self, texts: Sequence[str], others: Sequence[str]) -> Vectors:
        """How alike normal texts and others are, shape (texts, others), at most 1.

        Unlike the product of places it counts rare words in full: few axes blur just what tells an article from the
        next.
        """
        alike = embedded(self.embedder, texts) @ embedded(self.embedder, others).T
        for part in (self.pieces, self.words) if self.axes is not None else ():
            alike += 0.5 * (part.transform(texts) @ part.transform(others).T).toarray()
        return np.asarray(alike / (2 if self.axes is not None else 1), dtype=np.float32)

    def _wording(self, texts: Sequence[str]) -> Vectors:
        if self.axes is None or not texts:
            return np.zeros((len(texts), 1), dtype=np.float32)
        counted = csr_matrix(hstack([self.pieces.transform(texts), self.words.transform(texts)]))
        return unit(counted @ self.axes)


def made_from(texts: Sequence[str], embedder: str) -> tuple[Space, Vectors, Vectors]:
    """The space of an account whose questions are `texts` (normal, distinct, in a fixed order), and their two views."""
    common = 2 if len(texts) > 200 else 1  # what only one shopper of many says places nobody
    pieces, words = counters(min_df=common)
    meaning = embedded(embedder, texts)
    nothing = Space(embedder, pieces, words, None)
    try:
        counted = csr_matrix(hstack([pieces.fit_transform(texts), words.fit_transform(texts)]))
    except ValueError:  # no words at all
        return nothing, meaning, nothing._wording(texts)
    dimensions = min(DIMENSIONS, min(counted.shape) - 1)
    if dimensions < 2:
        return nothing, meaning, nothing._wording(texts)
    axes = np.ascontiguousarray(TruncatedSVD(dimensions, random_state=0).fit(counted).components_.T)
    return Space(embedder, pieces, words, axes), meaning, unit(counted @ axes)


def counters(
    *, min_df: int = 1, pieces: dict[str, int] | None = None, words: dict[str, int] | None = None
) -> tuple[TfidfVectorizer, TfidfVectorizer]:
    """What counts the pieces of words and the words of normal texts: all that are met, or those of a vocabulary."""
    usual = {"min_df": min_df, "sublinear_tf": True, "dtype": np.float32}
    return (
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), max_features=100_000, vocabulary=pieces, **usual),
        TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), max_features=50_000, vocabulary=words, **usual),
    )


def together(meaning: Vectors, wording: Vectors) -> Vectors:
    """Both views as one place of length 1."""
    return unit(np.hstack([meaning, WEIGHT_OF_WORDING * wording]))


def unit(vectors: Any) -> Vectors:
    """The vectors at length 1; zeros stay zeros."""
    array = np.asarray(vectors, dtype=np.float32)
    return np.asarray(array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-9), dtype=np.float32)
