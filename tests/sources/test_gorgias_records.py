"""What Gorgias's records may look like: as its reference pages have them, with more than that, and otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.api import Part
from flows.sources.gorgias import mapping
from flows.sources.gorgias.settings import GorgiasSettings
from tests.sources.fake_api import Answer, Asked
from tests.sources.fake_gorgias import FakeGorgias, stamp
from tests.sources.pulled import pulled
from tests.sources.test_gorgias import client, tickets

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AT = stamp(NOON)
PERSON = {"id": 9, "email": "ann@shop.example", "name": "Ann A", "firstname": "Ann", "lastname": "A", "meta": {}}
SURVEY = {
    "id": 7,
    "body_text": "private words",
    "created_datetime": AT,
    "customer_id": 1,
    "meta": {"from": "us"},
    "score": 2,
    "scored_datetime": AT,
    "sent_datetime": AT,
    "should_send_datetime": AT,
    "ticket_id": 1,
    "uri": "/api/satisfaction-surveys/7/",
}
# Beside what the fake has by itself.
TICKET = {
    "uri": "/api/tickets/1/",
    "language": "en",
    "priority": "normal",
    "assignee_user": {**PERSON, "bio": None},
    "assignee_user_id": 9,
    "assignee_team": {"id": 2, "name": "Returns", "decoration": {}},
    "assignee_team_id": 2,
    "summary": {"content": "private words"},
    "integrations": [],
    "events": [{"id": 1, "type": "ticket-closed"}],
    "tags": [{"id": 1, "name": "late", "uri": "/api/tags/1/", "decoration": None}],
    "custom_fields": {"3": {"id": 3, "value": "Return"}},
    "messages": [],
    "messages_count": 3,
    "is_unread": False,
    "spam": False,
    "opened_datetime": AT,
    "last_received_message_datetime": AT,
    "last_message_datetime": AT,
    "last_sent_message_not_delivered": False,
    "snooze_datetime": None,
    "reply_options": {"email": {"answerable": True}},
    "satisfaction_survey": SURVEY,
    "customer": {
        **PERSON,
        "email": "shopper@shop.example",
        "external_id": "P1",
        "integrations": {"6": {"orders": []}},
        "channels": [],
        "data": {"city": "private place"},
        "language": "en",
        "timezone": "Europe/Rome",
        "note": None,
        "created_datetime": AT,
        "updated_datetime": AT,
    },
}
MESSAGE = {
    "uri": "/api/messages/5/",
    "message_id": "<1@web>",
    "external_id": None,
    "source": {"type": "email", "from": {"name": "Ann", "address": "a@shop.example"}, "to": [], "cc": [], "bcc": []},
    "sender": PERSON,
    "receiver": {**PERSON, "id": 1},
    "integration_id": 28,
    "intents": [{"name": "order/status", "rejected": None, "is_user_feedback": True}],
    "auth_customer_identity": None,
    "subject": "private words",
    "body_html": "private words",
    "stripped_text": "private words",
    "stripped_html": None,
    "stripped_signature": None,
    "headers": {},
    "attachments": [],
    "actions": None,
    "macros": [{"id": 4}],
    "meta": {},
    "imported": False,
    "processed_datetime": AT,
    "opened_datetime": None,
    "failed_datetime": None,
    "deleted_datetime": None,
    "last_sending_error": None,
    "is_retriable": False,
    "replied_by": None,
    "replied_to": None,
}


def test_what_the_reference_pages_have_is_known_and_no_words_are_stored(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON, **TICKET)
        desk.message(5, 1, NOON, **MESSAGE)
        desk.records["satisfaction-surveys"][7] = SURVEY | {"score": 4}
        summary = pulled("gorgias", client(desk), lake)
    assert (summary.refused, summary.unknown_fields) == ({}, {})
    ticket = tickets(lake)[1]
    assert (ticket["satisfaction"], ticket["first_human_reply_at"]) == ("good", NOON)
    for private in ("private", "Ann", "ann@", "Rome", "late"):
        assert private not in ticket["_payload"]


def test_what_an_earlier_version_kept_makes_the_same_row() -> None:
    ticket = {"id": 1, "status": "closed", "from_agent": False, "closed_datetime": AT, "created_datetime": AT}
    ticket |= {"customer": {"id": 1, "email": "shopper@shop.example"}, "satisfaction_survey": SURVEY, "meta": None}
    reply = {"id": 5, "ticket_id": 1, "created_datetime": AT, "sent_datetime": None, "from_agent": True, "sender_id": 9}
    parts = [Part("gorgias:1", "ticket", "", ticket), Part("gorgias:1", "reply", "5", reply)]
    (row,) = mapping.ticket_rows("a", parts, GorgiasSettings(account="shop"))
    (scored,) = mapping.ticket_rows(
        "a", [*parts, Part("gorgias:1", "survey", "", SURVEY | {"score": 4})], GorgiasSettings(account="shop")
    )
    at = NOON.isoformat()
    assert (row.values["ticket_id"], row.values["email"], row.values["satisfaction"]) == (
        "1",
        "shopper@shop.example",
        "bad",
    )
    assert (row.values["solved_at"], row.values["first_human_reply_at"], scored.values["satisfaction"]) == (
        at,
        at,
        "good",
    )


def test_what_nobody_expected_is_told_by_its_name_and_not_stored(lake: Lake) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON, mood="cross", customer={"email": "s@shop.example", "shoe_size": 44}, satisfaction_survey=5)
        desk.message(5, 1, NOON, tone="cross", sender={"id": 9, "mood": "cross"}, source={"type": "email", "via": 1})
        desk.records["satisfaction-surveys"][7] = SURVEY | {"stars": "cross", "score": {"is": "cross"}}
        summary = pulled("gorgias", client(desk), lake)
        again = pulled("gorgias", client(desk), lake)
    assert summary.refused == {}
    assert summary.unknown_fields == {
        "Customer.shoe_size": 1,
        "Message.tone": 1,
        "Origin.via": 1,
        "Sender.mood": 1,
        "SentSurvey.score = ?": 1,
        "SentSurvey.stars": 1,
        "Ticket.mood": 1,
        "Ticket.satisfaction_survey = ?": 1,
    }
    assert (again.unknown_fields, again.loads) == ({}, [])
    assert "cross" not in tickets(lake)[1]["_payload"]


@pytest.mark.parametrize(
    ("odd", "refused"),
    [
        ({"customer": None, "satisfaction_survey": None, "meta": None, "external_id": None}, ""),
        ({"customer": "x", "satisfaction_survey": "x", "meta": "x", "external_id": {}, "from_agent": []}, ""),
        ({"customer": [], "satisfaction_survey": [], "meta": [], "external_id": [], "from_agent": "x"}, ""),
        ({"customer": {"email": 5, "id": "1"}, "satisfaction_survey": {"score": "1"}, "external_id": 12}, ""),
        ({"id": "2", "created_datetime": 1780300000, "updated_datetime": AT + "Z"}, ""),
        ({"id": {}}, "tickets: id '{}' is not a text"),
        ({"status": ["open"]}, "tickets: status \"['open']\" is not a text"),
        ({"created_datetime": {}}, "tickets: created_datetime '{}' is not a time"),
        ({"updated_datetime": "soon"}, "tickets: updated_datetime 'soon' is not a time"),
        ({"closed_datetime": ["x"]}, "tickets: closed_datetime \"['x']\" is not a time"),
        ({"trashed_datetime": []}, "tickets: trashed_datetime '[]' is not a text"),
    ],
)
def test_an_odd_ticket_is_refused_alone_or_counts_without_what_is_odd(
    lake: Lake, odd: dict[str, Any], refused: str
) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.ticket(2, NOON)
        desk.records["tickets"][2] |= odd
        summary = _pulled_in_any_order(desk, lake)
    assert summary.refusals == ([refused] if refused else [])
    assert tickets(lake).keys() == ({1} if refused else {1, 2})


@pytest.mark.parametrize(
    ("odd", "refused"),
    [
        ({"sender": None, "source": None, "channel": None, "via": None, "public": None}, ""),
        ({"sender": "x", "source": "x", "sent_datetime": "soon"}, ""),
        ({"sender": [], "source": [], "sent_datetime": {}}, ""),
        ({"sender": {"id": {}, "email": {}}, "source": {"type": {}}}, ""),
        ({"id": "6", "ticket_id": "1", "from_agent": "true", "public": 1, "created_datetime": 1780315200}, ""),
        ({"id": None}, "tickets: it has no id"),
        ({"ticket_id": ""}, "tickets: it has no ticket_id"),
        ({"from_agent": "perhaps"}, "tickets: from_agent 'perhaps': Input should be a valid boolean, unable to"),
        ({"channel": {}}, "tickets: channel '{}' is not a text"),
    ],
)
def test_an_odd_message_is_refused_alone_or_counts_without_what_is_odd(
    lake: Lake, odd: dict[str, Any], refused: str
) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.message(5, 1, NOON + MINUTE)
        desk.message(6, 1, NOON)
        desk.records["messages"][6] |= odd
        summary = _pulled_in_any_order(desk, lake)
    assert [one[: len(refused)] for one in summary.refusals] == ([refused] if refused else [])
    assert tickets(lake)[1]["first_human_reply_at"] == (NOON + MINUTE if refused else NOON)


@pytest.mark.parametrize(
    ("odd", "refused", "satisfaction"),
    [
        ({"score": "5", "ticket_id": "1"}, "", "good"),
        ({"score": 4.0, "scored_datetime": "soon"}, "", "good"),
        ({"score": True}, "", None),
        ({"score": None, "scored_datetime": None}, "", None),
        ({"ticket_id": None}, "tickets: it has no ticket_id", None),
    ],
)
def test_an_odd_survey_is_refused_alone_or_counts_without_what_is_odd(
    lake: Lake, odd: dict[str, Any], refused: str, satisfaction: str | None
) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.records["satisfaction-surveys"][7] = SURVEY | odd
        summary = pulled("gorgias", client(desk), lake)
    assert summary.refusals == ([refused] if refused else [])
    assert tickets(lake)[1]["satisfaction"] == satisfaction


@pytest.mark.parametrize("name", ["tickets", "messages", "satisfaction-surveys"])
@pytest.mark.parametrize("odd", ["a text", ["a list"], None, 7])
def test_a_record_that_is_none_is_refused_alone(lake: Lake, name: str, odd: Any) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.message(5, 1, NOON)
        desk.records["satisfaction-surveys"][7] = SURVEY
        _change_answers(desk, name, lambda body: {**body, "data": [odd, *body["data"]]})
        summary = pulled("gorgias", client(desk), lake)
    assert summary.refused == {"tickets": 1}
    assert summary.refusals[0].endswith("is not an object")
    assert (tickets(lake)[1]["satisfaction"], tickets(lake)[1]["first_human_reply_at"]) == ("bad", NOON)


@pytest.mark.parametrize("name", ["tickets", "messages", "satisfaction-surveys"])
def test_a_record_alone_is_a_list_of_one_and_a_short_list_alone_is_a_page(lake: Lake, name: str) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        desk.message(5, 1, NOON)
        desk.records["satisfaction-surveys"][7] = SURVEY
        answer = desk.answer
        _change_answers(desk, name, lambda body: {**body, "data": body["data"][0], "meta": "none"})
        summary = pulled("gorgias", client(desk), lake)
        desk.answer = answer
        desk.message(6, 1, NOON - MINUTE)
        _change_answers(desk, name, lambda body: body["data"])
        pulled("gorgias", client(desk), lake)
    assert (summary.refused, summary.unknown_fields) == ({}, {"Page.meta = ?": 1})
    assert (tickets(lake)[1]["satisfaction"], tickets(lake)[1]["first_human_reply_at"]) == ("bad", NOON - MINUTE)


@pytest.mark.parametrize("body", ["a text", 7, {"object": "list"}, {"data": "a text"}, {"data": [{}] * 100}])
def test_an_answer_that_is_no_list_is_said_and_what_came_before_counts(lake: Lake, body: Any) -> None:
    with FakeGorgias() as desk:
        desk.ticket(1, NOON)
        _change_answers(desk, "messages", lambda _: body)
        with pytest.raises(SourceRefused, match=r"in a shape that is not known|no list with|messages without"):
            pulled("gorgias", client(desk), lake)
    assert tickets(lake).keys() == {1}


def test_lists_that_take_no_order_are_asked_for_without_and_read_to_the_end(lake: Lake, tmp_path: Path) -> None:
    """Refused by the list of tickets or of messages, the order stopped the pull."""
    with FakeGorgias() as desk:
        desk.unordered, desk.page = {"tickets", "messages"}, 20
        for number in range(1, 101):
            desk.ticket(number, NOON + number * MINUTE)
            desk.message(number, number, NOON + number * MINUTE)
        pulled("gorgias", client(desk), lake)
        asked = [one.params.get("order_by") for one in desk.asked if one.path == "/api/tickets"]
        assert asked == ["updated_datetime:desc", *[None] * 5]
        again = pulled("gorgias", client(desk), lake)
        for number in range(1, 101, 9):
            desk.ticket(number, NOON + (200 + number) * MINUTE, status="closed")
        changed = pulled("gorgias", client(desk), lake)
        other = Lake(tmp_path / "other")
        for _ in range(40):
            pulled("gorgias", client(desk), other, minutes=0)
    assert (again.loads, changed.rows["tickets"]) == ([], 12)
    for one in (lake, other):
        found = tickets(one)
        assert len(found) == 100
        assert all(row["first_human_reply_at"] for row in found.values())
        assert sum(row["status"] == "closed" for row in found.values()) == 12


def _pulled_in_any_order(desk: FakeGorgias, lake: Lake) -> Any:
    """The fake sorts by what may be odd here."""
    desk.unordered = {"tickets", "messages"}
    for records in desk.records.values():
        for number, one in records.items():
            records[number] = _Sortable(one)
    return pulled("gorgias", client(desk), lake)


class _Sortable(dict[str, Any]):
    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        return found if not name.endswith("_datetime") or isinstance(found, str) else AT


def _change_answers(desk: FakeGorgias, name: str, change: Any) -> None:
    answer = desk.answer

    def changed(asked: Asked) -> Answer:
        answered = answer(asked)
        return Answer(200, change(answered.body)) if asked.path == f"/api/{name}" else answered

    desk.answer = changed  # type: ignore[method-assign]
