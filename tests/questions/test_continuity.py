"""Topics keep their ids from run to run (rule 8.2)."""

from __future__ import annotations

from flows.questions.continuity import Moved, TopicChange, continued, topic_id


def test_a_topic_keeps_its_id_as_long_as_most_of_its_questions_stay_together_8_2() -> None:
    moved: Moved = {("a", 0): 6, ("a", 1): 4, (None, 1): 20, ("b", 2): 3}
    ids, changes = continued(moved, ["new-0", "new-1", "new-2"])
    assert ids == ["a", "new-1", "b"]
    assert changes == []  # group 1 is new: most of its questions are


def test_half_of_the_questions_is_not_most_8_2() -> None:
    ids, changes = continued({("a", 0): 5, ("a", 1): 5}, ["new-0", "new-1"])
    assert ids == ["new-0", "new-1"]
    assert changes == [TopicChange("merged", "a", "new-0")]


def test_a_group_out_of_a_topic_that_goes_on_is_a_split_8_2() -> None:
    ids, changes = continued({("a", 0): 6, ("a", 1): 4}, ["new-0", "new-1"])
    assert ids == ["a", "new-1"]
    assert changes == [TopicChange("split", "a", "new-1")]


def test_of_two_topics_in_one_group_the_larger_goes_on_and_the_other_is_merged_8_2() -> None:
    ids, changes = continued({("a", 0): 6, ("b", 0): 9}, ["new-0"])
    assert ids == ["b"]
    assert changes == [TopicChange("merged", "a", "b")]


def test_a_topic_whose_questions_are_in_none_has_ended_8_2() -> None:
    ids, changes = continued({("a", None): 6, ("b", 0): 1}, ["new-0"])
    assert ids == ["b"]
    assert changes == [TopicChange("ended", "a", None)]


def test_no_new_topic_takes_the_id_of_another_8_2() -> None:
    ids, _ = continued({("a", 0): 1, ("a", 1): 9, (None, 0): 5}, ["a", "a"])
    assert ids == ["a-2", "a"]


def test_ids_differ_between_accounts_and_are_the_same_in_every_run_8_2() -> None:
    assert topic_id("one", "key") == topic_id("one", "key") != topic_id("other", "key")
