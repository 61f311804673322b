"""A publication does not wait for the grouping: what there was no time for follows in the next run (rule 8.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flows.ground.progress import Silent
from flows.questions import state, updating
from flows.questions.state import State
from tests.questions.test_updating import FIRST, PASSWORD, SHIPPING, Shop, shop

__all__ = ["shop"]
MORE = [f"Do you ship to {place}?" for place in ("Sweden", "Denmark", "Finland", "Iceland", "Estonia", "Latvia")]
PLACES = "select account_id, text_key, exemplar_key, nearness from texts order by all"
WAITING = "select account_id, questions from waiting"


def updated(shop: Shop, longest_wait: float, *, regroup: bool = False) -> State:
    """The state after a build that waits that long."""
    changed = f"select * from messages where conversation_id >= 'c{shop.known:05}'"
    shop.connection.execute(f"create or replace view changed_asked as {changed}")
    as_of, shop.day = FIRST + timedelta(days=shop.day), shop.day + 1
    made = updating.update(
        shop.folder,
        shop.connection,
        as_of=as_of,
        embedder="wordllama",
        regroup=regroup,
        progress=Silent(),
        longest_wait=longest_wait,
    )
    (shop.known,) = shop.connection.execute("select count(distinct conversation_id) from messages").fetchall()[0]
    return made


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "AT_ONCE", 3)


def test_what_there_is_no_time_for_waits_and_the_next_runs_go_on(shop: Shop, few_at_once: None) -> None:
    shop.asks(*SHIPPING, *PASSWORD, *MORE, [MORE[0], MORE[0]])
    assert updated(shop, 0).accounts["shop"].waits
    waiting = shop.rows("select count(*) from texts where exemplar_key is null")[0][0]
    assert waiting > 0
    assert shop.rows("select sum(questions) >= count(*) from waiting") == [(True,)]
    runs = 1
    while state.waiting(shop.folder):
        before = waiting
        updated(shop, 0)
        waiting = shop.rows("select count(*) from texts where exemplar_key is null")[0][0]
        assert waiting < before  # each run does some of it
        runs += 1
    assert runs > 1
    assert (waiting, shop.rows(WAITING)) == (0, [])
    assert shop.rows("select count(*) from texts where updated_in > 1")[0][0] > 0  # the models see what moved
    in_runs = shop.rows(PLACES)
    again = updated(shop, 0)
    assert shop.rows(PLACES) == in_runs
    assert not again.accounts["shop"].waits


def test_models_see_that_a_question_lost_its_place_where_there_was_no_time_to_group_all_anew(
    shop: Shop, few_at_once: None
) -> None:
    shop.asks(*SHIPPING, *PASSWORD, *MORE)
    while updated(shop, 60).accounts["shop"].waits:
        pass
    made = updated(shop, 0, regroup=True)
    waiting = shop.rows("select updated_in from texts where exemplar_key is null")
    assert waiting
    assert set(waiting) == {(made.version,)}


def test_it_comes_out_as_if_there_had_been_time(
    shop: Shop, few_at_once: None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.asks(*SHIPPING, *PASSWORD, *MORE)
    updated(shop, 60)
    at_once = shop.rows(PLACES)
    shop.folder, shop.known, shop.day = tmp_path / "other", 0, 0
    for _ in range(9):
        updated(shop, 0)
    assert shop.rows(PLACES) == at_once


def test_an_account_that_there_is_no_time_for_stays_as_it_was(shop: Shop) -> None:
    shop.asks(*SHIPPING, *PASSWORD)
    shop.asks(*SHIPPING, *PASSWORD, of="other")
    updated(shop, 60)
    topics = shop.rows("select account_id, topic_id from names order by all")
    first = updated(shop, 0, regroup=True)
    assert {name: bool(one.waits) for name, one in first.accounts.items()} == {"other": False, "shop": True}
    assert shop.rows("select account_id, topic_id from names order by all") == topics
    assert shop.rows("select count(*) from texts where exemplar_key is null") == [(0,)]
    second = updated(shop, 0)
    assert not any(one.waits for one in second.accounts.values())
    assert shop.rows("select account_id, topic_id from names order by all") == topics


def test_a_new_account_that_there_is_no_time_for_is_grouped_next(shop: Shop) -> None:
    shop.asks(*SHIPPING)
    shop.asks(*PASSWORD, of="zoo")
    updated(shop, 0)
    assert shop.rows(WAITING) == [("zoo", len(PASSWORD))]
    updated(shop, 0)
    assert shop.rows(WAITING) == []
    assert shop.topic_of(PASSWORD[0]) is not None


def test_nobody_waits_for_ever_while_others_have_new_questions(shop: Shop) -> None:
    """Accounts without one topic stayed so: those with new questions, first by their names, took all turns."""
    names = ["antler", "birch", "cedar", "spruce"]
    for name in names:
        shop.asks(*SHIPPING, *PASSWORD, of=name)
    updated(shop, 0)
    for number, text in enumerate(MORE):
        for name in names:
            shop.asks(f"{text} In {number + 2} days?", of=name)
        updated(shop, 0)
    assert {account for (account,) in shop.rows("select distinct account_id from names")} == set(names)
