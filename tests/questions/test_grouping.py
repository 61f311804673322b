"""Groups of vectors, without texts."""

from __future__ import annotations

import numpy as np

from flows.questions.grouping import grouped
from flows.questions.space import unit


def test_a_question_like_no_other_disturbs_nobody() -> None:
    """A group of one has no spread; nothing is learned from it, and nothing warns of it."""
    dice = np.random.default_rng(7)
    for _ in range(20):
        middles = dice.normal(size=(4, 32))
        topics = np.append(dice.integers(0, 3, 30), 3)  # the last one is alone
        near = middles[topics] + 0.05 * dice.normal(size=(31, 32))
        far = middles[topics] + 0.05 * dice.normal(size=(31, 32))
        groups = grouped(unit(near.astype(np.float32)), unit(far.astype(np.float32)))
        assert len(groups) == 31
        assert (groups == groups[-1]).sum() == 1
