"""How much each word, or piece of a word, says in a text: TF-IDF over terms that were learned once.

scikit-learn learns which terms an account's questions have. To weigh texts by terms that are known is little work, and
its import alone takes longer than the questions of an everyday run; so that is done here, with the same outcome.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Weights = NDArray[np.float32]
Kind = Literal["pieces", "words"]

SHORTEST, LONGEST = 3, 5  # characters of a piece
MOST: dict[Kind, int] = {"pieces": 100_000, "words": 50_000}  # terms of an account
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Terms:
    """Terms with their columns, and the weight of each, shape (terms,): the rarer, the more it says."""

    kind: Kind
    columns: Mapping[str, int]
    idf: Weights

    def weigh(self, texts: Sequence[str]) -> csr_matrix:
        """What each term says in normal texts, shape (texts, terms); rows of length 1, or of zeros."""
        found, counts, ends = list[int](), list[int](), [0]
        for columns in COLUMNS[self.kind](texts, self.columns):
            met = Counter(columns)
            found.extend(met)
            counts.extend(met.values())
            ends.append(len(found))
        weights = (1 + np.log(np.array(counts, dtype=np.float32))) * np.asarray(self.idf)[found]
        rows = np.repeat(np.arange(len(texts)), np.diff(ends))
        lengths = np.sqrt(np.bincount(rows, weights.astype(np.float64) ** 2, minlength=len(texts)))
        weights = (weights / lengths[rows]).astype(np.float32)
        return csr_matrix((weights, found, ends), shape=(len(texts), len(self.columns)))


def learned(kind: Kind, texts: Sequence[str]) -> Terms:
    """The terms of normal texts. Raises ValueError where they have none."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415  costs seconds

    fewest = 2 if len(texts) > 200 else 1  # what only one shopper of many says places nobody
    learner = TfidfVectorizer(analyzer=TERMS[kind], min_df=fewest, max_features=MOST[kind], dtype=np.float32)
    learner.fit(texts)
    return Terms(kind, learner.vocabulary_, learner.idf_)


def _pieces(text: str) -> list[str]:
    return [piece for word in text.split() for piece in _pieces_of(word)]


def _pieces_of(word: str) -> Iterator[str]:
    """The pieces of a word with the blanks around it; one that is shorter is a piece itself."""
    padded = f" {word} "
    for length in range(SHORTEST, LONGEST + 1):
        yield from (padded[at : at + length] for at in range(max(1, len(padded) - length + 1)))
        if len(padded) <= length:
            break


def _words(text: str) -> list[str]:
    """Words, and each two that follow each other."""
    words = WORD.findall(text)
    return words + list(map(" ".join, pairwise(words)))


def _columns_of_pieces(texts: Sequence[str], columns: Mapping[str, int]) -> Iterator[list[int]]:
    of_word: dict[str, list[int]] = {}  # shoppers use the same words
    for text in texts:
        found = list[int]()
        for word in text.split():
            if word not in of_word:
                of_word[word] = [columns[piece] for piece in _pieces_of(word) if piece in columns]
            found += of_word[word]
        yield found


def _columns_of_words(texts: Sequence[str], columns: Mapping[str, int]) -> Iterator[list[int]]:
    for text in texts:
        yield [columns[term] for term in _words(text) if term in columns]


TERMS: dict[Kind, Callable[[str], list[str]]] = {"pieces": _pieces, "words": _words}
COLUMNS = {"pieces": _columns_of_pieces, "words": _columns_of_words}
