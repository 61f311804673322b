"""Zendesk over real HTTP: every ticket as it stands over there, although tokens end, pages repeat and calls fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.delivery.handoffs.ticket import external_id
from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.sources.api import http
from flows.sources.ours import conversation_of, prefix
from flows.sources.zendesk.client import Client
from flows.sources.zendesk.settings import ZendeskSettings
from tests.sources.fake_api import Asked
from tests.sources.fake_zendesk import CLIENT_ID, CLIENT_SECRET, EXPORT, MADE, FakeZendesk, stamp
from tests.sources.pulled import ACCOUNT, count, current, environment, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CREDENTIALS = environment(ZENDESK_CLIENT_ID=CLIENT_ID, ZENDESK_CLIENT_SECRET=CLIENT_SECRET)


def client(desk: FakeZendesk, credentials: Any = CREDENTIALS, **settings: Any) -> Client:
    settings = {"subdomain": "shop", "base_url": desk.url, "exports_per_minute": 100_000} | settings
    return Client(ACCOUNT, ZendeskSettings(**settings), credentials, lambda _: None)


@pytest.mark.parametrize("sideload", ["ticket", "list", "none", "array"])
def test_a_ticket_stands_with_reply_solution_and_satisfaction_wherever_its_metrics_are(
    lake: Lake, sideload: str
) -> None:
    with FakeZendesk() as desk:
        desk.sideload = sideload
        desk.ticket(1, NOON)
        desk.ticket(2, NOON, reply=7, solved=NOON, status="solved", satisfaction_rating={"score": "good"})
        desk.ticket(3, NOON, reply=0, solved=NOON, satisfaction_rating={"score": "bad"}, external_id=None)
        desk.ticket(4, NOON, satisfaction_rating={"score": "offered"}, external_id=" ")
        desk.ticket(5, NOON, satisfaction_rating=None)
        desk.metrics[5]["reply_time_in_seconds"] = {"calendar": 95}
        summary = pulled("zendesk", client(desk), lake)
    assert (summary.rows, summary.refused) == ({"tickets": 5}, {})
    found = {number: row for (_, number), row in current(lake, "tickets").items()}
    assert (found["1"]["platform"], found["1"]["conversation_id"]) == ("zendesk", "conversation-1")
    assert (found["1"]["status"], found["1"]["created_at"]) == ("open", MADE + MINUTE)
    assert [found[one]["first_human_reply_at"] for one in "123"] == [None, MADE + 9 * MINUTE, MADE + 3 * MINUTE]
    assert found["5"]["first_human_reply_at"] == MADE + 5 * MINUTE + timedelta(seconds=95)
    assert [found[one]["solved_at"] for one in "123"] == [None, NOON, None]  # the third was opened again
    assert [found[one]["satisfaction"] for one in "12345"] == [None, "good", "bad", None, None]
    assert [found[one]["conversation_id"] for one in "34"] == [None, None]
    assert "metric_set" in found["2"]["_payload"]


def test_a_custom_field_can_name_the_conversation(lake: Lake) -> None:
    with FakeZendesk() as desk:
        desk.ticket(1, NOON)
        desk.ticket(2, NOON, custom_fields=[{"id": 77, "value": True}])
        desk.ticket(3, NOON, custom_fields=None)
        pulled("zendesk", client(desk, conversation_field="custom_field:77"), lake)
    assert [row["conversation_id"] for row in current(lake, "tickets").values()] == ["in field 1", None, None]


def test_the_second_pull_asks_from_the_cursor_and_writes_nothing_twice(lake: Lake) -> None:
    with FakeZendesk() as desk:
        for number in range(1, 251):
            desk.ticket(number, NOON + number * MINUTE)
        first = pulled("zendesk", client(desk), lake)
        desk.asked.clear()
        again = pulled("zendesk", client(desk), lake)
        assert (first.rows["tickets"], again.loads, again.rows) == (250, [], {})
        assert [sorted(one.params) for one in desk.asked if one.path == EXPORT] == [["cursor", "include"]]
        # satisfaction changes a ticket without a new updated_at
        desk.ticket(7, NOON + 300 * MINUTE, updated_at=stamp(NOON + 7 * MINUTE), satisfaction_rating={"score": "bad"})
        desk.ticket(8, NOON + 301 * MINUTE, status="deleted")
        changed = pulled("zendesk", client(desk), lake)
    assert changed.rows == {"tickets": 2}
    tickets = current(lake, "tickets")
    assert tickets["zendesk", "7"]["satisfaction"] == "bad"
    assert tickets["zendesk", "8"]["status"] == "deleted"
    assert len(tickets) == 250


def test_nothing_is_lost_while_tokens_end_pages_repeat_and_tickets_change(lake: Lake) -> None:
    with FakeZendesk(faults=0.12, seed=5) as desk:
        desk.repeats, desk.page, desk.token_lasts, desk.per_second = True, 50, 4, 6
        for number in range(1, 601):
            desk.ticket(number, NOON)  # an import: all in one second
        moving = iter(range(590, 570, -1))

        def change(asked: Asked) -> None:
            if asked.path == EXPORT and (number := next(moving, None)):
                desk.ticket(number, NOON + (999 - number) * MINUTE, status="solved", reply=number)

        desk.before = change
        pulled("zendesk", client(desk), lake)
        desk.before = lambda asked: None
        pulled("zendesk", client(desk), lake)
        over_there = {str(number) for number, one in desk.tickets.items() if one["status"] == "solved"}
    tickets = current(lake, "tickets")
    assert {number for _, number in tickets} == {str(number) for number in range(1, 601)}
    assert {number for (_, number), row in tickets.items() if row["first_human_reply_at"]} == over_there
    assert count(lake, "tickets") <= 600 + len(over_there)
    assert len([one for one in desk.asked if one.path == "/oauth/tokens"]) > 3


def test_a_pull_that_was_cut_off_goes_on_and_says_how_far_it_is(lake: Lake, tmp_path: Path) -> None:
    with FakeZendesk() as desk:
        for number in range(1, 501):
            desk.ticket(number, NOON + number * MINUTE)
        first = pulled("zendesk", client(desk), lake, minutes=0)
        assert first.rows["tickets"] == 100
        assert first.first_load is not None
        assert 0 < first.first_load.share < 1
        rest = Lake(tmp_path / "lake")
        while pulled("zendesk", client(desk), rest, minutes=0).first_load:
            assert len(current(rest, "tickets")) < 500
        starts = [one.params["start_time"] for one in desk.asked if "start_time" in one.params]
    assert (len(current(rest, "tickets")), count(rest, "tickets"), len(starts)) == (500, 500, 1)


def test_a_cursor_that_is_forgotten_gives_way_to_the_time_and_loses_nothing(lake: Lake) -> None:
    with FakeZendesk() as desk:
        for number in range(1, 151):
            desk.ticket(number, NOON + number * MINUTE)
        pulled("zendesk", client(desk), lake)
        desk.forgotten |= {asked.params["cursor"] for asked in desk.asked if "cursor" in asked.params}
        pulled("zendesk", client(desk), lake)
        desk.forgotten |= {asked.params["cursor"] for asked in desk.asked if "cursor" in asked.params}
        desk.asked.clear()
        desk.ticket(3, NOON + 200 * MINUTE, status="closed")
        summary = pulled("zendesk", client(desk), lake)
        asked = [sorted(one.params) for one in desk.asked if one.path == EXPORT]
    assert asked == [["cursor", "include"], ["include", "start_time"]]
    assert [one for one in desk.asked if one.path == EXPORT][-1].params["start_time"] == str(
        int((NOON + 90 * MINUTE).timestamp())
    )
    assert summary.rows == {"tickets": 1}
    assert current(lake, "tickets")["zendesk", "3"]["status"] == "closed"


def test_what_came_before_a_failure_is_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with FakeZendesk() as desk:
        for number in range(1, 251):
            desk.ticket(number, NOON + number * MINUTE)

        def fail(asked: Asked) -> None:
            if "cursor" in asked.params:  # from the third page on
                desk.faults = 1.0

        desk.before = fail
        with pytest.raises(SourceUnavailable, match="in spite of"):
            pulled("zendesk", client(desk), lake)
        kept = len(current(lake, "tickets"))
        desk.before, desk.faults = lambda asked: None, 0.0
        pulled("zendesk", client(desk), lake)
    assert (kept, len(current(lake, "tickets")), count(lake, "tickets")) == (200, 250, 250)


def test_what_breaks_the_contract_is_refused_and_the_rest_counts(lake: Lake) -> None:
    with FakeZendesk() as desk:
        desk.ticket(1, NOON, created_at="soon")
        desk.ticket(2, NOON, created_at=None)
        summary = pulled("zendesk", client(desk), lake)
        assert summary.refused == {"tickets": 2}
        assert any("created_at is not a timestamp" in one for one in summary.refusals)
        desk.ticket(3, NOON + MINUTE, generated_timestamp=None)
        desk.tickets[3]["generated_timestamp"] = True
        desk.ticket(4, NOON + MINUTE, id=None)
        desk.ticket(5, NOON + MINUTE)
        summary = pulled("zendesk", client(desk), lake)
        assert summary.refused == {"tickets": 1}
        assert summary.refusals == ["tickets: it has no id"]
        assert ("zendesk", "5") in current(lake, "tickets")


@pytest.mark.parametrize("wrong", ["ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET"])
def test_wrong_credentials_are_said_in_one_sentence_without_them(wrong: str) -> None:
    with FakeZendesk() as desk:
        one = client(desk, {**CREDENTIALS, wrong: "wrong_canary"})
        with pytest.raises(SourceRefused, match=r"zendesk answers 401.*see to the OAuth client") as raised:
            one.check()
    assert "canary" not in str(raised.value)
    assert not raised.value.is_transient


def test_who_is_no_admin_is_told_so_and_a_renamed_zendesk_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeZendesk() as desk:
        desk.is_admin = False
        with pytest.raises(SourceRefused, match=r"403.*for admins"):
            client(desk).check()
        elsewhere = client(desk, base_url=f"{desk.url}/gone")
        with pytest.raises(SourceRefused, match="see to subdomain"):
            elsewhere.check()
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with pytest.raises(SourceUnavailable, match="does not answer"):
        client(desk).check()


def test_check_says_what_works_with_a_call_for_each_thing_beside_the_token() -> None:
    with FakeZendesk() as desk:
        desk.ticket(1, NOON)
        assert "tickets can be exported" in client(desk).check()
        assert desk.paths() == ["/oauth/tokens", EXPORT, "/api/v2/business_hours/schedules"]
    assert ZendeskSettings(subdomain="shop").url == "https://shop.zendesk.com"


@pytest.mark.parametrize("includes", [{"metric_sets", "users"}, {"metric_sets"}, set[str]()])
def test_a_ticket_says_whose_it_is_and_keeps_no_words(
    lake: Lake, includes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the conversation's id nothing said which shopper a ticket is of."""
    monkeypatch.setattr("flows.sources.zendesk.client.LIMITS", ((100_000, 60.0),))  # a call for each ticket: a minute
    with FakeZendesk() as desk:
        desk.includes = includes
        by_email = {"channel": "email", "source": {"from": {"address": "mail@example.com"}}}
        for number in range(1, 203):
            desk.ticket(number, NOON)
        desk.ticket(300, NOON, requester_id=9, via=by_email)
        desk.ticket(301, NOON, requester_id=None, reply=7)
        pulled("zendesk", client(desk, profile_field="user_field:profile"), lake)
        asked = [one.path for one in desk.asked if "show_many" in one.path]
    found = {int(number): row for (_, number), row in current(lake, "tickets").items()}
    assert [(found[one]["email"], found[one]["profile_id"]) for one in (1, 202, 300, 301)] == [
        ("shopper1@example.com", "in field 1"),
        ("shopper202@example.com", "in field 202"),
        ("mail@example.com", None),
        (None, None),
    ]
    assert found[301]["first_human_reply_at"] is not None
    assert len(asked) <= (2 if "users" in includes else 6)
    assert "private words" not in found[1]["_payload"]
    assert "Ann" not in found[1]["_payload"]


def test_tickets_count_although_users_may_not_be_seen(lake: Lake) -> None:
    with FakeZendesk() as desk:
        desk.includes, desk.may_see_users = {"metric_sets"}, False
        desk.ticket(1, NOON)
        pulled("zendesk", client(desk), lake)
    (ticket,) = current(lake, "tickets").values()
    assert (ticket["email"], ticket["profile_id"]) == (None, None)


def test_a_ticket_says_how_often_it_was_opened_again(lake: Lake) -> None:
    with FakeZendesk() as desk:
        desk.ticket(1, NOON)
        desk.ticket(2, NOON)
        desk.metrics[2]["reopens"] = 3
        desk.ticket(3, NOON)
        del desk.metrics[3]["reopens"]
        desk.ticket(4, NOON, status="deleted")
        del desk.metrics[4]
        pulled("zendesk", client(desk), lake)
    found = {number: row["reopen_count"] for (_, number), row in current(lake, "tickets").items()}
    assert found == {"1": 0, "2": 3, "3": None, "4": None}


def test_a_ticket_that_we_made_comes_home_to_its_conversation(lake: Lake, tmp_path: Path) -> None:
    other = Lake(tmp_path / "other")
    with FakeZendesk() as desk:
        desk.ticket(1, NOON, external_id=external_id(ACCOUNT, "c/1: ü"))
        desk.ticket(2, NOON, external_id=prefix(ACCOUNT))
        desk.ticket(5, NOON, external_id=external_id("another shop", "c5"))
        desk.ticket(3, NOON, external_id=external_id(ACCOUNT, "c3"), custom_fields=[{"id": 77, "value": "better"}])
        desk.ticket(4, NOON, external_id=external_id(ACCOUNT, "c4"), custom_fields=[{"id": 77, "value": None}])
        pulled("zendesk", client(desk), lake)
        assert conversation_of(prefix(ACCOUNT), ACCOUNT) is None
        assert conversations(lake) == {
            "1": "c/1: ü", "2": prefix(ACCOUNT), "3": "c3", "4": "c4", "5": "agent-metrics:another%20shop:c5",
        }  # fmt: skip
        pulled("zendesk", client(desk, conversation_field="custom_field:77"), other)
    assert [conversations(other)[one] for one in "34"] == ["better", "c4"]


def conversations(lake: Lake) -> dict[str, Any]:
    return {number: row["conversation_id"] for (_, number), row in current(lake, "tickets").items()}
