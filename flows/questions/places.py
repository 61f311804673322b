"""Places of questions: rows of an array, at length 1 each, so that the product of two is their likeness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from flows.questions.embedders import Vectors

Groups = NDArray[np.int64]

WEIGHT_OF_WORDING = 0.7  # beside 1 for meaning
FEWEST = 24  # questions below which two views have too little to agree on, and scores too little to part
ROWS = 1_000  # of a table of likenesses at once


def unit(vectors: Any) -> Vectors:
    """The vectors at length 1; zeros stay zeros."""
    array = np.asarray(vectors, dtype=np.float32)
    return np.asarray(array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def together(meaning: Vectors, wording: Vectors) -> Vectors:
    """Both views as one place of length 1."""
    return unit(np.hstack([meaning, WEIGHT_OF_WORDING * wording]))


def middles(places: Vectors, groups: Groups) -> Vectors:
    """The direction of each group's sum, shape (groups, dimensions)."""
    member = csr_matrix((np.ones(len(groups), dtype=np.float32), (groups, np.arange(len(groups)))))
    return unit(member @ places)


def neighbourhood(places: Vectors, neighbours: int) -> csr_matrix:
    """The graph of each place and its nearest ones, weighted by likeness and evened out by degree; symmetric."""
    count = len(places)
    neighbours = min(neighbours, count - 1)
    nearest = np.empty((count, neighbours), dtype=np.int64)
    likeness = np.empty((count, neighbours), dtype=np.float32)
    for start in range(0, count, ROWS):
        rows = places[start : start + ROWS] @ places.T
        rows[np.arange(len(rows)), np.arange(start, start + len(rows))] = -2
        found = np.argpartition(-rows, neighbours - 1, axis=1)[:, :neighbours]
        nearest[start : start + ROWS] = found
        likeness[start : start + ROWS] = np.take_along_axis(rows, found, axis=1)
    pointers = np.arange(0, count * neighbours + 1, neighbours)
    graph = csr_matrix((np.maximum(likeness, 0).ravel(), nearest.ravel(), pointers), shape=(count, count))
    graph = graph.maximum(graph.T)
    evened = diags(1 / np.sqrt(np.asarray(graph.sum(axis=1)).ravel() + 1e-9))
    return csr_matrix(evened @ graph @ evened)
