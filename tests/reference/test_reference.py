"""Chapters 1, 3, 6 and 7 of the reference, held against examples worked out by hand from the definitions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.reference.story import Story, at


@pytest.mark.parametrize(
    ("closed_at", "as_of", "closing"),
    [
        ("10:00:00.000000", "13:00", ("10:00", "visitor")),  # at the instant of the last message: none came after it
        ("09:59:59.999999", "13:00", ("12:00", "timeout")),
        ("12:00:00.000000", "13:00", ("12:00", "visitor")),  # no later than the time-out
        ("12:00:00.000001", "13:00", ("12:00", "timeout")),
        ("11:00:00.000000", "11:00", ("11:00", "visitor")),
        ("11:00:00.000000", "10:59:59.999999", (None, None)),  # 1.3 as-of has not reached it
        (None, "11:59:59.999999", (None, None)),
        (None, "12:00", ("12:00", "timeout")),
    ],
)
def test_3_3_a_close_counts_between_the_last_message_and_the_time_out(
    closed_at: str | None, as_of: str, closing: tuple[str | None, str | None]
) -> None:
    story = Story(auto_close_hours=2)
    story.rows[1][1]["closed_at"] = closed_at and at(closed_at)
    row = story.conversation(as_of)
    assert (row["closed_at"], row["closed_by"]) == (closing[0] and at(closing[0]), closing[1])


@pytest.mark.parametrize(
    ("sender", "closed_by"), [("system", "human"), ("agent", "timeout"), ("human", "timeout"), ("visitor", "timeout")]
)
def test_3_3_a_message_after_the_close_voids_it_unless_it_is_a_system_message(sender: str, closed_by: str) -> None:
    story = Story(auto_close_hours=2).says("m2", sender, "10:30")
    story.rows[1][1].update(closed_at=at("10:15"), closed_by="human")
    assert story.conversation()["closed_by"] == closed_by


@pytest.mark.parametrize(
    ("steps", "closing"),
    [
        ([("t1", "10:00", "zendesk")], ("10:00", "handoff")),  # a visitor's message at the same instant is not after it
        ([("t1", "09:59:59.999999", "gorgias")], ("13:00", "timeout")),
        ([("t1", "10:30", "klaviyo_inbox")], ("13:00", "timeout")),
        ([("t1", "10:30", None)], ("13:00", "timeout")),
        ([("t1", "10:30", "klaviyo_inbox"), ("t2", "10:40", "gorgias")], ("10:40", "handoff")),
        ([("t1", "13:00", "zendesk")], ("13:00", "handoff")),
        ([("t1", "13:00:00.000001", "zendesk")], ("13:00", "timeout")),
        ([("t1", "09:00", "zendesk"), ("t2", "10:40", "zendesk")], ("13:00", "timeout")),  # only the first is asked
    ],
)
def test_3_3_a_ticket_closes_a_thread_to_which_the_shopper_did_not_come_back(
    steps: list[tuple[str, str, str | None]], closing: tuple[str, str]
) -> None:
    story = Story(auto_close_hours=2).says(
        "m2", "agent", "11:00"
    )  # what an agent says after the ticket changes nothing
    for step_id, time, platform in steps:
        story.step(step_id, "ticket_created", time, platform=platform)
    row = story.conversation()
    assert (row["closed_at"], row["closed_by"]) == (at(closing[0]), closing[1])
    assert row["status"] == "routed"


def test_3_3_a_close_by_somebody_goes_before_a_ticket() -> None:
    story = Story().step("t", "ticket_created", "10:05", platform="zendesk")
    story.rows[1][1].update(closed_at=at("10:10"), closed_by="agent")
    assert story.conversation()["closed_by"] == "agent"


@pytest.mark.parametrize(
    ("kinds", "last", "status", "method"),
    [
        (["offered", "declined", "email_provided"], "agent", "resolved", None),
        (["offered"], "visitor", "open", None),
        (["message_sent"], "agent", "closed", "message"),
        (["message_sent", "accepted"], "agent", "routed", "ticket"),
        (["human_joined"], "agent", "routed", "ticket"),
        ([], "human", "routed", "ticket"),
        ([], "system", "open", None),
    ],
)
def test_3_5_the_first_status_that_holds_is_taken(kinds: list[str], last: str, status: str, method: str | None) -> None:
    story = Story().says("m2", last, "10:30")
    for kind in kinds:
        story.step(kind, kind, "10:10")
    row = story.conversation()
    assert (row["status"], row["handoff_method"]) == (status, method)


def test_3_6_a_reason_of_a_handoff_goes_before_an_earlier_one_of_an_offer() -> None:
    story = Story().step("a", "offered", "10:01", reason="of the offer").step("b", "message_sent", "10:02")
    assert story.conversation()["escalation_reason"] == "of the offer"
    story.step("d", "accepted", "10:03", reason="later id").step("c", "accepted", "10:03", reason="earlier id")
    assert story.conversation()["escalation_reason"] == "earlier id"
    assert story.conversation()["handed_off_at"] == at("10:02")
    assert Story().step("a", "offered", "10:01", reason="x").conversation()["escalation_reason"] is None


def test_3_6_the_ticket_is_the_first_one_on_any_platform() -> None:
    story = Story().step("t2", "ticket_created", "10:02", platform="zendesk", ticket_id="Z")
    story.step("t1", "ticket_created", "10:01", platform="klaviyo_inbox")
    row = story.conversation()
    assert (row["ticket_platform"], row["ticket_id"], row["closed_at"]) == ("klaviyo_inbox", None, at("10:02"))


@pytest.mark.parametrize(
    ("kind", "legacy_status"),
    [("accepted", "unresolved_by_ai"), ("message_sent", "unresolved_by_ai"), ("offered", "resolved_by_ai")],
)
def test_3_7_the_legacy_status_follows_the_status(kind: str, legacy_status: str) -> None:
    story = Story().says("m2", "agent", "10:01").step("h", kind, "10:02")
    assert story.conversation()["legacy_status"] == legacy_status
    assert Story().conversation()["legacy_status"] == "open"


def test_3_2_messages_are_ordered_by_time_and_id_and_system_ones_are_not_counted() -> None:
    story = Story().says("m0", "agent", "09:30").says("m3", "system", "10:02").says("m2", "visitor", "10:02", text="b")
    story.says("m1b", "visitor", "10:00", text="no first question").says("m9", "system", "11:00")
    tables = story.told().tables
    row = tables["conversations"][0]
    positions = {message["message_id"]: message["position"] for message in tables["messages"]}
    assert positions == {"m0": 1, "m1": 2, "m1b": 3, "m2": 4, "m3": 5, "m9": 6}
    assert (row["message_count"], row["visitor_message_count"], row["agent_message_count"]) == (4, 3, 1)
    assert (row["started_at"], row["last_message_at"], row["first_question"]) == (at("10:00"), at("10:02"), None)


def test_3_8_skills_of_others_are_shown_and_counted_nowhere() -> None:
    story = Story().says("m2", "human", "10:01", skill="theirs", recommended_product_ids=["p"])
    story.says("m4", "agent", "10:02", skill="one").says("m3", "agent", "10:02", skill="two").says(
        "m5", "agent", "10:03"
    )
    tables = story.told().tables
    assert (tables["conversations"][0]["initial_skill"], tables["conversations"][0]["final_skill"]) == ("two", "one")
    assert [row["skill"] for row in tables["skills"]] == ["one", "two"]
    assert [row["skill"] for row in tables["messages"]] == [None, "theirs", "two", "one", None]
    assert "product_recommended" not in {row["event"] for row in tables["agent_events"]}


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"first_name": "Ana", "last_name": " Sá "}, "Ana  Sá "),
        ({"first_name": "  ", "last_name": "Sá"}, "Sá"),
        ({"first_name": " ", "email": "  ", "phone": "+55"}, "+55"),
        ({"email": " a@x.com", "phone": "+55"}, " a@x.com"),
        ({}, "Anonymous"),
    ],
)
def test_3_9_what_consists_of_blanks_is_no_name(profile: dict[str, str], name: str) -> None:
    story = Story().has("profiles", profile_id="P", **profile)
    story.rows[1][1]["profile_id"] = "P"
    assert story.conversation()["profile_name"] == name


def test_6_3_a_day_has_a_row_for_each_thing_that_happened_on_it() -> None:
    story = Story().clicks("i", "23:00").clicks("j", "2026-06-02T01:00:00+00:00", "add_to_cart", quantity=3)
    story.clicks("k", "2026-06-04T01:00:00+00:00", "message_opened").buys("o", "2026-06-02T23:00:00+00:00")
    rows = {row["date"].day: row for row in story.told().tables["daily_performance"]}
    assert sorted(rows) == [1, 2]
    assert (rows[1]["conversations"], rows[1]["link_clicks"], rows[1]["tag"]) == (1, 1, "")
    assert (rows[2]["conversations"], rows[2]["add_to_cart_items"], rows[2]["attributed_orders"]) == (0, 3, 1)
    assert rows[2]["attributed_revenue"] == Decimal(20)


def test_6_4_skills_are_those_available_or_used() -> None:
    story = Story().has("skills", skill="idle", label="Idle").has("skills", skill="gone", is_available="FALSE")
    story.has("skills", skill="retired", label="Retired", is_available=False)
    story.says("m2", "agent", "10:01", skill="retired").says("m3", "agent", "10:02", skill="new")
    story.says("m4", "agent", "10:03", skill="new")
    rows = story.told().tables["skills"]
    assert {
        row["skill"]: (row["label"], row["is_available"], row["messages"], row["conversations"]) for row in rows
    } == {
        "idle": ("Idle", True, 0, 0),
        "retired": ("Retired", False, 1, 1),
        "new": ("new", False, 2, 1),
    }


def test_7_1_events_happen_when_the_definitions_say() -> None:
    story = Story().says("m2", "agent", "10:01", recommended_product_ids=["q", "p", "q"])
    story.says("m3", "agent", "10:01", skill="first").says("m4", "agent", "10:01", skill="last")
    events = {row["event"]: row for row in story.told().tables["agent_events"]}
    skills = {name: (row["initial_skill"], row["final_skill"]) for name, row in events.items()}
    assert skills["conversation_started"] == ("first", None)
    assert skills["conversation_resolved"] == (None, "last")
    assert events["conversation_resolved"]["occurred_at"] == at("2026-06-03T10:01:00+00:00")
    assert events["product_recommended"]["product_ids"] == ["q", "p", "q"]
    story.step("s", "message_sent", "10:02").step("t", "accepted", "10:03").says("m5", "human", "10:04")
    events = {row["event"]: row for row in story.told().tables["agent_events"]}
    assert events["conversation_escalated"]["occurred_at"] == at("10:03")
    assert "conversation_resolved" not in events


def test_3_1_of_a_thread_without_a_visitors_message_nothing_is_anywhere() -> None:
    story = Story("sms")
    story.rows[2][1]["sender"] = "agent"
    story.rows[2][1].update(skill="s", recommended_product_ids=["p"])
    story.clicks("i", "10:00").step("h", "accepted", "10:01").buys("o", "11:00")
    assert {table for table, rows in story.told().tables.items() if rows} == {"accounts", "orders", "order_lines"}


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("America/New_York", "2026-03-09T03:59:59+00:00", date(2026, 3, 8)),  # a day of 23 hours
        ("America/New_York", "2026-03-09T04:00:00+00:00", date(2026, 3, 9)),
        ("Asia/Kolkata", "2026-06-06T18:29:59+00:00", date(2026, 6, 6)),
        ("Asia/Kolkata", "2026-06-06T18:30:00+00:00", date(2026, 6, 7)),
        ("Australia/Lord_Howe", "2026-04-05T13:29:59+00:00", date(2026, 4, 5)),  # 24.5 hours
        ("Australia/Lord_Howe", "2026-04-05T13:30:00+00:00", date(2026, 4, 6)),
    ],
)
def test_1_1_a_date_is_that_of_the_accounts_timezone(zone: str, instant: str, day: date) -> None:
    story = Story(timezone=zone).has("conversations", conversation_id="d", channel="email", created_at="2026-01-01")
    story.says("n", "visitor", instant, conversation_id="d")
    rows = story.told("2026-12-01T00:00:00+00:00").tables["conversations"]
    assert {row["conversation_id"]: row["started_on"] for row in rows}["d"] == day
