"""The reference itself, held against examples worked out by hand from the definitions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.reference.derive import derive
from tests.reference.landing import Refused, read_value
from tests.reference.landing import columns as landing_columns
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
    story = Story(auto_close_hours=2).says("m2", "agent", "11:00")  # an agent's message after the ticket is no matter
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
    events = {row["event"]: row for row in story.told().tables["agent_events"]}
    assert events["conversation_resolved"]["occurred_at"] == at("2026-06-03T10:01:00+00:00")
    assert events["product_recommended"]["product_ids"] == ["q", "p", "q"]
    story.step("s", "message_sent", "10:02").step("t", "accepted", "10:03")
    events = {row["event"]: row for row in story.told().tables["agent_events"]}
    assert events["conversation_escalated"]["occurred_at"] == at("10:03")
    assert "conversation_resolved" not in events


def test_2_1_the_greatest_updated_at_counts_then_the_one_loaded_last_whole() -> None:
    def named(title: str | None, updated_at: str | None, **more: Any) -> Any:
        return {"account_id": "s", "product_id": "p", "title": title, "updated_at": updated_at, **more}

    account = ("accounts", [{"account_id": "s", "timezone": "UTC", "currency": "EUR"}])
    first = [account, ("products", [named("a", None, url="u"), named("b", None)])]
    second = [
        ("products", [named("c", "2030-01-01"), named("d", "2030-01-01")]),
        ("products", [named("e", "2029-01-01")]),
    ]

    def shown(*deliveries: Any) -> Any:
        return [(row["title"], row["url"]) for row in derive(deliveries, at("10:00")).tables["products"]]

    assert shown(first) == [("b", None)]
    assert shown(first, second) == shown(second, first) == [("d", None)]


def test_1_3_the_version_is_chosen_first_and_then_its_event_time_is_looked_at() -> None:
    story = Story().says("m2", "agent", "10:05", updated_at="2026-01-01")
    story.says("m2", "agent", "2026-06-02T00:00:00+00:00", updated_at="2026-01-02")
    assert story.conversation("2026-06-01T23:00:00+00:00")["agent_message_count"] == 0
    assert story.conversation("2026-06-02T00:00:00+00:00")["agent_message_count"] == 1


def test_2_2_a_foreign_currency_is_refused_before_the_version_is_chosen_and_afresh_each_time() -> None:
    story = Story().clicks("i", "10:00").buys("o", "11:00", updated_at="2026-01-01")
    story.has("orders", order_id="o", placed_at=at("11:00"), currency="USD", updated_at="2026-01-02")
    told = story.told()
    assert [row["order_id"] for row in told.tables["attributed_order_lines"]] == ["o"]
    assert [(row["table"], row["payload"]["currency"]) for row in told.tables["rejected_rows"]] == [("orders", "USD")]
    settings = {"account_id": "s", "timezone": "UTC", "currency": "CHF"}
    told = story.told(settings_accounts=[settings])
    assert len(told.tables["rejected_rows"]) == 2
    assert told.held_back == {"order_lines": 1}


def test_2_2_the_same_refused_row_stands_once_and_replaces_nothing() -> None:
    story = Story()
    for _ in range(2):
        story.has("messages", message_id="m1", conversation_id="c", sender="robot", sent_at=at("11:00"))
    assert len(story.told().tables["rejected_rows"]) == 1
    assert story.conversation()["visitor_message_count"] == 1


def test_2_3_rows_wait_for_parents_that_are_unknown_or_not_counted_yet() -> None:
    story = Story().clicks("i", "10:00", conversation_id="unknown")
    story.has("conversations", conversation_id="later", channel="email", created_at=at("12:00"))
    story.says("n", "visitor", "10:30", conversation_id="later")
    assert story.told("11:00").held_back == {"interactions": 1, "messages": 1}
    assert story.told("12:00").held_back == {"interactions": 1}
    assert len(story.told("12:00").tables["conversations"]) == 2


def test_3_1_of_a_thread_without_a_visitors_message_nothing_is_anywhere() -> None:
    story = Story("sms")
    story.rows[2][1]["sender"] = "agent"
    story.rows[2][1].update(skill="s", recommended_product_ids=["p"])
    story.clicks("i", "10:00").step("h", "accepted", "10:01").buys("o", "11:00")
    assert {table for table, rows in story.told().tables.items() if rows} == {"accounts"}


@pytest.mark.parametrize(
    ("table", "column", "value", "expected"),
    [
        ("messages", "text", 7, "7"),
        ("messages", "text", "", None),
        ("messages", "text", 1.5, Refused),
        ("messages", "text", True, Refused),
        ("messages", "sent_at", "2026-06-01", datetime(2026, 6, 1, tzinfo=UTC)),
        ("messages", "sent_at", "2026-06-01 10:00:00.1234569+05:30", datetime(2026, 6, 1, 4, 30, 0, 123456, UTC)),
        ("messages", "sent_at", "2026-06-01T24:00:00Z", Refused),
        ("messages", "sent_at", "2026-06-01Z", Refused),
        ("messages", "sent_at", "1900-01-01T00:00+01:00", Refused),
        ("messages", "sent_at", 1767225600, Refused),
        ("messages", "recommended_product_ids", [None, "", 7, "p", "p"], ["7", "p", "p"]),
        ("messages", "recommended_product_ids", '["p"]', ["p"]),
        ("messages", "recommended_product_ids", [""], None),
        ("messages", "recommended_product_ids", [["p"]], Refused),
        ("order_lines", "unit_price", "0.00005", Decimal("0.0001")),
        ("order_lines", "unit_price", "99999999999999.99995", Refused),
        ("order_lines", "unit_price", "NaN", Refused),
        ("order_lines", "discount", "", Decimal(0)),
        ("order_lines", "quantity", "+2", 2),
        ("order_lines", "quantity", "2.0", Refused),
        ("order_lines", "quantity", 2.0, 2),
        ("order_lines", "quantity", 0, Refused),
        ("interactions", "quantity", None, 1),
        ("skills", "is_available", "TRUE", True),
        ("skills", "is_available", 1, Refused),
        ("conversations", "channel", "SMS", Refused),
    ],
)
def test_landing_types_are_taken_as_written(table: str, column: str, value: object, expected: Any) -> None:
    spec = next(found for found in landing_columns(table) if found.name == column)
    if expected is Refused:
        with pytest.raises(Refused):
            read_value(spec, value)
    else:
        assert read_value(spec, value) == expected


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
