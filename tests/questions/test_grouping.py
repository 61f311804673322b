"""Groups of vectors, without texts."""

from __future__ import annotations

import numpy as np

from flows.questions.grouping import grouped
from flows.questions.places import unit
from flows.questions.space import Views


def test_groups_of_one_teach_nothing_and_warn_nobody() -> None:
    """A group of one has no spread; the discriminants are learned without it."""
    found = 0
    for seed in range(12):
        dice = np.random.default_rng(seed)
        middles = dice.normal(size=(8, 64))
        topics = dice.integers(0, 8, 40)
        near = middles[topics] + dice.normal(size=(40, 64))
        far = middles[topics] + 3 * dice.normal(size=(40, 64))
        groups = grouped(Views(unit(near.astype(np.float32)), unit(far.astype(np.float32))))
        found += int((np.bincount(groups) == 1).sum())
    assert found
