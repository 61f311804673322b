"""Which questions belong together, and in how many groups: nobody says the number, and no threshold stands for it.

1. Every question moves towards its nearest neighbours (a walk on their graph), which tightens what is one topic.
2. A tree of merges (Ward) over the moved places, of the first SAMPLE of them: its time grows with their square.
3. The tree is cut where two independent views of the same questions, what they mean and how they are worded, agree most
   on the groups, beyond chance (adjusted mutual information), and somewhat finer: agreement hardly falls there, and
   what is rare gets a group of its own. Much finer or coarser cuts split by accident, each view in its own way.
4. The groups tell which differences matter (linear discriminants); steps 1 and 2 once more along these, cut into as
   many.
5. A tree parts what is frequent before what is rare, so that two rare matters may stay in one group. A group of which
   one part is a matter of the knowledge base, and another is none, is two; and so is one whose two halves are further
   apart than groups usually are from the nearest other one.

Same input, same groups: nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix

from flows.questions.embedders import Vectors
from flows.questions.learning import agreement, discriminants
from flows.questions.places import FEWEST, ROWS, Groups, middles, neighbourhood, together, unit
from flows.questions.space import Views

SAMPLE = 2_000  # questions of which trees are made; all others go where the middle of a group is nearest
NEIGHBOURS = 6
RESTART = 0.1  # of every step of the walk: how much of its own place a question keeps
STEPS = 10
PART = 0.1  # of a group, from which on questions of another kind are a group of their own
ONE_MATTER = 0.75  # likeness from which on two parts of a group ask the same, whatever their kinds
ROUNDS = 2  # of halving
FURTHER = 0.25  # of all groups are nearer to another one than halves of a group that is two
FEWEST_OF_HALF = 5  # questions
LEAST_ALIKE = 1e-3  # of two questions of a group
NEARLY = 0.01  # of agreement: what is this much less counts a third
FINER = 1.3  # times as many groups as agree most: one matter in two costs a second look, two in one hide a gap
FEWEST_IN_FINER = 8  # questions that these have on average
LEAST = 16  # groups before they are made finer: below that both views agree on what lies far apart anyway
IN_LEAST = 16  # questions that these have on average; of fewer questions there are fewer groups
ALIKE = 0.22  # likeness below which a few questions do not belong together


def grouped(views: Views, is_knowledge: NDArray[np.bool_] | None = None) -> Groups:
    """The group of each question, numbered from 0; the questions are in no order that says anything of them. Where it
    is known, `is_knowledge` says which of them are a matter of the knowledge base (rule 8.4), shape (questions,).

    Where several languages are spoken, meaning alone groups, into as many groups as the views of the most frequent
    language agree on: how things are worded tells languages apart, and nothing across them.
    """
    meaning, wording = views.meaning, views.wording
    places = together(meaning, wording) if views.main is None else meaning
    if len(places) < FEWEST:
        return _few(places)
    if views.main is not None:
        meaning, wording = meaning[views.main], wording[views.main]
    number = _number_of_groups(_tree(moved(meaning)), _tree(moved(wording)), min(len(meaning), SAMPLE))
    groups = _cut_and_settled(moved(places), number)
    telling = np.bincount(groups)[groups] > 1  # a group of one says nothing of how a group spreads
    if 1 < len(set(groups[telling].tolist())) < len(places) // 2:
        apart = places @ discriminants(places[telling], _numbered(groups[telling]))
        groups = _cut_and_settled(moved(unit(apart)), number)
    line = usual(places, groups)
    if is_knowledge is not None:
        groups = parted(places, groups, is_knowledge)
    return halved(places, moved(places), groups, line)


def parted(places: Vectors, groups: Groups, is_knowledge: NDArray[np.bool_]) -> Groups:
    """The groups, with those in two of which some part is a matter of the knowledge base, and another is none, unless
    both ask alike: then the phrases that tell kinds missed some.
    """
    parts = groups.copy()
    sizes, known = np.bincount(groups), np.bincount(groups, is_knowledge)
    fewer = np.minimum(known, sizes - known)
    for group in np.flatnonzero((fewer >= FEWEST_OF_HALF) & (fewer >= PART * sizes)):
        inside = np.flatnonzero(groups == group)
        part = is_knowledge[inside].astype(np.int64)
        if _likeness(places[inside], part)[0, 1] < ONE_MATTER:
            parts[inside[part == 1]] = parts.max() + 1
    return parts


def halved(places: Vectors, walked: Vectors, groups: Groups, line: float) -> Groups:
    """The groups, with those in two of which the halves are less alike than `line`; `walked` are the places after they
    moved.
    """
    for _ in range(ROUNDS):
        halves = groups.copy()
        for group in np.flatnonzero(np.bincount(groups) >= 2 * FEWEST_OF_HALF):
            inside = np.flatnonzero(groups == group)[:SAMPLE]
            half = fcluster(_tree(walked[inside]), 2, "maxclust") - 1
            if np.bincount(half, minlength=2).min() >= FEWEST_OF_HALF and _likeness(places[inside], half)[0, 1] < line:
                halves[inside[half == 1]] = halves.max() + 1
        if np.array_equal(halves, groups):
            break
        groups = halves
    return groups


def usual(places: Vectors, groups: Groups) -> float:
    """How alike groups usually are to the nearest other one; those of few questions tell nothing of how one spreads."""
    likeness = _likeness(places, groups)
    np.fill_diagonal(likeness, -1)
    telling = np.flatnonzero(np.bincount(groups) >= FEWEST_OF_HALF)
    nearest = likeness[np.ix_(telling, telling)].max(axis=1, initial=-1)
    return min(float(np.quantile(nearest, FURTHER)), 1.0) if len(telling) > 1 else -1.0


def _likeness(places: Vectors, groups: Groups) -> NDArray[np.float64]:
    """How alike groups are, shape (groups, groups): the likeness of a question of one and of another, against that of
    two questions of one group, so that it is 1 where the groups are the same.
    """
    member = csr_matrix((np.ones(len(groups), dtype=np.float32), (groups, np.arange(len(groups)))))
    sums, sizes = (member @ places).astype(np.float64), np.bincount(groups)
    products = sums @ sums.T
    pairs = np.maximum(sizes * (sizes - 1), 1)
    inside = np.sqrt(np.clip((np.diag(products) - sizes) / pairs, LEAST_ALIKE, 1))
    return np.asarray(products / np.outer(sizes * inside, sizes * inside))


def moved(places: Vectors) -> Vectors:
    """Every place moved towards its neighbours."""
    walk = neighbourhood(places, NEIGHBOURS)
    at = places
    for _ in range(STEPS):
        at = RESTART * places + (1 - RESTART) * (walk @ at)
    return unit(at)


def _few(places: Vectors) -> Groups:
    """Groups of so few questions that only their likeness itself can tell."""
    if len(places) < 2:
        return np.zeros(len(places), dtype=np.int64)
    tree = linkage(_distances(places, lambda likeness: 1 - likeness), "average")
    return _numbered(fcluster(tree, 1 - ALIKE, "distance"))


def _tree(places: Vectors) -> NDArray[np.float64]:
    return np.asarray(linkage(_distances(places[:SAMPLE], lambda likeness: np.sqrt(2 * (1 - likeness))), "ward"))


def _distances(places: Vectors, of: Callable[[Vectors], Vectors]) -> NDArray[np.float64]:
    """Distances of all pairs in the order that scipy wants; by products of matrices, a hundred times as fast as pair
    by pair.
    """
    count = len(places)
    distances = np.empty(count * (count - 1) // 2)
    end = 0
    for row in range(count - 1):
        if row % ROWS == 0:
            likeness = places[row : row + ROWS] @ places.T
        begin, end = end, end + count - row - 1
        distances[begin:end] = of(np.minimum(likeness[row % ROWS, row + 1 :], 1))
    return distances


def _number_of_groups(one: NDArray[np.float64], other: NDArray[np.float64], count: int) -> int:
    """The number at which two trees agree most, and somewhat more: the mean of all numbers, weighted by how near they
    come to that, made finer as long as groups are not small.

    Not fewer than LEAST: a few subjects (lamps, timers, blinds) part more clearly than any topics, in both views.
    """
    fewest, most = max(3.0, min(LEAST, count / IN_LEAST)), min(count / 4, 400.0)
    numbers = sorted({round(number) for number in np.geomspace(fewest, most, 48)})
    agreed = [agreement(fcluster(one, number, "maxclust"), fcluster(other, number, "maxclust")) for number in numbers]
    smooth = np.convolve(np.pad(agreed, 1, "edge"), [0.25, 0.5, 0.25], "valid")
    weight = np.exp((smooth - smooth.max()) / NEARLY)
    agreed_most = float(np.exp(weight @ np.log(numbers) / weight.sum()))
    return round(max(agreed_most, min(FINER * agreed_most, count / FEWEST_IN_FINER)))


def _cut_and_settled(places: Vectors, number: int) -> Groups:
    """The tree's groups, after each question has gone where the middle of a group is nearest (k-means)."""
    groups = _numbered(fcluster(_tree(places), number, "maxclust"))
    for _ in range(10):
        settled = _numbered((places @ middles(places[: len(groups)], groups).T).argmax(axis=1))
        if np.array_equal(settled, groups):
            break
        groups = settled
    return groups


def _numbered(groups: NDArray[np.integer]) -> Groups:
    """The same groups with numbers from 0 and none left out."""
    return np.asarray(np.unique(groups, return_inverse=True)[1], dtype=np.int64)


def loose(places: Vectors, groups: Groups, questions: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the places are in no group after all, shape (questions,).

    Those whose group was asked by nobody else, and those half as like to the next three of their group as is usual.
    `questions` says how often each was asked.
    """
    asked = np.bincount(groups, questions)[groups]
    ties = np.zeros(len(places), dtype=np.float32)
    for members in np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1]):
        likeness = places[members] @ places[members].T
        np.fill_diagonal(likeness, 0)
        nearest = min(3, len(members) - 1)
        if nearest:
            ties[members] = np.partition(likeness, -nearest, axis=1)[:, -nearest:].mean(axis=1)
    bound = ties[asked > 1]
    usual = float(np.median(bound)) if len(bound) else 0.0
    is_tied = (ties >= usual / 2) | (questions > 1)  # the same words twice are alike whatever else there is
    return np.asarray((asked < 2) | ~is_tied)
