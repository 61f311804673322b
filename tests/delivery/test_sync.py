"""Lists that mirror segments: a sync that removes people whom others added, or empties a list, is worse than none."""

from __future__ import annotations

import os
import signal
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from flows.delivery import mirroring, plan
from flows.delivery.delivered import Delivered
from flows.delivery.ledger import Ledger
from flows.delivery.lists import UNKNOWN
from flows.delivery.planned import PlannedChange
from flows.ground.errors import InputError
from flows.jobs.deliveries import Deliveries
from flows.sources.api import http
from tests.audiences.shop import ShopWithSegments
from tests.delivery.delivered import ACCOUNT, LIST, SEGMENT, Delivering
from tests.gaps.shop import publish_to


def figures(done: Deliveries) -> dict[str, int]:
    return done.delivered[0].figures


def test_a_list_has_the_members_of_its_segment_after_each_sync(shop: Delivering) -> None:
    shop.know("ANA", "BEN", "CLE", "DIA", "EVA")
    shop.publish("ANA", "BEN", "CLE", "DIA")
    done = shop.sync()
    assert (done.exit_status, done.delivered[0].outcome, figures(done)["added"]) == (0, "delivered", 4)
    assert shop.listed() == ["ANA", "BEN", "CLE", "DIA"]
    shop.publish("ANA", "CLE", "DIA", "EVA")
    done = shop.sync()
    assert (figures(done)["added"], figures(done)["removed"], done.delivered[0].size) == (1, 1, 4)
    assert shop.listed() == ["ANA", "CLE", "DIA", "EVA"]


def test_a_sync_without_anything_to_do_asks_nothing_over_there(shop: Delivering) -> None:
    shop.know("ANA")
    shop.publish("ANA")
    shop.sync()
    asked = len(shop.there.asked)
    assert shop.sync().delivered[0].outcome == "nothing_new"
    assert len(shop.there.asked) == asked


def reasons(planned: Delivered) -> list[tuple[str, str, str]]:
    found = [one for one in planned.sample if isinstance(one, PlannedChange)]
    assert len(found) == len(planned.sample)
    return [(one.change, one.profile_id, one.reason) for one in found]


def test_a_dry_run_says_who_and_why_and_does_nothing_anywhere(shop: Delivering) -> None:
    shop.know("ANA", "BEN", "CLE")
    shop.publish("ANA", "BEN")
    done = shop.sync(dry_run=True)
    assert reasons(done.delivered[0]) == [
        ("add", "ANA", "was in the segment when it was new"),
        ("add", "BEN", "was in the segment when it was new"),
    ]
    assert (shop.there.asked, shop.home.deliveries.exists()) == ([], False)
    shop.sync()
    before, asked = shop.home.deliveries.read_bytes(), len(shop.there.asked)
    shop.publish("BEN", "CLE", held_back=["BEN"])
    done = shop.sync(dry_run=True)
    assert done.delivered[0].outcome == "planned"
    assert reasons(done.delivered[0]) == [
        ("remove", "ANA", "is not in the segment any more"),
        ("remove", "BEN", "is held back: open_ticket"),
        ("add", "CLE", "was in the segment when it was new"),
    ]
    assert "100%" in (done.delivered[0].error or "")
    assert (len(shop.there.asked), shop.home.deliveries.read_bytes()) == (asked, before)


def test_who_was_put_there_by_hand_stays_also_as_a_member_who_leaves(shop: Delivering) -> None:
    shop.know("ANA", "BEN", "CLE", "DIA", "EVA", "HAND", "BOTH", "LATER")
    shop.publish("ANA", "BEN", "CLE", "DIA")
    shop.sync()
    members = shop.there.members[shop.list_id()]
    members |= {"HAND": datetime.now(UTC), "BOTH": datetime.now(UTC)}
    shop.publish("ANA", "BEN", "CLE", "DIA", "BOTH")  # who is put there by hand becomes a member
    done = shop.sync()
    assert (figures(done)["there_by_hand"], figures(done)["added"], figures(done)["others"]) == (1, 0, 2)
    members["LATER"] = datetime.now(UTC) - timedelta(days=20)  # and is seen by the look of the next sync alone
    shop.publish("ANA", "BEN", "CLE", "EVA", "BOTH")
    shop.sync()
    shop.publish("ANA", "BEN", "CLE", "EVA", "LATER")
    shop.sync()
    shop.publish("ANA", "BEN", "CLE", "EVA")
    assert figures(shop.sync())["removed"] == 0
    assert shop.listed() == ["ANA", "BEN", "BOTH", "CLE", "EVA", "HAND", "LATER"]


def test_members_who_wait_for_a_person_are_held_back(shop: Delivering) -> None:
    shop.know("ANA", "BEN", "CLE", "DIA")
    shop.publish("ANA", "BEN", "CLE", "DIA", held_back=["BEN"])
    shop.sync()
    assert shop.listed() == ["ANA", "CLE", "DIA"]
    shop.publish("ANA", "BEN", "CLE", "DIA", held_back=["ANA"])
    shop.sync(confirm=True)
    assert shop.listed() == ["BEN", "CLE", "DIA"]


@pytest.mark.parametrize(
    ("left", "says"), [((), "it would empty the list of its 4 members"), (("ANA",), "3 of 4 (75%")]
)
def test_a_guard_holds_a_list_that_would_lose_too_many(shop: Delivering, left: tuple[str, ...], says: str) -> None:
    shop.know("ANA", "BEN", "CLE", "DIA")
    shop.publish("ANA", "BEN", "CLE", "DIA")
    shop.sync()
    shop.publish(*left)
    done = shop.sync()
    assert (done.exit_status, done.delivered[0].outcome) == (3, "held")
    assert says in (done.delivered[0].error or "")
    assert len(shop.listed()) == 4
    assert shop.sync(confirm=True).exit_status == 0
    assert shop.listed() == list(left)


def test_the_guard_can_be_switched_off_for_segments_that_come_and_go(shop: Delivering) -> None:
    shop.settings(klaviyo="max_removed_share = 1\n")
    shop.know("ANA")
    shop.publish("ANA")
    shop.sync()
    shop.publish()
    assert shop.sync().exit_status == 0
    assert shop.listed() == []


def test_a_limit_lets_the_rest_follow(shop: Delivering) -> None:
    everybody = [f"P{number}" for number in range(7)]
    shop.know(*everybody)
    shop.publish(*everybody)
    for number in (3, 6, 7):
        shop.sync(limit=3)
        assert len(shop.listed()) == number
    shop.publish(*everybody[2:])
    assert figures(shop.sync(limit=1))["removed"] == 1
    shop.sync()
    assert shop.listed() == everybody[2:]


def test_a_list_of_that_name_that_is_not_ours_is_left_alone(shop: Delivering) -> None:
    shop.know("ANA", "HAND")
    shop.there.a_list(LIST, "HAND")
    shop.publish("ANA")
    for _ in range(2):
        done = shop.sync()
        assert (done.exit_status, done.delivered[0].outcome) == (5, "failed")
        assert "this ledger does not know it" in (done.delivered[0].error or "")
        assert shop.listed() == ["HAND"]


def test_a_list_is_adopted_where_that_is_asked_and_who_is_in_it_stays(shop: Delivering) -> None:
    """A lost ledger: its lists were refused for good."""
    shop.know("ANA", "BEN", "CLE")
    shop.publish("ANA", "BEN")
    shop.sync()
    shop.home.deliveries.unlink()
    shop.publish("ANA", "CLE")
    assert shop.sync().exit_status == 5
    done = shop.sync(adopt=True)
    assert (done.exit_status, figures(done)["added"], figures(done)["there_by_hand"]) == (0, 1, 1)
    assert shop.listed() == ["ANA", "BEN", "CLE"]


def test_two_accounts_in_one_klaviyo_have_a_list_each(shop: Delivering) -> None:
    """Both took one list, and removed each other's members."""
    other = ACCOUNT.format(name="other") + "[accounts.sources.klaviyo]\n[accounts.deliveries.klaviyo]\n"
    shop.settings(accounts=f'{other}segments = ["{SEGMENT}"]\nbase_url = "{shop.there.url}"\n')
    shop.know("ANA", "BEN")
    published = ShopWithSegments()
    published.segment(SEGMENT, None, "other")
    published.profile("BEN", "other")
    published.member(SEGMENT, "BEN", "other")
    shop.publish("ANA", shop=published)
    assert shop.sync().exit_status == 0
    assert (shop.listed(), shop.listed(f"Name of {SEGMENT} (other, agent metrics)")) == (["ANA"], ["BEN"])


def test_a_guard_counts_also_where_nobody_is_in_the_list_for_sure(
    shop: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could be removed for a day, and the next sync divided by 0."""
    shop.know("ANA", "BEN")
    shop.publish("ANA")
    shop.sync()
    with Ledger(shop.home.deliveries) as ledger:
        ledger.run("update members set state = 'not_removed'")
    monkeypatch.setattr(plan, "AGAIN", timedelta())
    shop.publish("BEN")
    assert shop.sync(dry_run=True).delivered[0].outcome == "planned"
    assert shop.sync().delivered[0].outcome == "held"


def test_a_ledger_of_a_delivery_that_was_killed_can_be_looked_at(shop: Delivering) -> None:
    """Killed within a commit it left a journal, and status, lists and runs said that the ledger was damaged."""
    shop.know("ANA")
    shop.publish("ANA")
    shop.sync()
    child = os.fork()
    if child == 0:
        connection = sqlite3.connect(shop.home.deliveries, isolation_level=None)
        connection.execute("pragma cache_size = 1")  # what is written goes to the file before the commit
        connection.execute("begin immediate")
        connection.execute("update members set state = 'removed'")
        numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)"
        connection.execute(f"create table large as {numbers} select i, hex(randomblob(50)) as text from n")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert shop.home.deliveries.with_name("deliveries.sqlite3-journal").stat().st_size
    with shop.ledger() as ledger:
        assert ledger.rows("select state from members") == [("in",)]


def test_a_list_whose_making_was_not_answered_is_not_made_twice(shop: Delivering) -> None:
    shop.know("ANA")
    shop.publish("ANA")
    shop.there.lost["POST lists"] = 1
    assert shop.sync().exit_status == 5
    assert shop.sync().exit_status == 0
    assert shop.listed() == ["ANA"]


def test_a_list_that_somebody_deleted_is_said_and_made_again(shop: Delivering) -> None:
    shop.know("ANA", "BEN")
    shop.publish("ANA")
    shop.sync()
    del shop.there.lists[shop.list_id()]
    shop.publish("ANA", "BEN")
    done = shop.sync()
    assert (done.exit_status, "is gone over there" in (done.delivered[0].error or "")) == (5, True)
    assert shop.sync().exit_status == 0
    assert shop.listed() == ["ANA", "BEN"]


def test_one_who_is_refused_keeps_nobody_else_out_and_is_tried_again_after_a_day(
    shop: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.know("ANA", "CLE")
    shop.publish("ANA", "BEN", "CLE")
    done = shop.sync()
    assert (done.exit_status, sum(done.delivered[0].refused.values())) == (5, 1)
    assert shop.listed() == ["ANA", "CLE"]
    assert shop.sync().exit_status == 0  # it was said
    shop.know("BEN")
    assert shop.sync().delivered[0].outcome == "nothing_new"
    monkeypatch.setattr(plan, "AGAIN", timedelta())
    assert figures(shop.sync())["added"] == 1
    assert shop.listed() == ["ANA", "BEN", "CLE"]


def test_who_was_refused_is_tried_at_once_where_that_is_asked(shop: Delivering) -> None:
    shop.know("ANA")
    shop.publish("ANA", "BEN")
    shop.sync()
    shop.know("BEN")
    assert figures(shop.sync(failed=True))["added"] == 1


def test_by_addresses_nobody_is_made_unless_that_is_asked(shop: Delivering) -> None:
    shop.settings(has_ids=False)
    known = shop.there.profile(email="Ana@Mail.example")
    shop.publish("ANA", "BEN")
    done = shop.sync()
    assert done.delivered[0].refused == {UNKNOWN: 1}
    assert (shop.listed(), len(shop.there.profiles)) == ([known], 1)
    shop.settings(has_ids=False, klaviyo="creates_profiles = true\n")
    shop.sync(failed=True)
    assert (len(shop.listed()), len(shop.there.profiles)) == (2, 2)


def test_two_shoppers_who_are_one_profile_there_keep_it_until_both_have_left(shop: Delivering) -> None:
    shop.settings(has_ids=False, klaviyo="max_removed_share = 1\n")
    one = shop.there.profile(email="both@mail.example")

    def publish(*members: str) -> None:
        published = ShopWithSegments()
        published.segment(SEGMENT, None)
        for member in members:
            published.profile(member, email="both@mail.example")
            published.member(SEGMENT, member)
        publish_to(shop.home, published)

    publish("ANA", "BEN")
    done = shop.sync()
    assert (shop.listed(), done.delivered[0].size) == ([one], 1)
    publish("BEN")
    shop.sync()
    assert shop.listed() == [one]
    publish()
    shop.sync()
    assert shop.listed() == []


def test_who_is_gone_from_the_list_is_added_again(shop: Delivering, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed by hand, or merged into another profile: the ledger said that the list was complete."""
    shop.know("ANA", "BEN", "CLE")
    shop.publish("ANA", "BEN", "CLE")
    shop.sync()
    del shop.there.members[shop.list_id()]["BEN"]
    shop.there.merge("CLE", into="ANA")
    monkeypatch.setattr(mirroring, "LOOKED", timedelta())  # a day later
    assert figures(shop.sync())["missing"] == 2
    done = shop.sync()
    assert (figures(done)["added"], sum(done.delivered[0].refused.values())) == (1, 1)
    assert shop.listed() == ["ANA", "BEN"]


def test_one_account_or_segment_never_keeps_another_from_its_part(shop: Delivering) -> None:
    accounts = ACCOUNT.format(name="away") + f'[accounts.deliveries.klaviyo]\nsegments = ["{SEGMENT}"]\n'
    accounts += 'base_url = "http://127.0.0.1:9"\napi_key = "env:NOT_SET"\n'
    shop.settings(klaviyo=f'segments = ["nowhere", "{SEGMENT}"]\n', accounts=accounts)
    shop.know("ANA")
    shop.publish("ANA")
    done = shop.sync()
    assert [(one.account, one.key, one.outcome) for one in done.delivered] == [
        ("shop", "nowhere", "failed"),
        ("shop", SEGMENT, "delivered"),
        ("away", SEGMENT, "failed"),
    ]
    assert shop.listed() == ["ANA"]
    with shop.ledger() as ledger:
        assert len(ledger.rows("select * from runs")) == 3


def test_nothing_switched_on_is_not_a_success(shop: Delivering) -> None:
    shop.publish("ANA")
    with pytest.raises(InputError, match="no destination gets events"):
        shop.events()
    with pytest.raises(InputError, match="no destination gets the segment other"):
        shop.sync(segments=("other",))
    with pytest.raises(InputError, match="the settings have no account 'nobody'"):
        shop.sync(account="nobody")


@pytest.mark.parametrize("call", ["POST relationships", "DELETE relationships"])
def test_a_call_without_an_answer_is_known_to_have_happened_perhaps(
    shop: Delivering, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Members who came and went while nobody answered stayed in the list for good."""
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    shop.settings(klaviyo="max_removed_share = 1\n")
    shop.know("ANA", "BEN", "CLE")
    shop.publish("ANA", "BEN")
    shop.sync()
    shop.publish("ANA", "CLE")
    shop.there.lost[call] = 1
    done = shop.sync()
    assert (done.exit_status, done.delivered[0].outcome) == (5, "failed")
    shop.publish("ANA", "BEN")
    shop.sync()
    assert shop.listed() == ["ANA", "BEN"]
