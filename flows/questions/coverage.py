"""How well the published articles answer each question.

Likeness to the nearest passage alone judges single questions badly: the article next door looks alike, too. So every
article marks the few questions that are nearest to it, and the marks walk along the graph of the questions: an
article in the middle of a topic reaches all of it, one that a neighbouring topic claims reaches little. Three looks
are put together by their geometric mean: what has reached the question, what has reached its topic on average, and
how near the nearest passage is, evened out among neighbours. Where few articles stand beside many topics their marks
reach nearly nobody and tell nothing; so a share of a mark counts everywhere, and likeness decides there. Everything is
measured against how alike questions of one topic are, so that no line has to be drawn by language or by embedder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from flows.questions.embedders import Vectors
from flows.questions.forms import NOTHING, Sold, normal
from flows.questions.places import FEWEST, Groups, neighbourhood
from flows.questions.space import Space

NEIGHBOURS = 10
RESTART, STEPS = 0.15, 8  # of the walk of marks: how much of them stays in each step, and how many there are
NEAR_RESTART, NEAR_STEPS = 0.3, 3  # the same of likeness, which is only evened out
MARKED = 0.35  # of the questions that a topic has are marked by an article
UNMARKED = 0.2  # of a mark, counts everywhere
LINE = 0.34  # between open and answered, as it usually is
FEW_LINE = 0.54  # the same where there are too few questions to tell
LEAST_ALIKE = 0.4  # likeness of questions of one topic, at the least
FEW_ALIKE = 0.7  # the same where there are too few to tell
PASSAGES = 200  # of one article
ROWS = 1_000  # of a table of likenesses at once
SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？؟।])|[\r\n]+")
MARKUP = re.compile(r"<[^<>]{0,300}>|&[a-z]{2,6};|&#\d{1,6};")


@dataclass(frozen=True)
class Article:
    """A published article of an account."""

    article_id: str
    title: str
    body: str | None


@dataclass(frozen=True)
class Coverage:
    """What the articles have for each question.

    `score` has shape (questions,), from 0 to 1, 0.5 is the line; `best` is the index of the nearest article, shape
    (questions,), -1 where there is none.
    """

    score: NDArray[np.float64]
    best: NDArray[np.int64]


def passages(article: Article, known: Sold = NOTHING) -> list[str]:
    """Title and sentences, normal: a long article counts for what it answers and not for its length."""
    sentences = SENTENCE_ENDS.split(MARKUP.sub(" ", (article.body or "")[:200_000]))
    texts = [known.alike(normal(text)) for text in [article.title, *sentences]]
    return [text for text in dict.fromkeys(texts) if len(text) > 2][:PASSAGES]


def covered(
    texts: Sequence[str], places: Vectors, groups: Groups, articles: Sequence[Article], space: Space
) -> Coverage:
    """Coverage of questions (normal texts) at `places`, shape (questions, dimensions), in `groups`, by the articles."""
    count = len(places)
    parts = [passages(article, space.sold) for article in articles]
    owner = np.repeat(np.arange(len(articles)), [len(one) for one in parts])
    if count == 0 or len(owner) == 0:
        return Coverage(np.zeros(count), np.full(count, -1))
    meaning = space.meaning_at(places)
    near = _nearest_passages(texts, meaning, [text for one in parts for text in one], owner, space)
    near = np.maximum(near / _alike(texts, meaning, space), 0)

    neighbours = min(NEIGHBOURS, round(np.sqrt(count) / 2) or 1)  # of few questions not all are neighbours
    walk = neighbourhood(places, neighbours) if count > 1 else csr_matrix((1, 1))
    topics = int(groups.max()) + 1
    reached = _walked(_marks(near, topics), walk, RESTART, STEPS)
    evened = _walked(near.max(axis=1), walk, NEAR_RESTART, NEAR_STEPS)
    by_group = np.bincount(groups, reached) / np.maximum(np.bincount(groups), 1)
    mean = np.cbrt((UNMARKED + reached) * (UNMARKED + by_group[groups]) * evened)
    return Coverage(_on_the_scale(mean, len(articles) / topics), near.argmax(axis=1))


def _marks(near: Vectors, groups: int) -> NDArray[np.float64]:
    """What the articles mark: each its nearest questions, about a third of what a topic of this account has."""
    count, articles = near.shape
    topic, root = count / groups, np.sqrt(count)  # the number of topics is itself an estimate: lean on no single one
    marked = max(1, min(200, round(topic ** (2 / 3) * root ** (1 / 3) * MARKED)))
    marks = np.zeros(count)
    for article in range(articles):
        found = np.argsort(-near[:, article], kind="stable")[:marked]
        marks[found] = np.maximum(marks[found], np.minimum(near[found, article], 1))
    return marks


def _on_the_scale(mean: NDArray[np.float64], articles: float) -> NDArray[np.float64]:
    """From 0 to 1 with the line at a half.

    The line is where the scores part best (Otsu), held a little to what is usual: where all or none is answered they
    part somewhere, too. Where there are more `articles` for each topic than one, most of them about what nobody asks,
    marks are everywhere and the line is higher.
    """
    line = FEW_LINE
    if len(mean) >= FEWEST:
        usual = min(LINE * max(articles, 1) ** 0.4, 0.9)
        line = usual**0.2 * max(_parting(mean), 0.05) ** 0.8
    scaled = np.where(mean < line, 0.5 * mean / line, 0.5 + 0.5 * (mean - line) / (1 - line))
    return np.asarray(np.clip(scaled, 0, 1))


def _parting(values: NDArray[np.float64]) -> float:
    """The value that parts low from high with the most variance between (Otsu 1979)."""
    ordered = np.sort(values)
    below = np.arange(1, len(ordered))
    sums = ordered.cumsum()
    distance = sums[:-1] / below - (sums[-1] - sums[:-1]) / (len(ordered) - below)
    return float(ordered[np.argmax(below * (len(ordered) - below) * distance**2)])


def _alike(texts: Sequence[str], meaning: Vectors, space: Space) -> float:
    """How alike a question and its ten nearest are, in the middle of all questions."""
    if len(texts) < FEWEST:
        return FEW_ALIKE
    few = min(NEIGHBOURS, len(texts) // 20 or 1)
    step = max(1, len(texts) // ROWS)
    likeness = space.likeness(texts[::step], meaning[::step], texts, meaning)
    nearest = np.partition(likeness, -few - 1, axis=1)[:, -few - 1 :]
    means = (nearest.sum(axis=1) - nearest.max(axis=1)) / few  # without the question itself
    return max(float(np.median(means)), LEAST_ALIKE)


def _nearest_passages(
    texts: Sequence[str], meaning: Vectors, parts: Sequence[str], owner: NDArray[np.int64], space: Space
) -> Vectors:
    """The likeness of each question to the nearest passage of each article, shape (questions, articles)."""
    nearest = np.zeros((len(texts), owner[-1] + 1), dtype=np.float32)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    parts_mean = space.meaning(parts)
    for start in range(0, len(texts), ROWS):
        end = start + ROWS
        rows = space.likeness(texts[start:end], meaning[start:end], parts, parts_mean)
        nearest[start : start + ROWS, owner[starts]] = np.maximum.reduceat(rows, starts, axis=1)
    return nearest


def _walked(values: NDArray[np.float64], walk: csr_matrix, restart: float, steps: int) -> NDArray[np.float64]:
    """Values that have moved along the graph, against what would be there if all were 1."""
    at = np.stack([values, np.ones(len(values))], axis=1)
    for _ in range(steps):
        at = restart * np.stack([values, np.ones(len(values))], axis=1) + (1 - restart) * (walk @ at)
    return np.asarray(np.maximum(at[:, 0], 1e-9) / np.maximum(at[:, 1], 1e-9))
