"""Groups of vectors, without texts."""

from __future__ import annotations

import numpy as np

from flows.questions.grouping import grouped, halved, moved, parted, usual
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


def test_a_few_subjects_far_apart_are_not_the_topics() -> None:
    """Of four subjects with eight matters each wording knows the subjects alone, so the views agree most on these."""
    dice = np.random.default_rng(1)
    matters = dice.permutation(np.repeat(np.arange(32), 12))
    subjects = matters // 8
    middles = 2 * dice.normal(size=(4, 64))[np.arange(32) // 8] + dice.normal(size=(32, 64))
    meaning = middles[matters] + 0.8 * dice.normal(size=(len(matters), 64))
    wording = dice.normal(size=(4, 64))[subjects] + dice.normal(size=(len(matters), 64))
    groups = grouped(Views(unit(meaning.astype(np.float32)), unit(wording.astype(np.float32))))
    assert len(set(groups.tolist())) > 16


def test_a_group_of_two_kinds_is_two_where_they_ask_otherwise() -> None:
    dice = np.random.default_rng(2)
    groups = np.repeat([0, 1, 2, 3], [20, 130, 6, 20])
    is_knowledge = np.array([True] * 10 + [False] * 10 + [True] * 124 + [False] * 6 + [True] * 3 + [False] * 3)
    is_knowledge = np.append(is_knowledge, np.arange(20) % 2 == 0)
    of = groups + np.where(is_knowledge & (groups < 3), 4, 0)  # only the last asks alike
    middles = dice.normal(size=(8, 64))
    places = unit((middles[of] + 0.5 * dice.normal(size=(len(of), 64))).astype(np.float32))
    found = parted(places, groups, is_knowledge)
    assert len(set(found[:10].tolist())) == len(set(found[10:20].tolist())) == 1
    assert found[0] != found[10]
    assert found[20:].tolist() == groups[20:].tolist()  # six of 130; three of six; and what asks the same


def test_a_group_whose_halves_are_further_apart_than_others_is_two() -> None:
    dice = np.random.default_rng(3)
    middles = dice.normal(size=(4, 64))
    of = np.repeat(np.arange(4), 20)
    places = unit((middles[of] + 0.5 * dice.normal(size=(80, 64))).astype(np.float32))
    together = np.where(of == 3, 2, of)
    found = halved(places, moved(places), together, 0.5)
    assert len(set(found.tolist())) == 4
    assert len(set(zip(found.tolist(), of.tolist(), strict=True))) == 4
    assert halved(places, moved(places), together, -1.0).tolist() == together.tolist()


def test_groups_of_few_questions_do_not_say_how_alike_groups_are() -> None:
    """Two questions that are not alike are a group of nothing, beside which everything is alike."""
    dice = np.random.default_rng(4)
    middles = dice.normal(size=(4, 64))
    of = np.append(np.repeat(np.arange(4), 20), [4, 4, 5, 5])
    places = np.concatenate([middles[of[:80]] + 0.5 * dice.normal(size=(80, 64)), np.zeros((4, 64))])
    places[80:82, 0], places[82:84, 1] = (1, -1), (1, -1)
    line = usual(unit(places.astype(np.float32)), of)
    assert -1 < line == usual(unit(places[:80].astype(np.float32)), of[:80]) < 1
