"""What grouping learns from questions, in numpy alone: the import of scikit-learn, which has all of it, takes longer
than a small account.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, qr
from scipy.sparse import csr_matrix
from scipy.special import gammaln

from flows.questions.embedders import Vectors

OVERSAMPLED = 10  # more axes than are asked for, which makes those the better
ITERATIONS = 3  # of the power of the matrix
SHRINKAGE = 0.3  # of a covariance towards one that is alike in all directions


def axes(weighed: csr_matrix, dimensions: int) -> Vectors:
    """The directions in which rows differ most, shape (columns, dimensions): a truncated singular value decomposition
    of few random directions (Halko, Martinsson and Tropp 2011), the same ones each time.
    """
    across = weighed.T.tocsr()
    few = min(dimensions + OVERSAMPLED, *weighed.shape)
    found = np.random.default_rng(0).standard_normal((weighed.shape[0], few), dtype=np.float32)
    for _ in range(ITERATIONS):
        found = qr(weighed @ (across @ found), mode="economic", overwrite_a=True, check_finite=False)[0]
    left = across @ found  # shape (columns, few)
    values, vectors = eigh((left.T @ left).astype(np.float64), check_finite=False)
    most = np.argsort(values)[::-1][:dimensions]
    lengths = np.sqrt(np.maximum(values[most], np.finfo(np.float32).tiny))
    return np.asarray(left @ (vectors[:, most] / lengths).astype(np.float32), dtype=np.float32)


def discriminants(places: Vectors, groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """The directions that part the groups most against how each spreads, shape (dimensions, directions)."""
    count, dimensions = places.shape
    sizes = np.bincount(groups)
    member = csr_matrix((np.ones(count, dtype=np.float32), (groups, np.arange(count))))
    means = (member @ places) / np.maximum(sizes, 1)[:, None]
    inside, whole = places - means[groups], places - places.mean(axis=0)
    within, total = (_shrunk((one.T @ one).astype(np.float64) / count) for one in (inside, whole))
    values, vectors = eigh(total - within, within, check_finite=False)
    directions = min(int((sizes > 0).sum()) - 1, dimensions)
    return np.asarray(vectors[:, np.argsort(values)[::-1]][:, :directions])


def _shrunk(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    alike = np.trace(covariance) / len(covariance)
    return np.asarray((1 - SHRINKAGE) * covariance + SHRINKAGE * alike * np.eye(len(covariance)))


def agreement(one: NDArray[np.integer], other: NDArray[np.integer]) -> float:
    """How much two groupings of the same things say of each other beyond chance: adjusted mutual information, 1 where
    they are the same, about 0 where chance made one of them.
    """
    count = len(one)
    table = csr_matrix((np.ones(count), (one, other))).tocoo()
    table.sum_duplicates()
    rows, columns = (np.asarray(table.sum(axis=axis)).ravel() for axis in (1, 0))
    cells = table.data
    if len(cells) == np.count_nonzero(rows) == np.count_nonzero(columns):
        return 1.0
    mutual = float((cells / count * np.log(cells * count / (rows[table.row] * columns[table.col]))).sum())
    expected = _expected(rows[rows > 0], columns[columns > 0], count)
    usual = (_entropy(rows, count) + _entropy(columns, count)) / 2
    bound = usual - expected
    tiny = float(np.finfo(np.float64).eps)
    return (mutual - expected) / (min(bound, -tiny) if bound < 0 else max(bound, tiny))


def _entropy(sizes: NDArray[np.float64], count: int) -> float:
    shares = sizes[sizes > 0] / count
    return float(-(shares * np.log(shares)).sum())


def _expected(rows: NDArray[np.float64], columns: NDArray[np.float64], count: int) -> float:
    """The mutual information that two groupings of such sizes have by chance (Vinh, Epps and Bailey 2010)."""
    sizes, often = np.unique(rows, return_counts=True)
    other_sizes, other_often = np.unique(columns, return_counts=True)
    pairs = np.stack(np.meshgrid(sizes, other_sizes, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.outer(often, other_often).ravel()
    fewest = np.maximum(pairs.sum(axis=1) - count, 1).astype(np.int64)
    most = pairs.min(axis=1).astype(np.int64)
    lengths = most - fewest + 1
    which = np.repeat(np.arange(len(pairs)), lengths)
    shared = (np.arange(len(which)) - np.repeat(lengths.cumsum() - lengths, lengths) + fewest[which]).astype(float)
    a, b = pairs[which].T
    log_of = gammaln(np.arange(count + 2, dtype=np.float64))  # of the factorial of k at k + 1

    def factorial(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(log_of[values.astype(np.int64) + 1])

    chance = factorial(a) + factorial(b) + factorial(count - a) + factorial(count - b) - log_of[count + 1]
    chance -= factorial(shared) + factorial(a - shared) + factorial(b - shared) + factorial(count - a - b + shared)
    terms = shared / count * np.log(count * shared / (a * b)) * np.exp(chance)
    return float((terms * weight[which]).sum())
