"""Draws that come out the same on every machine and Python version.

Only `Random.random()` promises its sequence for a seed across versions, so every draw is made of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Values with whole-number weights, ready to be drawn from."""

    def __init__(self, pairs: Iterable[tuple[T, int]]) -> None:
        values, weights = zip(*pairs, strict=True)
        self.values: tuple[T, ...] = values
        self.bounds: list[int] = list(accumulate(weights))


class Dice:
    """A seeded stream of draws."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random  # noqa: S311 - a demo has no secrets

    def chance(self, probability: float) -> bool:
        """True with this probability, 0 to 1."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, values: Sequence[T]) -> T:
        """One of the values, each as likely."""
        return values[int(self.random() * len(values))]

    def pick_early(self, values: Sequence[T]) -> T:
        """One of the values, the first ones more often: a tenth of them takes about a third of the draws."""
        return values[int(self.random() * self.random() * len(values))]

    def draw(self, weighted: Weighted[T]) -> T:
        """One of the values, by its weight."""
        return weighted.values[bisect_right(weighted.bounds, int(self.random() * weighted.bounds[-1]))]

    def some_early(self, values: Sequence[T], count: int, first: T) -> list[T]:
        """`first`, and others up to `count` in all, none twice."""
        chosen = [first]
        while len(chosen) < min(count, len(values)):
            value = self.pick_early(values)
            if value not in chosen:
                chosen.append(value)
        return chosen
