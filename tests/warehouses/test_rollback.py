"""Going back (rule 9.2), and the hold on what comes after."""

from __future__ import annotations

import pytest

from flows.ground.errors import GateClosed, InputError
from flows.ground.home import Home
from flows.warehouses.files import kept_file
from flows.warehouses.keeping import Kept
from flows.warehouses.publication import Publication
from tests.warehouses.candidates import FAILED, build_in, publish, published, rollback, verdict, write_candidate


def publish_builds(home: Home, *builds: str, keep: int = 3) -> list[Publication]:
    done = []
    for build in builds:
        write_candidate(home, build, as_of=f"2026-06-0{build[-1]}T12:00:00Z")
        publication = publish(home, keep=keep).publication
        assert publication is not None
        done.append(publication)
    return done


def test_going_back_is_a_publication_that_names_the_one_it_restores(home: Home) -> None:
    first, second = publish_builds(home, "build-1", "build-2")
    restore = rollback(home, keep=3)
    assert restore.restores_publication_id == first.publication_id
    assert restore.publication_id > second.publication_id
    assert (restore.as_of, restore.data_up_to, restore.checks_passed) == (first.as_of, first.data_up_to, 12)
    assert restore.row_counts == {**first.row_counts, "publications": 3}
    standing = published(home)
    assert standing is not None
    assert standing.publications == (first, second, restore)
    assert build_in(home.published_file) == standing.build_id == "build-1"
    page = kept_file(home, restore.publication_id).with_suffix(".html")
    assert page.read_text("utf-8") == "<p>checks of build-1</p>"


def test_going_back_twice_goes_back_twice(home: Home) -> None:
    first, second, _ = publish_builds(home, "build-1", "build-2", "build-3")
    assert rollback(home, keep=3).restores_publication_id == second.publication_id
    assert rollback(home, keep=3).restores_publication_id == first.publication_id
    assert build_in(home.published_file) == "build-1"
    with pytest.raises(InputError, match="no publication before"):
        rollback(home, keep=3)


def test_going_back_after_publishing_on_top_of_a_restore_brings_that_restore_back(home: Home) -> None:
    publish_builds(home, "build-1", "build-2")
    restore = rollback(home, keep=3)
    write_candidate(home, "build-3")
    publish(home, keep=3, resume=True)
    assert rollback(home, keep=3).restores_publication_id == restore.publication_id
    assert build_in(home.published_file) == "build-1"


def test_any_publication_that_is_kept_can_be_brought_back(home: Home) -> None:
    first, _, third = publish_builds(home, "build-1", "build-2", "build-3")
    rollback(home, keep=3, to=first.publication_id)
    assert build_in(home.published_file) == "build-1"
    rollback(home, keep=3, to=third.publication_id)
    assert build_in(home.published_file) == "build-3"


def test_a_publication_that_is_not_kept_any_more_cannot_be_brought_back(home: Home) -> None:
    first, _ = publish_builds(home, "build-1", "build-2", keep=1)
    with pytest.raises(InputError, match=f"{first.publication_id} is not kept any more; no other publication is kept"):
        rollback(home, keep=1)
    assert build_in(home.published_file) == "build-2"


def test_an_unknown_publication_cannot_be_brought_back(home: Home) -> None:
    publish_builds(home, "build-1")
    with pytest.raises(InputError, match=r"there is no publication '\.\./elsewhere'"):
        rollback(home, keep=3, to="../elsewhere")


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2020-01-01", "nothing was published yet at 2020-01-01: the first publication is {first}"),
        ("9999-01-01T00:00:00+02:00", "9999-01-01T00:00:00.02:00 is yet to come"),
    ],
)
def test_an_instant_at_which_nobody_saw_a_publication_is_told_from_an_id(home: Home, instant: str, words: str) -> None:
    first, _ = publish_builds(home, "build-1", "build-2")
    with pytest.raises(InputError, match=words.format(first=first.publication_id)):
        rollback(home, keep=3, to=instant)


def test_there_is_nothing_to_go_back_to_before_the_first_publication(home: Home) -> None:
    with pytest.raises(InputError, match="nothing is published yet"):
        rollback(home, keep=3)


def test_going_back_holds_further_publications_until_they_are_resumed(home: Home) -> None:
    publish_builds(home, "build-1", "build-2")
    restore = rollback(home, keep=3)
    write_candidate(home, "build-3")
    held = publish(home, keep=3)
    assert (held.outcome, held.publication) == ("held", restore)
    assert build_in(home.published_file) == "build-1"
    assert publish(home, keep=3, resume=True).outcome == "published"
    assert build_in(home.published_file) == "build-3"
    write_candidate(home, "build-4")
    assert publish(home, keep=3).outcome == "published"


def test_resuming_lifts_the_hold_even_if_the_gate_is_closed(home: Home) -> None:
    publish_builds(home, "build-1", "build-2")
    rollback(home, keep=3)
    write_candidate(home, "build-3")
    verdict(home, "build-3", is_open=False, outcomes=[FAILED])
    with pytest.raises(GateClosed):
        publish(home, keep=3, resume=True)
    assert build_in(home.published_file) == "build-1"
    verdict(home, "build-3")
    assert publish(home, keep=3).outcome == "published"


def test_resuming_publishes_the_build_from_which_one_went_back(home: Home) -> None:
    publish_builds(home, "build-1", "build-2")
    rollback(home, keep=3)
    assert publish(home, keep=3, resume=True).outcome == "published"
    assert build_in(home.published_file) == "build-2"


def test_a_second_restore_holds_again(home: Home) -> None:
    publish_builds(home, "build-1", "build-2")
    rollback(home, keep=3)
    publish(home, keep=3, resume=True)
    rollback(home, keep=3)
    write_candidate(home, "build-3")
    assert publish(home, keep=3).outcome == "held"


def test_restores_do_not_count_among_the_publications_that_are_kept(home: Home) -> None:
    done = [*publish_builds(home, "build-1", "build-2"), rollback(home, keep=2)]
    assert Kept.of(home).ids() == [one.publication_id for one in done]
    write_candidate(home, "build-3")
    publish(home, keep=2, resume=True)
    assert done[0].publication_id not in Kept.of(home).ids()
    write_candidate(home, "build-4")
    publish(home, keep=2)
    assert len(Kept.of(home).ids()) == 2
