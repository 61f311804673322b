"""What a Chatwoot may answer one day, or did in an older version: new fields, and shapes that nobody described."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from flows.ground.errors import SourceRefused
from flows.lake import Lake
from flows.sources.api import Part
from tests.sources.fake_api import Answer, Asked
from tests.sources.fake_chatwoot import FakeChatwoot, message, seconds
from tests.sources.pulled import current, payloads, pulled
from tests.sources.test_chatwoot import NOON, after, client

HALF = "half a character \ud83d"
ODD = ["text", "7", 7, [], ["text"], [[]], {}, {"id": []}, None, True]
ANSWERS = {"conversations": "/conversations", "messages": "/7/messages", "handoff_events": "/reporting_events"}
REFUSED = {  # by what is odd: there is no conversation without a channel, and a time is also 7
    "meta": {"conversations": 10},
    "created_at": {"conversations": 8},
    "content": {"messages": 6},
}
DECORATIONS = [
    "status",
    "sender",
    "content_attributes",
    "submitted_values",
    "csat_survey_response",
    "rating",
    "user_id",
]
TABLES = ("conversations", "messages", "profiles", "handoff_events", "parts")


def all_of(names: str, **known: Any) -> dict[str, Any]:
    return {**dict.fromkeys(names.split()), **known}


def documented_contact(kind: str) -> dict[str, Any]:
    return all_of(
        "additional_attributes custom_attributes identifier phone_number thumbnail blocked", id=9, type=kind
    ) | {
        "email": "ann@shop.example",
        "name": "Ann",
    }


def documented_message(number: int, kind: str, **more: Any) -> dict[str, Any]:
    """As the list of messages has it, and as its newer description says."""
    return (
        all_of(
            """account_id inbox_id conversation_id content_type status echo_id source_id attachments updated_at
            sender_id external_source_ids additional_attributes processed_message_content sentiment conversation
            attachment""",
            id=number,
            content="Hello",
            message_type=1,
            content_attributes={"in_reply_to": None},
            created_at=seconds(after(number)),
            private=False,
            sender_type=None,
            sender=documented_contact(kind),
        )
        | more
    )


def documented() -> dict[str, Any]:
    agent = all_of("id account_id availability_status auto_offline confirmed email available_name name role thumbnail")
    meta = {
        "sender": documented_contact("contact")
        | all_of("availability_status last_activity_at created_at", id=107, additional_attributes={"city": "x"}),
        "channel": "Channel::Email",
        "assignee": agent,
        "team": all_of("id name description allow_auto_assign account_id is_member"),
        "hmac_verified": False,
    }
    return all_of(
        """uuid additional_attributes agent_last_seen_at assignee_last_seen_at can_reply contact_last_seen_at
        custom_attributes inbox_id labels muted snoozed_until updated_at first_reply_created_at unread_count
        last_non_activity_message priority waiting_since sla_policy_id applied_sla sla_events messages account_id""",
        meta=meta,
        status="open",
    )


def test_nothing_that_the_description_has_is_unexpected(lake: Lake) -> None:
    with FakeChatwoot() as there:
        messages = documented_message(1, "contact"), documented_message(2, "agent_bot", content_attributes={"own": 1})
        there.conversation(7, after(9), *messages, **documented())
        there.event(1, "conversation_bot_handoff", 7, after(5))
        summary = pulled("chatwoot", client(there), lake)
    assert (summary.unknown_fields, summary.refused) == ({}, {})
    assert current(lake, "conversations")["7"]["channel"] == "email"
    assert current(lake, "profiles")["107"]["email"] == "ann@shop.example"


def test_what_is_new_is_told_once_and_not_stored(lake: Lake) -> None:
    form = {"submitted_values": [{"name": "city", "value": "canary"}], "email": {"text": "canary"}}
    with FakeChatwoot() as there:
        said = message(1, NOON, "agent_bot", tone="canary", content_attributes=form)
        note = message(2, NOON, "user", "canary", private=True, secret="canary")
        first = there.conversation(7, NOON, said, note, mood="canary", additional_attributes={"ip": "canary"})
        first["meta"]["sender"]["shoe_size"] = "canary"
        there.event(1, "conversation_bot_handoff", 7, NOON)
        there.events[0]["weather"] = "canary"
        told = pulled("chatwoot", client(there), lake)
        there.conversation(8, datetime.now(UTC), message(3, NOON, "agent_bot"), mood="canary")
        again = pulled("chatwoot", client(there), lake)
    expected = {"Contact.shoe_size": 1, "Conversation.mood": 1, "Event.weather": 1, "Message.tone": 1}
    assert (told.unknown_fields, told.refused) == (expected, {})
    assert again.unknown_fields == {}
    assert current(lake, "conversations").keys() == {"7", "8"}
    stored = [one for table in TABLES for one in payloads(lake, table)]
    assert len(stored) > 10
    assert not any("canary" in one for one in stored)


@pytest.mark.parametrize("table", ANSWERS)
def test_records_of_another_shape_are_refused_alone(lake: Lake, table: str) -> None:
    with FakeChatwoot() as there:
        there.conversation(7, NOON, message(1, NOON, "agent_bot"), status="resolved")
        there.event(1, "conversation_bot_resolved", 7, NOON)
        answered = there.answer

        def answer(asked: Asked) -> Answer:
            said: Answer = answered(asked)
            records = (said.body.get("data") or said.body)["payload"]
            if asked.path.endswith(ANSWERS[table]) and records:
                records += ODD
            return said

        there.answer = answer
        summary = pulled("chatwoot", client(there), lake)
        again = pulled("chatwoot", client(there), lake)
    assert (summary.refused, again.loads) == ({table: len(ODD)}, [])
    assert current(lake, "conversations")["7"]["closed_by"] == "agent"
    assert current(lake, "messages").keys() == {"7/1"}


@pytest.mark.parametrize("where", [*REFUSED, *DECORATIONS])
def test_a_part_of_another_shape_refuses_one_record_at_most(lake: Lake, where: str) -> None:
    """A conversation for each of `ODD`, and a sound one."""
    with FakeChatwoot() as there:
        for number, odd in enumerate([*ODD, "sound"], 10):
            survey = {"rating": 4, "feedback_message": None}
            values = {"csat_survey_response": survey}
            attributes = {"submitted_values": values}
            first = message(number, NOON, "user", content_attributes=attributes)
            whole = there.conversation(number, NOON, first, status="resolved")
            there.event(number, "conversation_bot_resolved", number, NOON, user=1)
            records = [whole, first, attributes, values, survey, there.events[-1]]
            record: dict[str, Any] = next(one for one in records if where in one)
            record[where] = odd if number < 20 else record[where]
        summary = pulled("chatwoot", client(there), lake)
    assert summary.refused == REFUSED.get(where, {})
    found = current(lake, "conversations")
    assert len(found) == 11 - summary.refused.get("conversations", 0)
    assert (found["20"]["rating"], found["20"]["closed_by"]) == (4, "agent")
    assert "20/20" in current(lake, "messages")


def test_numbers_as_text_and_a_record_in_place_of_a_list_are_read(lake: Lake) -> None:
    """And half a character, which no file can hold."""
    with FakeChatwoot() as there:
        rated = {"submitted_values": {"csat_survey_response": {"rating": "4"}}}
        sent = message(1, NOON, "agent_bot", HALF, message_type="1", created_at=str(seconds(NOON)))
        there.conversation(7, NOON, sent | {"content_attributes": rated}, last_activity_at=str(seconds(NOON)))
        answered = there.answer

        def alone(asked: Asked) -> Answer:
            said: Answer = answered(asked)
            page = said.body.get("data") or said.body
            page["payload"] = page["payload"][0] if page["payload"] else None
            return said

        there.answer = alone
        summary = pulled("chatwoot", client(there), lake)
    assert (summary.refused, summary.unknown_fields) == ({}, {})
    row = current(lake, "conversations")["7"]
    assert (row["rating"], row["updated_at"]) == (4, NOON)
    said = current(lake, "messages")["7/1"]
    assert (said["sender"], said["text"], said["sent_at"]) == ("agent", "half a character \ufffd", NOON)


@pytest.mark.parametrize("body", [[], {"data": None}, {"data": {}}, {"data": "text"}, "text"])
def test_an_answer_that_is_none_is_said_in_one_sentence(lake: Lake, body: Any) -> None:
    with FakeChatwoot() as there:
        there.has_events = False
        answered = there.answer
        there.answer = lambda asked: Answer(200, body) if asked.path.endswith("ions") else answered(asked)
        with pytest.raises(SourceRefused, match="answers in a shape that is not known"):
            pulled("chatwoot", client(there), lake)


def test_a_note_that_cannot_be_read_is_not_even_kept_as_refused(lake: Lake) -> None:
    note = message(1, NOON, "user", "a secret", private=True, created_at="soon")
    with FakeChatwoot() as there:
        there.conversation(7, NOON, note, message(2, NOON, "agent_bot"), message(3, NOON, "contact", created_at="soon"))
        summary = pulled("chatwoot", client(there), lake)
    assert (summary.refused, summary.refusals) == ({"messages": 1}, ["messages: created_at 'soon' is not a time"])
    assert not any("a secret" in one for table in TABLES for one in payloads(lake, table))


def test_parts_that_an_earlier_version_kept_are_read() -> None:
    """Nothing asks again for what was active before the upgrade; a hand-off may come later all the same."""
    contact = {"id": 107, "name": "Ann", "email": "ann@shop.example", "phone_number": None}
    stamps = dict.fromkeys(("created_at", "last_activity_at", "timestamp"), seconds(NOON))
    conversation = {"id": 7, "status": "open", **stamps, "channel": "Channel::Email", "contact": contact}
    survey = {"csat_survey_response": {"rating": 4}}
    sent = {"id": 1, "content": "Hello", "message_type": 1, "content_type": "text", "created_at": seconds(NOON)}
    said = [sent | {"sender_type": "agent_bot", "content_attributes": {"submitted_values": survey, "email": {}}}]
    said += [sent | {"id": 2, "content": {"not": "text"}}]
    parts = [Part("chatwoot:7", "conversation", "7", conversation), *(Part("", "message", "", one) for one in said)]
    with FakeChatwoot() as there:
        rows = list(client(there).joined("chatwoot:7", parts))
    first, profile, message_, refused = rows
    assert [row.table for row in rows] == ["conversations", "profiles", "messages", "messages"]
    assert (first.values["channel"], first.values["profile_id"], first.values["rating"]) == ("email", "107", 4)
    assert first.values["created_at"] == NOON.isoformat()
    assert profile.values["email"] == "ann@shop.example"
    assert (message_.values["message_id"], message_.values["sender"]) == ("7/1", "agent")
    assert refused.refused == "content \"{'not': 'text'}\" is not a text"
