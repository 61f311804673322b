"""How much each word, or piece of a word, says in a text: TF-IDF over terms that were learned once.

The outcome is that of scikit-learn, whose import alone takes longer than the questions of an everyday run. Each word is
cut into pieces once, however many texts have it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Weights = NDArray[np.float32]
Kind = Literal["pieces", "words"]
Column = Callable[[str], int | None]  # of a term

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
        counted = COUNTS[self.kind](texts, self.columns.get)
        counts, found, ends = counted.data, counted.indices, counted.indptr
        weights = (1 + np.log(counts)) * np.asarray(self.idf)[found]
        rows = np.repeat(np.arange(len(texts)), np.diff(ends))
        lengths = np.sqrt(np.bincount(rows, weights.astype(np.float64) ** 2, minlength=len(texts)))
        weights = (weights / lengths[rows]).astype(np.float32)
        return csr_matrix((weights, found, ends), shape=(len(texts), len(self.columns)))


def learned(kind: Kind, texts: Sequence[str]) -> Terms:
    """The terms of normal texts, in the order of their letters. Raises ValueError where they have none."""
    numbers: dict[str, int] = {}
    counted = COUNTS[kind](texts, lambda term: numbers.setdefault(term, len(numbers)))
    counts = csr_matrix((counted.data, counted.indices, counted.indptr), shape=(len(texts), len(numbers)))
    spread = np.bincount(counts.indices, minlength=len(numbers))
    often = np.bincount(counts.indices, counts.data, minlength=len(numbers))
    names = np.array(list(numbers), dtype=object)
    fewest = 2 if len(texts) > 200 else 1  # what only one shopper of many says places nobody
    enough = np.flatnonzero(spread >= fewest)
    enough = enough[np.argsort(names[enough])]
    most = enough[np.sort(np.argsort(-often[enough], kind="stable")[: MOST[kind]])]
    if not len(most):
        raise ValueError("there are no terms")
    idf = np.log((1 + len(texts)) / (1 + spread[most])) + 1
    return Terms(kind, {name: at for at, name in enumerate(names[most])}, idf.astype(np.float32))


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


def _counts_of_pieces(texts: Sequence[str], column: Column) -> csr_matrix:
    """How often each piece is in each text. Shoppers use the same words: the pieces of a word are looked up once."""
    numbers: dict[str, int] = {}
    words = _counted([numbers.setdefault(word, len(numbers)) for word in text.split()] for text in texts)
    pieces = _counted(_known(_pieces_of(word), column) for word in numbers)
    words.resize(len(texts), len(numbers))
    return csr_matrix(words @ pieces)


def _counts_of_words(texts: Sequence[str], column: Column) -> csr_matrix:
    return _counted(_known(_words(text), column) for text in texts)


def _known(terms: Iterable[str], column: Column) -> list[int]:
    return [at for at in map(column, terms) if at is not None]


def _counted(rows: Iterable[list[int]]) -> csr_matrix:
    """How often each column is in each row, with as many columns as are found."""
    found, ends = array("q"), array("q", [0])
    for row in rows:
        found.extend(row)
        ends.append(len(found))
    columns = np.array(found, dtype=np.int64)
    shape = (len(ends) - 1, int(columns.max(initial=-1)) + 1)
    counts = csr_matrix((np.ones(len(columns), dtype=np.float32), columns, np.array(ends)), shape=shape)
    counts.sum_duplicates()
    return counts


COUNTS: dict[Kind, Callable[[Sequence[str], Column], csr_matrix]] = {
    "pieces": _counts_of_pieces,
    "words": _counts_of_words,
}
