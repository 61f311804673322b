"""Gorgias over real HTTP: every ticket as it stands over there, although all there is are lists, newest first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.delivery.handoffs.ticket import external_id
from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.lake import Lake
from flows.sources.api import http
from flows.sources.gorgias.client import Client
from flows.sources.gorgias.settings import GorgiasSettings
from tests.sources.fake_api import Asked
from tests.sources.fake_gorgias import KEY, MADE, USERNAME, FakeGorgias, stamp
from tests.sources.pulled import ACCOUNT, count, current, environment, pulled

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CREDENTIALS = environment(GORGIAS_USERNAME=USERNAME, GORGIAS_API_KEY=KEY)


def client(desk: FakeGorgias, credentials: Any = CREDENTIALS, **settings: Any) -> Client:
    settings = {"account": "shop", "base_url": desk.url, "calls_per_20_seconds": 100_000} | settings
    return Client(ACCOUNT, GorgiasSettings(**settings), credentials, lambda _: None)


def tickets(lake: Lake) -> dict[int, dict[str, Any]]:
    return {int(number): row for (_, number), row in current(lake, "tickets").items()}


def test_a_ticket_stands_with_its_first_human_reply_its_end_and_its_survey(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.ticket(2, NOON, status="closed", closed_datetime=stamp(NOON))
        desk.ticket(3, NOON, status="open", closed_datetime=stamp(NOON), external_id=None, trashed_datetime=stamp(NOON))
        desk.message(31, 2, NOON + 9 * MINUTE)
        desk.message(30, 2, NOON + 5 * MINUTE, sent_datetime=stamp(NOON + 6 * MINUTE))
        desk.message(29, 77, NOON)  # of a ticket that is not known yet
        for number, score in enumerate((5, 3, 1), 1):
            desk.survey(number, number, NOON, score)
        summary = pulled("gorgias", client(desk), lake)
    found = tickets(lake)
    assert (summary.rows["tickets"], summary.refused) == (3, {})
    assert (found[1]["platform"], found[1]["conversation_id"]) == ("gorgias", "conversation-1")
    assert (found[1]["status"], found[1]["created_at"], found[1]["updated_at"]) == ("open", MADE + MINUTE, NOON)
    assert [found[one]["first_human_reply_at"] for one in (1, 2, 3)] == [None, NOON + 6 * MINUTE, None]
    assert [found[one]["solved_at"] for one in (1, 2, 3)] == [None, NOON, None]  # the third was opened again
    assert [found[one]["satisfaction"] for one in (1, 2, 3)] == ["good", None, "bad"]
    assert (found[3]["conversation_id"], found[3]["status"]) == (None, "trashed")
    assert "private words" not in found[2]["_payload"]


@pytest.mark.parametrize(
    "message",
    [
        {"from_agent": False},
        {"rule_id": 4},
        {"via": "rule"},
        {"via": "api"},
        {"public": False},
        {"channel": "internal-note"},
        {"source": {"type": "internal-note"}},
        {"sender": {"email": "bot@658d6f54"}},
        {"sender": {"email": "Helper@shop.example"}},
        {"failed_datetime": "2026-06-01T12:00:00"},
    ],
)
def test_what_no_person_wrote_to_the_shopper_is_no_human_reply(lake: Lake, message: dict[str, Any]) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.message(1, 1, NOON, **message)
        desk.message(2, 1, NOON + MINUTE, sender=None)
        pulled("gorgias", client(desk, automatic_senders=["helper@shop.example"]), lake)
    assert tickets(lake)[1]["first_human_reply_at"] == NOON + MINUTE


def test_with_what_an_agent_begins_a_ticket_is_no_reply(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON, from_agent=True)
        desk.message(1, 1, MADE + MINUTE)
        desk.message(2, 1, NOON)
        pulled("gorgias", client(desk), lake)
    assert tickets(lake)[1]["first_human_reply_at"] == NOON


def test_a_key_of_meta_can_name_the_conversation(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.ticket(2, NOON, meta=None)
        desk.ticket(3, NOON, meta={"conversation": {"id": 1}})
        pulled("gorgias", client(desk, conversation_field="meta:conversation"), lake)
    assert [tickets(lake)[one]["conversation_id"] for one in (1, 2, 3)] == ["in meta 1", None, None]


def test_the_second_pull_reads_down_to_the_first_and_writes_nothing_twice(lake: Lake) -> None:
    with FakeGorgias() as desk:
        for number in range(1, 351):
            desk.ticket(number, NOON + number * MINUTE)
            desk.message(number, number, NOON + number * MINUTE)
        desk.survey(1, 7, NOON)
        first = pulled("gorgias", client(desk), lake)
        desk.asked.clear()
        again = pulled("gorgias", client(desk), lake)
        assert (first.rows["tickets"], again.loads, again.rows) == (350, [], {})
        assert [(one.path, one.params.get("cursor")) for one in desk.asked] == [
            ("/api/tickets", None),
            ("/api/messages", None),
            ("/api/satisfaction-surveys", None),
        ]
        desk.survey(1, 7, NOON, score=4)  # the ticket does not change with it
        desk.ticket(8, NOON + 400 * MINUTE, status="closed", closed_datetime=stamp(NOON + 400 * MINUTE))
        desk.message(900, 8, NOON + 401 * MINUTE)
        changed = pulled("gorgias", client(desk), lake)
    assert changed.rows["tickets"] == 2
    found = tickets(lake)
    assert (found[7]["satisfaction"], found[7]["first_human_reply_at"]) == ("good", NOON + 7 * MINUTE)
    assert (found[8]["first_human_reply_at"], found[8]["solved_at"]) == (NOON + 8 * MINUTE, NOON + 400 * MINUTE)
    assert (len(found), count(lake, "tickets")) == (350, 352)


def test_what_is_read_again_without_news_makes_no_load(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.page = 10
        for number in range(1, 41):
            desk.ticket(number, NOON + number * timedelta(seconds=1))
            desk.survey(number, number, NOON + number * timedelta(hours=1), score=5)
        first = pulled("gorgias", client(desk, start="2026-05-30"), lake)
        again = pulled("gorgias", client(desk, start="2026-05-30"), lake)
    assert first.rows["tickets"] == 40
    assert (again.loads, again.first_load) == ([], None)


def test_nothing_is_lost_while_tickets_move_to_the_top_pages_repeat_and_calls_fail(lake: Lake) -> None:
    with FakeGorgias(faults=0.12, seed=4) as desk:
        desk.repeats, desk.page, desk.per_second = True, 50, 15
        for number in range(1, 601):
            desk.ticket(number, NOON if number < 200 else NOON + number * MINUTE)  # an import: 200 in one instant
        moving = iter(range(100, 130))  # at the bottom, not read yet when they move

        def change(asked: Asked) -> None:
            if asked.path == "/api/tickets" and (number := next(moving, None)):
                later = NOON + timedelta(days=1, minutes=number)
                desk.ticket(number, later, status="closed", closed_datetime=stamp(later))
                desk.message(number, number, later)

        desk.before = change
        pulled("gorgias", client(desk), lake)
        desk.before = lambda asked: None
        pulled("gorgias", client(desk), lake)
        over_there = {number for number, one in desk.records["tickets"].items() if one["status"] == "closed"}
    found = tickets(lake)
    assert len(over_there) > 5
    assert set(found) == set(range(1, 601))
    assert {number for number, row in found.items() if row["solved_at"]} == over_there
    assert {number for number, row in found.items() if row["first_human_reply_at"]} == over_there
    assert count(lake, "tickets") <= 600 + 2 * len(over_there)


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_a_first_load_that_is_cut_off_again_and_again_reads_what_is_new_and_all_below(
    lake: Lake, tmp_path: Path, is_forgotten: bool
) -> None:
    with FakeGorgias() as desk:
        desk.page = 50
        for number in range(1, 201):
            desk.ticket(number, NOON + number * MINUTE)
            desk.message(number, number, NOON + number * MINUTE)
        for round_ in range(40):
            summary = pulled("gorgias", client(desk, start="2026-06-01"), Lake(tmp_path / "lake"), minutes=0)
            if round_ == 0:
                assert summary.rows["tickets"] == 50
                assert summary.first_load
                assert 0 < summary.first_load.share < 1
            if round_ == 3:  # more than a page of news while the first load is under way
                for number in range(201, 291):
                    desk.ticket(number, NOON + number * MINUTE)
                for number in range(10, 20):
                    desk.ticket(number, NOON + (300 + number) * MINUTE, status="closed")
                if is_forgotten:
                    desk.era += 1
            if not summary.loads and not summary.first_load:
                break
        full = pulled("gorgias", client(desk, start="2026-06-01"), lake)
    assert (full.loads, summary.first_load) == ([], None)
    found = tickets(lake)
    assert set(found) == set(range(1, 291))
    assert {number for number, row in found.items() if row["status"] == "closed"} == set(range(10, 20))
    assert all(found[number]["first_human_reply_at"] for number in range(1, 201))


def test_what_came_before_a_failure_is_kept(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    with FakeGorgias() as desk:
        for number in range(1, 351):
            desk.ticket(number, NOON + number * MINUTE)

        def fail(asked: Asked) -> None:
            if "cursor" in asked.params:
                desk.faults = 1.0

        desk.before = fail
        with pytest.raises(SourceUnavailable, match="in spite of"):
            pulled("gorgias", client(desk), lake)
        kept = set(tickets(lake))
        desk.before, desk.faults = lambda asked: None, 0.0
        desk.asked.clear()
        pulled("gorgias", client(desk), lake)
        asked = [one for one in desk.asked if one.path == "/api/tickets"]
    assert kept == set(range(151, 351))
    assert set(tickets(lake)) == set(range(1, 351))
    assert count(lake, "tickets") == 350
    assert len(asked) == 3  # the top, and the two pages that were missing


def test_nothing_before_the_start_is_taken(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.page = 50
        for number in range(1, 301):
            desk.ticket(number, NOON + number * timedelta(hours=1))
        pulled("gorgias", client(desk, start="2026-06-10"), lake)
        asked = [one for one in desk.asked if one.path == "/api/tickets"]
    assert min(row["updated_at"] for row in tickets(lake).values()) == datetime(2026, 6, 10, tzinfo=UTC)
    assert len(asked) == 2


def test_what_breaks_the_contract_is_refused_and_an_unknown_shape_is_said(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON, created_datetime="soon")
        summary = pulled("gorgias", client(desk), lake)
        assert summary.refused["tickets"] == 1
        assert "tickets: created_datetime 'soon' is not a time" in summary.refusals
        desk.ticket(2, NOON + MINUTE, id=None)
        assert "tickets: it has no id" in pulled("gorgias", client(desk), lake).refusals
        desk.records["tickets"] = {}
        desk.ticket(3, NOON, updated_datetime="")
        with pytest.raises(SourceRefused, match="tickets without updated_datetime"):
            pulled("gorgias", client(desk), lake)


def test_a_wrong_key_a_missing_permission_and_a_renamed_account_are_said_in_one_sentence() -> None:
    with FakeGorgias() as desk:
        wrong = client(desk, {**CREDENTIALS, "GORGIAS_API_KEY": "wrong_canary"})
        with pytest.raises(SourceRefused, match=r"gorgias answers 401.*see to username and API key") as raised:
            wrong.check()
        assert "canary" not in str(raised.value)
        desk.may_read -= {"satisfaction-surveys"}
        with pytest.raises(SourceRefused, match=r"satisfaction-surveys: gorgias answers 403.*has to be allowed"):
            client(desk).check()
        with pytest.raises(SourceRefused, match="see to account"):
            client(desk, base_url=f"{desk.url}/gone").check()


def test_no_network_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ATTEMPTS", 1)
    desk = FakeGorgias()
    with desk:
        pass
    with pytest.raises(SourceUnavailable, match="does not answer") as raised:
        client(desk).check()
    assert raised.value.is_transient


def test_check_says_what_works_with_one_call_of_each_list() -> None:
    with FakeGorgias() as desk:
        assert "tickets, messages and satisfaction surveys can be read" in client(desk).check()
        assert [one.params["limit"] for one in desk.asked] == ["1", "1", "1"]
    assert GorgiasSettings(account="shop").url == "https://shop.gorgias.com"


def test_an_account_without_surveys_has_those_of_its_tickets(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.without = {"satisfaction-surveys"}
        desk.ticket(1, NOON, satisfaction_survey={"score": 5})
        desk.ticket(2, NOON)
        pulled("gorgias", client(desk), lake)
        assert {number: row["satisfaction"] for number, row in tickets(lake).items()} == {1: "good", 2: None}
        desk.ticket(3, NOON + MINUTE)
        pulled("gorgias", client(desk), lake)
    assert tickets(lake).keys() == {1, 2, 3}


def test_surveys_that_take_no_order_are_asked_for_without_and_read_to_the_end(lake: Lake) -> None:
    """A Gorgias that answers 400 to `order_by` of surveys was never read, its tickets neither."""
    with FakeGorgias() as desk:
        desk.unordered = {"satisfaction-surveys"}
        for number in range(1, 251):
            desk.ticket(number, NOON)
            desk.survey(number, number, NOON + number * MINUTE, score=5 if number % 2 else None)
        pulled("gorgias", client(desk), lake)
        asked = [one.params.get("order_by") for one in desk.asked if one.path.endswith("surveys")]
        again = pulled("gorgias", client(desk), lake)
        desk.survey(2, 2, NOON + 2 * MINUTE, score=1)
        pulled("gorgias", client(desk), lake)
    assert asked == ["created_datetime:desc", None, None, None]  # refused once, and not sent again
    found = {number: row["satisfaction"] for number, row in tickets(lake).items()}
    assert found == {number: "good" if number % 2 else "bad" if number == 2 else None for number in range(1, 251)}
    assert again.loads == []


def test_a_pull_that_was_cut_off_among_surveys_without_an_order_goes_on(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.unordered, desk.page = {"satisfaction-surveys"}, 10
        for number in range(1, 51):
            desk.ticket(number, NOON)
            desk.survey(number, number, NOON - number * timedelta(days=5), score=5)
        for _ in range(30):
            pulled("gorgias", client(desk), lake, minutes=0)
    assert {row["satisfaction"] for row in tickets(lake).values()} == {"good"}
    assert len(tickets(lake)) == 50


def test_a_ticket_says_whose_it_is_and_keeps_no_words(lake: Lake) -> None:
    """Without the conversation's id nothing said which shopper a ticket is of."""
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.ticket(2, NOON, customer=None)
        desk.ticket(3, NOON, customer={"id": 3, "email": None})
        desk.ticket(4, NOON, customer="nobody")
        summary = pulled("gorgias", client(desk, profile_is_external_id=True), lake)
    found = tickets(lake)
    assert [(found[one]["email"], found[one]["profile_id"]) for one in (1, 2, 3)] == [
        ("shopper1@example.com", "P1"),
        (None, None),
        (None, None),
    ]
    assert (summary.refused, found[4]["email"]) == ({}, None)
    assert summary.unknown_fields == {"Ticket.customer = ?": 1}
    assert "private words" not in found[1]["_payload"]
    assert "Ann" not in found[1]["_payload"]


def test_a_ticket_that_we_made_comes_home_and_its_note_is_no_reply(lake: Lake, tmp_path: Path) -> None:
    other = Lake(tmp_path / "other")
    with FakeGorgias() as desk:
        desk.ticket(1, NOON, external_id=external_id(ACCOUNT, "c/1: ü"), meta={})
        desk.ticket(2, NOON, external_id=external_id(ACCOUNT, "c2"), meta={"conversation": "better"})
        desk.ticket(3, NOON, external_id=external_id("another shop", "c3"), meta={})
        desk.message(1, 1, NOON + MINUTE, channel="internal-note", via="api", public=False, from_agent=True)
        pulled("gorgias", client(desk), lake)
        pulled("gorgias", client(desk, conversation_field="meta:conversation"), other)
    assert {number: row["conversation_id"] for number, row in tickets(lake).items()} == {
        1: "c/1: ü", 2: "c2", 3: "agent-metrics:another%20shop:c3",
    }  # fmt: skip
    assert {number: row["conversation_id"] for number, row in tickets(other).items()} == {
        1: "c/1: ü", 2: "better", 3: None,
    }  # fmt: skip
    assert tickets(lake)[1]["first_human_reply_at"] is None
